"""The bundled sample episode: video, subtitles and gold labels from the bundled script."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mmemo.datasets.drawn.film import film
from mmemo.datasets.drawn.script import Episode, read_script, stage_episode
from mmemo.progress import Stage
from mmemo.settings import SAMPLE
from mmemo.store.files import publish_file
from mmemo.store.workspace import SYNTHETIC_FILE

NOTICE = (
    "The faces of this episode are drawn by a program and its lines are written for it: it shows how mmemo works, "
    "and a gain on it says nothing about the gain on filmed faces.\n"
)
DEFAULT_SEED = 0
SCRIPT = SAMPLE / "script.csv"


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What was written, and how many cues of which kind."""

    folder: Path
    seed: int
    duration_ms: int
    size_bytes: int
    cues: dict[str, int]


def sample_episode(seed: int = DEFAULT_SEED) -> Episode:
    """The sample's timeline and cues, without drawing it."""
    return stage_episode(read_script(SCRIPT), seed)


def write_sample(folder: Path, seed: int = DEFAULT_SEED) -> Stage[SampleReport]:
    """Write episode.mp4, episode.srt, gold.csv and the notice that all is synthetic to a folder; a stage."""
    episode = sample_episode(seed)
    video = folder / "episode.mp4"
    yield from film(video, episode.timeline)
    texts = {"episode.srt": episode.srt(), "gold.csv": episode.gold_csv(), SYNTHETIC_FILE: NOTICE}
    for name, text in texts.items():
        with publish_file(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    kinds = dict(Counter(cue.kind for cue in episode.cues))
    return SampleReport(folder, seed, episode.timeline.duration_ms, video.stat().st_size, kinds)
