"""A desk of Review over a made episode, and short words for what people press on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmemo.flow.review.human_labels import read_words
from mmemo.store.workspace import Workspace
from mmemo.ui.review.desk import ReviewDesk
from mmemo.ui.review.save import save_presses
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace

ASKED = {"episode": EPISODE_ID, "run": RUN_IDS[0]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_workspace(tmp_path_factory.mktemp("made") / "workspace", tracks=26).root


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Iterator[ReviewDesk]:
    shutil.copytree(made, tmp_path / "ready")
    workspace = Workspace(tmp_path / "ready")
    store = workspace.labels()
    yield ReviewDesk(workspace, store)
    store.close()


def item(track: int) -> str:
    return f"{EPISODE_ID}/made/{track}"


def press(desk: ReviewDesk, number: str, label: str, *tracks: int, me: str = "local", **more: Any) -> dict[str, Any]:
    one = {"id": number, "items": [item(track) for track in tracks], "label": label, **more}
    return save_presses(desk, {"presses": [one]}, me)


def undo(desk: ReviewDesk, number: str, undoes: str, me: str = "local") -> dict[str, Any]:
    return save_presses(desk, {"presses": [{"id": number, "undoes": undoes}]}, me)


def holds(desk: ReviewDesk) -> dict[int, str]:
    """{track: the label that training would use}."""
    said = read_words(desk.workspace, desk.workspace.episode(EPISODE_ID)).current()
    return dict(zip(said["track_id"].tolist(), said["label"].tolist(), strict=True))
