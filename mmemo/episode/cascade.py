"""MTCNN's three networks over a batch of frames, without the detours of the usual code.

Zhang et al. 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks". The answers are
those of facenet-pytorch, whose networks these are, up to rounding; the time is a fraction. Pictures are reduced by the
same means over areas, but out of one summed-area table (Crow 1984) a frame instead of one pass over the frame for each
level of the pyramid and each candidate, and maxima are taken over slices, which torch does many times faster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import local
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from mmemo.episode.cascade_parts import Weights, load_suppression, load_weights

_WINDOW_PX = 12
_STEP_PX = 2
_SHRINK = 0.709
_SURE = (0.6, 0.7, 0.7)  # what each network must give a candidate, as in facenet-pytorch
_SAME_IN_LEVEL, _SAME_IN_FRAME = 0.5, 0.7
# Larger batches leave the cache; a batch is filled up to one of these sizes, since code is prepared for each size.
_REFINE_BATCHES = (8, 16, 32, 48, 64)
_OUTPUT_BATCHES = (2, 4, 8, 12, 16)
# Where red, green and blue start in a packed sum, how much of it one of them is, and how many pixels fit into that.
_FIELDS = (0, 21, 42)
_FIELD = (1 << 21) - 1
_MOST_PX = _FIELD // 255
# From 8 bits apart to 21: blue moves 26 bits up, then green 13; the masks keep what is where it belongs.
_SPREAD = ((26, 0xFFFF | 0xFF << 42), (13, 0xFF | 0xFF << 21 | 0xFF << 42))
_ROWS = 24


@dataclass(frozen=True, slots=True)
class RawFaces:
    """Faces of one frame in its px, the most certain first: boxes (N, 4), probs (N,), landmarks (N, 5, 2) float32."""

    boxes: np.ndarray
    probs: np.ndarray
    landmarks: np.ndarray


class Cascade:
    """The three networks, with the weights inside the facenet-pytorch package."""

    def __init__(self) -> None:
        self._proposal, self._refinement, self._output = (
            {name: _channels_last(tensor) for name, tensor in load_weights(net).items()}
            for net in ("pnet", "rnet", "onet")
        )
        self._suppress = load_suppression()
        self._room = _Room()

    @torch.inference_mode()
    def detect(self, frames: Sequence[np.ndarray], min_face_px: float) -> list[RawFaces]:
        """Faces of at least about `min_face_px` in each (H, W, 3) uint8 frame; all frames are of one size."""
        tables = _SummedAreas(frames, self._room)
        boxes: Any
        boxes, owner = self._proposals(tables, min_face_px)
        for sure, network in ((_SURE[1], self._refine), (_SURE[2], self._place)):
            if len(boxes) == 0:
                break
            boxes, owner, probs, points = network(tables, boxes, owner, sure)
        if len(boxes) == 0:
            nothing = RawFaces(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
            return [nothing for _ in frames]
        return [_best(boxes[owner == i], probs[owner == i], points[owner == i]) for i in range(len(frames))]

    def _proposals(self, tables: _SummedAreas, min_face_px: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Windows of every level of the pyramid that may be a face: boxes (N, 4), and whose frame's they are."""
        found, owners = [], []
        for scale in _scales(min(tables.height_px, tables.width_px), min_face_px):
            level = tables.level(int(tables.height_px * scale + 1), int(tables.width_px * scale + 1))
            shifts, probs = _propose(self._proposal, level)
            sure = probs >= _SURE[0]
            place = sure.nonzero()
            corner = place[:, 1:].flip(1) * _STEP_PX
            window = torch.cat([((corner + 1) / scale).floor(), ((corner + _WINDOW_PX) / scale).floor()], 1)
            rows = torch.cat([window, probs[sure][:, None], shifts.permute(0, 2, 3, 1)[sure]], 1)
            kept = self._kept(window, probs[sure], place[:, 0], _SAME_IN_LEVEL)
            found.append(rows[kept])
            owners.append(place[kept, 0])
        if not found:
            return torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64)
        rows, owner = torch.cat(found), torch.cat(owners)
        kept = self._kept(rows[:, :4], rows[:, 4], owner, _SAME_IN_FRAME)
        rows, owner = rows[kept], owner[kept]
        sides = (rows[:, 2:4] - rows[:, :2]).repeat(1, 2)
        return _squares(rows[:, :4] + rows[:, 5:9] * sides), owner

    def _kept(self, boxes: torch.Tensor, probs: torch.Tensor, owner: torch.Tensor, limit: float) -> torch.Tensor:
        """Places of the boxes that no more certain one of the same frame shares more than `limit` with, best first."""
        if len(boxes) == 0:
            return torch.zeros(0, dtype=torch.int64)
        apart = owner.to(boxes)[:, None] * (boxes.max() + 1 - boxes.min().clamp(max=0))
        return self._suppress(boxes + apart, probs, limit)

    def _refine(self, tables: _SummedAreas, boxes: torch.Tensor, owner: torch.Tensor, sure: float) -> Any:
        crops = tables.crops(boxes.numpy(), owner.numpy(), 24)
        shifts, both = _in_batches(lambda part: _refined(self._refinement, part), crops, _REFINE_BATCHES)
        good = both[:, 1] > sure
        boxes, owner, probs, shifts = boxes[good], owner[good], both[good, 1], shifts[good]
        kept = self._kept(boxes, probs, owner, _SAME_IN_FRAME)
        return _squares(_shifted(boxes[kept], shifts[kept])), owner[kept], probs[kept], shifts[kept]

    def _place(self, tables: _SummedAreas, boxes: torch.Tensor, owner: torch.Tensor, sure: float) -> Any:
        crops = tables.crops(boxes.numpy(), owner.numpy(), 48)
        shifts, points, both = _in_batches(lambda part: _placed(self._output, part), crops, _OUTPUT_BATCHES)
        good = both[:, 1] > sure
        boxes, owner, probs, shifts, points = (x[good] for x in (boxes, owner, both[:, 1], shifts, points))
        sides = boxes[:, 2:] - boxes[:, :2] + 1
        landmarks = torch.stack([points[:, :5], points[:, 5:]], 2) * sides[:, None] + boxes[:, None, :2] - 1
        return _shifted(boxes, shifts).numpy(), owner.numpy(), probs.numpy(), landmarks.numpy()


class _Room(local):
    """Memory of each thread for its last tables: getting it anew for each batch costs a third of filling it."""

    def __init__(self) -> None:
        self._tables = np.zeros((0, 0, 0), np.int64)

    def tables(self, count: int, height: int, width: int) -> np.ndarray:
        """(count, height, width) int64 whose first rows and columns are zeros, as long as nobody writes there."""
        if len(self._tables) < count or self._tables.shape[1:] != (height, width):
            self._tables = np.zeros((count, height, width), np.int64)
        return self._tables[:count]


class _SummedAreas:
    """Sums over any rectangle of any frame: (B, H + 1, W + 1) int64, the sum of all above and to the left.

    The three colours share a number, 21 bits each and 22 the last: a third of the steps, and a number is gathered many
    times as fast as a row of three. The sums of a frame run over into each other, and around, but the difference over a
    rectangle of at most `_MOST_PX` is right nonetheless; larger ones are taken in parts.
    """

    def __init__(self, frames: Sequence[np.ndarray], room: _Room) -> None:
        self.height_px, self.width_px = frames[0].shape[:2]
        self._sums = room.tables(len(frames), self.height_px + 1, self.width_px + 1)
        for table, frame in zip(self._sums, frames, strict=True):
            for start, rows in _packed(np.ascontiguousarray(frame)):
                np.cumsum(rows, axis=1, out=rows)
                for i, row in enumerate(rows, start):
                    np.add(table[i, 1:], row, out=table[i + 1, 1:])

    def level(self, height_px: int, width_px: int) -> torch.Tensor:
        """All frames at another size, (B, 3, h, w) float32 as the networks want it."""
        top, bottom = (edge[0] for edge in _bounds(np.zeros(1), np.array([self.height_px]), height_px))
        left, right = (edge[0] for edge in _bounds(np.zeros(1), np.array([self.width_px]), width_px))
        areas = (bottom - top)[:, None] * (right - left)
        parts = []
        for above, below in _thin(top, bottom, areas):
            rows = self._sums.take(below, 1)
            rows -= self._sums.take(above, 1)
            packed = rows.take(right, 2)
            packed -= rows.take(left, 2)
            parts.append(_colours(packed))
        return _for_network(sum(parts[1:], parts[0]), areas[:, :, None])

    def crops(self, boxes: np.ndarray, owner: np.ndarray, size: int) -> torch.Tensor:
        """The square of each box, cut at the frame's edges and stretched to (N, 3, size, size)."""
        corners = np.trunc(boxes).astype(np.int64)
        left, top = (np.maximum(corners[:, i], 1) - 1 for i in (0, 1))
        right, bottom = np.minimum(corners[:, 2], self.width_px), np.minimum(corners[:, 3], self.height_px)
        # A box outside the frame, of which facenet-pytorch fails, is the pixel at the edge.
        left, top = np.minimum(left, self.width_px - 1), np.minimum(top, self.height_px - 1)
        x1, x2 = _bounds(left, np.maximum(right, left + 1), size)
        y1, y2 = _bounds(top, np.maximum(bottom, top + 1), size)
        areas = (y2 - y1)[:, :, None] * (x2 - x1)[:, None]
        parts = [_colours(self._differences(owner, rows, (x1, x2))) for rows in _thin(y1, y2, areas)]
        return _for_network(sum(parts[1:], parts[0]), areas[..., None])

    def _differences(
        self, owner: np.ndarray, rows: tuple[np.ndarray, np.ndarray], columns: tuple[np.ndarray, np.ndarray]
    ) -> np.ndarray:
        """Packed sums (N, h, w) between rows (N, h) and columns (N, w) of the frames of `owner` (N,)."""
        line, flat = self.width_px + 1, self._sums.reshape(-1)
        start = owner[:, None] * ((self.height_px + 1) * line)
        above, below = ((start + edge * line)[:, :, None] for edge in rows)
        left, right = (edge[:, None] for edge in columns)
        sums: np.ndarray = flat.take(below + right)  # many times as fast as flat[below + right]
        sums -= flat.take(below + left)
        sums -= flat.take(above + right)
        sums += flat.take(above + left)
        return sums


def _packed(frame: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Some rows of an (H, W, 3) uint8 frame at a time, that stay in the cache: the first one's place, (n, W) int64."""
    height, width = frame.shape[:2]
    # Each pixel with the first byte of the next one, which the very last does not have.
    pixels = np.ndarray((height - 1, width), "<u4", frame, 0, (3 * width, 3))
    room, moved = np.empty((_ROWS, width), np.int64), np.empty((_ROWS, width), np.int64)
    for start in range(0, height - 1, _ROWS):
        rows = room[: min(_ROWS, height - 1 - start)]
        rows[:] = pixels[start : start + _ROWS]
        for bits, mask in _SPREAD:
            rows |= np.left_shift(rows, bits, out=moved[: len(rows)])
            rows &= mask
        yield start, rows
    last = frame[-1].astype(np.int64)
    yield height - 1, (last << _FIELDS).sum(1)[None]


def _colours(packed: np.ndarray) -> np.ndarray:
    """Packed sums (...) as those of each colour (..., 3) float32, which holds them exactly."""
    sums = np.empty((*packed.shape, 3), np.float32)
    for colour, place in enumerate(_FIELDS):
        sums[..., colour] = (packed >> place) & _FIELD
    return sums


def _thin(start: np.ndarray, stop: np.ndarray, areas: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """From `start` to `stop` in as many parts as it takes to fit the largest area: one, but in the last levels."""
    largest = int(areas.max(initial=1))
    parts = 1 if largest <= _MOST_PX else -(-2 * largest // _MOST_PX)
    for i in range(parts):
        yield start + (stop - start) * i // parts, start + (stop - start) * (i + 1) // parts


def _bounds(start: np.ndarray, stop: np.ndarray, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """Start and end (N, parts) of the parts of each span, overlapping when they do not fall on whole pixels."""
    length, part = (stop - start)[:, None].astype(np.int64), np.arange(parts)
    origin = start[:, None].astype(np.int64)
    return origin + part * length // parts, origin + -(-(part + 1) * length // parts)


def _for_network(sums: np.ndarray, areas: np.ndarray) -> torch.Tensor:
    """(N, h, w, 3) float32 sums over areas as (N, 3, h, w) means about -1 to 1."""
    means = sums / areas.astype(np.float32)
    means -= np.float32(127.5)
    means *= np.float32(0.0078125)
    return torch.from_numpy(means).permute(0, 3, 1, 2)


def _scales(edge_px: int, min_face_px: float) -> list[float]:
    scale = _WINDOW_PX / min_face_px
    scales = []
    while edge_px * scale >= _WINDOW_PX:
        scales.append(scale)
        scale *= _SHRINK
    return scales


def _layer(net: Weights, number: str, x: torch.Tensor) -> torch.Tensor:
    """Convolution and its leaky activation."""
    x = F.conv2d(x, net[f"conv{number}.weight"], net[f"conv{number}.bias"])
    slopes = net[f"prelu{number}.weight"]
    if len(slopes) % 4 == 0 or not x.is_contiguous(memory_format=torch.channels_last):
        return F.prelu(x, slopes)
    # Slopes that do not fill a register are ten times as slow as whole rows of them.
    count, colours, height, width = x.shape
    rows = F.prelu(x.permute(0, 2, 3, 1).reshape(count * height, width * colours), slopes.repeat(width))
    return rows.view(count, height, width, colours).permute(0, 3, 1, 2)


def _linear(net: Weights, number: str, x: torch.Tensor) -> torch.Tensor:
    return F.linear(x, net[f"dense{number}.weight"], net[f"dense{number}.bias"])


def _propose(net: Weights, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, 3, h, w) -> shifts (B, 4, h', w') and the probability of a face (B, h', w')."""
    x = _largest(_layer(net, "1", x), 2)
    x = _layer(net, "3", _layer(net, "2", x))
    both, shifts = (F.conv2d(x, net[f"conv4_{i}.weight"], net[f"conv4_{i}.bias"]) for i in (1, 2))
    return shifts, both.softmax(1)[:, 1]


def _refined(net: Weights, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """(N, 3, 24, 24) -> shifts (N, 4), probabilities of no face and of a face (N, 2)."""
    x = _largest(_layer(net, "1", x), 3)
    x = _largest(_layer(net, "2", x), 3)
    x = _layer(net, "3", x).permute(0, 3, 2, 1).flatten(1)
    x = F.prelu(_linear(net, "4", x), net["prelu4.weight"])
    return _linear(net, "5_2", x), _linear(net, "5_1", x).softmax(1)


def _placed(net: Weights, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """(N, 3, 48, 48) -> shifts (N, 4), landmarks (N, 10) first all x, probabilities (N, 2)."""
    x = _largest(_layer(net, "1", x), 3)
    x = _largest(_layer(net, "2", x), 3)
    x = _largest(_layer(net, "3", x), 2)
    x = _layer(net, "4", x).permute(0, 3, 2, 1).flatten(1)
    x = F.prelu(_linear(net, "5", x), net["prelu5.weight"])
    return _linear(net, "6_2", x), _linear(net, "6_3", x), _linear(net, "6_1", x).softmax(1)


def _largest(x: torch.Tensor, window: int) -> torch.Tensor:
    """Maxima of windows of 2 or 3 at steps of 2, the last ones cut at the edge: max_pool2d with ceil_mode."""
    return _largest_along(_largest_along(x, window, 3), window, 2)


def _largest_along(x: torch.Tensor, window: int, dim: int) -> torch.Tensor:
    """The same in one direction; a window that the edge cuts takes what it has, since filling up costs more."""
    edge = x.shape[dim]
    count = -(-(edge - window) // 2) + 1
    first, second = _every_second(x, dim, 0, count), _every_second(x, dim, 1, min(count, edge // 2))
    if second.shape[dim] == count:
        largest = torch.maximum(first, second)
    else:
        largest = first.clone()
        part = largest.narrow(dim, 0, count - 1)
        torch.maximum(part, second, out=part)
    if window == 3:
        part = largest.narrow(dim, 0, min(count, (edge - 1) // 2))
        torch.maximum(part, _every_second(x, dim, 2, part.shape[dim]), out=part)
    return largest


def _every_second(x: torch.Tensor, dim: int, start: int, count: int) -> torch.Tensor:
    return x[(slice(None),) * dim + (slice(start, start + 2 * count - 1, 2),)]


def _channels_last(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor


def _in_batches(network: Any, x: torch.Tensor, sizes: Sequence[int]) -> tuple[torch.Tensor, ...]:
    """The network on parts of the largest size; the last part is filled up with zeros to one of the sizes."""
    answers = []
    for start in range(0, len(x), sizes[-1]):
        part = x[start : start + sizes[-1]]
        missing = next(size for size in sizes if size >= len(part)) - len(part)
        filled = torch.cat([part, part.new_zeros(missing, *part.shape[1:])]) if missing else part
        answer = network(filled.contiguous(memory_format=torch.channels_last))
        answers.append([values[: len(part)] for values in answer])
    return tuple(torch.cat(values) for values in zip(*answers, strict=True))


def _shifted(boxes: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    return boxes + shifts * (boxes[:, 2:] - boxes[:, :2] + 1).repeat(1, 2)


def _squares(boxes: torch.Tensor) -> torch.Tensor:
    """Each box as a square of its longer edge around its middle."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(1, keepdim=True).values
    corner = boxes[:, :2] + sides * 0.5 - longer * 0.5
    return torch.cat([corner, corner + longer], 1)


def _best(boxes: np.ndarray, probs: np.ndarray, points: np.ndarray) -> RawFaces:
    """Of boxes of which one holds most of the other, the more certain."""
    order = np.argsort(-probs, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    kept: list[int] = []
    for i in order:
        others = boxes[kept]
        sides = np.minimum(others[:, 2:], boxes[i, 2:]) - np.maximum(others[:, :2], boxes[i, :2]) + 1
        shared = np.prod(np.maximum(sides, 0), axis=1) / np.minimum(areas[kept], areas[i])
        if not (shared > _SAME_IN_FRAME).any():
            kept.append(int(i))
    return RawFaces(boxes[kept], probs[kept], points[kept])
