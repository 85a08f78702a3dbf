"""Label Studio: faces as tasks with what the machines think of them, and the annotations that come back.

The task format: https://labelstud.io/guide/tasks and https://labelstud.io/guide/predictions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.export.content import IMAGE, STUDENT, TEACHER, Content
from mmemo.store.export.picture_folder import copy_picture, picture_names
from mmemo.store.export.safe import plain
from mmemo.store.files import to_json

TASKS_FILE, CONFIG_FILE, HOW_FILE, PICTURES = "tasks.json", "labelling-config.xml", "README.md", "images"
REJECTED = "reject"
CHOICES = (*EKMAN7.labels, REJECTED)
_QUESTION, _SHOWN = "emotion", "face"
_MAX_BYTES = 500_000_000
_AT_ONCE = 50
_HOW = """# Faces for Label Studio

1. Start Label Studio with this folder allowed:
   `LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=FOLDER label-studio start`
2. Make a project and paste `labelling-config.xml` under Labeling Setup, Code.
3. Under Cloud Storage add Local Files with the path `FOLDER/images`, and do not sync it.
4. Import `tasks.json`. Each task is one face track, shown by its surest picture; machines' opinions are predictions.
5. When you have labelled, export as JSON and give the file back:
   `python -m pipelines.import_labels FILE.json`. The labels are added under names of their own; nothing is overwritten.
"""


def write_label_studio(content: Content, folder: Path) -> Stage[None]:
    """tasks.json with a task a face track in training, its pictures, the labelling configuration, and how to use them."""
    (folder / PICTURES).mkdir()
    faces = content.faces[content.faces["use"] == "training"]
    order = faces.sort_values("detection_prob", ascending=False, kind="stable").drop_duplicates("track_id")
    order = order.sort_values(["start_ms", "track_id"], ignore_index=True)
    tasks = []
    names = picture_names(order)
    rows: list[dict[str, Any]] = order.to_dict("records")  # type: ignore[assignment]
    for done, (row, name) in enumerate(zip(rows, names, strict=True), start=1):
        copy_picture(content.crops / str(row["crop"]), folder / PICTURES / name)
        tasks.append(_task(content, row, name))
        if done % _AT_ONCE == 0:
            yield Progress("write tasks", done, len(rows))
    (folder / TASKS_FILE).write_text(to_json(tasks, indent=1) + "\n", encoding="utf-8")
    (folder / CONFIG_FILE).write_text(labelling_config(), encoding="utf-8")
    (folder / HOW_FILE).write_text(_HOW, encoding="utf-8")
    yield Progress("write tasks", len(rows), len(rows))


def labelling_config() -> str:
    """The page that Label Studio shows: the face, its line, and the choices with the keys of mmemo."""
    keys = [*map(str, range(1, len(EKMAN7) + 1)), "r"]
    choices = "\n".join(f'    <Choice value="{c}" hotkey="{key}"/>' for c, key in zip(CHOICES, keys, strict=True))
    return (
        f'<View>\n  <Image name="{_SHOWN}" value="$image"/>\n  <Text name="line" value="$line"/>\n'
        f'  <Choices name="{_QUESTION}" toName="{_SHOWN}" choice="single" required="true" showInLine="true">\n'
        f"{choices}\n  </Choices>\n</View>\n"
    )


def _task(content: Content, row: Mapping[str, Any], picture: str) -> dict[str, Any]:
    opinions = [(source, row[f"{source}_label"]) for source in (STUDENT, IMAGE, TEACHER)]
    said = [_prediction(source, label, row[f"{source}_{label}"]) for source, label in opinions if _is_text(label)]
    if _is_text(row["human_label"]):
        said.insert(0, _prediction("people", row["human_label"], None))
    data = {
        "image": f"/data/local-files/?d={PICTURES}/{picture}",
        "line": plain(str(row["text"])),
        "character": plain(str(row["character"])),
        "episode": content.episode_id,
        "cut": content.cut_key,
        "track": int(row["track_id"]),
        "cue": int(row["cue_id"]),
    }
    return {"data": data, "predictions": said}


def _prediction(version: str, label: str, prob: float | None) -> dict[str, Any]:
    result = {"from_name": _QUESTION, "to_name": _SHOWN, "type": "choices", "value": {"choices": [label]}}
    score = {} if prob is None or np.isnan(prob) else {"score": round(float(prob), 4)}
    return {"model_version": version, **score, "result": [result]}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not pd.isna(value)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One person's answer on one face track; `number` names it in the other program, `said_at` orders the answers."""

    episode_id: str
    cut_key: str
    track_id: int
    cue_id: int
    label: str
    who: str
    number: str
    said_at: str


def read_annotations(path: Path) -> tuple[list[Annotation], int]:
    """The answers of an exported project in the order in which they were given, and how many tasks have none.

    Skipped tasks and cancelled answers say nothing. Raises InputError that names the task which is no task of mmemo or
    whose answer is no choice.
    """
    tasks = _tasks(path)
    found = [answer for number, task in enumerate(tasks, start=1) for answer in _answers(task, number)]
    answered = {(a.episode_id, a.cut_key, a.track_id) for a in found}
    return sorted(found, key=lambda a: a.said_at), len(tasks) - len(answered)


def _tasks(path: Path) -> Sequence[Any]:
    if not path.is_file():
        raise InputError(f"there is no file {path}", hint="give the JSON that Label Studio exported")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path.name} is larger than 500 MB", hint="export fewer tasks at once")
    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path.name} is no JSON", hint="export the project as JSON, not as JSON-MIN or CSV"
        ) from error
    if not isinstance(tasks, list):
        raise InputError(f"{path.name} is no list of tasks", hint="export the project as JSON")
    return tasks


def _answers(task: Any, number: int) -> Iterator[Annotation]:
    try:
        data = task["data"]
        place = str(data["episode"]), str(data["cut"]), _whole(data["track"]), _whole(data["cue"])
        annotations = task.get("annotations") or []
        for index, annotation in enumerate(annotations):
            if annotation.get("was_cancelled"):
                continue
            for result in annotation["result"]:
                if result.get("from_name") == _QUESTION and (label := _choice(result, number)) is not None:
                    name = str(annotation.get("unique_id") or annotation.get("id") or index)
                    when = str(annotation.get("updated_at") or annotation.get("created_at") or "")
                    yield Annotation(*place, label, _person(annotation), name, when)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"task {number} is none that mmemo made", hint="import tasks.json of an export and label that"
        ) from error


def _choice(result: Mapping[str, Any], number: int) -> str | None:
    choices = result["value"]["choices"]
    if not choices:
        return None
    if len(choices) != 1 or choices[0] not in CHOICES:
        raise InputError(
            f"task {number} has the answer {str(choices)[:60]!r}", hint=f"choose one of {', '.join(CHOICES)}"
        )
    return str(choices[0])


def _person(annotation: Mapping[str, Any]) -> str:
    """Who answered; people of another program are told apart from those of this one."""
    by = annotation.get("completed_by")
    name = by.get("email") or by.get("id") if isinstance(by, Mapping) else by
    return f"label-studio:{plain(str(name if name is not None else 'somebody'))}"[:64]


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a number is a whole one")
    return value
