"""What is told of a cut: gathered from its folder, whole, of an older cut, and of a damaged one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmemo.episode.account import account_of
from mmemo.errors import MmemoError, StorageError
from mmemo.flow.characters.finding import rename_character
from mmemo.flow.cutting.details import cut_details
from mmemo.flow.cutting.report import CutReport
from mmemo.flow.runs.report import write_cut_report
from mmemo.store.files import write_json, write_table
from mmemo.store.workspace import SYNTHETIC_FILE, Episode, Workspace

EPISODE = Episode("harbour-0a1b", "harbour.mp4", "harbour.srt", "0" * 32, "1" * 32, 90_000, "key")
RAW = [
    "<i>Look at that!</i>",
    "[door slams]",
    "MARY: Come in.\nSit down.",
    "<b>No</b> way",
    "(V.O.) It was dark.",
    "-Hi.\n-Hello.",
]
REASONS = [None, "not_speech", None, "no_face", "off_screen", "several_speakers"]
RULES = {"tags": 2, "sound": 1, "off_screen": 1, "name": 1, "two_voices": 1}


BOX = {"x1": 10.0, "y1": 10.0, "x2": 60.0, "y2": 60.0}


def picture(path: Path, width_px: int, height_px: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 255, (height_px, width_px, 3), np.uint8)
    Image.fromarray(noise).save(path, quality=95)


def cue_table(copies: int = 1) -> pd.DataFrame:
    n = len(RAW) * copies
    texts = ["Look at that!", "", "Come in. Sit down.", "No way", "It was dark.", "Hi. Hello."]
    looked = [f"scenes/{i % 6 + 1}.jpg" if REASONS[i % 6] != "not_speech" else None for i in range(n)]
    return pd.DataFrame(
        {
            "cue_id": np.arange(1, n + 1, dtype=np.int32),
            "start_ms": 2000 * np.arange(n),
            "end_ms": 2000 * np.arange(n) + 1500,
            "text": texts * copies,
            "raw_text": RAW * copies,
            "speaker": [None, None, "MARY", None, None, None] * copies,
            "source_line": 4 * np.arange(n) + 2,
            "drop_reason": pd.Series(REASONS * copies, dtype=object),
            "scene": pd.Series(looked, dtype=object),
            "speaker_margin": np.array([np.nan, np.nan, 2.5, np.nan, np.nan, 1.1] * copies, np.float32),
        }
    )


def face_table() -> pd.DataFrame:
    rows = [
        {"cue_id": 1, "track_id": 1, "role": "speaker", "speaker_score": 3.0, "detection_prob": 0.95},
        {"cue_id": 1, "track_id": 1, "role": "speaker", "speaker_score": 3.0, "detection_prob": 0.99},
        {"cue_id": 1, "track_id": 2, "role": "listener", "speaker_score": 9.0, "detection_prob": 0.99},
        *(
            {"cue_id": 6, "track_id": 10 + i, "role": "candidate", "speaker_score": i / 2, "detection_prob": 0.9}
            for i in range(6)
        ),
    ]
    table = pd.DataFrame(rows).assign(crop=[f"crops/{i}.jpg" for i in range(len(rows))])
    return table.astype({"speaker_score": np.float32, "detection_prob": np.float32})


def qa_table(short: int = 20) -> pd.DataFrame:
    rows = [("short_cue", 1000 * i, 1000 * i + 300, 1 + i % 6, f"stands for 0.{i:02} s") for i in range(short)]
    rows += [("speech_without_cue", 500_000, 503_000, 0, "3.0 s of speech")]
    return pd.DataFrame(rows, columns=["kind", "start_ms", "end_ms", "cue_id", "what"])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "workspace")
    made.save_episode(EPISODE)
    folder = made.cut_folder(EPISODE)
    cues, faces = cue_table(), face_table()
    write_table(folder / "cues.parquet", cues)
    write_table(folder / "faces.parquet", faces)
    write_table(folder / "qa.parquet", qa_table())
    for name in cues["scene"].dropna():
        picture(folder / name, 256, 144)
    for name in faces["crop"]:
        picture(folder / name, 224, 224)
    write_json(folder / "account.json", report())
    notes = [{"line": i, "what": "an index is missing", "text": "x" * 500} for i in range(1, 71)]
    write_json(folder / "subtitles.json", {"repaired": notes, "refused": notes[:1]})
    write_json(folder / "settings.json", {"settings": {"min_overlap": 0.2}, "detector": "mtcnn"})
    return made


def report(**changes: Any) -> CutReport:
    values: dict[str, Any] = {
        "episode_id": EPISODE.episode_id,
        "cut_key": "key",
        "account": account_of(REASONS),
        "faces": 9,
        "tracks": 8,
        "seconds": {"decode": 2.0, "detect": 3.0},
        "peak_rss_mb": 400.0,
        "encoding": "utf-8",
        "repaired_total": 70,
        "refused_total": 1,
        "cleaning": RULES,
        "sync": {"outcome": "in_sync", "applied": False, "parts": [], "why": "the cues fit", "method": ""},
    }
    return CutReport(**(values | changes))


def test_everything_that_the_cut_stored_is_there(workspace):
    details = cut_details(workspace, EPISODE)
    assert details.account == account_of(REASONS)
    assert {outcome: [e.cue_id for e in found] for outcome, found in details.examples.items()} == {
        "kept": [1, 3], "not_speech": [2], "no_face": [4], "off_screen": [5], "several_speakers": [6],
    }  # fmt: skip
    assert details.sync is not None and details.sync["outcome"] == "in_sync"
    reading = details.reading
    assert reading is not None and (reading.read, reading.repaired_total, reading.refused_total) == (6, 70, 1)
    assert [note.line for note in reading.repaired] == list(range(1, 51))
    assert all(len(note.text) < 300 for note in reading.repaired)


def test_faces_are_one_a_track_the_speaker_first_then_by_score(workspace):
    examples = cut_details(workspace, EPISODE).examples
    assert [(face.role, face.score) for face in examples["kept"][0].faces] == [("speaker", 3.0), ("listener", 9.0)]
    several = examples["several_speakers"][0]
    assert [face.score for face in several.faces] == [2.5, 2.0, 1.5, 1.0]
    assert several.more_faces == 2
    assert several.margin == pytest.approx(1.1) and examples["kept"][0].margin is None


def test_pictures_are_small(workspace):
    several = cut_details(workspace, EPISODE).examples["several_speakers"][0]
    assert several.scene is not None and several.scene.startswith(b"\xff\xd8")
    assert len(several.scene) < 40_000, "noise of 256 x 144"
    assert all(len(face.image) < 12_000 for face in several.faces), "noise of 92 x 92"


def test_dropped_cues_are_shown_as_they_stand_in_the_file(workspace):
    examples = cut_details(workspace, EPISODE).examples
    assert examples["kept"][0].line == "Look at that!"
    assert examples["off_screen"][0].line == "(V.O.) It was dark."
    assert examples["not_speech"][0].line == "[door slams]" and examples["not_speech"][0].scene is None


def test_every_rule_is_shown_on_the_cue_that_shows_it_best(workspace):
    reading = cut_details(workspace, EPISODE).reading
    assert reading is not None
    shown = {use.rule: (use.cues, use.before, use.after, use.speaker) for use in reading.rules}
    assert list(shown) == list(RULES)
    assert shown["tags"] == (2, "<b>No</b> way", "No way", None)
    assert shown["sound"] == (1, "[door slams]", "", None)
    assert shown["name"] == (1, "MARY: Come in.\nSit down.", "Come in. Sit down.", "MARY")
    assert all(use.meaning for use in reading.rules)


def test_a_face_that_is_too_poor_is_shown_with_its_figures(workspace):
    folder = workspace.cut_folder(EPISODE)
    cues = cue_table()
    cues["drop_reason"] = cues["drop_reason"].where(cues["cue_id"] != 1, "poor_face")
    measures = {"sharpness": 2.25, "brightness": 12.4, "yaw_deg": -61.2}
    write_table(folder / "cues.parquet", cues)
    write_table(folder / "faces.parquet", face_table().assign(**BOX, **measures))
    (poor,) = cut_details(workspace, EPISODE).examples["poor_face"]
    assert poor.measured == "50 px, sharpness 2.2, brightness 12, turned 61°"
    assert "sharpness 2.2" in write_cut_report(workspace, EPISODE).read_text(encoding="utf-8")
    assert all(not e.measured for e in cut_details(workspace, EPISODE).examples["several_speakers"])


def test_examples_are_spread_over_a_long_episode(workspace):
    write_table(workspace.cut_folder(EPISODE) / "cues.parquet", cue_table(copies=10))
    found = cut_details(workspace, EPISODE).examples
    assert [example.cue_id for example in found["no_face"]] == [4, 22, 40, 58]


def test_the_qa_list_shows_some_of_every_kind_in_order_of_time(workspace):
    qa = cut_details(workspace, EPISODE).qa
    assert qa is not None and qa.counts == {"short_cue": 20, "speech_without_cue": 1} and qa.total == 21
    assert [row.kind for row in qa.rows] == ["short_cue"] * 12 + ["speech_without_cue"]
    assert [row.start_ms for row in qa.rows] == [*range(0, 12_000, 1000), 500_000]
    assert qa.rows[0].line == "Look at that!" and qa.rows[1].line == "[door slams]" and qa.rows[-1].line == ""


def test_without_characters_there_are_none(workspace):
    assert cut_details(workspace, EPISODE).characters == ()
    assert not (workspace.root / "labels.db").exists(), "only looked"


def test_characters_with_names_of_prefixes_and_people(workspace):
    write_table(workspace.cut_folder(EPISODE) / "faces.parquet", face_table().assign(**BOX, frame_ms=900))
    folder = workspace.stage_folder(EPISODE.episode_id, "characters", "k")
    tracks = [1, 2, *range(10, 16)]
    write_table(
        folder / "characters.parquet",
        pd.DataFrame({"track_id": tracks, "character_id": [1, 2, *[1] * 6], "distance": np.float32(0.1)}),
    )
    write_json(folder / "settings.json", {"cut": EPISODE.cut_key})
    rename_character(workspace, EPISODE.episode_id, 2, "Mary <b>")
    first, second = cut_details(workspace, EPISODE).characters
    assert (first.character_id, first.name, first.tracks, first.lines, first.seconds) == (1, "", 7, 1, 1.5)
    assert (second.name, second.name_from, second.tracks) == ("Mary <b>", "a person", 1)
    assert first.image is not None and first.image.startswith(b"\xff\xd8")
    html = write_cut_report(workspace, EPISODE).read_text(encoding="utf-8")
    assert "Mary &lt;b&gt;" in html and "Mary <b>" not in html


def test_what_an_older_cut_did_not_store_is_left_out(workspace):
    folder = workspace.cut_folder(EPISODE)
    for name in ("account.json", "subtitles.json", "qa.parquet", "settings.json"):
        (folder / name).unlink()
    write_table(folder / "cues.parquet", cue_table().drop(columns=["scene", "speaker_margin"]))
    details = cut_details(workspace, EPISODE)
    assert (details.reading, details.sync, details.qa) == (None, None, None)
    assert details.examples["several_speakers"][0].scene is None
    assert "What became of every cue" in write_cut_report(workspace, EPISODE).read_text(encoding="utf-8")


def test_a_cut_without_cues_or_faces(workspace):
    folder = workspace.cut_folder(EPISODE)
    write_table(folder / "faces.parquet", face_table().head(0))
    assert cut_details(workspace, EPISODE).examples["several_speakers"][0].faces == ()
    write_table(folder / "cues.parquet", cue_table().head(0))
    write_table(folder / "qa.parquet", qa_table().head(0))
    details = cut_details(workspace, EPISODE)
    assert details.examples == {} and details.account.total == 0 and details.qa is not None and details.qa.total == 0
    assert "0 of 0 cues" in write_cut_report(workspace, EPISODE).read_text(encoding="utf-8")


def test_the_report_stands_in_the_reports_of_the_episode(workspace):
    (workspace.episode_folder(EPISODE.episode_id) / SYNTHETIC_FILE).write_text("All of it is drawn.")
    path = write_cut_report(workspace, EPISODE)
    assert path == workspace.root / "reports" / "harbour-0a1b" / "cut.html"
    html = path.read_text(encoding="utf-8")
    for words in ("2 of 6 cues give faces", "All of it is drawn.", "mtcnn", "min_overlap", "The first 50 of 70"):
        assert words in html
    assert [p.name for p in path.parent.iterdir()] == ["cut.html"]
    assert write_cut_report(workspace, EPISODE) == path, "again"


def test_a_report_of_just_now_is_believed_before_the_stored_one(workspace):
    moved = {"outcome": "shifted", "applied": True, "parts": [], "why": "late", "method": ""}
    html = write_cut_report(workspace, EPISODE, report(sync=moved)).read_text(encoding="utf-8")
    assert "Moved to fit the sound" in html and "cut in 5 s" in html


def test_hostile_lines_names_and_notes_are_only_text(workspace):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 6 }}"
    folder = workspace.cut_folder(EPISODE)
    cues = cue_table().assign(text=hostile, raw_text=f"MARY: {hostile}", speaker=hostile)
    write_table(folder / "cues.parquet", cues)
    write_table(folder / "qa.parquet", qa_table().assign(what=hostile))
    note = {"line": 1, "what": hostile, "text": hostile}
    write_json(folder / "subtitles.json", {"repaired": [note], "refused": [note]})
    write_json(folder / "account.json", report(encoding=hostile, subtitle_format=hostile, warnings=[hostile]))
    html = write_cut_report(workspace, EPISODE).read_text(encoding="utf-8")
    assert "<script" not in html and "<img src=x" not in html
    assert "onerror=alert(2)&gt; {{ 7 * 6 }}" in html
    assert html.count("&lt;script&gt;") > 20


@pytest.mark.parametrize("name", ["crops/8.jpg", "scenes/1.jpg"])
def test_a_lost_or_damaged_picture_is_told(workspace, name):
    path = workspace.cut_folder(EPISODE) / name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(MmemoError, match="missing or damaged"):
        write_cut_report(workspace, EPISODE)
    path.unlink()
    with pytest.raises(MmemoError, match="missing or damaged"):
        write_cut_report(workspace, EPISODE)
    assert not (workspace.root / "reports" / "harbour-0a1b" / "cut.html").exists()


@pytest.mark.parametrize(
    "content", ["{}", '{"repaired": 3, "refused": []}', '{"repaired": [{}], "refused": []}', "[1]"]
)
def test_damaged_notes_are_told(workspace, content):
    (workspace.cut_folder(EPISODE) / "subtitles.json").write_text(content)
    with pytest.raises(StorageError, match="subtitles.json"):
        cut_details(workspace, EPISODE)
