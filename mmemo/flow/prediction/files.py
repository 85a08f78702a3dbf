"""What a prediction leaves for people: the picture with numbered boxes, a table, and the same as JSON."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmemo.errors import InputError
from mmemo.flow.prediction.pictures import pictures_in
from mmemo.flow.prediction.predict import FacePrediction, ImagePrediction
from mmemo.flow.prediction.said_line import Predictions
from mmemo.labels import EKMAN7
from mmemo.store.files import publish_file, to_json

_SOURCES = ("image_only", "student", "with_line")
_DARK, _LIGHT = (15, 23, 42), (255, 255, 255)
_SMALLEST_PT, _QUALITY = 13, 92
_LONGEST_STEM_BYTES = 120
# A spreadsheet takes a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def with_boxes(picture: np.ndarray, faces: Sequence[FacePrediction]) -> np.ndarray:
    """A copy of (H, W, 3) uint8 with a frame around every face, its number and its first choice.

    Frames are white between dark lines, words white on dark with a white rim: readable on bright and dark pictures.
    Where the words are much wider than the face, the number stands alone.
    """
    canvas = Image.fromarray(picture).copy()
    draw = ImageDraw.Draw(canvas)
    line_px = max(1, round(max(canvas.size) / 500))
    font = ImageFont.load_default(size=max(_SMALLEST_PT, round(max(canvas.size) / 48)))
    for face in faces:
        x1, y1, x2, y2 = (float(v) for v in face.box_xyxy_px)
        draw.rectangle((x1, y1, x2, y2), outline=_DARK, width=3 * line_px)
        inner = (x1 + line_px, y1 + line_px, x2 - line_px, y2 - line_px)
        if inner[2] > inner[0] and inner[3] > inner[1]:
            draw.rectangle(inner, outline=_LIGHT, width=line_px)
    for number, face in enumerate(faces, start=1):
        _tag(draw, canvas.size, face, number, font, line_px)
    return np.asarray(canvas)


def _tag(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], face: FacePrediction, number: int, font: Any, line_px: int
) -> None:
    """Number and word above the frame, or inside it where the picture ends."""
    x1, y1, x2, _ = (float(v) for v in face.box_xyxy_px)
    words = f"{number} {face.first_choice}"
    if draw.textlength(words, font=font) > 1.5 * (x2 - x1):
        words = str(number)
    pad = 2 * line_px + 2
    left, _, right, _ = draw.textbbox((0, 0), words, font=font)
    # Every tag as tall as one with long letters, whatever its own.
    tall = draw.textbbox((0, 0), "1jp", font=font)[3] + 2 * pad
    wide = right - left + 2 * pad
    x = min(max(0.0, x1), max(0.0, size[0] - wide))
    y = y1 - tall if y1 >= tall else y1
    draw.rectangle((x, y, x + wide, y + tall), fill=_DARK, outline=_LIGHT, width=line_px)
    draw.text((x + pad - left, y + pad), words, fill=_LIGHT, font=font)


def boxes_jpeg(picture: np.ndarray, faces: Sequence[FacePrediction]) -> bytes:
    """The picture with boxes as a JPEG file."""
    stream = io.BytesIO()
    Image.fromarray(with_boxes(picture, faces)).save(stream, format="JPEG", quality=_QUALITY)
    return stream.getvalue()


def faces_csv(predictions: Sequence[ImagePrediction]) -> str:
    """One row a face: picture, time, number, box, and of every model its first choice and seven probabilities."""
    columns = ["picture", "time_ms", "face", "x1", "y1", "x2", "y2", "detection_prob"]
    columns += [f"{source}_{what}" for source in _SOURCES for what in ("label", *EKMAN7.labels)]
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    for prediction in predictions:
        name = prediction.image.name
        shown = f"'{name}" if name.startswith(_FORMULA) else name
        for number, face in enumerate(prediction.faces, start=1):
            time = "" if prediction.time_ms is None else prediction.time_ms
            writer.writerow({"picture": shown, "time_ms": time, "face": number, **_cells(face)})
    return stream.getvalue()


def _cells(face: FacePrediction) -> dict[str, Any]:
    cells: dict[str, Any] = {
        name: f"{value:.1f}" for name, value in zip(("x1", "y1", "x2", "y2"), face.box_xyxy_px.tolist(), strict=True)
    }
    cells["detection_prob"] = f"{face.detection_prob:.4f}"
    for source, probs in zip(_SOURCES, (face.image_only, face.student, face.with_line), strict=True):
        if probs is not None:
            cells[f"{source}_label"] = max(probs, key=lambda label: probs[label])
            cells |= {f"{source}_{label}": f"{p:.4f}" for label, p in probs.items()}
    return cells


def faces_json(predictions: Predictions) -> str:
    """What the endpoint `/predict` returns, as text."""
    return to_json(predictions.to_contract(), indent=2)


def save_predictions(folder: Path, predictions: Predictions) -> None:
    """Write faces.csv, faces.json, every picture with boxes, and of several pictures faces.zip with all of them.

    Reads the pictures again, since nobody keeps them. Raises InputError when one is gone or gives other pictures now;
    then nothing is written.
    """
    names = boxes_names(predictions.pictures)
    drawn = list(zip(names, _drawn(predictions.pictures), strict=True))
    for name, content in drawn:
        _write(folder / name, content)
    if len(drawn) > 1:
        _write(folder / "faces.zip", _zip(drawn))
    _write(folder / "faces.csv", faces_csv(predictions.pictures).encode("utf-8-sig"))
    _write(folder / "faces.json", faces_json(predictions).encode())


def _drawn(predictions: Sequence[ImagePrediction]) -> Iterator[bytes]:
    told = deque(predictions)
    while told:
        path, before = told[0].image, len(told)
        for picture in pictures_in(path):
            if not told or (told[0].image, told[0].time_ms) != (path, picture.time_ms):
                break
            yield boxes_jpeg(picture.pixels, told.popleft().faces)
        if len(told) == before:
            raise InputError(f"{path} changed while it was read", hint="give it again when it is complete")


def _write(path: Path, content: bytes) -> None:
    with publish_file(path) as temporary:
        temporary.write_bytes(content)


def boxes_names(predictions: Sequence[ImagePrediction]) -> list[str]:
    """File names of the pictures with boxes, in order; one that comes again gets a number."""
    used: set[str] = set()
    names = []
    for prediction in predictions:
        time = "" if prediction.time_ms is None else f"-{prediction.time_ms:07d}ms"
        stem = prediction.image.stem.encode("utf-8", "replace")[:_LONGEST_STEM_BYTES].decode("utf-8", "ignore")
        name, again = f"{stem}{time}-faces.jpg", 1
        while name in used:
            again += 1
            name = f"{stem}{time}-faces-{again}.jpg"
        used.add(name)
        names.append(name)
    return names


def _zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()
