"""Formats for other programs: Label Studio, COCO, CVAT, WebDataset; what is written is read back."""

from __future__ import annotations

import json
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.progress import run
from mmemo.store.export.boxes import CATEGORIES, COCO_FILE, CVAT_FILE, write_boxes
from mmemo.store.export.label_studio import CONFIG_FILE, TASKS_FILE, read_annotations, write_label_studio
from mmemo.store.export.webdataset import write_webdataset
from tests.store.export.made_content import made_content


def frames(times: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
    for time_ms in times:
        yield time_ms, np.full((48, 64, 3), 90, np.uint8)


def test_tasks_hold_a_picture_and_the_machines_opinions(tmp_path: Path):
    run(write_label_studio(made_content(tmp_path / "cut"), tmp_path))
    tasks = json.loads((tmp_path / TASKS_FILE).read_text(encoding="utf-8"))
    assert [task["data"]["track"] for task in tasks] == [1, 2]
    for task in tasks:
        assert (tmp_path / task["data"]["image"].partition("?d=")[2]).is_file()
    said = {p["model_version"]: p["result"][0]["value"]["choices"] for p in tasks[0]["predictions"]}
    assert said == {"people": ["joy"], "student": ["surprise"], "image": ["sadness"], "teacher": ["joy"]}
    assert len(ET.parse(tmp_path / CONFIG_FILE).findall(".//Choice")) == 8


def answered(folder: Path, change: dict[str, Any]) -> Path:
    """The tasks as somebody labelled them: the first one fear, the second one skipped."""
    run(write_label_studio(made_content(folder / "cut"), folder))
    tasks = json.loads((folder / TASKS_FILE).read_text(encoding="utf-8"))
    result = {"from_name": "emotion", "to_name": "face", "type": "choices", "value": {"choices": ["fear"]}}
    answer = {"id": 7, "completed_by": {"email": "ann@x"}, "updated_at": "2026-01-02", "result": [result], **change}
    tasks[0]["annotations"] = [answer]
    tasks[1]["annotations"] = [{**answer, "was_cancelled": True}]
    path = folder / "back.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def test_answers_come_back_with_who_gave_them(tmp_path: Path):
    found, unanswered = read_annotations(answered(tmp_path, {}))
    assert [(a.track_id, a.label, a.who) for a in found] == [(1, "fear", "label-studio:ann@x")]
    assert unanswered == 1


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"result": [{"from_name": "emotion", "value": {"choices": ["glee"]}}]}, "has the answer"),
        ({"result": [{"from_name": "emotion", "value": {"choices": ["joy", "fear"]}}]}, "has the answer"),
        ({"result": 3}, "task 1 is none"),
        ({"result": [3]}, "task 1 is none"),
    ],
)
def test_wrong_answers_are_told_with_their_task(tmp_path: Path, change: dict[str, Any], wrong: str):
    with pytest.raises(InputError, match=wrong):
        read_annotations(answered(tmp_path, change))


@pytest.mark.parametrize(
    "text", ["", "{}", "[3]", '[{"data": {"episode": "e", "cut": "c", "track": "1", "cue": 1}}]', "[" * 99_999]
)
def test_a_file_that_is_no_project_is_wrong_input(tmp_path: Path, text: str):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError):
        read_annotations(tmp_path / "x.json")
    with pytest.raises(InputError, match="there is no file"):
        read_annotations(tmp_path / "none.json")


def test_boxes_are_read_back(tmp_path: Path):
    content = replace(made_content(tmp_path / "cut"), frames=frames)
    run(write_boxes(content, tmp_path))
    coco = json.loads((tmp_path / COCO_FILE).read_text(encoding="utf-8"))
    images = {image["id"]: image for image in coco["images"]}
    assert all((tmp_path / image["file_name"]).is_file() for image in images.values())
    assert len(coco["annotations"]) == 4  # of a rejected track there is none
    names = {each["id"]: each["name"] for each in coco["categories"]}
    assert [names[each["category_id"]] for each in coco["annotations"]] == ["joy", "joy", "face", "face"]
    assert coco["annotations"][1]["bbox"] == [11.0, 5.0, 30.0, 40.0]
    assert coco["annotations"][0]["attributes"]["by"] == "human"
    root = ET.parse(tmp_path / CVAT_FILE).getroot()
    boxes = root.findall(".//box")
    assert [box.get("label") for box in boxes] == ["joy", "joy", "face", "face"]
    assert (boxes[1].get("xtl"), boxes[1].get("xbr")) == ("11.00", "41.00")
    assert [label.findtext("name") for label in root.findall(".//label")] == [*CATEGORIES]


def test_boxes_of_no_face_and_without_a_video(tmp_path: Path):
    content = made_content(tmp_path / "cut", 0)
    run(write_boxes(replace(content, frames=frames), tmp_path))
    assert json.loads((tmp_path / COCO_FILE).read_text())["annotations"] == []
    with pytest.raises(InputError, match="video"):
        run(write_boxes(content, tmp_path / "other"))


def test_shards_hold_picture_and_record_and_are_the_same_every_time(tmp_path: Path):
    content = made_content(tmp_path / "cut", 1, 3)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(write_webdataset(content, tmp_path / name, shard_pictures=2))
    shards = sorted((tmp_path / "one").iterdir())
    assert [path.name for path in shards] == ["shard-000000.tar", "shard-000001.tar"]
    assert all(path.read_bytes() == (tmp_path / "two" / path.name).read_bytes() for path in shards)
    with tarfile.open(shards[0]) as shard:
        assert shard.getnames() == ["000000000.jpg", "000000000.json", "000000001.jpg", "000000001.json"]
        record = json.loads(shard.extractfile("000000001.json").read())  # type: ignore[union-attr]
        assert all((member.uid, member.uname, member.mtime) == (0, "", 0) for member in shard)
    assert record["human"]["label"] == "joy"
    (tmp_path / "none").mkdir()
    run(write_webdataset(made_content(tmp_path / "empty", 0), tmp_path / "none"))
    assert [*(tmp_path / "none").iterdir()] == []
