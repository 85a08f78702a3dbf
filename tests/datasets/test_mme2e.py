"""IEMOCAP and CMU-MOSEI, as MME2E arranges them and raw, with the quirks of their names."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.datasets import iemocap, mosei
from mmemo.datasets.iemocap import iemocap_set, side_of
from mmemo.datasets.mosei import mosei_set
from mmemo.datasets.paired import CONTEXT, present_rows
from mmemo.errors import InputError
from mmemo.labels import IEMOCAP6
from tests.datasets.test_sources import save_sound

IEMOCAP_META = {
    "Ses01F_impro01_F000": {"text": "Excuse me.", "label": "neu", "start_time": 6.29, "end_time": 8.2, "fps": 29.97},
    "Ses01F_impro01_F001": {"text": "Yeah: really.", "label": "fru"},
    "Ses01F_impro01_M000": {"text": "Do you?", "label": "exc"},
    "Ses01M_script01_1_F003": {"text": "No.", "label": "sad"},
    "Ses01F_impro01_M001": {"text": "Hm.", "label": "xxx"},
}
IEMOCAP_FOLDERS = {name: name.rsplit("_", 1)[0].replace("_1", "") for name in IEMOCAP_META}


def save_split(folder: Path, split: str, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{split}_split.txt").write_text("\n".join(names) + "\n")


def save_frames(folder: Path, prefix: str, value: int, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.new("RGB", (4, 4), (value, i, 0)).save(folder / f"image_{prefix}{i}.jpg", quality=100)


@pytest.fixture
def acted(tmp_path: Path) -> Path:
    processed = tmp_path / "IEMOCAP_RAW_PROCESSED"
    for name in IEMOCAP_META:
        place = processed / IEMOCAP_FOLDERS[name] / name
        save_frames(place, "L_", 50, 31)
        save_frames(place, "R_", 200, 31)
        save_sound(place / "audio_L.wav", 0.1)
        save_sound(place / "audio_R.wav", 0.2)
        save_sound(place / "audio.wav", 0.3)
    (processed / "meta.pkl").write_bytes(pickle.dumps(IEMOCAP_META))
    save_split(tmp_path / "IEMOCAP_SPLIT", "train", *list(IEMOCAP_META)[::-1], "Ses09F_impro01_F000")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("Ses01F_impro01_F000", "L"),
        ("Ses01F_impro01_M000", "R"),
        ("Ses01M_script01_1_F003", "R"),
        ("Ses05M_script03_2_M041", "L"),
    ],
)
def test_the_side_of_the_speaker(name: str, side: str):
    assert side_of(name) == side


def test_an_acted_split(acted: Path):
    found = iemocap_set(acted, "train")
    assert found.ids == (
        "Ses01M_script01_1_F003", "Ses01F_impro01_M000", "Ses01F_impro01_F001", "Ses01F_impro01_F000",
    )  # fmt: skip
    assert found.groups == ("Ses01M_script01_1", "Ses01F_impro01", "Ses01F_impro01", "Ses01F_impro01")
    assert [IEMOCAP6.labels[i] for i in found.labels] == ["sadness", "excitement", "frustration", "neutral"]
    assert found.contexts == ("", "", "Excuse me.", "")
    frames = [[(round(int(p[0, 0, 0]), -1), int(p[0, 0, 1])) for p in found.pictures[CONTEXT][i]] for i in range(4)]
    assert [len(f) for f in frames] == [3, 3, 3, 3]  # 31 frames at 30 fps, one every 500 ms
    assert [f[0][0] for f in frames] == [200, 200, 50, 50]
    assert [round(len(found.audio[i]) / 16_000, 1) for i in range(4)] == [0.2, 0.2, 0.1, 0.1]
    assert [str(p) for p in found.problems] == [
        "utterances with another label: 1 (Ses01F_impro01_M001: xxx)",
        "utterances of the split that meta.pkl does not have: 1 (Ses09F_impro01_F000)",
    ]
    assert len(iemocap_set(acted, "train", interval_ms=33).pictures[CONTEXT][0]) == 31
    assert iemocap_set(acted / "IEMOCAP_RAW_PROCESSED", "train").ids == found.ids


def test_what_is_missing_of_an_utterance_is_counted(acted: Path):
    place = acted / "IEMOCAP_RAW_PROCESSED" / "Ses01F_impro01"
    (place / "Ses01F_impro01_F000" / "audio_L.wav").unlink()
    (place / "Ses01F_impro01_F001" / "image_L_7.jpg").unlink()
    for file in (place / "Ses01F_impro01_M000").iterdir():
        file.unlink()
    (place / "Ses01F_impro01_M000").rmdir()
    found = iemocap_set(acted, "train")
    said = [str(p) for p in found.problems[2:]]
    assert said == [
        "utterances without a folder: 1 (Ses01F_impro01_M000)",
        "utterances without frames: 1 (Ses01F_impro01_M000)",
        "utterances with gaps between their frames: 1 (Ses01F_impro01_F001)",
        "utterances without sound: 2 (Ses01F_impro01_M000, Ses01F_impro01_F000)",
    ]
    assert found.audio is not None
    there = [present_rows(source) for source in (*found.pictures.values(), found.audio)]
    assert found.subset(np.all(there, axis=0)).ids == ("Ses01M_script01_1_F003", "Ses01F_impro01_F001")


class Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo harm",)


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({"Ses01F_impro01_F000": {"text": Code(), "label": "neu"}}, "posix.system|nt.system"),
        (["a"], "no table of utterances"),
        ({"other": {"text": "", "label": "neu"}}, "knows no utterance of train"),
        ({"Ses01F_impro01_F000": "neu"}, "knows no utterance"),
    ],
)
def test_a_meta_file_from_strangers(acted: Path, meta: object, words: str, capfd):
    (acted / "IEMOCAP_RAW_PROCESSED" / "meta.pkl").write_bytes(pickle.dumps(meta))
    with pytest.raises(InputError, match=words):
        iemocap_set(acted, "train")
    assert "harm" not in capfd.readouterr().out


def test_a_split_that_leads_out_is_refused(tmp_path: Path):
    (tmp_path / "MOSEI_RAW_PROCESSED").mkdir()
    meta = {"../../etc": {"text": "x", "label": [0, 0, 0, 0, 0, 1]}}
    (tmp_path / "MOSEI_RAW_PROCESSED" / "meta.pkl").write_bytes(pickle.dumps(meta))
    save_split(tmp_path / "MOSEI_SPLIT", "test", "../../etc")
    with pytest.raises(InputError, match="not inside"):
        mosei_set(tmp_path, "test")


def test_folders_of_another_form(acted: Path):
    with pytest.raises(InputError, match="no IEMOCAP as MME2E"):
        iemocap_set(acted / "IEMOCAP_SPLIT", "train")
    with pytest.raises(InputError, match=r"valid_split.txt cannot be read"):
        iemocap_set(acted, "valid")
    with pytest.raises(InputError, match="no split 'dev'"):
        iemocap_set(acted, "dev")
    with pytest.raises(InputError, match="no CMU-MOSEI"):
        mosei_set(acted, "train")


def test_a_split_of_monologues(tmp_path: Path):
    processed = tmp_path / "MOSEI_RAW_PROCESSED"
    meta = {
        "-cEhr0_cQc_14": {"text": "I see.", "label": [0, 1, 0, 1, 0, 0]},
        "100178_0": {"text": "", "label": [np.int64(0)] * 6},
        "100178_1": {"text": "x", "label": [0, 2, 0, 0, 0, 0]},
    }
    for name in meta:
        save_frames(processed / name, "", 90, 3)
        save_sound(processed / name / "audio.wav", 0.1)
    (processed / "meta.pkl").write_bytes(pickle.dumps(meta))
    save_split(tmp_path / "MOSEI_SPLIT", "test", *meta)
    found = mosei_set(tmp_path, "test")
    assert found.ids == ("-cEhr0_cQc_14", "100178_0")
    assert found.groups == ("-cEhr0_cQc", "100178")
    assert found.labels.tolist() == [[0, 1, 0, 1, 0, 0], [0] * 6]
    assert len(found.pictures[CONTEXT][0]) == 3
    assert len(mosei_set(tmp_path, "test", 1000).pictures[CONTEXT][0]) == 2
    assert len(found.audio[1]) > 0
    assert [str(p) for p in found.problems] == [
        "utterances without text: 1 (100178_0)",
        "utterances with another label: 1 (100178_1: [0, 2, 0, 0, 0, 0])",
    ]


EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()

[10.0100 - 11.3925]\tSes01F_impro01_M000\tfru\t[2.5000, 3.5000, 2.0000]
[14.8872 - 18.0175]\tSes01F_impro01_F001\txxx\t[2.5000, 2.5000, 2.5000]
[9.0000 - 9.5000]\tSes01F_impro01_F002\thap\t[4.0000, 3.0000, 3.5000]
"""
TRANSCRIPT = """Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
Ses01F_impro01_M000 [010.0100-011.3925]: He said: no.
Ses01F_impro01_F001 [014.8872-018.0175]: Is there a problem?
M: Yeah.
"""


def test_the_raw_release_of_iemocap(tmp_path: Path):
    dialog = tmp_path / "Session1" / "dialog"
    for folder, text in {"EmoEvaluation": EVALUATION, "transcriptions": TRANSCRIPT}.items():
        (dialog / folder).mkdir(parents=True)
        (dialog / folder / "Ses01F_impro01.txt").write_text(text)
        (dialog / folder / "._Ses01F_impro01.txt").write_bytes(b"\0left by a Mac")
    found = iemocap.raw_set(tmp_path)
    assert found.ids == ("Ses01F_impro01_F000", "Ses01F_impro01_M000")
    assert found.texts == ("Excuse me.", "He said: no.")
    assert found.contexts == ("", "Excuse me.")
    assert found.dimensions.tolist() == [[2.5, 2.5, 2.5], [2.5, 3.5, 2.0]]
    assert {p.what: p.count for p in found.problems} == {
        "utterances with another label": 1,
        "utterances without a line in the transcript": 1,
    }
    with pytest.raises(InputError, match="no evaluation"):
        iemocap.raw_set(dialog)


def test_the_raw_release_of_mosei(tmp_path: Path):
    (tmp_path / "Labels").mkdir()
    (tmp_path / "Transcript" / "Combined").mkdir(parents=True)
    head = ",".join(["HITId", "Input.VIDEO_ID", "Input.CLIP", *(f"Answer.{name}" for name in mosei.MOSEI6.labels)])
    rows = ["1,a_b,0,0,0,0,1,0,0", "2,a_b,0,0,0,0,0,3,0", "3,a_b,1,0,0,0,0,0,0", "4,none,7,1,0,0,0,0,0"]
    (tmp_path / "Labels" / "one.csv").write_text("\n".join([head, *rows[:1]]))
    (tmp_path / "Labels" / "two.csv").write_text("\n".join([head, *rows[1:]]))
    (tmp_path / "Transcript" / "Combined" / "a_b.txt").write_text(
        "a_b___0___0.0___2.5___Hello, ___ you.\na_b___1___2.5___3.5___Bye.\nbroken\n"
    )
    found = mosei.raw_set(tmp_path)
    assert (found.ids, found.groups) == (("a_b_0", "a_b_1"), ("a_b", "a_b"))
    assert found.texts == ("Hello, ___ you.", "Bye.")
    assert found.labels.tolist() == [[0, 0, 0, 1, 1, 0], [0] * 6]
    assert str(found.problems[0]) == "clips without a line in the transcripts: 1 (none_7)"
    with pytest.raises(InputError, match="no labels"):
        mosei.raw_set(tmp_path / "Labels")
