"""The timeline under the player: what is said, seen and heard when, drawn by the page itself.

The page gets the marks of an episode once, as columns of plain numbers and texts, and draws what is in sight.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import gradio as gr
import pandas as pd

from mmemo.labels import EKMAN7
from mmemo.store.files import to_json
from mmemo.ui.episode.account import outcome_words
from mmemo.ui.episode.checks import kind_words
from mmemo.ui.episode.cut_tables import CutTables
from mmemo.ui.episode.timeline_moods import Lane, Moods, mood_lane
from mmemo.ui.html import file_url
from mmemo.ui.text import for_script, say

_SCRIPT = Path(__file__).parent / "timeline.js"
_CHARACTER_LANES = 6
_PACKED_LANES = 4
_MOMENT_MS = 400
_ROLES = ("speaker", "listener", "candidate")
_LEGEND = ("kept", "dropped", "speaker", "listener", "candidate", "mood_student", "mood_teacher", "speech", "check")
_MARKS = "".join(f'<li data-mark="{name}"><i></i><span data-say="{name}"></span></li>' for name in _LEGEND)
# Nothing of an episode is in here: its texts reach the page as data and are drawn or set as text. The script sets the
# words of `data-say`, and as names those of `data-name`, since each browser has its language.
_SKELETON = f"""<section class="mm mm-tl" data-name="title" hidden>
<div class="mm-tl-bar"><h3 data-say="title"></h3><span class="mm-tl-shows small soft" role="status"></span>
<button type="button" data-zoom="out" data-name="zoom_out">−</button>
<button type="button" data-zoom="in" data-name="zoom_in">+</button>
<button type="button" data-zoom="all" data-name="zoom_all" data-say="whole"></button></div>
<div class="mm-tl-body"><div class="mm-tl-names"></div>
<div class="mm-tl-scroll" tabindex="-1"><div class="mm-tl-space">
<div class="mm-tl-stage" tabindex="0" role="slider" data-name="lines" aria-describedby="mm-tl-help"
aria-valuemin="0" aria-valuemax="0" aria-valuenow="0"><canvas class="mm-tl-canvas"></canvas>
<div class="mm-tl-head" hidden></div></div></div></div>
<div class="mm-tl-tip" hidden><img alt="" hidden><b></b><span class="said"></span><span class="soft"></span></div></div>
<p class="mm-tl-note small soft" role="status" data-say="no_video" hidden></p>
<ul class="mm-tl-legend">{_MARKS}</ul><p class="mm-tl-help small soft" id="mm-tl-help" data-say="help"></p></section>"""


def timeline() -> gr.HTML:
    """The empty timeline; its value is what `timeline_data` gives."""
    words = f"const WORDS = {to_json(for_script('timeline'))};\n"
    script = words + _SCRIPT.read_text(encoding="utf-8")
    return gr.HTML("", html_template=_SKELETON, js_on_load=script, elem_id="mm-timeline")


def timeline_data(tables: CutTables, characters: Mapping[int, str], moods: Moods | None = None) -> str:
    """The marks of a cut as JSON without any "<"; `characters` names the face tracks that belong to one, by track id.

    `moods` adds a lane of emotions to every character.
    """
    reasons = sorted(tables.cues["drop_reason"].dropna().unique())
    tracks = _tracks(tables)
    cues = _cue_lane(tables, tracks, characters, reasons)
    place = {cue_id: n for n, cue_id in enumerate(cues["id"])}
    lanes = [_speech_lane(tables.speech), cues, _shot_lane(tables.shots)]
    lanes += _track_lanes(tracks, characters, place, moods)
    lanes.append(_check_lane(tables.checks, place))
    shown = [lane for lane in lanes if lane is not None and lane["start"]]
    longest = max([tables.duration_ms, *(max(lane["end"]) for lane in shown)])
    data = {
        "duration": longest,
        "files": f"{file_url(tables.folder)}/",
        "outcomes": [outcome_words(None), *(outcome_words(str(reason)) for reason in reasons)],
        "roles": [say(f"timeline.role_{role}") for role in _ROLES],
        "labels": EKMAN7.labels,
        "legend": _legend(shown, moods),
        "lanes": shown,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _speech_lane(speech: pd.DataFrame | None) -> Lane | None:
    if speech is None:
        return None
    return {"kind": "speech", "name": say("timeline.lane_heard"), "tones": ["tl-speech"], **_spans(speech)}


def _shot_lane(shots: pd.DataFrame | None) -> Lane | None:
    if shots is None:
        return None
    return {"kind": "shots", "name": say("timeline.lane_shots"), "tones": ["tl-shot", "tl-shot-next"], **_spans(shots)}


def _cue_lane(tables: CutTables, tracks: pd.DataFrame, characters: Mapping[int, str], reasons: Sequence[str]) -> Lane:
    """Lines, kept ones full and dropped ones low; `why` is 0 for kept, else the number of the reason from 1."""
    cues = tables.cues.sort_values("start_ms", kind="stable")
    number = {reason: n for n, reason in enumerate(reasons, 1)}
    why = [number.get(reason, 0) if isinstance(reason, str) else 0 for reason in cues["drop_reason"]]
    speaking = tracks[tracks["role"] == 0]
    seen = {
        int(cue): characters.get(int(track), "")
        for cue, track in zip(speaking["cue_id"], speaking["track_id"], strict=True)
    }
    told = [str(name) if isinstance(name, str) else "" for name in cues["speaker"]]
    lane: Lane = {
        "kind": "cues",
        "name": say("timeline.lane_lines"),
        "tones": ["tl-kept", "tl-dropped"],
        "inks": ["tl-kept-ink", "tl-dropped-ink"],
    }
    lane |= _spans(cues)
    lane |= {"id": cues["cue_id"].tolist(), "text": [" ".join(str(text).split()) for text in cues["text"]]}
    lane |= {"who": [name or seen.get(cue, "") for name, cue in zip(told, lane["id"], strict=True)]}
    lane |= {"why": why, "tone": [int(n > 0) for n in why], "low": [int(n > 0) for n in why]}
    if "scene" in cues.columns:
        lane["scene"] = [scene if isinstance(scene, str) else "" for scene in cues["scene"]]
    return lane


def _tracks(tables: CutTables) -> pd.DataFrame:
    """One row a face track in order of time: track_id, cue_id, role (place in _ROLES), start_ms, end_ms, crop."""
    faces = tables.faces.sort_values("detection_prob", ascending=False, kind="stable")
    parts = faces.groupby("track_id", as_index=False).agg(
        cue_id=("cue_id", "first"),
        role=("role", "first"),
        start_ms=("frame_ms", "min"),
        end_ms=("frame_ms", "max"),
        crop=("crop", "first"),
    )
    parts["role"] = parts["role"].map({role: n for n, role in enumerate(_ROLES)}).fillna(1).astype(int)
    parts["end_ms"] = parts["end_ms"].where(
        parts["end_ms"] - parts["start_ms"] >= _MOMENT_MS, parts["start_ms"] + _MOMENT_MS
    )
    return parts.sort_values(["start_ms", "track_id"], ignore_index=True)


def _track_lanes(
    tracks: pd.DataFrame, characters: Mapping[int, str], place: Mapping[int, int], moods: Moods | None
) -> list[Lane | None]:
    """A lane for each of the characters with most faces, and packed ones for the rest; emotions right below each."""
    who = tracks["track_id"].map(characters).fillna("")
    known = who[who != ""].value_counts()
    chief = [str(name) for name in known.index[:_CHARACTER_LANES]]
    lanes: list[Lane | None] = []
    for name in chief:
        lanes += [_track_lane(tracks[who == name], name, place), mood_lane(tracks[who == name], moods, name)]
    rest = tracks[~who.isin(chief)]
    for number, rows in enumerate(_packed(rest, 1 if chief else _PACKED_LANES)):
        title = say("timeline.lane_others" if chief else "timeline.lane_faces")
        lanes.append(_track_lane(rows, title if number == 0 else "", place))
    return lanes if chief else [*lanes, mood_lane(tracks, moods, "")]


def _packed(tracks: pd.DataFrame, most: int) -> Iterable[pd.DataFrame]:
    """Tracks in as few lanes as keep them apart, but no more than `most`; what is over shares the last one."""
    free_at = [-1]
    places = []
    for start, end in zip(tracks["start_ms"].tolist(), tracks["end_ms"].tolist(), strict=True):
        place = next((n for n, free in enumerate(free_at) if free <= start), None)
        if place is None:
            place = min(len(free_at), most - 1)
            free_at += [-1] * (place == len(free_at))
        free_at[place] = max(free_at[place], end)
        places.append(place)
    lane = pd.Series(places, index=tracks.index, dtype=int)
    return [tracks[lane == number] for number in range(len(free_at))]


def _track_lane(tracks: pd.DataFrame, name: str, place: Mapping[int, int]) -> Lane:
    return {
        "kind": "tracks",
        "name": name,
        "tones": ["tl-speaker", "tl-listener", "tl-candidate"],
        "tone": tracks["role"].tolist(),
        **_spans(tracks),
        "track": tracks["track_id"].tolist(),
        "cue": [place.get(cue_id, -1) for cue_id in tracks["cue_id"]],
        "role": tracks["role"].tolist(),
        "crop": tracks["crop"].tolist(),
    }


def _check_lane(checks: pd.DataFrame | None, place: Mapping[int, int]) -> Lane | None:
    if checks is None:
        return None
    rows = checks.sort_values("start_ms", kind="stable")
    return {
        "kind": "checks",
        "name": say("timeline.lane_check"),
        "tones": ["tl-check"],
        "tone": [0] * len(rows),
        **_spans(rows),
        "cue": [place.get(cue_id, -1) for cue_id in rows["cue_id"]],
        "what": [kind_words(str(kind)) for kind in rows["kind"]],
        "words": [str(words) for words in rows["what"]],
    }


def _spans(table: pd.DataFrame) -> Lane:
    return {"start": [int(ms) for ms in table["start_ms"]], "end": [int(ms) for ms in table["end_ms"]]}


def _legend(lanes: Sequence[Lane], moods: Moods | None) -> list[str]:
    """The marks that occur, by name."""
    found = set()
    if moods is not None and any(lane["kind"] == "mood" for lane in lanes):
        found.add(f"mood_{moods.source}")
    for lane in lanes:
        if lane["kind"] == "cues":
            found |= {("kept", "dropped")[tone] for tone in lane["tone"]}
        elif lane["kind"] == "tracks":
            found |= {_ROLES[tone] for tone in lane["tone"]}
        else:
            found.add({"speech": "speech", "checks": "check"}.get(lane["kind"], ""))
    return [name for name in _LEGEND if name in found]
