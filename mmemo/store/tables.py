"""The columns of every machine-made table, and probabilities in and out of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmemo.labels import EKMAN7

# cues.parquet: every cue that was read, in order of time.
#   cue_id int32 from 1; start_ms, end_ms int64 from the start of the video; text str as spoken;
#   raw_text str as in the file; speaker str or null; source_line int32 in the subtitle file;
#   drop_reason str or null: null means that the cue gives training faces; speaker_margin float32: how many times the
#   speaker's score is that of the next face, NaN for one face alone; scene str or null: path below the cut's folder of
#   a small picture from the middle of the cue.
CUE_COLUMNS = (
    "cue_id", "start_ms", "end_ms", "text", "raw_text", "speaker", "source_line", "drop_reason",
    "speaker_margin", "scene",
)  # fmt: skip

# faces.parquet: every face found inside a cue's time.
#   face_id str, unique in the episode; cue_id, track_id, shot_id int32, unique in the episode; frame_ms int64;
#   x1, y1, x2, y2 float32 pixels of the source frame; detection_prob, sharpness, brightness, yaw_deg, pitch_deg,
#   roll_deg float32, see mmemo.episode.quality; quality float32: its weight in its track, 0 (not read) to 1;
#   speaker_score float32; role str: "speaker" (trains), "listener", "candidate"; crop str: path below the cut's folder.
FACE_COLUMNS = (
    "face_id", "cue_id", "track_id", "shot_id", "frame_ms", "x1", "y1", "x2", "y2",
    "detection_prob", "sharpness", "brightness", "yaw_deg", "pitch_deg", "roll_deg", "quality",
    "speaker_score", "role", "crop",
)  # fmt: skip

# shots.parquet: shot_id int32 from 1, start_ms, end_ms int64, as far as the cues show it.
# speech.parquet: start_ms, end_ms int64 of everything that sounds like speech; no rows without sound.
# qa.parquet: see QA_COLUMNS of mmemo.episode.qa.

# opinions (teacher): cue_id + p_*;  image opinions: face_id + p_*;
# targets: face_id + p_* + source ("weak" or "human") + weight;  predictions: face_id + p_* + fold.
PROB_COLUMNS = tuple(f"p_{label}" for label in EKMAN7.labels)


def with_probs(ids: pd.DataFrame, probs: np.ndarray) -> pd.DataFrame:
    """Put (N, 7) probabilities beside the N rows of an id table."""
    assert probs.shape == (len(ids), len(PROB_COLUMNS)), "one row of seven probabilities an id"
    columns = pd.DataFrame(probs.astype(np.float32), columns=list(PROB_COLUMNS))
    return pd.concat([ids.reset_index(drop=True), columns], axis=1)


def probs_of(table: pd.DataFrame) -> np.ndarray:
    """(N, 7) float32 probabilities of a table."""
    return table[list(PROB_COLUMNS)].to_numpy(np.float32)


def aligned_probs(table: pd.DataFrame, key: str, ids: Sequence[object] | pd.Series) -> np.ndarray:
    """(N, 7) float32 in the order of `ids`; every id must be in the table."""
    rows = table.set_index(key).loc[list(ids)]
    return probs_of(rows)
