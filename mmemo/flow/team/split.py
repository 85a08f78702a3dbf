"""Dividing faces among people: whole tracks, some of them for several, the same every time for the same seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

OVERLAP, BY = 0.2, 2
# One question in so many is a gold question, while there are any that a person was not asked yet.
GOLD_EVERY = 10


def split(
    faces: int,
    people: Sequence[str],
    overlap: float,
    by: int,
    seed: int,
    done: Mapping[str, Collection[int]] | None = None,
) -> dict[str, list[int]]:
    """{person: numbers of faces from 0, ascending}: `overlap` of the faces go to `by` people, the others to one each.

    Which faces overlap is drawn; who gets a face is whoever has the fewest, so that all get as many, give or take one
    of each kind. Pairs of people change from face to face, so that everybody meets everybody. Nobody gets a face that
    is `done` by them; one that too few are left for goes to one of those, or to nobody.
    """
    assert people and (overlap == 0 or by <= len(people)), "Round refuses this before"
    rng = np.random.default_rng(seed)
    order = rng.permutation(faces)
    several = round(overlap * faces)
    labelled = [set((done or {}).get(person, ())) for person in people]
    given: dict[str, list[int]] = {person: [] for person in people}
    met = np.zeros((len(people), len(people)), np.int64)
    for face in order.tolist():
        able = [who for who in range(len(people)) if face not in labelled[who]]
        times = by if several > 0 and len(able) >= by else min(1, len(able))
        several -= times == by
        load = np.array([len(given[person]) for person in people])
        drawn = rng.random(len(people))
        chosen: list[int] = []
        for _ in range(times):
            together = met[:, chosen].sum(1) if chosen else np.zeros(len(people), np.int64)
            free = [who for who in able if who not in chosen]
            chosen.append(min(free, key=lambda who: (load[who], together[who], drawn[who])))
        for who in chosen:
            given[people[who]].append(face)
            met[who, chosen] += 1
    return {person: sorted(mine) for person, mine in given.items()}


def gold_for(questions: Sequence[int], faces: int, seed: int) -> list[int]:
    """Which of some gold questions a person with so many ordinary faces is asked: one in GOLD_EVERY, at least one."""
    most = max(1, faces // GOLD_EVERY)
    rng = np.random.default_rng(seed)
    return sorted(rng.permutation(np.array(questions, np.int64))[:most].tolist())
