"""The facts of a data sheet: sources, counts, who labelled, who agrees with whom, and what an export is not good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import mmemo
from mmemo.flow.export.model import without_places
from mmemo.flow.review.tracks import synthetic_notice
from mmemo.flow.runs.promotion import in_use
from mmemo.labels import EKMAN7
from mmemo.store.export.content import HUMAN, IMAGE, SOURCES, STUDENT, TARGET, TEACHER, Content
from mmemo.store.export.formats import Format
from mmemo.store.workspace import Workspace

PEOPLE = "two people"
_LIMITS = (
    "An expression is not a feeling, and what a line says is not always on its speaker's face.",
    "Seven emotions are a coarse grid; fear and disgust are rare and hard.",
    "Machine opinions are opinions: the text teacher never saw the face, the baseline never saw this show.",
    "Faces that are too small, blurred, dark or turned away were not read, and listeners are not labelled by machines: "
    "the faces are no fair sample of the show.",
    "Faces of real people, pictures from films and lines of dialogue are under the rights of others. Whoever passes "
    "them on must have their consent and the right to do so.",
    "Do not use it to judge people.",
)


def sheet_facts(workspace: Workspace, content: Content, made: Format) -> dict[str, Any]:
    """Plain values for `mmemo.store.export.data_sheet.write_sheet`; no path of this machine is among them."""
    tracks = content.faces.drop_duplicates("track_id")
    return {
        "format": made.name,
        "what": made.sentence,
        "made_by": f"mmemo {mmemo.__version__}",
        "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "episode": content.episode_id,
        "cut": content.cut_key,
        "run": content.run_id,
        "synthetic": synthetic_notice(workspace, [content.episode_id]),
        "sources": _sources(workspace, content),
        "counts": _counts(content, tracks),
        "dropped": _dropped(content.cues),
        "provenance": _provenance(workspace, content, tracks),
        "agreement": agreements(tracks),
        "priors": priors(tracks),
        "limits": [*_LIMITS, *_limits_of_run(workspace, content.run_id)],
    }


def agreements(tracks: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each two sources, and of each two people, the tracks on which both name an emotion and the share that agrees.

    `same` is None where there is no such track.
    """
    found = []
    for one, other in combinations((HUMAN, TEACHER, IMAGE, STUDENT), 2):
        pair = tracks[[f"{one}_label", f"{other}_label"]]
        both = pair[pair.isin(EKMAN7.labels).all(axis=1)]
        same = float((both.iloc[:, 0] == both.iloc[:, 1]).mean()) if len(both) else None
        found.append({"one": one, "other": other, "tracks": len(both), "same": same})
    pairs = [pair for said in tracks["human_said"] for pair in combinations(_emotions(said), 2)]
    same = float(np.mean([a == b for a, b in pairs])) if pairs else None
    return [*found, {"one": PEOPLE, "other": "each other", "tracks": len(pairs), "same": same}]


def priors(tracks: pd.DataFrame) -> dict[str, dict[str, float]]:
    """{source: {label: share of the tracks on which it names this emotion}} of all that spoke."""
    found = {}
    for source in (*SOURCES, HUMAN):
        named = tracks.loc[tracks[f"{source}_label"].isin(EKMAN7.labels), f"{source}_label"]
        if len(named):
            found[source] = {label: float((named == label).mean()) for label in EKMAN7.labels}
    return found


def _emotions(said: Sequence[Mapping[str, Any]]) -> list[str]:
    return [word["label"] for word in said or [] if word["label"] in EKMAN7.labels]


def _sources(workspace: Workspace, content: Content) -> list[dict[str, str]]:
    """The files by their names alone, and hashes that tell them from others."""
    episode = workspace.episode(content.episode_id)
    named = [("video", episode.video, episode.video_hash), ("subtitles", episode.subtitles, episode.subtitles_hash)]
    return [
        {"what": what, "name": Path(name.replace("\\", "/")).name, "hash": hash_} for what, name, hash_ in named if name
    ]


def _counts(content: Content, tracks: pd.DataFrame) -> dict[str, int]:
    dropped = content.cues["drop_reason"].notna()
    uses = content.faces["use"].value_counts()
    return {
        "lines": len(content.cues),
        "lines with a training face": int((~dropped).sum()),
        "lines dropped": int(dropped.sum()),
        "face tracks": len(tracks),
        "face pictures": len(content.faces),
        **{f"face pictures: {use}": int(count) for use, count in uses.items()},
        "face pictures for datasets": len(content.usable()),
        "face tracks rejected by people": int((tracks["human_label"] == "reject").sum()),
        "single pictures rejected by people": int(content.faces["picture_rejected"].sum()),
    }


def _dropped(cues: pd.DataFrame) -> dict[str, int]:
    return {str(reason): int(count) for reason, count in cues["drop_reason"].dropna().value_counts().items()}


def _provenance(workspace: Workspace, content: Content, tracks: pd.DataFrame) -> list[dict[str, Any]]:
    config = workspace.run_config(content.run_id) if content.run_id is not None else {}
    models = config.get("models", {})
    recipe = config.get("train", {}).get("recipe", "")
    made_by = {
        TEACHER: models.get("teacher", config.get("label", {}).get("teacher", "a text classifier")),
        IMAGE: models.get("baseline", "the face network that every student starts from"),
        TARGET: f"derived from the others by the recipe {recipe}",
        STUDENT: f"the run {content.run_id}; each track judged by a student that did not see its scene",
    }
    rows = [
        {"source": source, "made_by": without_places(str(made_by[source])), "tracks": _spoke(tracks, source)}
        for source in SOURCES
        if _spoke(tracks, source)
    ]
    people: dict[str, int] = {}
    for said in tracks["human_said"]:
        for word in said or []:
            people[word["annotator"]] = people.get(word["annotator"], 0) + 1
    return [*rows, *({"source": HUMAN, "made_by": name, "tracks": count} for name, count in sorted(people.items()))]


def _spoke(tracks: pd.DataFrame, source: str) -> int:
    return int(tracks[f"{source}_label"].notna().sum())


def _limits_of_run(workspace: Workspace, run_id: str | None) -> list[str]:
    if run_id is None:
        return ["There is no student yet: no machine has judged these faces."]
    state, why = in_use(workspace, run_id)
    config = workspace.run_config(run_id)
    found = [f"The student is {state}: {without_places(why)}."]
    if config.get("collapse"):
        found.append(f"Its training warned: {config['collapse']}.")
    if config.get("anchor", {}).get("is_strange"):
        found.append("The lines of this show are unlike all text on which the teacher was measured.")
    return found
