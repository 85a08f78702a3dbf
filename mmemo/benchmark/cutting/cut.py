"""How fast the cut is: against the naive way, against the limit, against real time; and how much memory it takes.

All ratios are measured in one run on one machine. The naive way is measured on a sample of cues, before and after our
own search, so that a change of the machine's load touches both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.benchmark.cutting.excerpts import copy_video, write_cues
from mmemo.benchmark.cutting.film import make_film
from mmemo.benchmark.cutting.rivals import (
    Cost,
    NaiveSearch,
    NaiveWay,
    Stopwatch,
    decode_needed_groups,
    detect_ready_frames,
    found_share,
    smallest_face_px,
)
from mmemo.benchmark.cutting.whole_cut import WholeCut, run_whole_cut
from mmemo.benchmark.outcome import Check, Outcome
from mmemo.episode.clock import StageClock
from mmemo.episode.faces import DetectorSettings, FaceDetector
from mmemo.episode.sampling import SamplingSettings
from mmemo.episode.search import search_cues
from mmemo.episode.subtitles import read_subtitles
from mmemo.episode.video import VideoInfo, probe
from mmemo.errors import InputError
from mmemo.progress import Progress, Stage
from mmemo.settings import read_environment

_FILM_PART_S = 330
_QUICK_S = 180
_EPISODE, _FILM = "episode_dev", "film_720p"
# Raise when the film is made in another way, so that no older one is taken from the cache.
_MADE = "film2"


@dataclass(frozen=True, slots=True)
class CutBenchmark:
    """What is measured: `data` holds episode_dev/, `cache` keeps the videos that are made once.

    `naive_cues` is how many cues the naive way is measured on. `quick` takes three minutes of each video.
    """

    data: Path
    cache: Path
    quick: bool = False
    naive_cues: int = 40


@dataclass(frozen=True, slots=True)
class _Input:
    name: str
    video: Path
    subtitles: Path


@dataclass(frozen=True, slots=True)
class _Searched:
    """Our own search: its cost without and with the frames for mouth motion, and the boxes by face time."""

    faces_only: Cost
    everything: Cost
    seconds: dict[str, float]
    boxes: dict[int, np.ndarray]
    face_times: list[int]
    all_times: list[int]


def benchmark_cut(settings: CutBenchmark) -> Stage[Outcome]:
    """Measure episode_dev and the film-like video, and the memory of longer films."""
    rows: list[dict[str, Any]] = []
    inputs = yield from _inputs(settings)
    whole: dict[str, WholeCut] = {}
    for part in inputs:
        yield Progress(part.name, 0, 0, "the whole cut")
        whole[part.name] = _whole(part, settings)
        row = yield from _row(part, whole[part.name], settings)
        rows.append(row)
    memory = [] if settings.quick else (yield from _memory(settings, whole[_FILM]))
    rows += memory
    return Outcome("cut", rows, _told(settings), _checks(rows))


def _inputs(settings: CutBenchmark) -> Stage[list[_Input]]:
    episode, subtitles = (settings.data / "episode_dev" / f"episode.{kind}" for kind in ("mp4", "srt"))
    for path in (episode, subtitles):
        if not path.is_file():
            raise InputError(f"there is no {path}", hint="--data is the folder that holds episode_dev/episode.mp4")
    settings.cache.mkdir(parents=True, exist_ok=True)
    cues = [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in read_subtitles(subtitles).cues]
    part_s = _QUICK_S if settings.quick else _FILM_PART_S
    part = settings.cache / f"{_MADE}-{part_s}s.mp4"
    until = [cue for cue in cues if cue[1] <= part_s * 1000]
    if not part.is_file():
        yield from make_film(episode, until, part, part_s)
    if settings.quick:
        short = settings.cache / f"episode-{_QUICK_S}s.mp4"
        if not short.is_file():
            copy_video(episode, short, seconds=_QUICK_S)
        text = write_cues(settings.cache / f"cues-{part_s}s.srt", until)
        return [_Input(_EPISODE, short, text), _Input(_FILM, part, text)]
    return [_Input(_EPISODE, episode, subtitles), _repeated(settings, part, until, 4)]


def _repeated(settings: CutBenchmark, part: Path, cues: Sequence[tuple[int, int, str]], times: int) -> _Input:
    video = settings.cache / f"{_MADE}-{times}x{_FILM_PART_S}s.mp4"
    if not video.is_file():
        copy_video(part, video, times=times)
    every_ms = round(probe(video).duration_ms / times)
    text = write_cues(video.with_suffix(".srt"), cues, every_ms=every_ms, times=times)
    return _Input(_FILM, video, text)


def _whole(part: _Input, settings: CutBenchmark) -> WholeCut:
    with tempfile.TemporaryDirectory(dir=settings.cache) as workspace:
        return run_whole_cut(part.video, part.subtitles, Path(workspace))


def _row(part: _Input, whole: WholeCut, settings: CutBenchmark) -> Stage[dict[str, Any]]:
    """The figures of one video."""
    video = probe(part.video)
    threads = read_environment().threads
    spans = [
        (i, cue.start_ms, min(cue.end_ms, video.duration_ms))
        for i, cue in enumerate(read_subtitles(part.subtitles).cues)
        if cue.start_ms < video.duration_ms
    ]
    detector = FaceDetector(DetectorSettings(), threads=threads)
    naive, way = NaiveSearch(), NaiveWay(video, detector.settings)
    halves = _samples(spans, settings.naive_cues)
    yield Progress(part.name, 1, 5, "the naive way")
    way.search(_face_times(halves[0]), naive)
    yield Progress(part.name, 2, 5, "our search")
    ours = _search(video, spans, detector, threads)
    yield Progress(part.name, 3, 5, "the naive way again")
    way.search(_face_times(halves[1]), naive)
    way.close()
    yield Progress(part.name, 4, 5, "the limit")
    decode = decode_needed_groups(video, ours.all_times, threads)
    detect = detect_ready_frames(video, ours.face_times, detector, threads)
    return _figures(part.name, video, whole, naive, ours, (decode, detect), detector.settings)


def _samples(spans: Sequence[tuple[int, int, int]], count: int) -> tuple[list[Any], list[Any]]:
    """Two halves of `count` cues in runs of ten from all over the video: neighbours, since moviepy reads on to the next."""
    runs = [spans[i : i + 10] for i in range(0, len(spans), 10)]
    wanted = min(len(runs), max(2, count // 10))
    chosen = [runs[i] for i in np.linspace(0, len(runs) - 1, wanted).round().astype(int)]
    return [cue for run in chosen[::2] for cue in run], [cue for run in chosen[1::2] for cue in run]


def _face_times(spans: Sequence[tuple[int, int, int]]) -> list[int]:
    sampling = SamplingSettings()
    return sorted({time_ms for _, start_ms, end_ms in spans for time_ms in sampling.face_times(start_ms, end_ms)})


def _search(video: VideoInfo, spans: Sequence[tuple[int, int, int]], detector: FaceDetector, threads: int) -> _Searched:
    sampling, clock = SamplingSettings(), StageClock()
    boxes: dict[int, np.ndarray] = {}
    with Stopwatch() as everything:
        for cue in search_cues(video, spans, sampling, lambda: detector, threads=threads, clock=clock):
            shown = dict(zip(cue.frames.face_times_ms, cue.faces, strict=True))
            _, start_ms, end_ms = spans[cue.frames.cue]
            for asked_ms in sampling.face_times(start_ms, end_ms):
                at = max((time_ms for time_ms in shown if time_ms <= asked_ms), default=None)
                if at is not None:
                    boxes[asked_ms] = shown[at].boxes
    faces_only = SamplingSettings(max_motion_frames=0)
    with Stopwatch() as without_motion:
        for _ in search_cues(video, spans, faces_only, lambda: detector, threads=threads, clock=StageClock()):
            pass
    face_times = _face_times(spans)
    motion = {time_ms for _, start_ms, end_ms in spans for time_ms in sampling.motion_times(start_ms, end_ms)}
    all_times = sorted(motion | set(face_times))
    return _Searched(without_motion.cost, everything.cost, clock.seconds, boxes, face_times, all_times)


def _figures(
    name: str,
    video: VideoInfo,
    whole: WholeCut,
    naive: NaiveSearch,
    ours: _Searched,
    limit: tuple[Cost, Cost],
    settings: DetectorSettings,
) -> dict[str, Any]:
    n = len(ours.face_times)
    naive_all = naive.cost.scaled(n)
    bound = limit[0] + limit[1]
    found, total = found_share(naive, ours.boxes, min_prob=settings.min_prob)
    found_any, total_any = found_share(naive, ours.boxes, min_prob=0.0)
    return {
        "name": name,
        "speedup_over_naive": _ratio(naive_all.wall_s, ours.faces_only.wall_s),
        "speedup_over_naive_cpu": _ratio(naive_all.cpu_s, ours.faces_only.cpu_s),
        "times_limit": _ratio(ours.everything.wall_s, bound.wall_s),
        "times_limit_cpu": _ratio(ours.everything.cpu_s, bound.cpu_s),
        "times_limit_whole_cut": _ratio(whole.wall_s, bound.wall_s),
        "times_real_time": _ratio(video.duration_ms / 1000, whole.wall_s),
        "peak_rss_mb": round(whole.peak_rss_mb, 1),
        "stage_seconds": whole.report["seconds"],
        "faces_found_share": _ratio(found, total),
        "faces_found_share_at_any_probability": _ratio(found_any, total_any),
        "naive_faces": total,
        "naive_frames": naive.decode.frames,
        "naive_ms_a_frame": {
            "decode": round(naive.decode.wall_s * 1000 / naive.decode.frames, 2),
            "detect": round(naive.detect.wall_s * 1000 / naive.detect.frames, 2),
        },
        "face_frames": n,
        "frames": len(ours.all_times),
        "duration_s": round(video.duration_ms / 1000, 1),
        "search": {
            "faces_only": _plain(ours.faces_only),
            "with_motion": _plain(ours.everything),
            "parts": ours.seconds,
        },
        "limit": {"decode": _plain(limit[0]), "detect": _plain(limit[1])},
        "whole_cut": {"wall_s": round(whole.wall_s, 2), "cpu_s": round(whole.cpu_s, 2)},
        "smallest_face_px": smallest_face_px(video, settings),
        "cues": whole.report["cues"],
    }


def _memory(settings: CutBenchmark, film: WholeCut) -> Stage[list[dict[str, Any]]]:
    """Peak memory from five minutes to two hours of the same film, its slope, and the growth inside the longest cut."""
    part = settings.cache / f"{_MADE}-{_FILM_PART_S}s.mp4"
    cues = [(c.start_ms, c.end_ms, c.raw_text) for c in read_subtitles(settings.data / "episode_dev/episode.srt").cues]
    cues = [cue for cue in cues if cue[1] <= _FILM_PART_S * 1000]
    short = _Input(_FILM, part, write_cues(part.with_suffix(".srt"), cues))
    yield Progress("memory", 0, 2, "five minutes")
    five = _whole(short, settings)
    yield Progress("memory", 1, 2, "two hours")
    long = _repeated(settings, part, cues, 22)
    two_hours = _whole(long, settings)
    long.video.unlink()
    points = [(_FILM_PART_S, five), (4 * _FILM_PART_S, film), (22 * _FILM_PART_S, two_hours)]
    hours = [seconds / 3600 for seconds, _ in points]
    slope = float(np.polyfit(hours, [cut.peak_rss_mb for _, cut in points], 1)[0])
    growth_mb = two_hours.growth_mb()
    return [
        {
            "name": "memory",
            "peak_rss_mb": round(max(cut.peak_rss_mb for _, cut in points), 1),
            "mb_per_hour": round(slope, 1),
            # Half of the film lies between the two places that are compared.
            "mb_per_hour_inside": None if growth_mb is None else round(growth_mb / (hours[-1] / 2), 1),
            "times_real_time": _ratio(22 * _FILM_PART_S, two_hours.wall_s),
            "points": [
                {"minutes": round(seconds / 60, 1), "peak_rss_mb": round(cut.peak_rss_mb, 1)} for seconds, cut in points
            ],
        }
    ]


def _checks(rows: Sequence[dict[str, Any]]) -> list[Check]:
    by_name = {row["name"]: row for row in rows}
    checks = []
    for name, faster in ((_EPISODE, 3.0), (_FILM, 5.0)):
        row = by_name[name]
        checks += [
            Check(f"{name}: times faster than the naive way", faster, row["speedup_over_naive"]),
            Check(f"{name}: share of the naive way's faces found", 0.98, row["faces_found_share"]),
            Check(f"{name}: decoding and detection, times the limit", 1.3, row["times_limit"], at_most=True),
            Check(f"{name}: peak memory of the whole cut in MB", 1500, row["peak_rss_mb"], at_most=True),
        ]
    checks.append(Check(f"{_FILM}: whole cut, times real time", 12, by_name[_FILM]["times_real_time"]))
    if "memory" in by_name:
        checks.append(Check("5 minutes to 2 hours: peak in MB", 1500, by_name["memory"]["peak_rss_mb"], at_most=True))
        checks.append(Check("5 minutes to 2 hours: MB an hour", 50, by_name["memory"]["mb_per_hour"], at_most=True))
    return checks


def _told(settings: CutBenchmark) -> dict[str, Any]:
    return {
        "quick": settings.quick,
        "threads": read_environment().threads,
        "naive_cues": settings.naive_cues,
        "detector": asdict(DetectorSettings()),
        "sampling": asdict(SamplingSettings()),
        "film": "synthetic: stills of episode_dev under a moving camera with grain, 1280x720, 25 fps, H.264 with a key "
        f"frame every 250 frames; {_QUICK_S if settings.quick else _FILM_PART_S} s are made, longer ones repeat them",
    }


def _plain(cost: Cost) -> dict[str, float]:
    return {"wall_s": round(cost.wall_s, 2), "cpu_s": round(cost.cpu_s, 2)}


def _ratio(a: float, b: float) -> float:
    return round(a / b, 4) if b else 0.0
