"""Presses of keys that a page of Review sends: each names the faces that it means, and is saved once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from mmemo.errors import InputError
from mmemo.flow.review.faces import EpisodeFaces
from mmemo.flow.review.words import SKIPPED, WORDS, Word, before_press, standing_on, words_table
from mmemo.store.labels import ACCEPTED, CHOSEN, CUE, FRAME, SCOPES, SKIP, TRACK, UNDONE, FacePin, HumanLabel
from mmemo.ui.review.desk import Json, ReviewDesk, item_of
from mmemo.ui.review.matching import MAX_PAGE_FACES

log = logging.getLogger(__name__)

MAX_PRESSES = 500
_PIN = ["x1", "y1", "x2", "y2"]


def save_presses(desk: ReviewDesk, asked: Json, me: str) -> dict[str, Any]:
    """Save presses in the order in which they were made; say which are saved and what then holds on their faces.

    now: what holds on the faces of these presses, for `blind` readers by their own words alone.
    acks: numbers of presses that are saved, also those that were saved before. refused: [{id, why}] of presses that
    mean nothing, or whose faces cannot be read; they will never be saved, and those after them are not held up. Raises
    StorageError where the database cannot be written: what is not acknowledged must then be sent again.
    """
    presses = asked.get("presses")
    if not isinstance(presses, list) or len(presses) > MAX_PRESSES:
        raise InputError("the labels did not arrive whole", hint="reload the page")
    acks: list[str] = []
    refused: list[dict[str, str]] = []
    touched: dict[str, None] = {}
    desk.log.refresh()
    for press in presses:
        number = str(press.get("id", "")) if isinstance(press, dict) else ""
        known = desk.log.of_press(number)
        if not known and isinstance(press, dict) and press.get("undoes"):
            desk.log.refresh()  # what it takes back may be the press before
        labels, why = ([], "") if known else _labels_or_why_not(desk, press, number, me)
        for row in known or map(_place, labels):
            touched[f"{row.episode_id}/{row.cut_key}/{row.track_id}"] = None
        if why:
            refused.append({"id": number, "why": why})
            touched.update(dict.fromkeys(_items_of(press)))
            continue
        desk.store.add_once(labels)
        acks.append(number)
    desk.log.refresh()
    blind = bool(asked.get("blind"))
    now = _now(desk, [*touched], me, blind)
    return {"acks": acks, "refused": refused, "now": now, "blind": blind}


def now_on(desk: ReviewDesk, item: str, whose: str | None = None) -> dict[str, Any]:
    """What holds on a face: said (a label or null), who said it, and whether it was skipped; of one person, or of all."""
    episode_id, cut_key, track_id = item_of(item)
    part = desk.part(episode_id, cut_key)
    events = words_table([word._replace(row=0) for word in _words_on(desk, part, track_id)])
    annotator = None if whose is None else desk.log.people.index(whose) if whose in desk.log.people else -1
    said = standing_on(events, 1, annotator=annotator)
    who = int(said.who[0])
    label = None if who < 0 else WORDS[int(said.label[0])]
    return {"said": label, "who": None if who < 0 else desk.log.people[who], "skipped": bool(said.status[0] == SKIPPED)}


class _Place(NamedTuple):
    """Which face a label is on."""

    episode_id: str
    cut_key: str
    track_id: int


def _place(label: HumanLabel) -> _Place:
    assert label.pin is not None, "words of a page are pinned"
    return _Place(label.episode_id, label.pin.cut_key, label.track_id)


def _labels_or_why_not(desk: ReviewDesk, press: Any, number: str, me: str) -> tuple[Sequence[HumanLabel], str]:
    """The rows of a press, or a sentence that says why there are none; whatever fails, fails for this press alone."""
    try:
        return _labels_of(desk, press, number, me), ""
    except InputError as error:
        return [], str(error).replace(str(desk.workspace.root), "the workspace")
    except Exception:
        log.exception("a press of Review is refused")
        return [], "the face that it means cannot be read (reload the page)"


def _items_of(press: object) -> list[str]:
    items = press.get("items") if isinstance(press, dict) else None
    return [one for one in items[:MAX_PAGE_FACES] if isinstance(one, str)] if isinstance(items, list) else []


def _now(desk: ReviewDesk, items: Sequence[str], me: str, blind: bool) -> dict[str, Any]:
    """{item: what holds on it, as far as `me` may know}; one that cannot be read now is left out, for its word is saved
    all the same."""
    found: dict[str, Any] = {}
    asked: dict[tuple[str, str], set[int]] = {}
    for item in items:
        try:
            episode_id, cut_key, track_id = item_of(item)
            if (episode_id, cut_key) not in asked:
                asked[episode_id, cut_key] = desk.asked_of(episode_id, cut_key, me)
            alone = blind or track_id in asked[episode_id, cut_key]
            found[item] = now_on(desk, item, me if alone else None)
        except InputError:  # it names no face
            continue
        except Exception:
            log.exception("a face of Review that was labelled cannot be read")
    return found


def _labels_of(desk: ReviewDesk, press: Any, number: str, me: str) -> Sequence[HumanLabel]:
    """The rows of one press."""
    if not isinstance(press, dict) or not 0 < len(number) <= 60:
        raise InputError("a press has no number", hint="reload the page")
    if press.get("me", me) != me:
        raise InputError(f"it was made by {press['me']!r}, and {me!r} is signed in now", hint="reload the page")
    return _undo(desk, press, number, me) if press.get("undoes") else _said(desk, press, number, me)


def _said(desk: ReviewDesk, press: Json, number: str, me: str) -> list[HumanLabel]:
    scope, way = str(press.get("scope", TRACK)), str(press.get("way", CHOSEN))
    if scope not in SCOPES or way not in (CHOSEN, ACCEPTED):
        raise InputError(f"no word has scope {scope!r} and way {way!r}", hint="reload the page")
    words = _words_for(press)
    tracks: dict[tuple[str, str, int], tuple[EpisodeFaces, str]] = {}
    for item, label in words:
        episode_id, cut_key, track_id = item_of(item)
        part = desk.part(episode_id, cut_key)
        if track_id not in part.row_of:
            raise InputError(f"there is no face track {track_id} in this episode", hint="reload the page")
        for other in part.of_line(track_id) if scope == CUE else [track_id]:
            tracks[episode_id, cut_key, other] = part, label
    if scope == FRAME and (len(tracks) != 1 or words[0][1] == SKIP):
        raise InputError("one picture is labelled or rejected at a time", hint="choose one")
    blind, face = bool(press.get("blind")), press.get("face")
    return [
        _label(part, track, label, me, number, scope=scope, way=way, blind=blind, face=face)
        for (_, _, track), (part, label) in tracks.items()
    ]


def _words_for(press: Json) -> list[tuple[object, str]]:
    """(face, label) of a press: one label for all its faces, or one for each."""
    items, labels = press.get("items"), press.get("labels")
    if not isinstance(items, list) or not 0 < len(items) <= MAX_PAGE_FACES:
        raise InputError("a press names no face, or too many", hint="choose one first")
    if labels is None:
        labels = [press.get("label")] * len(items)
    if not isinstance(labels, list) or len(labels) != len(items):
        raise InputError("a press names not one label for each face", hint="reload the page")
    return [(item, str(label)) for item, label in zip(items, labels, strict=True)]


def _label(
    part: EpisodeFaces, track_id: int, label: str, me: str, number: str, *, face: object = None, **more: Any
) -> HumanLabel:
    """A word on a track, pinned to the face that is shown of it; of scope frame to the one picture."""
    row = part.tracks.iloc[part.row_of[track_id]]
    pin = FacePin(part.episode.cut_key, int(row["time_ms"]), *(float(row[name]) for name in _PIN))
    if more.get("scope") == FRAME:
        pictures = part.pictures(track_id)
        chosen = pictures[pictures["face_id"].astype(str) == str(face)]
        if chosen.empty:
            raise InputError("there is no such picture of this face", hint="reload the page")
        one = chosen.iloc[0]
        pin = FacePin(part.episode.cut_key, int(one["frame_ms"]), *(float(one[name]) for name in _PIN))
    return HumanLabel(part.episode.episode_id, track_id, int(row["cue_id"]), label, me, pin, press=number, **more)


def _undo(desk: ReviewDesk, press: Json, number: str, me: str) -> list[HumanLabel]:
    """Words that make everything what it was before an earlier press; none where it was taken back before."""
    undoes = str(press["undoes"])
    events = desk.log.of_press(undoes)
    if not events or events[0].annotator != me or events[0].undoes:
        raise InputError("there is nothing to undo", hint="label a face first")
    if desk.log.is_undone(undoes):
        return []
    who = desk.log.people.index(me)
    labels: list[HumanLabel] = []
    for event in events:
        part = desk.part(str(event.episode_id), str(event.cut_key))
        track_id, frame_ms = int(event.track_id), int(event.time_ms) if event.scope == FRAME else -1
        words = before_press(_words_on(desk, part, track_id), int(event.id), who, frame_ms)
        pin = FacePin(str(event.cut_key), int(event.time_ms), event.x1, event.y1, event.x2, event.y2)
        for place, word in enumerate(words):
            labels.append(
                HumanLabel(
                    str(event.episode_id), track_id, int(event.cue_id), word, me, pin, str(event.scope or TRACK), UNDONE,
                    None if event.blind is None else bool(event.blind), f"{number}{'+' * place}", undoes,
                )
            )  # fmt: skip
    return labels


def _words_on(desk: ReviewDesk, part: EpisodeFaces, track_id: int) -> list[Word]:
    words = desk.words_of(part)
    words.follow(desk.log)
    return words.on(part.row_of[track_id]) if track_id in part.row_of else []
