"""Let a text teacher read every spoken cue: `python -m pipelines.label [--episode ID] [--teacher NAME]`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mmemo.errors import InputError
from mmemo.flow.teacher.anchor import anchor_for
from mmemo.flow.teacher.label import LabelReport, LabelSettings, label_episodes
from mmemo.labels import EKMAN7, SENTIMENT3
from mmemo.store.files import to_json
from mmemo.store.workspace import Episode, Workspace
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say
from pipelines._options import ContextOption, NextLinesOption, SentencesOption, TeachersOption, teacher_named

_DEFAULTS = LabelSettings()


def label(
    episode: Annotated[
        list[str] | None,
        typer.Option("--episode", help="Read only this episode; may be given several times. Default: all."),
    ] = None,
    teacher: TeachersOption = None,
    whole_sentences: SentencesOption = False,
    context_lines: ContextOption = _DEFAULTS.context_lines,
    next_lines: NextLinesOption = _DEFAULTS.next_lines,
    sentiment: Annotated[
        bool, typer.Option("--sentiment", help="Read sentiments (neutral, negative, positive) and not emotions.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Give every spoken cue of the episodes in the workspace an emotion opinion from its text.

    \b
    The opinions are seven probabilities a cue. They are evidence for training, never labels, and are kept
    apart from everything else. Sound descriptions and music lines are not read. What is done is skipped.

    \b
      python -m pipelines.cut episode.mp4 episode.srt       first: cues and faces
      python -m pipelines.label                             then: what the text says
      python -m pipelines.label --teacher models/my-bert    with a classifier of your own
      python -m pipelines.label --teacher embedded --teacher models/my-bert    both, by vote
      python -m pipelines.label --next-lines 1              it may see the answer to a line as well
      python -m pipelines.label --sentiment                 negative, neutral or positive, kept apart

    \b
    Are its probabilities as sure as they are right? Correct them on labelled lines, and read with the result:
      python -m pipelines.combine_teachers calibrated/ embedded --meld DIR
      python -m pipelines.label --teacher calibrated/

    Give pipelines.train the same --teacher, --context-lines, --next-lines and --whole-sentences; pipelines.adapt
    does both. A classifier's labels (id2label) must be emotions that map to ours: neutral, joy, sadness, anger,
    surprise, fear, disgust, or common synonyms. One that is not in the cache needs a network once.
    """
    settings = LabelSettings(
        teacher=teacher_named(teacher),
        context_lines=context_lines,
        whole_sentences=whole_sentences,
        next_lines=next_lines,
    )
    place = Workspace(workspace)
    episodes = [place.episode(name) for name in episode] if episode else place.episodes()
    if not episodes:
        raise InputError(f"no episode in {workspace}", hint="run `python -m pipelines.cut VIDEO SRT` first")
    reports = run_with_bar(label_episodes(place, episodes, settings, SENTIMENT3 if sentiment else EKMAN7))
    told = [_told(place, *each, None if sentiment else settings) for each in zip(episodes, reports, strict=True)]
    if as_json:
        print(to_json({"episodes": told}))


def _told(place: Workspace, episode: Episode, report: LabelReport, emotions: LabelSettings | None) -> dict[str, Any]:
    """Say what was read, and for `emotions` which labelled text it is like; the object of --json."""
    say(
        f"{report.episode_id}: {report.read} cues read, {report.skipped} were read before, "
        f"{report.unspoken} not spoken, {report.seconds:.1f} s, by {report.teacher}"
    )
    like = None if emotions is None else anchor_for(place, [episode], emotions)[1]
    if like is None:
        return report.to_contract()
    say(f"{report.episode_id}: {like.says()}")
    return report.to_contract() | {"text": like.to_contract()}


if __name__ == "__main__":
    main(label)
