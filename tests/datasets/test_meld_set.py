"""MELD with its clips, among them the known bad ones; and EmoryNLP, which is published beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.datasets import meld
from mmemo.datasets.emorynlp import EMORYNLP7, emorynlp_set
from mmemo.datasets.meld import CLIP_FOLDERS, meld_set
from mmemo.datasets.paired import CONTEXT
from mmemo.errors import InputError
from tests.media import counter_frame, read_counter, write_video

HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"


def save(folder: Path, split: str, *keys: tuple[int, int]) -> Path:
    rows = [
        f'{i},"Line {d} {u}",Ann,joy,positive,{d},{u},1,2,"00:01:02,500","00:01:04,059"'
        for i, (d, u) in enumerate(keys, 1)
    ]
    folder.mkdir(exist_ok=True)
    (folder / f"{split}_sent_emo.csv").write_bytes("\r\n".join([HEADER, *rows, ""]).encode())
    return folder


def save_clip(folder: Path, key: tuple[int, int], first: int = 0, count: int = 16) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    return write_video(folder / f"dia{key[0]}_utt{key[1]}.mp4", [counter_frame(first + i) for i in range(count)], fps=8)


def test_clips_are_found_by_their_numbers(tmp_path: Path):
    save(tmp_path, "dev", (0, 1), (0, 0), (1, 0))
    place = tmp_path / CLIP_FOLDERS["dev"]
    for number, key in enumerate([(0, 0), (0, 1), (1, 0)]):
        save_clip(place, key, 100 * number)
    found = meld_set(tmp_path, "dev")
    assert found.ids == ("dev/dia0_utt1", "dev/dia0_utt0", "dev/dia1_utt0")
    assert found.groups == ("dev/dia0", "dev/dia0", "dev/dia1")
    frames = found.pictures[CONTEXT][0]
    assert [read_counter(frame) for frame in frames] == [101, 103, 105, 107, 109, 111, 113, 115]
    assert len(found.audio[0]) == 0  # these clips have no sound
    assert found.problems == ()


@pytest.mark.parametrize("place", ["train/train_splits", "../train_splits", "../MELD.Raw/train_splits"])
def test_clips_may_lie_beside_the_tables(tmp_path: Path, place: str):
    folder = save(tmp_path / "tables", "train", (0, 0))
    save_clip(folder / place, (0, 0))
    assert meld_set(folder, "train").pictures[CONTEXT].present.tolist() == [True]


def test_known_bad_clips_are_counted_and_give_nothing(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(meld, "LONG_MS", 5000)
    for split, keys in {
        "train": [(125, 2), (125, 3)],
        "dev": [(110, 6), (110, 7)],
        "test": [(220, 0), (38, 4), (0, 0)],
    }.items():
        save(tmp_path, split, *keys)
    places = {split: tmp_path / name for split, name in CLIP_FOLDERS.items()}
    save_clip(places["train"], (125, 2))
    (places["train"] / "dia125_utt3.mp4").write_bytes(b"\0" * 100)
    save_clip(places["dev"], (110, 6))
    save_clip(places["test"], (220, 0), count=48)
    save_clip(places["test"], (38, 4), count=48)
    save_clip(places["test"], (0, 0), count=8)
    save_clip(places["test"], (99, 9), count=8)
    (places["test"] / "._dia0_utt0.mp4").write_bytes(b"left by a Mac")
    said = {split: [str(p) for p in meld_set(tmp_path, split).problems] for split in places}
    assert said == {
        "train": ["unreadable clips: 1 (dia125_utt3.mp4)"],
        "dev": ["missing clips: 1 (dia110_utt7.mp4)"],
        "test": [
            "clips without a row: 1 (dia99_utt9.mp4)",
            "clips that run for minutes where one line is said: 2 (dia220_utt0.mp4, dia38_utt4.mp4)",
        ],
    }
    assert meld_set(tmp_path, "test").pictures[CONTEXT].present.tolist().count(True) == 1
    assert meld_set(tmp_path, "train").pictures[CONTEXT].present.tolist() == [True, False]


def test_a_line_that_ends_before_it_starts_is_said(tmp_path: Path):
    path = save(tmp_path, "test", (0, 0), (0, 1)) / "test_sent_emo.csv"
    path.write_text(path.read_text().replace("00:01:04,059", "00:00:04,059", 1))
    assert str(meld_set(tmp_path, "test").problems[0]).endswith("times are not used: 1 (test/dia0_utt0)")


def test_text_alone_sentiment_and_wrong_words(tmp_path: Path):
    save(tmp_path, "dev", (0, 0))
    found = meld_set(tmp_path, "dev", "sentiment")
    assert (found.vocabulary.name, found.labels.tolist(), found.pictures, found.audio) == ("sentiment-3", [2], {}, None)
    assert "missing folder of clips" in str(found.problems[0])
    with pytest.raises(InputError, match="no 'arousal'"):
        meld_set(tmp_path, "dev", "arousal")
    with pytest.raises(InputError, match="same id twice"):
        meld_set(save(tmp_path, "dev", (0, 0), (0, 0)), "dev")


EMORY = "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time"


def test_emorynlp(tmp_path: Path):
    rows = [
        EMORY,
        '"Come on, now!","[\'Ann\']",Joyful,0,0,1,1,"00:00:01,000","00:00:02,000"',
        "It\u2019s me.,['Ben'],Scared,0,1,1,1,,",
        "No.,['Ann'],Powerful,0,0,1,2,,",
    ]
    (tmp_path / "emorynlp_dev_final.csv").write_bytes("\n".join([*rows, ""]).encode("cp1252"))
    found = emorynlp_set(tmp_path, "dev")
    assert [EMORYNLP7.labels[i] for i in found.labels] == ["joyful", "scared", "powerful"]
    assert found.texts == ("Come on, now!", "It\u2019s me.", "No.")
    assert found.contexts == ("", "Come on, now!", "")
    assert len(set(found.groups)) == 2
    assert found.labels.dtype == np.int64


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{EMORY}\na,b,Bored,0,0,1,1,,\n", "row 1 .*bored"),
        ("Utterance,Speaker\n", "no column Emotion"),
        (f"{EMORY}\na,b\n", "row 1 .*too short"),
        (f'{EMORY}\n"a', "cannot be read"),
        (f"{EMORY}\n{'a' * 200_000},b,Mad,0,0,1,1,,\n", "cannot be read"),
    ],
)
def test_emorynlp_that_is_malformed(tmp_path: Path, text: str, words: str):
    (tmp_path / "emorynlp_dev_final.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        emorynlp_set(tmp_path, "dev")
    with pytest.raises(InputError, match=r"emorynlp_test_final.csv cannot be read"):
        emorynlp_set(tmp_path, "test")
    with pytest.raises(InputError, match="no split 'all'"):
        emorynlp_set(tmp_path, "all")
