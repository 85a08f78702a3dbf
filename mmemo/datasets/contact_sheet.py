"""One picture that shows what a dataset is: a row a label, with pictures and lines of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmemo.datasets.paired import PairedSet, Pictures
from mmemo.errors import InputError

_CELL_PX = 132
_THUMB_PX = 120
_TEXT_PX = 32
_NAME_PX = 150
_HEAD_PX = 34
_PAPER, _INK, _FAINT = (250, 250, 248), (30, 30, 34), (110, 110, 116)
_TRIES = 4
_MAX_ROWS = 30
_LINES, _LINE_PX = 3, 17


def contact_sheet(sets: Sequence[PairedSet], columns: int = 7, seed: int = 0) -> Image.Image:
    """Examples of every label from all splits, drawn by the seed; rows are labels with their number of samples.

    Pictures are from the first source, the middle frame of several; below each stands the beginning of its line. Sets
    of text alone show lines. Without labels there is one row after another. An empty dataset raises InputError.
    """
    rows = [row for row in _rows(sets) if row[1]]
    if not rows:
        raise InputError("there is nothing to show", hint="the dataset holds no sample")
    shown = any(data.pictures for data in sets)
    below_px = _TEXT_PX if any(data.texts is not None for data in sets) else 0
    height_px = (_THUMB_PX + below_px + 12) if shown else _LINES * _LINE_PX + 12
    size = (_NAME_PX + columns * _CELL_PX, _HEAD_PX + len(rows) * height_px)
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    total = sum(len(data) for data in sets)
    draw.text((10, 8), f"{sets[0].name}: {total} samples", fill=_INK, font=_font(16))
    chance = np.random.default_rng(seed)
    for number, (name, places) in enumerate(rows):
        top = _HEAD_PX + number * height_px
        draw.line([(0, top), (size[0], top)], fill=(225, 225, 222))
        _draw_name(draw, top, name, len(places) if sets[0].labels is not None else None)
        candidates = [places[i] for i in chance.permutation(len(places))[: columns * _TRIES].tolist()]
        if shown:
            for column, (data, row, picture) in enumerate(islice(_with_picture(candidates), columns)):
                _draw_cell(sheet, draw, _NAME_PX + column * _CELL_PX, top + 6, picture, _text(data, row))
        else:
            for i, (data, row) in enumerate(candidates[:_LINES]):
                draw.text((_NAME_PX, top + 6 + _LINE_PX * i), _cut(_text(data, row), 110), fill=_INK, font=_font(13))
    return sheet


def _draw_name(draw: ImageDraw.ImageDraw, top: int, name: str, count: int | None) -> None:
    lines = _wrapped(name, 17)[:2]
    for i, line in enumerate(lines):
        draw.text((10, top + 6 + _LINE_PX * i), line, fill=_INK, font=_font(14))
    if count is not None:
        draw.text((10, top + 7 + _LINE_PX * len(lines)), str(count), fill=_FAINT, font=_font(12))


def _rows(sets: Sequence[PairedSet]) -> list[tuple[str, list[tuple[PairedSet, int]]]]:
    """The label of each row and where its samples are; without labels, eight rows of anything."""
    places = [(data, row) for data in sets for row in range(len(data))]
    if any(data.labels is None for data in sets):
        return [(f"{len(places)} samples" if i == 0 else "", places[i::8]) for i in range(8)]
    labels = sets[0].vocabulary.labels[:_MAX_ROWS]
    found: list[tuple[str, list[tuple[PairedSet, int]]]] = [(label, []) for label in (*labels, "no label")]
    for data in sets:
        if data.labels is None:
            continue
        hot = data.labels > 0.5 if data.labels.ndim == 2 else data.labels[:, None] == np.arange(len(data.vocabulary))
        for row, column in np.argwhere(hot[:, : len(labels)]).tolist():
            found[column][1].append((data, row))
        found[-1][1].extend((data, row) for row in np.flatnonzero(~hot.any(axis=1)).tolist())
    return found


def _with_picture(candidates: Iterable[tuple[PairedSet, int]]) -> Iterator[tuple[PairedSet, int, np.ndarray]]:
    """Those that have a picture, with it; a source is read only as far as it is asked."""
    for data, row in candidates:
        source: Pictures | None = next(iter(data.pictures.values()), None)
        frames = source[row] if source is not None else []
        if frames:
            yield data, row, frames[len(frames) // 2]


def _text(data: PairedSet, row: int) -> str:
    return "" if data.texts is None else " ".join(data.texts[row].split())


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def _cut(text: str, signs: int) -> str:
    return text if len(text) <= signs else text[: signs - 1].rstrip() + "…"


def _wrapped(text: str, signs: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > signs:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [_cut(line, signs) for line in lines]


def _draw_cell(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, left: int, top: int, picture: np.ndarray, text: str
) -> None:
    thumb = Image.fromarray(picture)
    scale = _THUMB_PX / max(thumb.size)
    thumb = thumb.resize(
        (max(1, round(thumb.width * scale)), max(1, round(thumb.height * scale))), Image.Resampling.LANCZOS
    )
    sheet.paste(thumb, (left + (_THUMB_PX - thumb.width) // 2, top + (_THUMB_PX - thumb.height) // 2))
    for i, line in enumerate(_wrapped(_cut(text, 38), 20)[:2]):
        draw.text((left, top + _THUMB_PX + 2 + 14 * i), line, fill=_FAINT, font=_font(11))
