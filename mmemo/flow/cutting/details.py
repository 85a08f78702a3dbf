"""How an episode was cut, gathered from its folder for people: examples, notes, the sync check and the QA list."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from mmemo.episode.account import DropReason, account_of
from mmemo.episode.cleaning import RULES, CleanText, clean_text
from mmemo.episode.qa import qa_counts
from mmemo.evaluate.report_cut import (
    EXAMPLES_SHOWN,
    KEPT,
    CharacterRow,
    CueExample,
    CutDetails,
    FaceShown,
    Note,
    QaList,
    QaRow,
    Reading,
    RuleUse,
)
from mmemo.flow.characters.finding import character_table
from mmemo.flow.cutting.report import ACCOUNT_FILE, CutReport, stored_report
from mmemo.flow.student.face_opinions import damaged_crop
from mmemo.store.files import damaged, read_json, read_table
from mmemo.store.workspace import Episode, Workspace

_SCENE_PX, _FACE_PX = 256, 92
_FACES_SHOWN = 4
_NOTES_SHOWN = 50
_TEXT_SHOWN = 240
_CHARACTERS_SHOWN = 24
_QA_SHOWN, _OF_A_KIND_SHOWN = 30, 12
# An example of a rule is looked for among this many cues.
_CUES_SEARCHED = 5_000
_ROLES = ("speaker", "candidate", "listener")


def cut_details(workspace: Workspace, episode: Episode, report: CutReport | None = None) -> CutDetails:
    """What there is to tell of an episode's cut; what an older cut did not store is left out.

    `report` is that of a cut made just now; it may know more of the sync check than the stored one.
    """
    folder = workspace.cut_folder(episode)
    cues, faces = workspace.cues(episode), workspace.faces(episode)
    if report is None and (folder / ACCOUNT_FILE).is_file():
        report = stored_report(folder)
    qa = folder / "qa.parquet"
    characters = character_table(workspace, episode)
    return CutDetails(
        episode_id=episode.episode_id,
        account=account_of(None if pd.isna(reason) else str(reason) for reason in cues["drop_reason"]),
        examples=_examples(folder, cues, faces),
        reading=_reading(folder, cues, report) if report is not None else None,
        sync=report.sync if report is not None else None,
        qa=_qa_list(read_table(qa), cues) if qa.is_file() else None,
        characters=tuple(_characters(characters.head(_CHARACTERS_SHOWN))),
        more_characters=max(0, len(characters) - _CHARACTERS_SHOWN),
        warnings=tuple(report.warnings) if report is not None else (),
    )


def _examples(folder: Path, cues: pd.DataFrame, faces: pd.DataFrame) -> dict[str, tuple[CueExample, ...]]:
    """Of every outcome some cues, spread over the episode."""
    outcomes = cues["drop_reason"].where(cues["drop_reason"].notna(), KEPT)
    chosen = {str(outcome): _spread(those) for outcome, those in cues.groupby(outcomes)}
    ids = [cue["cue_id"] for those in chosen.values() for cue in those]
    faces_of = dict(iter(faces[faces["cue_id"].isin(ids)].groupby("cue_id")))
    return {
        outcome: tuple(_example(folder, cue, faces_of.get(cue["cue_id"])) for cue in those)
        for outcome, those in chosen.items()
    }


def _spread(cues: pd.DataFrame) -> list[Mapping[str, Any]]:
    places = np.linspace(0, len(cues) - 1, min(len(cues), EXAMPLES_SHOWN)).round().astype(int)
    return [{str(name): value for name, value in row.items()} for row in cues.iloc[places].to_dict("records")]


def _example(folder: Path, cue: Mapping[str, Any], faces: pd.DataFrame | None) -> CueExample:
    """A dropped cue is shown as it stands in the file, since marks in it are often the reason."""
    scene = cue.get("scene")
    shown = [] if faces is None else list(_best_faces(faces))
    return CueExample(
        cue_id=int(cue["cue_id"]),
        start_ms=int(cue["start_ms"]),
        line=_short(str(cue["text"] if pd.isna(cue["drop_reason"]) else cue["raw_text"])),
        scene=_picture(folder / scene, _SCENE_PX) if isinstance(scene, str) else None,
        faces=tuple(_face(folder, face) for face in shown[:_FACES_SHOWN]),
        more_faces=max(0, len(shown) - _FACES_SHOWN),
        margin=_finite(cue.get("speaker_margin")),
        measured=_measured(shown[0]) if shown and cue["drop_reason"] == DropReason.POOR_FACE.value else "",
    )


def _measured(face: Mapping[Any, Any]) -> str:
    """The figures by which a face was found too poor to be read."""
    size_px = max(face["x2"] - face["x1"], face["y2"] - face["y1"])
    return (
        f"{size_px:.0f} px, sharpness {face['sharpness']:.1f}, brightness {face['brightness']:.0f}, "
        f"turned {abs(face['yaw_deg']):.0f}°"
    )


def _best_faces(faces: pd.DataFrame) -> list[Mapping[Any, Any]]:
    """The surest face of every track, speakers first, then by score."""
    best = faces.sort_values("detection_prob", ascending=False, kind="stable").drop_duplicates("track_id")
    ranks = best["role"].map({role: i for i, role in enumerate(_ROLES)}).fillna(len(_ROLES))
    best = best.assign(rank=ranks).sort_values(["rank", "speaker_score"], ascending=[True, False], kind="stable")
    rows: list[Mapping[Any, Any]] = best.to_dict("records")  # type: ignore[assignment]
    return rows


def _face(folder: Path, face: Mapping[Any, Any]) -> FaceShown:
    return FaceShown(_picture(folder / str(face["crop"]), _FACE_PX), str(face["role"]), _finite(face["speaker_score"]))


def _reading(folder: Path, cues: pd.DataFrame, report: CutReport) -> Reading:
    path = folder / "subtitles.json"
    notes = read_json(path) if path.is_file() else {"repaired": report.repaired, "refused": report.refused}
    try:
        repaired, refused = _notes(notes["repaired"]), _notes(notes["refused"])
    except (TypeError, KeyError, ValueError) as error:
        raise damaged(path) from error
    return Reading(
        format=report.subtitle_format,
        encoding=report.encoding,
        read=report.account.total,
        repaired_total=report.repaired_total,
        refused_total=report.refused_total,
        repaired=repaired,
        refused=refused,
        rules=tuple(_rules(cues, report.cleaning)),
        stream=report.subtitle_stream,
        streams=tuple(report.subtitle_streams),
    )


def _notes(rows: Sequence[Mapping[str, Any]]) -> tuple[Note, ...]:
    return tuple(Note(int(row["line"]), str(row["what"]), _short(str(row["text"]))) for row in rows[:_NOTES_SHOWN])


def _rules(cues: pd.DataFrame, counts: Mapping[str, int]) -> Iterator[RuleUse]:
    """Every rule that touched a cue, with the cue that shows it most simply."""
    shown = _simplest(cues["raw_text"].head(_CUES_SEARCHED), set(counts))
    for rule, n in counts.items():
        raw, clean = shown.get(rule, ("", CleanText("", clean_text("").kind)))
        spoken = clean.text if rule != "advert" else ""
        yield RuleUse(rule, RULES.get(rule, ""), n, _short(raw), _short(spoken), clean.speaker)


def _simplest(raws: pd.Series, wanted: set[str]) -> dict[str, tuple[str, CleanText]]:
    """For every rule the text on which the fewest other rules worked, of those the shortest."""
    best: dict[str, tuple[tuple[int, int], str, CleanText]] = {}
    for raw in map(str, raws):
        clean = clean_text(raw)
        for rule in wanted.intersection(clean.rules):
            cost = (len(clean.rules) + (not clean.text), len(raw))
            if rule not in best or cost < best[rule][0]:
                best[rule] = cost, raw, clean
    return {rule: (raw, clean) for rule, (_, raw, clean) in best.items()}


def _qa_list(table: pd.DataFrame, cues: pd.DataFrame) -> QaList:
    """The first of every kind in turn, until enough are shown, in order of time."""
    turn = table.groupby("kind").cumcount().to_numpy()
    places = np.argsort(turn, kind="stable")[:_QA_SHOWN]
    shown = table.iloc[np.sort(places[turn[places] < _OF_A_KIND_SHOWN])]
    lines = cues.set_index("cue_id")[["text", "raw_text"]]
    rows = []
    for row in shown.to_dict("records"):
        cue_id = int(row["cue_id"])
        text, raw = lines.loc[cue_id] if cue_id in lines.index else ("", "")
        rows.append(QaRow(str(row["kind"]), int(row["start_ms"]), str(row["what"]), cue_id, _short(str(text or raw))))
    return QaList(qa_counts(table), tuple(rows))


def _characters(table: pd.DataFrame) -> Iterator[CharacterRow]:
    for row in table.to_dict("records"):
        yield CharacterRow(
            character_id=int(row["character_id"]),
            name=_short(str(row["name"])),
            name_source=str(row["name_source"]),
            tracks=int(row["tracks"]),
            lines=int(row["lines"]),
            seconds=float(row["seconds"]),
            image=_picture(Path(str(row["crop"])), _FACE_PX),
            votes=int(row["votes"]),
            of=int(row["of"]),
        )


def _picture(path: Path, side_px: int) -> bytes:
    """A small JPEG of a stored picture, `side_px` at its longer side."""
    stream = io.BytesIO()
    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (side_px, side_px))
            picture = opened.convert("RGB")
    except (OSError, ValueError) as error:
        raise damaged_crop(path) from error
    picture.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    picture.save(stream, "JPEG", quality=82)
    return stream.getvalue()


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN].rstrip()} …"


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, float) and math.isfinite(value) else None
