"""One forward pass over the packets of a video, which decodes as little as it can for the frames that are asked for."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TypeAlias

import av
import av.container

Packet: TypeAlias = "av.Packet[av.VideoStream]"

# Packets that wait for the decision whether they are needed; a longer wait costs more memory than decoding costs time.
_MAX_WAITING_BYTES = 48 << 20
# At most 16 frames come before a frame that is shown earlier (H.264 and H.265, max_num_reorder); twice that for fields.
_MOST_REORDERED = 32


@dataclass(frozen=True, slots=True)
class ShownFrame:
    """The frame on screen at `asked_ms`; `shown_ms` is when it appeared. Both from the start of the file."""

    asked_ms: int
    shown_ms: int
    frame: av.VideoFrame


def read_packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[Packet]:
    """Packets of a stream in order up to the end, or to where the file was cut off: what comes before is good."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        except IndexError:
            packets = container.demux(stream)  # a packet of a stream that the file did not tell of at its start
            continue
        if packet.size:
            yield packet


class ForwardPass:
    """What both ways of reading share: packets, their times, and the decoder; the times asked for are sorted."""

    def __init__(
        self, container: av.container.InputContainer, stream: av.VideoStream, timestamps_ms: Sequence[int]
    ) -> None:
        assert stream.time_base is not None, "an open stream has a time base"
        self._container = container
        self._stream = stream
        self._decoder = stream.codec_context
        self._tick_ms: Fraction = stream.time_base * 1000
        # Players count from the start of the file, which is not 0 in a transport stream or a cut recording.
        self._begin_at(Fraction(container.start_time or 0, 1000))
        self._frame_ms = float(1000 / (stream.average_rate or 25))
        self._times = timestamps_ms
        self._next = 0
        self._held: tuple[int, av.VideoFrame] | None = None
        self._waiting: deque[tuple[Packet, int | None]] = deque()  # with the time of each
        self._waiting_bytes = 0

    def _begin_at(self, origin_ms: Fraction) -> None:
        """Count times from `origin_ms`, in whole numbers: a fraction a packet costs more than the rest of its work."""
        self._origin_ms = origin_ms
        tick_ms = self._tick_ms
        self._divisor = tick_ms.denominator * origin_ms.denominator
        self._factor = tick_ms.numerator * origin_ms.denominator
        self._offset = origin_ms.numerator * tick_ms.denominator

    def _wait(self, packet: Packet, start_ms: int | None) -> None:
        self._waiting.append((packet, start_ms))
        self._waiting_bytes += packet.size

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    def _take(self) -> Packet:
        packet, _ = self._waiting.popleft()
        self._waiting_bytes -= packet.size
        return packet

    def _start_ms(self, timed: Packet | av.VideoFrame) -> int | None:
        ticks = timed.pts if timed.pts is not None else timed.dts
        return None if ticks is None else (ticks * self._factor - self._offset) // self._divisor

    def _decode(self, packet: Packet | None) -> list[av.VideoFrame] | None:
        """Frames that come out; None when the packet is damaged."""
        try:
            return self._decoder.decode(packet)
        except av.FFmpegError:
            return None

    def _ends_ms(self, start_ms: int, frame: av.VideoFrame) -> float:
        return start_ms + max(float(frame.duration * self._tick_ms), self._frame_ms)


class PlannedPass(ForwardPass):
    """Decides from the packets alone which frame each time needs, and decodes just up to that one.

    A frame that no other refers to and that nobody asked for is skipped by the decoder. For H.264 and H.265 in files
    that tell the time of each packet. Where the needed frame is damaged there is no answer, not its neighbour.
    """

    def __init__(
        self, container: av.container.InputContainer, stream: av.VideoStream, timestamps_ms: Sequence[int]
    ) -> None:
        super().__init__(container, stream, timestamps_ms)
        self._planned = 0  # how many times have a plan
        self._targets: deque[int] = deque()  # when the frame of each starts that has no answer yet
        self._starts: list[int] = []  # of the packets seen, sorted, from the last target on
        self._damaged: set[int] = set()
        self._fed = False
        self._skips = False
        self._may_skip = False
        self._may_jump = True
        self._ended = False

    def __iter__(self) -> Iterator[ShownFrame]:
        for packet in self._needed_packets():
            for frame in self._decode(packet) or ():
                yield from self._shown_before(frame)
            if packet is None:
                yield from self._shown_before(None)
                self._decoder.flush_buffers()
                self._held = None

    def _needed_packets(self) -> Iterator[Packet | None]:
        """Packets for the decoder in order; None where it is emptied, before a gap and at the end."""
        for packet in read_packets(self._container, self._stream):
            start_ms = self._start_ms(packet)
            is_start = packet.is_keyframe and self._may_jump and self._waiting
            if is_start and start_ms is not None and self._asked_ms() >= start_ms:
                self._drop_waiting()
                if self._fed:
                    yield None
                self._fed = False
            if start_ms is not None and not packet.is_discard:
                insort(self._starts, start_ms)
                if packet.is_corrupt:
                    self._damaged.add(start_ms)
            self._wait(packet, start_ms)
            if self._is_due():
                yield from self._due()
                if self._planned == len(self._times):
                    break
        else:
            self._ended = True
            yield from self._due()
        yield None

    def _asked_ms(self) -> int:
        """The first time that has no plan."""
        return self._times[self._planned]

    def _is_due(self) -> bool:
        """Whether the frame of the first time without a plan is sure, or too much waits; asked for every packet."""
        if self._waiting_bytes > _MAX_WAITING_BYTES:
            return True
        return len(self._starts) > _MOST_REORDERED and self._starts[-1 - _MOST_REORDERED] > self._asked_ms()

    def _due(self) -> Iterator[Packet]:
        """Plan all times whose frame is sure, and give the packets up to the last such frame."""
        planned: list[int] = []
        while self._planned < len(self._times):
            later = bisect_right(self._starts, self._asked_ms())
            if not self._starts or (len(self._starts) - later <= _MOST_REORDERED and not self._ended):
                break
            planned.append(self._starts[max(0, later - 1)])
            self._planned += 1
            del self._starts[: max(0, later - 1)]
        self._targets.extend(planned)
        if planned:
            yield from self._up_to_target(set(planned), planned[-1])
        if self._waiting_bytes > _MAX_WAITING_BYTES and self._planned < len(self._times):
            later = bisect_right(self._starts, self._asked_ms())
            yield from self._up_to_target(set(), self._starts[later - 1] if later else -1, everything=True)

    def _up_to_target(self, wanted: set[int], last_ms: int, *, everything: bool = False) -> Iterator[Packet]:
        """Waiting packets in order until no wanted one is left; those before `last_ms` that are not wanted may go."""
        starts = [start_ms for _, start_ms in self._waiting]
        places = [i for i, start_ms in enumerate(starts) if start_ms in wanted]
        # Of everything, the newest stay: among them may be the frame that is asked for next and not yet sure.
        count = len(starts) - 2 * _MOST_REORDERED if everything else 1 + max(places, default=-1)
        for start_ms in starts[: max(0, count)]:
            unneeded = start_ms is not None and start_ms < last_ms and start_ms not in wanted
            self._skip(unneeded and self._may_skip)
            self._fed = True
            yield self._take()

    def _skip(self, skips: bool) -> None:
        """Whether the decoder leaves out frames that no other refers to."""
        if skips != self._skips:
            self._decoder.skip_frame = "NONREF" if skips else "DEFAULT"
            self._skips = skips

    def _shown_before(self, frame: av.VideoFrame | None) -> Iterator[ShownFrame]:
        """The held frame answers the planned times that need it; then the new one is held. None: there is no more."""
        start_ms = None if frame is None else self._start_ms(frame)
        while self._targets and (start_ms is None or self._targets[0] < start_ms):
            asked_ms, target_ms = self._times[self._next], self._targets.popleft()
            self._next += 1
            if self._held is not None and self._held[0] == target_ms and self._lasts(asked_ms, *self._held):
                yield ShownFrame(asked_ms, *self._held)
        if frame is not None and start_ms is not None:
            # Fields may come as packets of their own, of which none must be skipped alone.
            self._may_skip = not frame.interlaced_frame
            # A stream may claim a key frame where the picture only begins to be refreshed part by part.
            self._may_jump = self._may_jump and not frame.is_corrupt
            good = not frame.is_corrupt and start_ms not in self._damaged
            self._held = (start_ms, frame) if good else None

    def _lasts(self, asked_ms: int, start_ms: int, frame: av.VideoFrame) -> bool:
        """Whether a frame is still on screen; only the last one of the file ever ends by itself."""
        return not self._ended or start_ms < self._starts[-1] or asked_ms < self._ends_ms(start_ms, frame)


class PatientPass(ForwardPass):
    """Decodes each group of pictures that is needed up to the frame after the asked one; for all codecs and files."""

    def __init__(
        self, container: av.container.InputContainer, stream: av.VideoStream, timestamps_ms: Sequence[int]
    ) -> None:
        super().__init__(container, stream, timestamps_ms)
        self._first_ms: int | None = None

    def __iter__(self) -> Iterator[ShownFrame]:
        for packet in self._needed_packets():
            frames = self._decode(packet)
            if frames is None:
                self._held = None  # a damaged picture: nothing is sure until the next good one
                continue
            for frame in frames:
                yield from self._shown_before(frame)
            if self._next >= len(self._times):
                return
        yield from self._shown_last()

    def _needed_packets(self) -> Iterator[Packet | None]:
        """Packets for the decoder in order; the last one is None, which empties it."""
        newest_ms: int | None = -1
        for packet in read_packets(self._container, self._stream):
            if self._first_ms is None and not packet.is_discard:
                self._first_ms = self._start_ms(packet)
                if self._first_ms is not None and self._container.format.name == "avi":
                    # Here a delay of the decoder counts as time of the picture.
                    self._begin_at(self._origin_ms + self._first_ms)
                    self._first_ms = 0
            start_ms = self._start_ms(packet)
            if packet.is_keyframe and self._waiting and start_ms is not None:
                if self._times[self._next] < start_ms:
                    # The asked frame is the last one, or one shown before the key frame.
                    yield from (waiting for waiting, _ in self._waiting)
                else:
                    self._decoder.flush_buffers()
                    self._held = None
                self._drop_waiting()
            self._wait(packet, start_ms)
            newest_ms = None if start_ms is None or newest_ms is None else max(newest_ms, start_ms)
            wanted = newest_ms is None or self._times[self._next] <= newest_ms
            while self._waiting and (wanted or self._waiting_bytes > _MAX_WAITING_BYTES):
                yield self._take()
        yield from (waiting for waiting, _ in self._waiting)
        yield None

    def _shown_before(self, frame: av.VideoFrame) -> Iterator[ShownFrame]:
        """The held frame answers all times before the new one; then the new one is held."""
        start_ms = self._start_ms(frame)
        if start_ms is None:
            start_ms = floor(self._held[0] + self._frame_ms) if self._held else 0
        while self._next < len(self._times) and self._times[self._next] < start_ms:
            asked_ms = self._times[self._next]
            self._next += 1
            if self._held is not None:
                yield ShownFrame(asked_ms, *self._held)
            elif self._first_ms is None or asked_ms < self._first_ms:
                yield ShownFrame(asked_ms, start_ms, frame)  # before the first frame of the file
        self._held = None if frame.is_corrupt else (start_ms, frame)

    def _shown_last(self) -> Iterator[ShownFrame]:
        if self._held is None:
            return
        while self._next < len(self._times) and self._times[self._next] < self._ends_ms(*self._held):
            yield ShownFrame(self._times[self._next], *self._held)
            self._next += 1
