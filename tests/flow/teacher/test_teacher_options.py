"""Every command that needs a teacher's opinions names them by the same options."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmemo.flow.teacher.label import LabelSettings
from pipelines._command import main
from pipelines._options import teacher_named
from pipelines.adapt import adapt
from pipelines.label import label
from pipelines.train import train

GIVEN = ("--teacher", "a=2", "--teacher", "b", "--next-lines", "1", "--context-lines", "3", "--whole-sentences")


class Asked(Exception):
    """What the stage was asked for."""

    def __init__(self, settings: LabelSettings) -> None:
        super().__init__()
        self.settings = settings


def asked(monkeypatch: pytest.MonkeyPatch, command: Callable[..., None], *arguments: str) -> LabelSettings:
    """The label settings that reach the stage of a command."""

    def stage(*given: object) -> None:
        found = [getattr(one, "label", one) for one in given]
        raise Asked(next(one for one in found if isinstance(one, LabelSettings)))

    for place in ("pipelines.adapt.adapt_stage", "pipelines.train.train_student", "pipelines.label.label_episodes"):
        monkeypatch.setattr(place, stage)
    monkeypatch.setattr("mmemo.store.workspace.Workspace.episodes", lambda _: [None])
    monkeypatch.setattr(sys, "argv", [command.__name__, *arguments])
    with pytest.raises(Asked) as told:
        main(command)
    return told.value.settings


@pytest.mark.parametrize(("command", "first"), [(label, ()), (train, ("--episode", "one")), (adapt, ("v.mp4",))])
def test_the_same_options_mean_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: Callable[..., None], first: tuple[str, ...]
) -> None:
    place = ("--workspace", str(tmp_path))
    assert asked(monkeypatch, command, *first, *place) == LabelSettings()
    expected = LabelSettings("a=2,b", context_lines=3, whole_sentences=True, next_lines=1)
    assert asked(monkeypatch, command, *first, *place, *GIVEN) == expected


def test_one_name_stands_for_all_teachers() -> None:
    assert [teacher_named(given) for given in (None, [], ["a"], ["a=2", "b"])] == ["embedded", "embedded", "a", "a=2,b"]
