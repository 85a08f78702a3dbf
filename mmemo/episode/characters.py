"""Face tracks of an episode put together into characters, and the names that the subtitles give them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmemo.episode.tracks import overlap
from mmemo.errors import InputError

# Larger than any sum of distances: no average that holds one such pair falls below a threshold.
_NEVER = 1e9
# Boxes of one frame that overlap as much are one face, found in two cues that share the time.
_SAME_FACE_OVERLAP = 0.3
# What stands in front of a line without saying who it is.
_NO_NAMES = frozenset(
    "all both everyone everybody together others crowd group man men woman women boy boys girl girls child children "
    "kid kids voice voices male female speaker unknown narrator announcer".split()
)


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """When two groups of face tracks are one character.

    They are joined while the mean cosine distance between their tracks is below `max_distance` (0: the same direction,
    1: nothing in common). A larger one joins people who look alike, a smaller one makes several characters of one
    person, which is the lesser harm: a person joins two by giving them one name. 0.5 is a little stricter than the
    squared distance of 1.1, a cosine distance of 0.55, at which Schroff et al. 2015 (FaceNet, figure 1) tell two
    pictures apart. A character with fewer than `min_tracks` tracks is no character: its tracks are left unsure.
    """

    max_distance: float = 0.5
    min_tracks: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.max_distance < 1:
            raise InputError(
                f"a distance of {self.max_distance:g} cannot tell characters apart",
                hint="use a number between 0 and 1, such as 0.5",
            )
        if self.min_tracks < 1:
            raise InputError("a character has at least one track", hint="use 1 or more")


@dataclass(frozen=True, slots=True)
class NameVotes:
    """A character's name, as most of its lines have it: `votes` of the `of` lines that have a name in front."""

    name: str
    votes: int
    of: int


def track_embeddings(features: np.ndarray, track: np.ndarray, quality: np.ndarray, tracks: int) -> np.ndarray:
    """One unit row a track: the mean of its faces' features, each brought to length 1, weighted by their quality.

    features (N, D) float32, track (N,) row of each face's track, quality (N,) float32 from 0 -> (tracks, D) float32.
    A track without a face of some quality gets a row of zeros.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    weighted = features / np.maximum(lengths, 1e-9) * quality[:, None]
    sums = np.zeros((tracks, features.shape[1]), np.float64)
    np.add.at(sums, track, weighted)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 1e-9)
    return unit.astype(np.float32)


def seen_together(track: np.ndarray, frame_ms: np.ndarray, boxes_xyxy_px: np.ndarray) -> np.ndarray:
    """Pairs of tracks that show two people, because both are in one frame: (P, 2) int64, each pair once.

    track, frame_ms (N,) and boxes (N, 4) of all faces. Two cues that share their time show the same face twice:
    boxes on top of each other are no pair.
    """
    pairs: set[tuple[int, int]] = set()
    order = np.argsort(frame_ms, kind="stable")
    ends = np.flatnonzero(np.diff(frame_ms[order])) + 1
    for rows in np.split(order, ends):
        apart = overlap(boxes_xyxy_px[rows], boxes_xyxy_px[rows]) < _SAME_FACE_OVERLAP
        for i, j in np.argwhere(apart):
            a, b = int(track[rows[i]]), int(track[rows[j]])
            if a < b:
                pairs.add((a, b))
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def cluster_tracks(
    embeddings: np.ndarray, times_ms: np.ndarray, together: np.ndarray, settings: ClusterSettings
) -> np.ndarray:
    """Number the character of every track: (M,) int32 from 1, the one with the most tracks first; 0 is too unsure.

    embeddings (M, D) float32 of length 1, a row of zeros where there is none; times_ms (M,) when a track begins, which
    settles who comes first of characters with as many tracks; together (P, 2) rows of tracks that cannot be one person.
    Agglomerative clustering with average linkage on the cosine distance. A track is unsure when it has no embedding,
    or lies nearer to another character that it may belong to than to its own: a negative silhouette, Rousseeuw 1987.
    """
    assert len(embeddings) == len(times_ms), "one time a track"
    known = np.flatnonzero(np.linalg.norm(embeddings, axis=1) > 0)
    characters = np.zeros(len(embeddings), np.int32)
    if len(known):
        row_of = np.full(len(embeddings), -1)
        row_of[known] = np.arange(len(known))
        pairs = row_of[together.reshape(-1, 2)]
        pairs = pairs[(pairs >= 0).all(1)]
        distances = _cosine_distances(embeddings[known])
        found = _linked(distances, pairs, settings.max_distance)
        found[_nearer_to_another(distances, found, pairs)] = 0
        characters[known] = found
    return _by_size(characters, times_ms, settings.min_tracks)


def central_distances(embeddings: np.ndarray, characters: np.ndarray) -> np.ndarray:
    """(M,) float32: cosine distance of each track to the mean of its character's tracks; NaN where it has none."""
    out = np.full(len(embeddings), np.nan, np.float32)
    for character in np.unique(characters[characters > 0]):
        rows = np.flatnonzero(characters == character)
        centre = embeddings[rows].mean(0)
        out[rows] = 1 - embeddings[rows] @ centre / max(float(np.linalg.norm(centre)), 1e-9)
    return np.clip(out, 0, 2)


def names_of(
    characters: Sequence[int],
    prefixes: Sequence[str | None],
    roles: Sequence[str],
    together: Sequence[tuple[int, int]] = (),
    *,
    min_votes: int = 2,
) -> dict[int, NameVotes]:
    """The name of each character by the `NAME:` in front of its lines; who has no clear one is left out.

    One entry a track: its character, the name in front of its cue, its role. Only tracks that speak vote. A name needs
    `min_votes` votes and more than half of its character's: subtitles name above all those who are not in the picture,
    so a single line proves little. Words such as MAN or ALL are no names.
    Two characters may get one name: one person split in two. Not when some frame shows both, then they are two people:
    of such a pair of characters (`together`) the one with more votes keeps the name; with as many, neither.
    """
    votes: dict[int, Counter[str]] = {}
    spelling: Counter[tuple[str, str]] = Counter()
    for character, prefix, role in zip(characters, prefixes, roles, strict=True):
        name = " ".join(prefix.split()) if isinstance(prefix, str) else ""
        if character > 0 and role == "speaker" and _is_name(name):
            votes.setdefault(character, Counter())[name.casefold()] += 1
            spelling[name.casefold(), name] += 1
    found = {}
    for character, counted in votes.items():
        key, most = counted.most_common(1)[0]
        if most >= min_votes and 2 * most > counted.total():
            found[character] = NameVotes(_usual(spelling, key), most, counted.total())
    return _one_of_each_pair(found, together)


def _cosine_distances(embeddings: np.ndarray) -> np.ndarray:
    """(K, K) float32, 0 to 2; in place, because a film of two hours has some 4,000 tracks."""
    distances: np.ndarray = embeddings @ embeddings.T
    np.subtract(1, distances, out=distances)
    np.clip(distances, 0, 2, out=distances)
    np.fill_diagonal(distances, 0)
    return distances


def _linked(distances: np.ndarray, pairs: np.ndarray, max_distance: float) -> np.ndarray:
    """(K,) int from 1: which group each of K tracks is in."""
    from sklearn.cluster import AgglomerativeClustering

    if len(distances) == 1:
        return np.ones(1, np.int64)
    barred = distances.copy()
    barred[pairs[:, 0], pairs[:, 1]] = barred[pairs[:, 1], pairs[:, 0]] = _NEVER
    model = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=max_distance
    )
    return np.asarray(model.fit_predict(barred), np.int64) + 1


def _nearer_to_another(distances: np.ndarray, groups: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(K,) bool: the mean distance to another group is smaller than to the other tracks of the own one."""
    member = (groups[:, None] == np.arange(1, groups.max() + 1)[None]).astype(np.float32)
    sizes, own = member.sum(0), groups - 1
    rows = np.arange(len(groups))
    means = distances @ member / sizes
    inside = means[rows, own] * sizes[own] / np.maximum(sizes[own] - 1, 1)
    means[rows, own] = np.inf
    for a, b in (*pairs, *pairs[:, ::-1]):
        means[a, own[b]] = np.inf
    nearer: np.ndarray = means.min(1) < inside
    return nearer


def _by_size(characters: np.ndarray, times_ms: np.ndarray, min_tracks: int) -> np.ndarray:
    numbers = [int(c) for c in np.unique(characters[characters > 0]) if (characters == c).sum() >= min_tracks]
    first_ms = {c: int(times_ms[characters == c].min()) for c in numbers}
    numbers.sort(key=lambda c: (-int((characters == c).sum()), first_ms[c], c))
    out = np.zeros(len(characters), np.int32)
    for new, old in enumerate(numbers, 1):
        out[characters == old] = new
    return out


def _is_name(name: str) -> bool:
    """Whether a prefix says who speaks; "MAN 2", "BOTH" and codes that steer a terminal do not."""
    words = [word for word in name.casefold().replace(".", " ").split() if not word.strip("#").isdecimal()]
    return bool(words) and name.isprintable() and not set(words) <= _NO_NAMES


def _usual(spelling: Counter[tuple[str, str]], key: str) -> str:
    """How a name is written most often, of equals the one that sorts first."""
    forms = {form: count for (name, form), count in spelling.items() if name == key}
    return min(forms, key=lambda form: (-forms[form], form))


def _one_of_each_pair(found: dict[int, NameVotes], together: Sequence[tuple[int, int]]) -> dict[int, NameVotes]:
    def loses(character: int) -> bool:
        mine = found[character]
        return any(
            found[other].name.casefold() == mine.name.casefold() and found[other].votes >= mine.votes
            for other in _others(character, together)
            if other in found
        )

    return {character: found[character] for character in sorted(found) if not loses(character)}


def _others(character: int, together: Sequence[tuple[int, int]]) -> Iterator[int]:
    for a, b in together:
        if a != b and character in (a, b):
            yield b if a == character else a
