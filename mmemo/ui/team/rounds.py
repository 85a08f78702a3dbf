"""Handing out faces: which, to whom, and how many to several people; plain values only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmemo.errors import InputError
from mmemo.flow.review.faces import EpisodeFaces
from mmemo.flow.review.words import standing_on
from mmemo.flow.team.split import gold_for, split
from mmemo.store.people import Person
from mmemo.store.team import Assignment, Round
from mmemo.ui.review.matching import Filters
from mmemo.ui.sign_in import need_lead
from mmemo.ui.team.desk import Json, TeamDesk, TeamPart, placed_face
from mmemo.ui.work import runs_of

# Which faces a round is about, as filters of Review.
FACES: dict[str, Filters] = {
    "all": Filters(),
    "unlabelled": Filters(status="unlabelled"),
    "differ": Filters(differ="any"),
    "issues": Filters(issues=True),
}
MAX_FACES = 100_000
_MAX_SEED = 2**31


def preview(desk: TeamDesk, asked: Json, me: Person) -> dict[str, Any]:
    """How many faces a round would be about."""
    need_lead(me)
    return {"faces": len(_chosen(desk, asked)), "press": asked.get("press")}


def assign(desk: TeamDesk, asked: Json, me: Person) -> dict[str, Any]:
    """Hand out a round; gives its number and how many faces each person got. Sent twice it is made once."""
    need_lead(me)
    made = Round(
        str(asked.get("title") or "").strip(), _people(desk, asked), tuple(_episodes(desk, asked)), _which(asked),
        _number(asked, "overlap", 0, 100) / 100, _number(asked, "by", 1, 20), _number(asked, "seed", 0, _MAX_SEED),
        me.name, str(asked.get("press") or ""),
    )  # fmt: skip
    if (there := desk.team.round_of(made.press)) is not None:
        return _handed_out(desk, there)
    faces = _chosen(desk, asked)
    if not faces:
        raise InputError(
            "there is no such face that is not handed out already", hint="choose other faces or close a round"
        )
    answered = {episode_id: _answered(desk.part(episode_id), made.people) for episode_id in made.episodes}
    done = {
        person: [n for n, (part, track) in enumerate(faces) if track in answered[part.episode.episode_id][person]]
        for person in made.people
    }
    given = split(len(faces), made.people, made.overlap, made.by, made.seed, done)
    assignments = [
        Assignment(person, placed_face(*faces[number])) for person, numbers in given.items() for number in numbers
    ]
    if asked.get("gold", True):
        extra = [one for person in made.people for one in _questions(desk, made, person, len(given[person]))]
        asked_for = {_whose(one) for one in extra}
        # A question that was handed out as an ordinary face too is asked once.
        assignments = [*(one for one in assignments if _whose(one) not in asked_for), *extra]
    return _handed_out(desk, desk.team.add_round(made, assignments))


def _answered(part: TeamPart, people: Sequence[str]) -> dict[str, set[int]]:
    """The tracks of the cut in use on which an answer of each person stands."""
    last = part.work.last
    return {person: set(last.loc[last["annotator"] == person, "track_id"].tolist()) for person in people}


def _whose(one: Assignment) -> tuple[str, str, int]:
    return one.person, one.face.episode_id, one.face.track_id


def _handed_out(desk: TeamDesk, number: int) -> dict[str, Any]:
    """What a round gave to whom, as it is kept."""
    rows = desk.team.assigned_in(number)
    plain = rows[~rows["gold"].astype(bool)]
    people = plain.groupby(["episode_id", "track_id"]).size()
    return {
        "round": number,
        "faces": len(people),
        "several": int((people > 1).sum()),
        "questions": len(rows) - len(plain),
        "sizes": {str(person): int(n) for person, n in rows["person"].value_counts(sort=False).items()},
    }


def close(desk: TeamDesk, asked: Json, me: Person) -> dict[str, Any]:
    """End a round."""
    need_lead(me)
    number = asked.get("round")
    if not isinstance(number, int) or isinstance(number, bool):
        raise InputError("it is not known which round", hint="reload the page")
    desk.team.close_round(number, me.name)
    return {"round": number}


def _chosen(desk: TeamDesk, asked: Json) -> list[tuple[EpisodeFaces, int]]:
    """Faces that train, in order of time, without those of open rounds and those that everybody who is asked has
    labelled; a share of them drawn if too many match."""
    wanted = asked.get("people")
    people = [str(one) for one in wanted] if isinstance(wanted, list) else []
    filters, found = FACES[_which(asked)], list[tuple[EpisodeFaces, int]]()
    for part in _parts(desk, asked):
        episode_id = part.faces.episode.episode_id
        run = str(asked["run"]) if asked.get("run") and asked.get("episode") == episode_id else None
        shown = desk.review.shown(
            {"episode": episode_id, "run": run or next(iter(runs_of(desk.workspace, episode_id)), None)}
        )
        table = shown.search.table
        standing = standing_on(shown.words.follow(desk.review.log), len(table))
        rows = shown.search.matching(filters, standing, desk.review.log.people)
        busy = set[int]()
        if shown.parts[0].episode.cut_key == part.faces.episode.cut_key:
            busy = {track for _, track in part.work.asked}
            if people:
                busy |= set.intersection(*_answered(part, people).values())
        tracks = table["track_id"].to_numpy()[rows].tolist()
        found += [(shown.parts[0], int(track)) for track in tracks if int(track) not in busy]
    most = _number(asked, "most", 0, MAX_FACES)
    if most and most < len(found):
        drawn = np.random.default_rng(_number(asked, "seed", 0, _MAX_SEED)).permutation(len(found))[:most]
        found = [found[number] for number in sorted(drawn.tolist())]
    return found


def _questions(desk: TeamDesk, made: Round, person: str, faces: int) -> list[Assignment]:
    """Gold questions for a person: none that the person set or answered before."""
    able: list[tuple[TeamPart, int]] = []
    for episode_id in made.episodes:
        part = desk.part(episode_id)
        first = part.work.first
        answered = set(first.loc[first["annotator"] == person, "track_id"])
        others = part.gold[part.gold["annotator"] != person]
        able += [
            (part, int(track))
            for track in others["track_id"]
            if track not in answered and (person, track) not in part.work.asked and int(track) in part.faces.row_of
        ]
    chosen = gold_for(range(len(able)), faces, made.seed)
    return [Assignment(person, able[number][0].placed(able[number][1]), gold=True) for number in chosen]


def _parts(desk: TeamDesk, asked: Json) -> list[TeamPart]:
    desk.review.log.refresh()
    return [desk.part(episode_id) for episode_id in _episodes(desk, asked)]


def _episodes(desk: TeamDesk, asked: Json) -> Sequence[str]:
    known = [episode.episode_id for episode in desk.workspace.episodes()]
    wanted = asked.get("episodes")
    if not isinstance(wanted, list) or not wanted or any(one not in known for one in wanted):
        raise InputError("it is not known of which episodes", hint="choose at least one episode")
    return [one for one in known if one in wanted]


def _people(desk: TeamDesk, asked: Json) -> tuple[str, ...]:
    wanted = asked.get("people")
    if not isinstance(wanted, list) or not wanted:
        raise InputError("nobody is chosen", hint="choose at least one person")
    names = [str(one) for one in wanted]
    known = desk.may_be_asked()
    for name in names:
        if desk.people.oauth:
            Person(name)  # on a Space anybody with an account may be asked
        elif name not in known:
            raise InputError(
                f"{name[:40]!r} is not in the list of people", hint="add them with python app.py --add-person"
            )
    return tuple(names)


def _which(asked: Json) -> str:
    which = asked.get("faces", "all")
    if which not in FACES:
        raise InputError("it is not known which faces", hint=f"choose one of {', '.join(FACES)}")
    return str(which)


def _number(asked: Json, name: str, low: int, high: int) -> int:
    value = asked.get(name, low)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(f"{name} is no whole number from {low} to {high}", hint="give another one")
    return value
