"""What a folder is, is told from what it holds, and its report says what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.datasets.alignment import Alignment, check_alignment
from mmemo.datasets.catalog import FORMATS, find_dataset
from mmemo.datasets.contact_sheet import contact_sheet
from mmemo.datasets.inspection import SPOTS, Inspection, counts_line, inspect
from mmemo.datasets.msctd import msctd_set
from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.problems import ODD
from mmemo.datasets.sources import ClipFrames
from mmemo.errors import InputError
from mmemo.labels import EMOTIC26, SENTIMENT3
from mmemo.progress import run
from mmemo.store.files import to_json
from tests.datasets import test_cut_episodes, test_emotic, test_face_sets, test_meld_set, test_mme2e, test_tweets
from tests.datasets.test_sources import save_picture
from tests.media import write_video

TIMES_IN_WORDS = "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time"


def save_dialogues(folder: Path, split: str = "dev", dialogues: int = 30, shuffle: bool = False) -> Path:
    """MSCTD whose pictures are noise around a colour of each dialogue; shuffled, they have another line's number."""
    chance = np.random.default_rng(0)
    lines = dialogues * 4
    (folder / split).mkdir(parents=True)
    (folder / f"english_{split}.txt").write_bytes(b"".join(b"Line %d.\r\n" % i for i in range(lines)))
    (folder / f"sentiment_{split}.txt").write_bytes(b"".join(b"%d\r\n" % (i % 3) for i in range(lines)))
    index = "".join(f"{list(range(4 * d, 4 * d + 4))}\r\n" for d in range(dialogues))
    (folder / f"image_index_{split}.txt").write_text(index, newline="")
    colours = chance.integers(40, 215, (dialogues, 1, 1, 3))
    numbers = chance.permutation(lines) if shuffle else np.arange(lines)
    for line in range(lines):
        picture = colours[line // 4] + chance.integers(-30, 30, (16, 16, 3))
        Image.fromarray(picture.astype(np.uint8)).save(folder / split / f"{numbers[line]}.jpg")
    return folder


def save_emorynlp(folder: Path) -> Path:
    (folder / "emorynlp_dev_final.csv").write_text(f"{TIMES_IN_WORDS}\nHello.,['Ann'],Joyful,0,0,1,1,,\n")
    return folder


def save_monologues(folder: Path) -> Path:
    (folder / "MOSEI_RAW_PROCESSED").mkdir()
    (folder / "MOSEI_RAW_PROCESSED" / "meta.pkl").write_bytes(
        test_mme2e.pickle.dumps({"v_0": {"text": "x", "label": [0] * 6}})
    )
    test_mme2e.save_split(folder / "MOSEI_SPLIT", "train", "v_0")
    return folder


def save_raw_iemocap(folder: Path) -> Path:
    for name, text in {"EmoEvaluation": test_mme2e.EVALUATION, "transcriptions": test_mme2e.TRANSCRIPT}.items():
        (folder / "Session1" / "dialog" / name).mkdir(parents=True)
        (folder / "Session1" / "dialog" / name / "Ses01F_impro01.txt").write_text(text)
    return folder


def save_fer2013(folder: Path) -> Path:
    rows = [
        test_face_sets.fer_row(i % 7, i, usage) for i, usage in enumerate(("Training", "PublicTest", "PrivateTest"))
    ]
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    return folder


def save_captions(folder: Path) -> Path:
    (folder / "captions.txt").write_text("image,caption\na.jpg,A dog .\n")
    save_picture(folder / "Images" / "a.jpg", 3)
    return folder


def save_csv(folder: Path) -> Path:
    save_picture(folder / "a.png", 1)
    (folder / "set.csv").write_text("path,label\na.png,joy\n")
    return folder / "set.csv"


def save_lines(folder: Path) -> Path:
    (folder / "lines.csv").write_text("text,emotion\nHello.,happy\nNo!,angry\n")
    return folder / "lines.csv"


def save_classes(folder: Path) -> Path:
    save_picture(folder / "happy" / "a.jpg", 3)
    save_picture(folder / "sad" / "b.jpg", 3)
    return folder


def save_arrays(folder: Path) -> Path:
    np.savez(folder / "test.npz", images=np.zeros((2, 48, 48), np.uint8), votes=np.eye(10)[[0, 1]])
    return folder


def save_lab(folder: Path) -> Path:
    np.savez(
        folder / "ck.npz",
        images=np.zeros((3, 48, 48), np.uint8),
        label=["fear", "contempt", "joy"],
        subject=["a", "a", "b"],
    )
    return folder / "ck.npz"


def save_comments(folder: Path) -> Path:
    (folder / "labels.txt").write_text("anger\njoy\n")
    (folder / "dev.tsv").write_text("Well.\t0,1\tid1\nYes.\t1\tid2\n")
    return folder


MAKERS = {
    "workspace": lambda folder: test_cut_episodes.save(folder).root,
    "msctd": save_dialogues,
    "meld": lambda folder: test_meld_set.save(folder, "dev", (0, 0), (0, 1)),
    "emorynlp": save_emorynlp,
    "emotic": test_emotic.save,
    "iemocap_raw": save_raw_iemocap,
    "mosei": save_monologues,
    "bt4sa": test_tweets.save_bt4sa,
    "tier": test_tweets.save_tier,
    "ferplus": lambda folder: test_face_sets.save_ferplus(folder / "FER2013Test").parent,
    "ferplus_arrays": save_arrays,
    "fer2013": save_fer2013,
    "ckplus": save_lab,
    "goemotions": save_comments,
    "captions": save_captions,
    "table": save_csv,
    "lines": save_lines,
    "folder": save_classes,
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_form_is_recognised_and_read(tmp_path: Path, name: str):
    result = run(inspect(MAKERS[name](tmp_path)))
    assert result.found.form.name == name
    assert sum(len(report.data) for report in result.splits) > 0
    told = json.loads(to_json(result.to_contract()))
    assert told["format"] == name
    assert all(
        split["samples"] == len(report.data) for split, report in zip(told["splits"], result.splits, strict=True)
    )
    sheet = contact_sheet([report.data for report in result.splits if len(report.data)])
    assert sheet.width > 500
    assert len(set(sheet.resize((64, 64)).getdata())) > 2


def test_no_form_is_left_untested():
    assert {form.name for form in FORMATS} == {*MAKERS, "iemocap", "mosei_raw"}  # these two are in test_mme2e


def test_what_is_no_dataset(tmp_path: Path):
    with pytest.raises(InputError, match="there is no"):
        find_dataset(tmp_path / "none")
    with pytest.raises(InputError, match="known are .*MSCTD"):
        find_dataset(tmp_path)
    save_classes(tmp_path / "faces")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="inside it these are: faces"):
        find_dataset(tmp_path)
    with pytest.raises(InputError, match="no split 'dev'"):
        find_dataset(tmp_path / "faces").read("dev")


def test_pictures_of_a_dialogue_look_alike(tmp_path: Path):
    paired = msctd_set(save_dialogues(tmp_path), "dev")
    told = check_alignment(paired, CONTEXT)
    assert told.aligned is True
    assert told.pairs == 90
    moved = check_alignment(paired.with_shuffled(CONTEXT), CONTEXT)
    assert moved.aligned is False
    assert "may have been shuffled" in str(moved)
    assert check_alignment(paired.subset(range(12)), CONTEXT).aligned is None


def test_clips_of_a_dialogue_are_compared_by_a_frame_each(tmp_path: Path):
    colours = (40, 100, 160, 220)
    for number, colour in enumerate(colours):
        for take in range(2):
            frames = [np.full((32, 32, 3), colour + 6 * take, np.uint8)] * 3
            write_video(tmp_path / f"{number}{take}.mp4", frames)
    rows = [(number, row % 2) for row in range(40) for number in [row // 2 % 4]]
    ids = tuple(str(row) for row in range(40))
    paired = PairedSet(
        "made",
        SENTIMENT3,
        ids,
        tuple(f"d{row // 2}" for row in range(40)),
        pictures={CONTEXT: ClipFrames(tmp_path, [f"{n}{t}.mp4" for n, t in rows], ids, np.ones(40, bool))},
    )
    told = check_alignment(paired, CONTEXT)
    assert told.pairs >= 15
    assert told.alike >= told.pairs - 3  # now and then the other dialogue has the same colour


def test_pictures_that_were_shuffled_are_a_problem(tmp_path: Path):
    (report,) = run(inspect(save_dialogues(tmp_path, dialogues=70, shuffle=True))).splits
    assert [(p.kind, p.examples) for p in report.data.problems] == [(ODD, ("context",))]
    assert report.opened == SPOTS


@pytest.mark.parametrize(
    ("pairs", "alike", "aligned"),
    [
        (200, 100, False), (200, 120, None), (200, 140, True), (200, 200, True), (200, 0, False), (40, 20, None),
        (80, 40, False), (10, 10, None), (0, 0, None),
    ],
)  # fmt: skip
def test_chance_alone_is_no_order(pairs: int, alike: int, aligned: bool | None):
    assert Alignment("context", pairs, alike).aligned is aligned


def test_pictures_that_are_damaged_are_counted(tmp_path: Path):
    for i in range(60):
        save_picture(tmp_path / "joy" / f"{i:02d}.png", i)
    (tmp_path / "joy" / "00.png").write_bytes(b"damaged")
    (tmp_path / "joy" / "31.png").write_bytes(b"damaged")
    some, every = run(inspect(tmp_path)), run(inspect(tmp_path, read_all=True))
    assert (some.splits[0].opened, every.splits[0].opened) == (SPOTS, 60)
    assert every.to_contract()["problems"][0]["count"] == 2
    assert some.to_contract()["problems"][0]["count"] == 1


def test_what_is_in_two_splits_is_said(tmp_path: Path):
    rows = ["path,label,group,text,split"]
    rows += [
        f"a.png,joy,film {film},What are you doing here now?,{split}"
        for film, split in ((1, "train"), (2, "train"), (1, "test"))
    ]
    (tmp_path / "set.csv").write_text("\n".join(rows))
    said = run(inspect(tmp_path / "set.csv")).warnings
    assert [sentence.split(",")[0] for sentence in said] == [
        "1 groups are in both train and test",
        "1 texts of five words or more are in both train and test",
    ]
    train, test = (report.data for report in run(inspect(tmp_path / "set.csv")).splits)
    assert "a.png (2)" in train.ids
    assert len(test) == 1


def test_numbers_that_differ_from_the_published_ones(tmp_path: Path):
    result = run(inspect(save_dialogues(tmp_path)))
    assert result.splits[0].differs
    assert not replace(result.splits[0], published=120).differs
    assert not replace(result.splits[0], published=None).differs


def test_counts_are_told_the_most_first(tmp_path: Path):
    result: Inspection = run(inspect(save_csv(tmp_path)))
    assert counts_line(result.splits[0]).startswith("joy 1 (100%)")


def test_a_sheet_of_many_labels_and_none():
    hot = np.eye(26, dtype=np.float32)
    ids = tuple(map(str, range(26)))
    paired = PairedSet("made", EMOTIC26, ids, ids, hot, texts=tuple("word " * 40 for _ in ids))
    assert contact_sheet([paired]).height > 26 * 50
    with pytest.raises(InputError, match="nothing to show"):
        contact_sheet([paired.subset([])])
