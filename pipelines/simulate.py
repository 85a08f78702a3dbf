"""`python -m pipelines.simulate FACES LINES OUT`: an episode with gold from labelled faces and labelled lines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from mmemo.datasets.simulate import SimulateSettings, Simulation
from mmemo.datasets.simulate import simulate as simulate_stage
from mmemo.errors import InputError
from mmemo.store.files import to_json
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say

_DEFAULTS = SimulateSettings()


def simulate(
    faces: Annotated[Path, typer.Argument(help="Folder with one folder of face pictures a class: joy/, anger/, ...")],
    lines: Annotated[
        Path, typer.Argument(help="CSV with the columns text,emotion (MELD's Utterance,Emotion is read too).")
    ],
    out: Annotated[Path, typer.Argument(help="New folder for episode.mp4, episode.srt and gold.csv.")],
    size: Annotated[str, typer.Option("--size", help="Width and height of the picture in px.")] = (
        f"{_DEFAULTS.width_px}x{_DEFAULTS.height_px}"
    ),
    seconds: Annotated[float, typer.Option("--seconds", help="How long each cue lasts.")] = _DEFAULTS.cue_ms / 1000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the pairing; the same seed gives the same episode.")] = 0,
    audio: Annotated[bool, typer.Option("--audio", help="Add a silent audio track.")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Make an episode whose truth is known: every face picture gets a line of the same emotion by chance.

    Faces and lines are real, the pairing is synthetic; say so with every number that comes from it. gold.csv names
    the picture and the line of every cue. Class names may be common synonyms, such as happy or sad. The episode goes
    to OUT; the workspace is only where libraries keep their scratch files, as in every command.
    """
    match = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", size)
    if match is None:
        raise InputError(f"--size {size!r} is no size", hint="write it as 640x360")
    settings = SimulateSettings(int(match[1]), int(match[2]), round(seconds * 1000), seed, audio)
    result = run_with_bar(simulate_stage(faces, lines, out, settings))
    _tell(result)
    if as_json:
        print(to_json(result))


def _tell(result: Simulation) -> None:
    by_emotion = ", ".join(f"{label} {count}" for label, count in result.by_emotion.items())
    print(f"\n{result.cues} cues in {result.video.parent}: {by_emotion}")
    print("The pairing of faces and lines is synthetic; gold.csv names the picture and the line of every cue.")
    for label, count in result.without_line.items():
        say(f"warning: no line is {label}; {count} faces were left out")
    if result.unreadable:
        say(f"warning: {len(result.unreadable)} pictures cannot be read, the first is {result.unreadable[0]}")


if __name__ == "__main__":
    main(simulate)
