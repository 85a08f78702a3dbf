"""Faces as boxes in frames of the film: COCO (JSON) and CVAT for images (XML), with the frames themselves.

COCO: https://cocodataset.org/#format-data. CVAT: https://docs.cvat.ai, "CVAT for images 1.1".
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.export.content import HUMAN, STUDENT, Content
from mmemo.store.export.safe import plain
from mmemo.store.files import to_json

COCO_FILE, CVAT_FILE, FRAMES = "coco.json", "cvat.xml", "frames"
# The name of a box whose emotion nobody said.
FACE = "face"
CATEGORIES = (*EKMAN7.labels, FACE)
_QUALITY = 90
_AT_ONCE = 20


def write_boxes(content: Content, folder: Path) -> Stage[None]:
    """Every frame with a face as a picture, and its boxes; a box is named by people, else by the student, else `face`.

    Pictures that people rejected have no box. A frame that cannot be decoded is left out with its boxes.
    """
    if content.frames is None:
        raise InputError("the video is not where it was", hint="put it back, or cut it again")
    (folder / FRAMES).mkdir()
    faces = content.faces
    faces = faces[(faces["human_label"] != "reject") & ~faces["picture_rejected"].astype(bool)]
    times = sorted({int(time) for time in faces["frame_ms"]})
    images: dict[int, dict[str, Any]] = {}
    for done, (time_ms, picture) in enumerate(content.frames(times), start=1):
        if time_ms in images:
            continue
        name = f"{FRAMES}/{time_ms:09d}.jpg"
        Image.fromarray(picture).save(folder / name, quality=_QUALITY)
        height, width = picture.shape[:2]
        images[time_ms] = {"id": len(images) + 1, "file_name": name, "width": width, "height": height}
        if done % _AT_ONCE == 0:
            yield Progress("write frames", done, len(times))
    boxes = [box for row in faces.to_dict("records") if (box := _box(row, images)) is not None]
    (folder / COCO_FILE).write_text(to_json(_coco(content, images, boxes)) + "\n", encoding="utf-8")
    _cvat(images, boxes).write(folder / CVAT_FILE, encoding="utf-8", xml_declaration=True)
    yield Progress("write frames", len(times), len(times))


def _box(row: Mapping[Any, Any], images: Mapping[int, Mapping[str, Any]]) -> dict[str, Any] | None:
    """A box inside its picture; None where the picture is not there or nothing of the box is in it."""
    image = images.get(int(row["frame_ms"]))
    if image is None:
        return None
    size = np.array([image["width"], image["height"]] * 2, np.float64)
    x1, y1, x2, y2 = np.clip([float(row[name]) for name in ("x1", "y1", "x2", "y2")], 0, size).round(2).tolist()
    if x2 <= x1 or y2 <= y1:
        return None
    label, by = _named(row)
    facts = {"by": by, "track_id": int(row["track_id"]), "cue_id": int(row["cue_id"]), "role": str(row["role"])}
    told = {**facts, "face_id": plain(str(row["face_id"])), "character": plain(str(row["character"]))}
    return {"image": image, "label": label, "xyxy": (x1, y1, x2, y2), "attributes": told}


def _named(row: Mapping[Any, Any]) -> tuple[str, str]:
    for source in (HUMAN, STUDENT):
        label = row[f"{source}_label"]
        if isinstance(label, str) and not pd.isna(label) and label in EKMAN7.labels:
            return label, source
    return FACE, "detector"


def _coco(content: Content, images: Mapping[int, Any], boxes: list[dict[str, Any]]) -> dict[str, Any]:
    annotations = []
    for number, box in enumerate(boxes, start=1):
        x1, y1, x2, y2 = box["xyxy"]
        width, height = round(x2 - x1, 2), round(y2 - y1, 2)
        annotations.append(
            {
                "id": number,
                "image_id": box["image"]["id"],
                "category_id": CATEGORIES.index(box["label"]) + 1,
                "bbox": [x1, y1, width, height],
                "area": round(width * height, 2),
                "iscrowd": 0,
                "attributes": box["attributes"],
            }
        )
    return {
        "info": {"description": f"Faces of {content.episode_id}", "version": content.cut_key},
        "images": [{**image, "time_ms": time_ms} for time_ms, image in images.items()],
        "categories": [{"id": n, "name": name, "supercategory": FACE} for n, name in enumerate(CATEGORIES, start=1)],
        "annotations": annotations,
    }


def _cvat(images: Mapping[int, Any], boxes: list[dict[str, Any]]) -> ET.ElementTree[ET.Element]:
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    labels = ET.SubElement(ET.SubElement(ET.SubElement(root, "meta"), "task"), "labels")
    for name in CATEGORIES:
        label = ET.SubElement(labels, "label")
        ET.SubElement(label, "name").text = name
        attributes = ET.SubElement(label, "attributes")
        for each in ("by", "track_id", "cue_id", "role", "face_id", "character"):
            attribute = ET.SubElement(attributes, "attribute")
            ET.SubElement(attribute, "name").text = each
            ET.SubElement(attribute, "mutable").text = "False"
            ET.SubElement(attribute, "input_type").text = "text"
            ET.SubElement(attribute, "default_value")
            ET.SubElement(attribute, "values")
    places = {}
    for image in images.values():
        size = {"width": str(image["width"]), "height": str(image["height"])}
        number = str(image["id"] - 1)
        places[image["id"]] = ET.SubElement(root, "image", {"id": number, "name": image["file_name"], **size})
    for box in boxes:
        corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{v:.2f}" for v in box["xyxy"]), strict=True))
        source = "manual" if box["attributes"]["by"] == HUMAN else "auto"
        found = {"label": box["label"], "source": source, "occluded": "0", **corners, "z_order": "0"}
        element = ET.SubElement(places[box["image"]["id"]], "box", found)
        for name, value in box["attributes"].items():
            ET.SubElement(element, "attribute", {"name": name}).text = str(value)
    return ET.ElementTree(root)
