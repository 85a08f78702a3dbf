"""A tiny episode to export: two tracks of drawn squares, hostile lines, people who differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from mmemo.labels import EKMAN7
from mmemo.store.export.content import CUE_FACTS, FACE_COLUMNS, SOURCES, Content, first_choice, prob_columns

HOSTILE = (
    '=HYPERLINK("http://x","y")',
    "<b>We won</b> & {\\an8}all\\N\n\n00:00:01,000 --> 00:00:02,000\n</c> <v Bob>",
    "  @SUM(1)\u2028<script>alert(1)</script>\u202e",
)


def made_content(folder: Path, tracks: int = 3, pictures: int = 2, *, run_id: str | None = "run-1") -> Content:
    """`tracks` tracks of `pictures` pictures; track 2 was rejected by a person, track 3 is a listener's."""
    (folder / "crops").mkdir(parents=True)
    rows = [_face(folder, track, number) for track in range(1, tracks + 1) for number in range(pictures)]
    faces = pd.DataFrame(rows, columns=[*FACE_COLUMNS]).astype({"picture_rejected": bool})
    if run_id is None:
        for source in SOURCES:
            faces[[f"{source}_label", *prob_columns(source)]] = None, *[np.nan] * len(EKMAN7)
    lines = [HOSTILE[n % len(HOSTILE)] for n in range(tracks)]
    cues = pd.DataFrame(
        {
            "cue_id": np.arange(1, tracks + 1),
            "start_ms": 2000 * np.arange(tracks),
            "end_ms": 2000 * np.arange(tracks) + 1500,
            "text": lines,
            "speaker": None,
            "drop_reason": None,
        },
        columns=[*CUE_FACTS],
    )
    return Content("pilot", "abc", run_id, faces, cues, folder)


def _face(folder: Path, track: int, number: int) -> dict[str, Any]:
    name = f"crops/{track}-{number}.jpg"
    Image.fromarray(np.full((24, 24, 3), 40 * track + number, np.uint8)).save(folder / name)
    start = 2000 * (track - 1)
    face: dict[str, Any] = {
        "face_id": f"c{track:05d}-t{track:05d}-{start + 300 * number}", "track_id": track, "cue_id": track, "shot_id": 1,
        "frame_ms": start + 300 * number + 200, "x1": 10.0 + number, "y1": 5.0, "x2": 40.0 + number, "y2": 45.0,
        "detection_prob": 0.99, "quality": 1.0, "role": "listener" if track == 3 else "speaker",
        "use": "listener" if track == 3 else "training", "drop_reason": "", "character": "=Nora",
        "start_ms": start, "end_ms": start + 1500, "text": HOSTILE[(track - 1) % len(HOSTILE)], "crop": name,
        "target_source": "weak", "human_label": None, "human_by": None, "human_said": [], "picture_rejected": False,
    }  # fmt: skip
    for shift, source in enumerate(SOURCES):
        probs = np.full(len(EKMAN7), 0.05)
        probs[(track + shift) % len(EKMAN7)] = 0.7
        face |= dict(zip(prob_columns(source), probs if track != 3 else [np.nan] * 7, strict=True))
        face[f"{source}_label"] = first_choice(pd.DataFrame([face]), source)[0]
    if track == 1:
        said = [_word("ann", "anger"), _word("bob", "joy")]
        face |= {"human_label": "joy", "human_by": "bob", "human_said": said}
    if track == 2:
        face |= {"human_label": "reject", "human_by": "ann", "human_said": [_word("ann", "reject")]}
    return face


def _word(who: str, label: str) -> dict[str, Any]:
    return {"annotator": who, "label": label, "scope": "track", "way": "chosen", "blind": True, "said_at": "2026-01-02"}
