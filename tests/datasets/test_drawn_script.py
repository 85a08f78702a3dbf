"""The script becomes shots, subtitles and gold."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.datasets.drawn.script import Row, read_script, speaking_time_ms, stage_episode
from mmemo.errors import InputError

HEADER = "scene,view,kind,speaker,listener,emotion,text\n"


def row(
    kind: str = "speech", speaker: str = "Nora", listener: str = "", emotion: str = "joy", text: str = "Hello there"
) -> Row:
    return Row("1", "stage", kind, speaker, listener, emotion, text)


def test_one_row_gives_one_cue_inside_the_film() -> None:
    episode = stage_episode([row(text="Two|lines")])
    (cue,) = episode.cues
    assert 0 <= cue.start_ms < cue.end_ms <= episode.timeline.duration_ms
    assert episode.srt().startswith("1\n00:00:00,")
    assert "\nTwo\nlines\n" in episode.srt()
    assert episode.gold_csv().splitlines()[1] == f"1,{cue.start_ms},{cue.end_ms},joy,Nora,speech,"


def test_who_is_on_screen_follows_the_kind() -> None:
    rows = [
        row(listener="Theo"),
        row("off_screen", listener="Theo"),
        row("cutaway"),
        row("unison", speaker="Nora+Mei"),
        row("sound", speaker="", listener="Ida", emotion="", text="[knock]"),
        row("silence", speaker="", listener="Ida", emotion="neutral", text="800"),
    ]
    episode = stage_episode(rows)
    shown = [tuple(a.name for a in shot.actors) for shot in episode.timeline.shots]
    assert shown == [("Nora", "Theo"), ("Theo",), (), ("Mei", "Nora"), ("Ida",), ("Ida",)]
    assert [c.expected_drop for c in episode.cues] == ["", "off_screen", "no_face", "several_speakers", "not_speech"]
    assert [c.emotion for c in episode.cues] == ["joy"] * 4 + [""]


def test_a_credit_comes_after_the_film() -> None:
    episode = stage_episode([row(), row("credit", speaker="", emotion="", text="Subtitles by nobody")])
    assert episode.cues[-1].start_ms > episode.timeline.duration_ms


def test_the_camera_stays_while_the_same_people_talk() -> None:
    rows = [row(listener="Theo"), row(speaker="Theo", listener="Nora"), row()]
    cameras = [shot.camera for shot in stage_episode(rows).timeline.shots]
    assert cameras[0] == cameras[1] != cameras[2]


def test_long_lines_take_longer_and_markup_takes_no_time() -> None:
    assert speaking_time_ms("No!") < speaking_time_ms("Nobody has rung for tickets since Tuesday.")
    plain = speaking_time_ms("Where were all of you this morning?")
    assert speaking_time_ms("{\\an8}<i>Where were all of you this morning?</i>") == plain
    assert speaking_time_ms("NORA (V.O.): Where were all of you this morning?") == plain


def test_a_script_is_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "script.csv"
    with pytest.raises(InputError, match="no script"):
        read_script(path)
    path.write_text(HEADER)
    with pytest.raises(InputError, match="no lines"):
        read_script(path)
    path.write_text("scene,text\n1,Hi\n")
    with pytest.raises(InputError, match="lacks the columns"):
        read_script(path)
    path.write_text(HEADER + "1,stage,shout,Nora,,joy,Hi\n")
    with pytest.raises(InputError, match="unknown kind"):
        read_script(path)
    path.write_text(HEADER + "1,stage,speech,Nora,,joy,Hi\n")
    assert read_script(path) == [row(text="Hi")]
