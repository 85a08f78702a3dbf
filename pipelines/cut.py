"""`python -m pipelines.cut VIDEO [SRT]`: cues, faces, tracks and speakers of an episode, with the account of cues."""

from __future__ import annotations

from typing import Annotated

import typer

from mmemo.episode.account import DropReason
from mmemo.episode.faces import DetectorSettings
from mmemo.episode.sampling import SamplingSettings
from mmemo.episode.speakers import SpeakerSettings
from mmemo.flow.characters.finding import CharacterReport, CharacterSettings, check_weights, find_characters
from mmemo.flow.characters.identities import AUTO
from mmemo.flow.cutting.cut import CutReport, CutSettings, SyncMode, cut_episode
from mmemo.flow.review.human_labels import Resting, resting_words, words_of_episodes
from mmemo.flow.runs.report import write_cut_report
from mmemo.store.files import to_json
from mmemo.store.workspace import Episode, Workspace
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say
from pipelines._options import (
    CharactersOption,
    LanguageOption,
    MarginOption,
    SplitVoicesOption,
    SubtitlesArgument,
    SyncOption,
    TranscribeOption,
    VideoArgument,
    YuNetOption,
)

_NOTES_TOLD = 10
_DETECTOR, _SAMPLING, _SPEAKER = DetectorSettings(), SamplingSettings(), SpeakerSettings()


def cut(
    video: VideoArgument,
    subtitles: SubtitlesArgument = None,
    subtitle_language: LanguageOption = None,
    split_voices: SplitVoicesOption = True,
    transcribe: TranscribeOption = None,
    sync: SyncOption = SyncMode.AUTO,
    characters: CharactersOption = AUTO,
    yunet: YuNetOption = None,
    min_face: Annotated[
        int, typer.Option("--min-face", help="Smallest face in px at the width of --detect-width.")
    ] = _DETECTOR.min_face_px,
    detect_width: Annotated[
        int, typer.Option("--detect-width", help="Wider frames are reduced to this for the search; crops are not.")
    ] = _DETECTOR.max_width_px,
    min_prob: Annotated[
        float, typer.Option("--min-prob", help="Faces that the detector is less sure of are ignored.")
    ] = _DETECTOR.min_prob,
    face_frames: Annotated[
        int, typer.Option("--face-frames", help="Frames of a cue that are searched for faces.")
    ] = _SAMPLING.face_frames,
    motion_fps: Annotated[
        float, typer.Option("--motion-fps", help="Frames a second that are looked at for mouth motion.")
    ] = _SAMPLING.motion_fps,
    margin: MarginOption = _SPEAKER.margin,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Cut an episode at its subtitles: find the faces of every cue, and who speaks.

    Prints the account: every cue is kept, or dropped for exactly one reason. Running it again does nothing when
    video, subtitles and options are the same.
    """
    settings = CutSettings(
        detector=DetectorSettings(min_face_px=min_face, max_width_px=detect_width, min_prob=min_prob),
        sampling=SamplingSettings(face_frames=face_frames, motion_fps=motion_fps),
        speaker=SpeakerSettings(margin=margin),
    )
    space, who = Workspace(workspace), CharacterSettings(characters)
    check_weights(who)
    stage = cut_episode(
        space,
        video,
        subtitles,
        settings,
        language=subtitle_language,
        split_voices=split_voices,
        transcribe=transcribe,
        sync=sync,
        yunet=yunet,
    )
    report = run_with_bar(stage)
    people = run_with_bar(find_characters(space, space.episode(report.episode_id), who))
    _tell(space, report, people, as_json)


def _tell(space: Workspace, report: CutReport, people: CharacterReport, as_json: bool) -> None:
    """Print the account, write its page, and give the whole as JSON when it is asked for."""
    episode = space.episode(report.episode_id)
    tell_account(report)
    tell_characters(people)
    resting = _tell_resting(space, episode)
    page = write_cut_report(space, episode, report)
    print(f"Account with examples: {page}")
    if as_json:
        more = {"characters": people.to_contract(), "labels_resting": resting.to_contract(), "report": page}
        print(to_json({**report.to_contract(), **more}))


def tell_account(report: CutReport) -> None:
    """Print the account of cues as a table, and what should be known about the input."""
    account = report.account
    rows = [("kept", account.kept, "a face that speaks the line was found")]
    rows += [(reason.value, account.dropped.get(reason.value, 0), reason.meaning) for reason in DropReason]
    print(f"\nEpisode {report.episode_id}{' (was cut before)' if report.skipped else ''}")
    for name, count, meaning in rows:
        if count or name == "kept":
            print(f"  {name:<17}{count:>6}  {meaning}")
    print(f"  {'all cues':<17}{account.total:>6}  {report.tracks} face tracks, {report.faces} faces")
    taken = ", ".join(f"{name} {seconds:.1f}" for name, seconds in report.seconds.items())
    memory = f"; peak memory {report.peak_rss_mb:.0f} MB" if report.peak_rss_mb is not None else ""
    _tell_reading(report)
    if report.sync:
        say(f"sync: {report.sync['outcome'].replace('_', ' ')}; {report.sync['why']}")
    say(f"seconds: {taken}{memory}")
    for warning in report.warnings:
        say(f"warning: {warning}")


def tell_characters(report: CharacterReport) -> None:
    """Print how many people were told apart, or why nobody was."""
    if report.off:
        say(report.off)
    else:
        say(f"characters: {report.characters}, {report.named} of them named; see python -m pipelines.characters")


def _tell_resting(space: Workspace, episode: Episode) -> Resting:
    """Say how many labels by people wait for a cut that has their faces, and give the counts."""
    resting = resting_words(space, [episode], words_of_episodes(space, [episode]))
    if words := resting.sentence():
        say(words)
    return resting


def _tell_reading(report: CutReport) -> None:
    """Print how the subtitle was read: what was repaired and refused at which line, and what the cleaning did."""
    kind = f"{report.subtitle_format} in {report.encoding}"
    say(f"subtitle read as {kind}; {report.repaired_total} repairs, {report.refused_total} refusals")
    for name, notes in (("repaired", report.repaired), ("refused", report.refused)):
        for note in notes[:_NOTES_TOLD]:
            say(f"  {name} at line {note['line']}: {note['what']}")
        if len(notes) > _NOTES_TOLD:
            say(f"  ... and more that was {name}: see subtitles.json beside the account")
    if len(report.subtitle_streams) > 1:
        say(f"subtitles in the video: {'; '.join(report.subtitle_streams)}; taken: stream {report.subtitle_stream}")
    if report.cleaning:
        say("cues cleaned: " + ", ".join(f"{rule} {count}" for rule, count in report.cleaning.items()))


if __name__ == "__main__":
    main(cut)
