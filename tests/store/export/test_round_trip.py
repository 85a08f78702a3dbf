"""Formats of other programs held against what these document: what goes out fits, and what comes back is understood."""

from __future__ import annotations

import contextlib
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmemo.progress import run
from mmemo.store.export.boxes import CATEGORIES, COCO_FILE, CVAT_FILE, write_boxes
from mmemo.store.export.label_studio import CONFIG_FILE, TASKS_FILE, read_annotations, write_label_studio
from tests.store.export.made_content import made_content


def exported_by_label_studio(task: dict[str, Any], number: int, answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A task as Label Studio 1.x exports it as JSON, with every field of its documentation."""
    moment = "2026-01-02T10:00:00.000000Z"
    annotations = [
        {
            "id": 1000 + 10 * number + at, "completed_by": answer["who"], "was_cancelled": answer.get("cancelled", False),
            "result": [
                {"id": "Dx_aB91ISN", "type": "choices", "origin": answer.get("origin", "manual"), "to_name": "face",
                 "from_name": "emotion", "value": {"choices": [answer["label"]]}}
            ],
            "ground_truth": False, "created_at": moment, "updated_at": answer["at"], "draft_created_at": None,
            "lead_time": 3.25, "prediction": {}, "result_count": 1, "unique_id": f"7c39a8a3-{number}-{at}",
            "import_id": None, "last_action": None, "bulk_created": False, "task": number, "project": 1,
            "updated_by": 1, "parent_prediction": None, "parent_annotation": None, "last_created_by": None,
        }
        for at, answer in enumerate(answers)
    ]  # fmt: skip
    return {
        "id": number, "annotations": annotations, "file_upload": "5f1e2d3c-tasks.json", "drafts": [],
        "predictions": [*range(3)], "data": task["data"], "meta": {}, "created_at": moment, "updated_at": moment,
        "inner_id": number, "total_annotations": len(annotations), "cancelled_annotations": 0, "total_predictions": 3,
        "comment_count": 0, "unresolved_comment_count": 0, "last_comment_updated_at": None, "project": 1,
        "updated_by": 1, "comment_authors": [],
    }  # fmt: skip


def test_a_project_of_label_studio_comes_back_answer_by_answer(tmp_path: Path):
    run(write_label_studio(made_content(tmp_path / "cut"), tmp_path))
    tasks = json.loads((tmp_path / TASKS_FILE).read_text(encoding="utf-8"))
    assert [set(task) for task in tasks] == [{"data", "predictions"}] * 2
    ann = {"id": 3, "email": "ann@x", "first_name": "", "last_name": ""}
    given = [
        [
            {"who": ann, "label": "fear", "at": "2026-01-02T10:00:09.000000Z"},
            {"who": 4, "label": "joy", "at": "2026-01-02T10:00:05.000000Z", "origin": "prediction"},
            {"who": 5, "label": "anger", "at": "2026-01-02T10:00:01.000000Z", "cancelled": True},
        ],
        [],
    ]
    back = [exported_by_label_studio(task, n, said) for n, (task, said) in enumerate(zip(tasks, given, strict=True), 1)]
    (tmp_path / "project.json").write_text(json.dumps(back), encoding="utf-8")
    answers, unanswered = read_annotations(tmp_path / "project.json")
    place = ("pilot", "abc", 1, 1)
    assert [(a.episode_id, a.cut_key, a.track_id, a.cue_id) for a in answers] == [place, place]
    assert [(a.label, a.who) for a in answers] == [("joy", "label-studio:4"), ("fear", "label-studio:ann@x")]
    assert len({a.number for a in answers}) == 2 and unanswered == 1


def test_a_prediction_answers_the_question_of_the_configuration(tmp_path: Path):
    """Label Studio shows a prediction only when its names and choices are those of the labelling configuration."""
    run(write_label_studio(made_content(tmp_path / "cut"), tmp_path))
    view = ET.parse(tmp_path / CONFIG_FILE).getroot()
    asks, shows = view.find("Choices"), view.find("Image")
    assert asks is not None and shows is not None
    choices = {choice.get("value") for choice in asks}
    keys = [choice.get("hotkey") for choice in asks]
    assert len(set(keys)) == len(keys)
    for task in json.loads((tmp_path / TASKS_FILE).read_text(encoding="utf-8")):
        assert {str(one.get("value")).removeprefix("$") for one in view if one.get("value")} <= set(task["data"])
        for prediction in task["predictions"]:
            assert 0 <= prediction.get("score", 0) <= 1
            for result in prediction["result"]:
                assert (result["from_name"], result["to_name"]) == (asks.get("name"), shows.get("name"))
                assert set(result["value"]["choices"]) <= choices


def frames(times: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
    for time_ms in times:
        yield time_ms, np.full((48, 64, 3), 90, np.uint8)


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    run(write_boxes(replace(made_content(tmp_path / "cut"), frames=frames), tmp_path))
    return tmp_path


# CVAT for images 1.1, https://docs.cvat.ai/docs/dataset_management/formats/format-cvat: what each element may have.
CVAT_CHILDREN = {
    "annotations": {"version", "meta", "image"}, "meta": {"task"}, "task": {"labels"}, "labels": {"label"},
    "label": {"name", "attributes"}, "attributes": {"attribute"}, "image": {"box"}, "box": {"attribute"},
}  # fmt: skip
CVAT_ATTRIBUTES = {
    "image": {"id", "name", "width", "height"},
    "box": {"label", "source", "occluded", "xtl", "ytl", "xbr", "ybr", "z_order"},
}


def test_boxes_fit_what_cvat_documents(boxes: Path):
    root = ET.parse(boxes / CVAT_FILE).getroot()
    assert root.tag == "annotations" and root.findtext("version") == "1.1"
    for element in root.iter():
        if element.tag in CVAT_CHILDREN:
            assert {child.tag for child in element} <= CVAT_CHILDREN[element.tag], element.tag
        if element.tag in CVAT_ATTRIBUTES:
            assert set(element.attrib) == CVAT_ATTRIBUTES[element.tag]
    fields = {"name", "mutable", "input_type", "default_value", "values"}
    declared = {label.findtext("name"): label.findall("attributes/attribute") for label in root.iter("label")}
    assert list(declared) == [*CATEGORIES]
    assert all({part.tag for part in one} == fields for every in declared.values() for one in every)
    assert {one.findtext("input_type") for every in declared.values() for one in every} == {"text"}
    images = root.findall("image")
    assert [image.get("id") for image in images] == [str(n) for n in range(len(images))]
    for image in images:
        for box in image:
            x1, y1, x2, y2 = (float(box.attrib[side]) for side in ("xtl", "ytl", "xbr", "ybr"))
            assert 0 <= x1 < x2 <= float(image.attrib["width"]) and 0 <= y1 < y2 <= float(image.attrib["height"])
            assert box.attrib["source"] in ("manual", "auto") and box.attrib["occluded"] in ("0", "1")
            names = {one.findtext("name") for one in declared[box.attrib["label"]]}
            assert {one.attrib["name"] for one in box} == names, "what is not declared is refused"


def test_boxes_fit_what_coco_documents(boxes: Path):
    coco = json.loads((boxes / COCO_FILE).read_text(encoding="utf-8"))
    assert set(coco) == {"info", "images", "annotations", "categories"}
    for part in ("images", "annotations", "categories"):
        ids = [one["id"] for one in coco[part]]
        assert len(set(ids)) == len(ids) and all(isinstance(number, int) and number > 0 for number in ids)
    images = {one["id"]: one for one in coco["images"]}
    for one in coco["annotations"]:
        x, y, width, height = one["bbox"]
        image = images[one["image_id"]]
        assert min(x, y) >= 0 and x + width <= image["width"] and y + height <= image["height"]
        assert one["area"] == pytest.approx(width * height) and one["iscrowd"] == 0
        assert one["category_id"] in {category["id"] for category in coco["categories"]}


def test_the_tools_of_coco_read_the_boxes(boxes: Path):
    tools = pytest.importorskip("pycocotools.coco", reason="pip install pycocotools")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = tools.COCO(str(boxes / COCO_FILE))
    joy = coco.getCatIds(catNms=["joy"])
    found = coco.loadAnns(coco.getAnnIds(catIds=joy))
    assert len(found) == 2 and {coco.loadCats(one["category_id"])[0]["name"] for one in found} == {"joy"}
    assert len(coco.getAnnIds(imgIds=coco.getImgIds())) == 4
