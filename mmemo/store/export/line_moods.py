"""The emotion of each line: what its speaker's face shows, and who says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmemo.labels import EKMAN7
from mmemo.store.export.content import HUMAN, IMAGE, STUDENT, TEACHER, Content, prob_columns

# Who is believed: what people said, then the student, then who spoke before it.
ORDER = (HUMAN, STUDENT, IMAGE, TEACHER)


@dataclass(frozen=True, slots=True)
class LineMood:
    """One line in ms; label and by (one of ORDER) are None where no face of the speaker was read."""

    cue_id: int
    start_ms: int
    end_ms: int
    text: str
    label: str | None = None
    by: str | None = None


def line_moods(content: Content) -> list[LineMood]:
    """Every line with words, in order of time. Of several shots of a speaker the one with the most pictures counts."""
    found: dict[int, tuple[str, str]] = {}
    speaking = content.faces[content.faces["use"] == "training"]
    for cue_id, faces in speaking.groupby("cue_id", sort=False):
        most = faces["track_id"].value_counts(sort=True).index[0]
        mood = _mood(faces[faces["track_id"] == most].iloc[0])
        if mood is not None:
            found[int(str(cue_id))] = mood
    lines = []
    for cue_id, start, end, text in content.cues[["cue_id", "start_ms", "end_ms", "text"]].itertuples(index=False):
        if isinstance(text, str) and text.strip() and end > start:
            label, by = found.get(int(cue_id), (None, None))
            lines.append(LineMood(int(cue_id), int(start), int(end), text, label, by))
    return sorted(lines, key=lambda line: (line.start_ms, line.cue_id))


def _mood(face: object) -> tuple[str, str] | None:
    for source in ORDER:
        label = face[f"{source}_label"]  # type: ignore[index]
        if isinstance(label, str) and label in EKMAN7.labels:
            return label, source
    return None


def shown_opinion(face: object) -> tuple[str, np.ndarray] | None:
    """Who is drawn as seven bars for a face, and its probabilities: the student, else the baseline, else the teacher."""
    for source in ORDER[1:]:
        probs = np.array([face[column] for column in prob_columns(source)], np.float64)  # type: ignore[index]
        if not np.isnan(probs).any():
            return source, probs
    return None
