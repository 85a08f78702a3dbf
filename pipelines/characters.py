"""`python -m pipelines.characters [--episode ID] [--weights NAME]`: who is who in an episode, listed and named."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Annotated

import pandas as pd
import typer

from mmemo.errors import InputError
from mmemo.flow.characters.finding import (
    CharacterReport,
    CharacterSettings,
    ClusterSettings,
    character_table,
    find_characters,
    move_track,
    rename_characters,
    restore_track,
    track_characters,
)
from mmemo.flow.runs.report import write_cut_report
from mmemo.store.files import to_json
from mmemo.store.workspace import Episode, Workspace
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say

_DEFAULTS = CharacterSettings()

WeightsOption = Annotated[
    str,
    typer.Option(
        "--weights",
        help="Weights of the face network: auto (only when they were fetched before), facenet:vggface2 (fetched on "
        "first use, 107 MB), a .pt or .safetensors file of InceptionResnetV1, or off.",
    ),
]
DistanceOption = Annotated[
    float,
    typer.Option(
        "--max-distance",
        help="Tracks are one character up to this mean cosine distance, 0 to 1. Larger joins people who look alike, "
        "smaller splits one person in several. Trying another value takes a moment: the faces are read once.",
    ),
]
RenameOption = Annotated[
    list[str] | None,
    typer.Option("--rename", metavar="ID=NAME", help="Say who a character is, 3=NORA; 3= takes it back. Repeatable."),
]
MoveOption = Annotated[
    list[str] | None,
    typer.Option(
        "--move",
        metavar="TRACK=ID",
        help="Say that a face track belongs to another character, 17=2; 17=0: to none; 17= takes back what was said.",
    ),
]


def characters(
    episode: Annotated[
        list[str] | None,
        typer.Option("--episode", help="Only this episode; may be given several times. Default: all."),
    ] = None,
    weights: WeightsOption = _DEFAULTS.weights,
    max_distance: DistanceOption = _DEFAULTS.clusters.max_distance,
    rename: RenameOption = None,
    move: MoveOption = None,
    tracks: Annotated[
        int | None,
        typer.Option("--tracks", metavar="ID", help="List the face tracks of this character, too; 0: unsure."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Put the face tracks of an episode together into characters, name them, and list them.

    \b
    A face network tells whose face a track shows; tracks that look alike are one character. Its name is the one
    that most of its lines have in front (NORA: ...), at least two of them. What you say yourself always counts more,
    stays when characters are found anew, and is never overwritten: the last word holds.

    \b
      python -m pipelines.cut episode.mp4 episode.srt                first: cues and faces
      python -m pipelines.characters --weights facenet:vggface2      then: who is who; needs a network once
      python -m pipelines.characters --weights my-facenet.pt         with weights that you have as a file
      python -m pipelines.characters --rename 1=NORA --rename 4=NORA one person that came out as two
      python -m pipelines.characters --tracks 2 --move 17=1          track 17 is not character 2 but 1

    Without the weights nothing is found, and the command says how to get them.
    """
    place = Workspace(workspace)
    episodes = [place.episode(name) for name in episode] if episode else place.episodes()
    if not episodes:
        raise InputError(f"no episode in {workspace}", hint="run `python -m pipelines.cut VIDEO SRT` first")
    names = [_pair(text, "--rename", "3=NORA") for text in rename or []]
    moves = [_pair(text, "--move", "17=2") for text in move or []]
    if (names or moves) and len(episodes) > 1:
        raise InputError("there are several episodes", hint="say which one with --episode")
    settings = CharacterSettings(weights=weights, clusters=ClusterSettings(max_distance=max_distance))
    told = []
    for one in episodes:
        report = run_with_bar(find_characters(place, one, settings))
        _correct(place, one, names, moves)
        write_cut_report(place, one)  # it shows the names
        told.append(_tell(place, one, report, tracks))
    if as_json:
        print(to_json({"episodes": told}))


def _pair(text: str, option: str, example: str) -> tuple[int, str]:
    match = re.fullmatch(r"\s*(\d{1,9})\s*=(.*)", text)
    if match is None:
        raise InputError(f"{option} {text!r} is not understood", hint=f"write {option} {example}")
    return int(match[1]), match[2].strip()


def _correct(
    place: Workspace, episode: Episode, names: Sequence[tuple[int, str]], moves: Sequence[tuple[int, str]]
) -> None:
    """Say what the options say; numbers are those of the list before the command."""
    for track_id, target in moves:
        if not target:
            restore_track(place, episode.episode_id, track_id)
        elif target.isdecimal():
            move_track(place, episode.episode_id, track_id, int(target))
        else:
            raise InputError(f"{target!r} is no number of a character", hint="write --move 17=2")
    if names:
        rename_characters(place, episode.episode_id, dict(names))


def _tell(place: Workspace, episode: Episode, report: CharacterReport, tracks: int | None) -> dict[str, object]:
    """Print the characters of an episode; the object of the episode for --json."""
    table, of_tracks = character_table(place, episode), track_characters(place, episode)
    if report.off:
        say(f"{episode.episode_id}: {report.off}")
    else:
        _print_table(episode.episode_id, table, of_tracks)
    if report.off and len(table):
        say("what was found before:")
        _print_table(episode.episode_id, table, of_tracks)
    values: dict[str, object] = {
        **report.to_contract(),
        "characters": len(table),
        "named": int((table["name"] != "").sum()),
        "tracks": len(of_tracks),
        "unsure": int((of_tracks["character_id"] == 0).sum()),
        "table": table.to_dict("records"),
    }
    if tracks is not None:
        chosen = of_tracks[of_tracks["character_id"] == tracks]
        _print_tracks(tracks, chosen)
        values["of_character"] = chosen.to_dict("records")
    return values


def _print_table(episode_id: str, table: pd.DataFrame, of_tracks: pd.DataFrame) -> None:
    unsure = int((of_tracks["character_id"] == 0).sum())
    print(f"\nEpisode {episode_id}: {len(table)} characters, {len(of_tracks)} face tracks, {unsure} unsure")
    width = max([4, *(len(name) for name in table["name"])])
    print(f"{'id':>4}  {'name':<{width}}  {'said by':<14}{'tracks':>7}{'lines':>7}{'seconds':>9}  face")
    for row in table.to_dict("records"):
        source = f"{row['votes']} of {row['of']} lines" if row["name_source"] == "prefix" else row["name_source"]
        counts = f"{row['tracks']:>7}{row['lines']:>7}{row['seconds']:>9.1f}"
        print(f"{row['character_id']:>4}  {row['name']:<{width}}  {source:<14}{counts}  {row['crop']}")
    named = table[table["name"] != ""]
    for _, group in named.groupby(named["name"].str.casefold()):
        if len(group) > 1:
            pairs = zip(group["character_id"], group["name"], strict=True)
            options = " ".join(f"--rename {number}={shlex.quote(name)}" for number, name in pairs)
            say(f"one person that came out as several? {options} makes them one")


def _print_tracks(character_id: int, chosen: pd.DataFrame) -> None:
    print(f"\n{'track':>6}{'cue':>6}  {'role':<10}{'distance':>8}  line of character {character_id}")
    for row in chosen.to_dict("records"):
        # What a subtitle holds must not steer the terminal.
        text = "".join(sign if sign.isprintable() else " " for sign in row["text"])
        print(f"{row['track_id']:>6}{row['cue_id']:>6}  {row['role']:<10}{row['distance']:>8.2f}  {text}")


if __name__ == "__main__":
    main(characters)
