"""The tables of an export: every picture of an episode with its facts, all opinions, and what people said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.episode.video import Pictures, frames_at, probe
from mmemo.errors import InputError
from mmemo.flow.export.model import student_content
from mmemo.flow.review.faces import EpisodeFaces, episode_faces
from mmemo.flow.review.human_labels import Words, read_words
from mmemo.flow.runs.of_episode import runs_of
from mmemo.flow.runs.promotion import promoted_run
from mmemo.store.export.content import CUE_FACTS, FACE_COLUMNS, SOURCES, Content, first_choice, prob_columns
from mmemo.store.files import read_table
from mmemo.store.labels import FRAME
from mmemo.store.workspace import Workspace

_OF_TRACK = ("use", "drop_reason", "character", "start_ms", "end_ms", "text")


def choose_episode(workspace: Workspace, episode_id: str | None) -> str:
    """The named episode, or the newest one. InputError when there is none."""
    if episode_id is not None:
        return workspace.episode(episode_id).episode_id
    episodes = workspace.episodes()
    if not episodes:
        raise InputError(
            f"there is no episode in {workspace.root}", hint="run python -m pipelines.adapt VIDEO SRT first"
        )
    return episodes[0].episode_id


def choose_run(workspace: Workspace, episode_id: str, run_id: str | None) -> str | None:
    """The named run, which must know the episode; else the one that answers by default, else the newest, else None."""
    if run_id is not None:
        if episode_id not in workspace.run_config(run_id).get("episodes", []):
            raise InputError(f"the run {run_id} was not trained on {episode_id}", hint="choose one of its own episodes")
        return run_id
    return promoted_run(workspace, episode_id) or next((run for run, _ in runs_of(workspace, episode_id)), None)


def gather_content(workspace: Workspace, episode_id: str, run_id: str | None, *, hide_names: bool = False) -> Content:
    """Read the cut that the run was trained on, without a run the newest one.

    `hide_names` makes annotators numbers, as it is done before anything is published.
    """
    config = {} if run_id is None else workspace.run_config(run_id)
    episode = workspace.episode_of_run(config, episode_id)
    seen, said = episode_faces(workspace, episode, run_id), read_words(workspace, episode)
    tracks = _tracks(workspace, seen, said, hide_names)
    facts = seen.faces.drop(columns=[c for c in _OF_TRACK if c in seen.faces])
    faces = facts.merge(tracks, on="track_id", how="inner", validate="many_to_one")
    faces = faces.assign(picture_rejected=faces["face_id"].isin(said.rejected_pictures()))
    faces = faces.sort_values(["frame_ms", "track_id"], kind="stable", ignore_index=True)
    for column in FACE_COLUMNS:  # a cut of an earlier version did not measure its faces
        if column not in faces:
            faces[column] = np.nan
    cues = seen.cues.assign(text=_spoken(seen.cues))
    video = Path(episode.video)
    return Content(
        episode_id=episode_id,
        cut_key=episode.cut_key,
        run_id=run_id,
        faces=faces[list(FACE_COLUMNS)],
        cues=cues[list(CUE_FACTS)],
        crops=workspace.cut_folder(episode),
        video=video if video.is_file() else None,
        frames=partial(_frames, video) if video.is_file() else None,
        pixel_aspect=_pixel_aspect(video),
        model=None if run_id is None else student_content(workspace, run_id, _usable_crops(workspace, seen)),
    )


def _pixel_aspect(video: Path) -> float:
    """How much wider than high a pixel of the video is shown; 1 where it is gone or cannot be read any more."""
    try:
        return float(probe(video).pixel_aspect)
    except InputError:
        return 1.0


def _frames(video: Path, times_ms: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Frames of a film at sorted times, as they are seen."""
    pictures = Pictures(probe(video).pixel_aspect)
    for shown in frames_at(video, times_ms):
        yield shown.asked_ms, pictures.rgb(shown.frame)


def _usable_crops(workspace: Workspace, seen: EpisodeFaces) -> Sequence[Path]:
    training = seen.tracks.loc[seen.tracks["use"] == "training", "crop"]
    return [seen.folder / str(name) for name in training]


def _tracks(workspace: Workspace, seen: EpisodeFaces, said: Words, hide_names: bool) -> pd.DataFrame:
    """track_id, what is told of a track, the columns of all sources, and what people said of it."""
    table = seen.tracks[["track_id", *_OF_TRACK]].copy()
    for source in SOURCES:
        probs = pd.DataFrame(seen.opinions[source], columns=prob_columns(source), index=table.index)
        table = pd.concat([table, probs], axis=1)
        table[f"{source}_label"] = first_choice(table, source)
    table["target_source"] = _target_sources(workspace, seen, table["track_id"])
    names = _names(said, hide_names)
    spoken = _spoken_words(workspace, said, names)
    held = {track: (words[-1]["label"], words[-1]["annotator"]) for track, words in spoken.items()}
    verdicts: Iterator[Any] = said.decisions.itertuples(index=False)
    held |= {int(row.track_id): (str(row.label), names[row.annotator]) for row in verdicts}  # these hold over all words
    ids = table["track_id"].tolist()
    for column, place in (("human_label", 0), ("human_by", 1)):
        table[column] = pd.Series([held[t][place] if t in held else None for t in ids], dtype=object)
    table["human_said"] = pd.Series([spoken.get(t, []) for t in ids], dtype=object)
    return table


def _target_sources(workspace: Workspace, seen: EpisodeFaces, ids: pd.Series) -> pd.Series:
    """Whether a track's training target came from machines ("weak") or a person ("human"); null without a target."""
    path = workspace.run_folder(seen.run_id) / "targets.parquet" if seen.run_id is not None else None
    if path is None or not path.is_file():
        return pd.Series([None] * len(ids), index=ids.index, dtype=object)
    table = read_table(path)
    mine = table[table["episode_id"] == seen.episode.episode_id]
    known: Mapping[int, str] = dict(zip(mine["track_id"], mine["source"], strict=True)) if "source" in mine else {}
    return pd.Series([known.get(track) for track in ids], index=ids.index, dtype=object)


def _names(said: Words, hide: bool) -> dict[str, str]:
    """{who labelled or decided: the name to write}."""
    people = sorted({*said.by_annotator()["annotator"], *said.decisions["annotator"]})
    return {str(name): f"annotator {n}" if hide else str(name) for n, name in enumerate(people, start=1)}


def _spoken_words(workspace: Workspace, said: Words, names: Mapping[str, str]) -> dict[int, list[dict[str, Any]]]:
    """{track: the last word of each person, in the order in which they were said}."""
    words = said.by_annotator().sort_values("id")
    if words.empty:
        return {}
    with closing(workspace.labels()) as store:
        how = store.events().set_index("id")[["scope", "way", "blind"]]
    found: dict[int, list[dict[str, Any]]] = {}
    rows: Iterator[Any] = words.itertuples(index=False)
    for row in rows:
        scope, way, blind = how.loc[row.id] if row.id in how.index else (None, None, None)
        word = {
            "annotator": names[row.annotator],
            "label": str(row.label),
            "scope": scope if scope != FRAME else None,
            "way": way,
            "blind": None if blind is None else bool(blind),
            "said_at": pd.Timestamp(row.created_at).isoformat(timespec="seconds"),
        }
        found.setdefault(int(row.track_id), []).append(word)
    return found


def _spoken(cues: pd.DataFrame) -> pd.Series:
    text = cues["text"].where(cues["text"].fillna("") != "", cues["raw_text"])
    return text.fillna("").astype(str)
