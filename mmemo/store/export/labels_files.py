"""The labels as tables: CSV for spreadsheets, JSON lines for programs; every picture with everybody's opinion apart."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.export.content import FACE_COLUMNS, FACE_FACTS, HUMAN_FACTS, SOURCES, Content, prob_columns
from mmemo.store.export.safe import cell, encodable
from mmemo.store.files import to_json

CSV_FILE, JSONL_FILE = "labels.csv", "labels.jsonl"
_AT_ONCE = 500
# What some programs take for the end of a line.
_LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}
_DIGITS = 4


def write_csv(content: Content, folder: Path) -> Stage[None]:
    """labels.csv with a row a picture; texts that a spreadsheet would run are quoted with an apostrophe."""
    columns = ["episode_id", "cut", "run", *(c for c in FACE_COLUMNS if c != "crop")]
    with (folder / CSV_FILE).open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        rows = content.faces[columns[3:]].to_dict("records")
        for done, row in enumerate(rows, start=1):
            said = json.dumps(row["human_said"], ensure_ascii=False) if row["human_said"] else ""
            values = [_short(value) for value in {**row, "human_said": said}.values()]
            writer.writerow([cell(v) for v in (content.episode_id, content.cut_key, content.run_id, *values)])
            if done % _AT_ONCE == 0:
                yield Progress("write labels", done, len(rows))
    yield Progress("write labels", len(rows), len(rows))


def write_jsonl(content: Content, folder: Path) -> Stage[None]:
    """labels.jsonl with an object a picture; see `face_records`."""
    total = len(content.faces)
    with (folder / JSONL_FILE).open("w", encoding="utf-8", newline="\n") as stream:
        for done, record in enumerate(face_records(content), start=1):
            stream.write(to_json(record).translate(_LINE_ENDS) + "\n")
            if done % _AT_ONCE == 0:
                yield Progress("write labels", done, total)
    yield Progress("write labels", total, total)


def face_records(content: Content) -> Iterator[dict[str, Any]]:
    """One object a picture: its facts, `opinions` {source: {label, probs} or null}, and `human` {label, by, said}."""
    facts = [name for name in FACE_FACTS if name != "crop"]
    rows: list[dict[str, Any]] = content.faces.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        yield {
            "episode_id": content.episode_id,
            "cut": content.cut_key,
            "run": content.run_id,
            **{name: _plain(row[name]) for name in facts},
            "opinions": {source: _opinion(row, source) for source in SOURCES},
            "human": {
                "label": _plain(row["human_label"]),
                "by": _plain(row["human_by"]),
                "said": row["human_said"] or [],
                "picture_rejected": bool(row[HUMAN_FACTS[-1]]),
            },
        }


def _opinion(row: dict[str, Any], source: str) -> dict[str, Any] | None:
    label = _plain(row[f"{source}_label"])
    if label is None:
        return None
    probs = {name: _short(row[c]) for name, c in zip(EKMAN7.labels, prob_columns(source), strict=True)}
    how = {"from": _plain(row["target_source"])} if source == "target" else {}
    return {"label": label, **how, "probs": probs}


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, str):
        return encodable(value)
    return _short(value.item() if hasattr(value, "item") else value)


def _short(value: Any) -> Any:
    """Probabilities and pixels need no seventeen digits."""
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else round(float(value), _DIGITS)
    return value
