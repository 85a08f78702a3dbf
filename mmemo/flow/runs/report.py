"""Gather what a report shows from the workspace and write it: of a run beside its comparison, of a cut alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo import __version__
from mmemo.episode.account import CueAccount
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.details import Details
from mmemo.evaluate.disagreement import largest_disagreements
from mmemo.evaluate.report import FaceCard, Opinion, ReportData, render_report
from mmemo.evaluate.report_cut import CutDetails, CutPage, render_cut
from mmemo.evaluate.rows import IMAGE_ONLY, STUDENT, TEACHER
from mmemo.flow.cutting.details import cut_details
from mmemo.flow.cutting.report import CutReport
from mmemo.flow.review.human_labels import resting_words, words_of_episodes
from mmemo.flow.review.tracks import FACE_NOISE_SAYS, face_noises, review_table, synthetic_notice
from mmemo.flow.student.face_opinions import damaged_crop
from mmemo.flow.team.assignment import assigned_tracks
from mmemo.labels import EKMAN7
from mmemo.store.files import publish_file, read_json, read_table
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Episode, Workspace

_CARDS = 24


def write_report(
    workspace: Workspace,
    run_id: str,
    config: Mapping[str, Any],
    gold: pd.Series,
    comparison: Comparison | None,
    on_faces: Comparison | None,
    details: Details | None = None,
) -> Path:
    """Write reports/RUN/report.html in one move and return its path. `gold` is in the order of tracks.parquet."""
    folder = workspace.run_folder(run_id)
    targets, predictions = read_table(folder / "targets.parquet"), read_table(folder / "predictions.parquet")
    noise = read_json(folder / "noise.json")["T"]
    episodes = [workspace.episode_of_run(config, episode_id) for episode_id in config["episodes"]]
    cuts = tuple(cut_details(workspace, episode) for episode in episodes)
    resting = resting_words(workspace, episodes, words_of_episodes(workspace, episodes)).sentence()
    data = ReportData(
        title=", ".join(config["episodes"]),
        created=_now(),
        comparison=comparison or on_faces,
        further={"On labelled face pictures": on_faces} if comparison and on_faces else {},
        details=details,
        account=_total(cuts),
        faces=config["faces"],
        tracks=config["tracks"],
        targets=probs_of(targets),
        predictions=probs_of(predictions),
        curves=read_table(folder / "curves.parquet"),
        noise=np.array(noise) if noise else None,
        face_noise={n.name: (n.matrix, n.spread, n.counts) for n in face_noises(folder)},
        face_noise_says=FACE_NOISE_SAYS,
        cards=_cards(workspace, run_id, config, gold),
        cuts=cuts,
        collapse=config["collapse"],
        synthetic_notice=synthetic_notice(workspace, config["episodes"]),
        limits=tuple(filter(None, (resting, _strange_lines(config), _unmeasured(config), _other_witness(config)))),
        settings={"label": config["label"], "train": config["train"]},
        identity={**config["models"], "anchor": config["anchor"]["name"], "mmemo": __version__, **_hashes(config)},
    )
    return _written(workspace.report_folder(run_id) / "report.html", render_report(data))


def _strange_lines(config: Mapping[str, Any]) -> str:
    """What to know about a show whose lines are like no labelled text; empty otherwise."""
    anchor = config["anchor"]
    if not anchor.get("is_strange"):
        return ""
    told = str(anchor["says"])
    return f"{told[0].upper()}{told[1:]}."


def _unmeasured(config: Mapping[str, Any]) -> str:
    """What to know about a teacher of which nobody measured how sure it may be; empty otherwise."""
    if config["anchor"].get("is_calibrated", True):
        return ""
    return (
        "How sure the text teacher may be was never measured on labelled lines, so its votes count as they are; "
        "pipelines.anchor measures one teacher, pipelines.combine_teachers several."
    )


def _other_witness(config: Mapping[str, Any]) -> str:
    """What to know where the image baseline was not believed; empty otherwise, and for runs that did not ask."""
    told = config.get("image_opinion", {})
    if told.get("of", "baseline") == "baseline":
        return ""
    return (
        f"The lines are likelier under what {told['of']} see in faces they did not learn from than under what the face "
        f"network sees ({told['standard_errors']:.1f} standard errors), so the targets rest on the former: the face "
        "network hardly knows this show."
    )


def write_cut_report(workspace: Workspace, episode: Episode, report: CutReport | None = None) -> Path:
    """Write reports/EPISODE/cut.html, the account of the episode's cut, in one move and return its path.

    `report` is that of a cut made just now; without it the stored one counts.
    """
    folder = workspace.cut_folder(episode)
    faces = workspace.faces(episode)
    settings = read_json(folder / "settings.json") if (folder / "settings.json").is_file() else {}
    page = CutPage(
        title=episode.episode_id,
        created=_now(),
        details=cut_details(workspace, episode, report),
        faces=len(faces),
        tracks=int(faces["track_id"].nunique()),
        duration_ms=episode.duration_ms,
        seconds=report.seconds if report is not None else {},
        synthetic_notice=synthetic_notice(workspace, [episode.episode_id]),
        settings=settings.get("settings", {}),
        identity={
            "mmemo": __version__,
            "cut": episode.cut_key,
            **{name: value for name, value in settings.items() if name != "settings"},
        },
    )
    return _written(workspace.report_folder(episode.episode_id) / "cut.html", render_cut(page))


def _written(path: Path, html: str) -> Path:
    with publish_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8", errors="backslashreplace")
    return path


def _now() -> str:
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _total(cuts: Sequence[CutDetails]) -> CueAccount:
    """The account over all episodes."""
    dropped: Counter[str] = Counter()
    for cut in cuts:
        dropped.update(cut.account.dropped)
    return CueAccount(sum(cut.account.total for cut in cuts), sum(cut.account.kept for cut in cuts), dict(dropped))


def _hashes(config: Mapping[str, Any]) -> dict[str, str]:
    return {f"{name} of {e}": v for e, inputs in config["inputs"].items() for name, v in inputs.items()}


def _cards(workspace: Workspace, run_id: str, config: Mapping[str, Any], gold: pd.Series) -> tuple[FaceCard, ...]:
    """The faces on which student and baseline differ most, one a track, over all episodes of the run.

    Where a face is handed out to be labelled, its card tells no gold: that may be what somebody else said of it.
    """
    folder = workspace.run_folder(run_id)
    tables = {
        source: read_table(folder / file)
        for source, file in (
            (TEACHER, "teacher.parquet"),
            (IMAGE_ONLY, "image.parquet"),
            (STUDENT, "predictions.parquet"),
        )
    }
    tracks = read_table(folder / "tracks.parquet")
    shown = {e: review_table(workspace, e, run_id).set_index("track_id").to_dict("index") for e in config["episodes"]}
    order = largest_disagreements(
        probs_of(tables[STUDENT]), probs_of(tables[IMAGE_ONLY]), np.arange(len(tracks)), limit=_CARDS
    )
    given = {e: assigned_tracks(workspace, workspace.episode_of_run(config, e), None) for e in config["episodes"]}
    cards = []
    for row in order:
        episode_id, track_id = str(tracks["episode_id"].iloc[row]), int(tracks["track_id"].iloc[row])
        face = shown[episode_id].get(track_id)
        if face is None:
            continue
        opinions = tuple(_opinion(source, probs_of(table.iloc[[row]])[0]) for source, table in tables.items())
        known = gold.iloc[row]
        cards.append(
            FaceCard(
                image=_crop(Path(str(face["crop"]))),
                line=str(face["text"]),
                opinions=opinions,
                start_ms=int(face["start_ms"]),
                gold=known if isinstance(known, str) and track_id not in given[episode_id] else None,
            )
        )
    return tuple(cards)


def _crop(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise damaged_crop(path) from error


def _opinion(source: str, probs: np.ndarray) -> Opinion:
    best = int(probs.argmax())
    return Opinion(source, EKMAN7.labels[best], float(probs[best]))
