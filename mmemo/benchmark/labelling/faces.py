"""A made-up episode of many drawn faces with a run, as large as a benchmark of Review wants it; nothing in it is real."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from mmemo.datasets.drawn.characters import CAST
from mmemo.datasets.drawn.portrait import draw_face
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.store.files import write_json, write_table
from mmemo.store.tables import with_probs
from mmemo.store.workspace import Episode, Workspace

EPISODE_ID = "made-up"
RUN_ID = "made-up-run"
_CUT = "made"
_EVERY_MS = 2000
_DRAWINGS = 21
_LINES = ("The ferry leaves at nine.", "Did you hear that?", "Get out of my sight.", "We won the regatta!")


def make_faces(root: Path, faces: int, seed: int = 0) -> Workspace:
    """A workspace with one episode of so many tracks, one a line, each with opinions of teacher, baseline and student."""
    if faces < 1:
        raise InputError(f"{faces} faces cannot be labelled", hint="ask for one or more")
    workspace, rng = Workspace(root), np.random.default_rng(seed)
    episode = Episode(EPISODE_ID, str(root / "none.mp4"), "", "0" * 32, "0" * 32, _EVERY_MS * faces, _CUT)
    cut = workspace.cut_folder(episode)
    _draw(cut / "crops", faces)
    write_table(cut / "cues.parquet", _cues(faces))
    write_table(cut / "faces.parquet", _faces(faces, rng))
    workspace.save_episode(episode)
    ids = pd.DataFrame({"episode_id": EPISODE_ID, "track_id": np.arange(1, faces + 1)})
    folder = workspace.run_folder(RUN_ID)
    for name in ("teacher", "image", "targets", "predictions"):
        probs = rng.dirichlet(np.full(len(EKMAN7), 0.4), faces).astype(np.float32)
        write_table(folder / f"{name}.parquet", with_probs(ids, probs))
    train = {"recipe": "made_up", "backbone": "none"}
    write_json(folder / "config.json", {"run_id": RUN_ID, "episodes": [EPISODE_ID], "label": {}, "train": train})
    return workspace


def _draw(folder: Path, faces: int) -> None:
    """A file for each face, since a browser asks for each; the drawings in them repeat."""
    folder.mkdir(parents=True)
    people, drawings = list(CAST.values()), []
    for number in range(min(_DRAWINGS, faces)):
        label, person = EKMAN7.labels[number % len(EKMAN7)], people[number % len(people)]
        face, encoded = draw_face(person, label, 1.0, np.random.default_rng(number), 120), io.BytesIO()
        Image.fromarray(face).save(encoded, format="JPEG")
        drawings.append(encoded.getvalue())
    for number in range(1, faces + 1):
        (folder / f"{number}.jpg").write_bytes(drawings[number % len(drawings)])


def _cues(faces: int) -> pd.DataFrame:
    start_ms = _EVERY_MS * np.arange(faces)
    texts = [_LINES[i % len(_LINES)] for i in range(faces)]
    return pd.DataFrame(
        {
            "cue_id": np.arange(1, faces + 1),
            "start_ms": start_ms,
            "end_ms": start_ms + _EVERY_MS - 400,
            "text": texts,
            "raw_text": texts,
            "speaker": None,
            "source_line": 1,
            "drop_reason": None,
            "scene": None,
            "speaker_margin": np.float32(2),
        }
    )


def _faces(faces: int, rng: np.random.Generator) -> pd.DataFrame:
    numbers = np.arange(1, faces + 1)
    table = pd.DataFrame({"cue_id": numbers, "track_id": numbers, "frame_ms": _EVERY_MS * (numbers - 1) + 800})
    return table.assign(
        face_id=[f"f{number}" for number in numbers],
        shot_id=1,
        role="speaker",
        crop=[f"crops/{number}.jpg" for number in numbers],
        detection_prob=rng.uniform(0.9, 1, faces).astype(np.float32),
        quality=np.float32(1),
        sharpness=np.float32(1),
        speaker_score=np.float32(1),
        **dict(zip(("x1", "y1", "x2", "y2"), map(np.float32, (38, 20, 122, 104)), strict=True)),
    )
