"""`sample`: the bundled drawn episode, every recipe; it needs no public data and says nothing about real faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmemo.benchmark.weak.episode import EpisodeBenchmark
from mmemo.settings import SAMPLE
from mmemo.teacher.resemblance import AUTO


def sample_benchmark(cache: Path, seeds: Sequence[int] = (0, 1, 2), recipes: Sequence[str] = ()) -> EpisodeBenchmark:
    """The sample's lines were written for it, so any measured anchor may be used: first as the app does it."""
    return EpisodeBenchmark("sample", SAMPLE, cache, (AUTO, "meld_dev"), seeds, recipes)


def episode_benchmark(
    data: Path, cache: Path, seeds: Sequence[int] = (0, 1, 2), recipes: Sequence[str] = ()
) -> EpisodeBenchmark:
    """episode_dev holds lines of MELD dev: its anchors are measured on GoEmotions test and on MELD test instead.

    The first is told from the lines themselves, among anchors that do not know them.
    """
    anchors = (AUTO, "goemotions_test", "meld_test")
    return EpisodeBenchmark(
        "episode", data / "episode_dev", cache, anchors, seeds, recipes, ("meld_dev", "meld_dev_alone")
    )
