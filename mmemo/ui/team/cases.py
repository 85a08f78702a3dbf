"""What a lead judges: faces on which people differ, and gold questions; plain values only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from mmemo.errors import InputError
from mmemo.flow.team.words import ANSWERS
from mmemo.store.labels import WITHDRAW
from mmemo.store.people import Person
from mmemo.store.team import Verdict
from mmemo.ui.html import file_url
from mmemo.ui.sign_in import need_lead
from mmemo.ui.team.desk import Json, TeamDesk, TeamPart

PAGE_CASES = 48
_PICTURES = 6


def conflicts(desk: TeamDesk, asked: Json, me: Person) -> dict[str, Any]:
    """Faces on which people differ: `open` ones, or those that were `decided`; one page from `offset` on."""
    need_lead(me)
    decided = bool(asked.get("decided"))
    found = [(part, track) for part in desk.parts(asked) for track in (_decided(part) if decided else part.conflicts())]
    # Those that are decided leave the list, so a page may begin anywhere.
    offset = _offset(asked, len(found), step=1)
    cases = [case(part, track) for part, track in found[offset : offset + PAGE_CASES]]
    return {"total": len(found), "offset": offset, "page": PAGE_CASES, "cases": cases, "decided": decided}


def decide(desk: TeamDesk, asked: Json, me: Person) -> dict[str, Any]:
    """Save what a lead decided on a face, or take it back with `withdraw`; the case as it is now."""
    need_lead(me)
    part, track = desk.face(asked.get("item"))
    label = _label(asked.get("label"))
    last = part.work.last
    words = tuple(int(number) for number in last.loc[last["track_id"] == track, "id"])
    if label != WITHDRAW and not words:
        raise InputError("nobody has said anything of this face", hint="label it in Review first")
    desk.team.decide(Verdict(part.placed(track), label, me.name, words, _press(asked)))
    part, track = desk.face(asked.get("item"))
    return {"case": case(part, track), "open": len(part.conflicts())}


def gold(desk: TeamDesk, asked: Json, me: Person) -> dict[str, Any]:
    """Gold questions with their answers, and faces that could become some: the asker's own labels and decisions."""
    need_lead(me)
    parts = desk.parts(asked)
    questions = [_question(part, track) for part in parts for track in part.gold["track_id"].tolist()]
    able: list[tuple[TeamPart, int]] = []
    for part in parts:
        there = set(part.gold["track_id"])
        able += [(part, track) for track in _answerable(part, me.name) if track not in there]
    offset = _offset(asked, len(able))
    shown = [
        {**_face(part, track), "label": _answer(part, track, me.name)}
        for part, track in able[offset : offset + PAGE_CASES]
    ]
    return {"gold": questions, "total": len(able), "offset": offset, "page": PAGE_CASES, "able": shown}


def mark(desk: TeamDesk, asked: Json, me: Person) -> dict[str, Any]:
    """Make a face a gold question with the decided label, else with the asker's own; `withdraw` makes it ordinary."""
    need_lead(me)
    part, track = desk.face(asked.get("item"))
    label = WITHDRAW if asked.get("label") == WITHDRAW else _answer(part, track, me.name)
    if label is None:
        raise InputError(
            "the answer to this question is not known", hint="label the face in Review, or decide it, first"
        )
    last = part.work.last
    words = tuple(int(number) for number in last.loc[last["track_id"] == track, "id"])
    desk.team.set_gold(Verdict(part.placed(track), label, me.name, words, _press(asked)))
    part, track = desk.face(asked.get("item"))
    return {"item": part.item(track), "gold": _of(part.gold, track), "count": len(part.gold)}


def case(part: TeamPart, track: int) -> dict[str, Any]:
    """One face with all that people say of it now, what was decided, and whether it is a gold question."""
    last = part.work.last
    alone = set(part.work.free["id"].tolist())  # of the words that are shown, which may be later ones
    rows: Iterator[Any] = last[last["track_id"] == track].itertuples(index=False)
    words = [
        {
            "who": str(row.annotator),
            "label": str(row.label),
            "at": row.created_at.isoformat(timespec="seconds"),
            "alone": row.id in alone,
        }
        for row in rows
    ]
    return {**_face(part, track), "words": words, "decision": _of(part.decisions, track), "gold": _of(part.gold, track)}


def _face(part: TeamPart, track: int) -> dict[str, Any]:
    row = part.faces.tracks.iloc[part.faces.row_of[track]]
    pictures = part.faces.pictures(track)["crop"].astype(str).tolist()
    step = max(1, len(pictures) // _PICTURES)
    return {
        "item": part.item(track),
        "track": track,
        "url": file_url(part.faces.folder / str(row["crop"])),
        "pictures": [file_url(part.faces.folder / name) for name in pictures[::step][:_PICTURES]],
        "ms": int(row["start_ms"]),
        "text": " ".join(str(row["text"]).split()),
        "character": str(row["character"]),
    }


def _question(part: TeamPart, track: int) -> dict[str, Any]:
    answer = part.work.gold.get(track)
    first = part.work.first
    asked = [name for name, one in part.work.tested if one == track]
    mine = first[(first["track_id"] == track) & first["annotator"].isin(asked)]
    right = int((mine["label"] == answer).sum())
    return {**_face(part, track), "label": answer, "answered": len(mine), "right": right}


def _decided(part: TeamPart) -> list[int]:
    there = [int(track) for track in part.decisions["track_id"] if int(track) in part.faces.row_of]
    return sorted(there, key=lambda track: part.faces.row_of[track])


def _answerable(part: TeamPart, me: str) -> list[int]:
    last = part.work.last
    own = set(last.loc[last["annotator"] == me, "track_id"].tolist())
    found = [int(track) for track in own | set(_decided(part)) if track in part.faces.row_of]
    return sorted(found, key=lambda track: part.faces.row_of[track])


def _answer(part: TeamPart, track: int, me: str) -> str | None:
    """The decided label, else the person's own."""
    decided = _of(part.decisions, track)
    if decided is not None:
        return str(decided["label"])
    last = part.work.last
    own = last.loc[(last["track_id"] == track) & (last["annotator"] == me), "label"].tolist()
    return str(own[-1]) if own else None


def _of(verdicts: pd.DataFrame, track: int) -> dict[str, Any] | None:
    there = verdicts[verdicts["track_id"] == track]
    return None if there.empty else {"label": str(there.iloc[0]["label"]), "by": str(there.iloc[0]["annotator"])}


def _label(value: object) -> str:
    if value not in (*ANSWERS, WITHDRAW):
        raise InputError(f"{str(value)[:20]!r} is no label", hint="reload the page")
    return str(value)


def _press(asked: Json) -> str:
    press = asked.get("press")
    if not isinstance(press, str) or not press:
        raise InputError("the decision did not arrive whole", hint="reload the page")
    return press


def _offset(asked: Json, total: int, step: int = PAGE_CASES) -> int:
    value = asked.get("offset")
    wanted = int(value) if isinstance(value, int) and not isinstance(value, bool) else 0
    last = max(total - 1, 0) // PAGE_CASES * PAGE_CASES
    return last if wanted >= total else max(wanted, 0) // step * step
