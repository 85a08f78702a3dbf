"""B-T4SA, TIER and captions: rows of pictures and words, with the quirks of each table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.datasets.bt4sa import bt4sa_set, read_tweets
from mmemo.datasets.captions import captions_set
from mmemo.datasets.paired import CONTEXT
from mmemo.datasets.tier import tier_set
from mmemo.errors import InputError
from mmemo.labels import SENTIMENT3
from tests.datasets.test_sources import save_picture

A, B, C = "758014713804587008", "758014713804587009", "768099999999999999"


def save_bt4sa(folder: Path) -> Path:
    rows = [f"data/75801/{A}-1.jpg 2", f"data/75801/{A}-2.jpg 2", f"data/75801/{B}-1.jpg 0", f"data/76809/{C}-1.jpg 1"]
    (folder / "b-t4sa_val.txt").write_text("\n".join([*rows, ""]))
    for i, row in enumerate(rows[:3]):
        save_picture(folder / row.split()[0], i * 60)
    text = f'id,text\n"{A}",Well, well, well: "yes"\nand more\n{B},"Quoted, ""so"""\n123,not asked\n'
    (folder / "raw_tweets_text.csv").write_text(text, encoding="utf-8")
    table = f"TWID\tNEG\tNEU\tPOS\n{A}\t0.1\t0.1\t0.8\n{B}\t0.2\t0.7\t0.1\n"
    (folder / "t4sa_text_sentiment.tsv").write_text(table)
    return folder


def test_tweets_with_pictures(tmp_path: Path):
    found = bt4sa_set(save_bt4sa(tmp_path), "val")
    assert found.ids == (f"{A}-1", f"{A}-2", f"{B}-1", f"{C}-1")
    assert found.groups == (A, A, B, C)
    assert [SENTIMENT3.labels[i] for i in found.labels] == ["positive", "positive", "negative", "neutral"]
    assert found.texts == ('Well, well, well: "yes"\nand more',) * 2 + ('Quoted, "so"', "")
    np.testing.assert_allclose(found.dimensions[0], [0.1, 0.1, 0.8])
    assert np.isnan(found.dimensions[3]).all()
    assert [len(found.pictures[CONTEXT][i]) for i in range(4)] == [1, 1, 1, 0]
    assert {p.what: (p.count, p.examples) for p in found.problems} == {
        "missing pictures": (1, (f"data/76809/{C}-1.jpg",)),
        "tweets without probabilities": (1, (C,)),
        "labels that are not the tweet's most probable sentiment": (1, (B,)),
        "tweets without text": (1, (C,)),
    }


def test_rows_that_were_shuffled_alone_show(tmp_path: Path):
    path = save_bt4sa(tmp_path) / "b-t4sa_val.txt"
    path.write_text(f"data/75801/{A}-1.jpg 0\ndata/75801/{B}-1.jpg 2\n")
    (problem,) = (p for p in bt4sa_set(tmp_path, "val").problems if "most probable" in p.what)
    assert problem.count == 2


def test_texts_may_lie_above_and_only_wanted_ones_are_kept(tmp_path: Path):
    save_bt4sa(tmp_path)
    assert read_tweets(tmp_path / "raw_tweets_text.csv", {"123"}) == {"123": "not asked"}
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b-t4sa_val.txt").write_text(f"data/75801/{A}-1.jpg 2\r\n")
    assert bt4sa_set(tmp_path / "inner", "val").texts[0].startswith("Well")


@pytest.mark.parametrize("row", ["data/1-1.jpg", "data/1-1.jpg 3", "a b 1", "data/1-1.jpg,1"])
def test_a_malformed_row_of_tweets(tmp_path: Path, row: str):
    (tmp_path / "b-t4sa_train.txt").write_text(f"data/75801/{A}-1.jpg 2\n{row}\n")
    with pytest.raises(InputError, match="row 2"):
        bt4sa_set(tmp_path, "train")


def test_tweets_that_lead_out(tmp_path: Path):
    (tmp_path / "b-t4sa_train.txt").write_text("data/../../../etc/1-1.jpg 2\n")
    with pytest.raises(InputError, match="not inside"):
        bt4sa_set(tmp_path, "train")
    with pytest.raises(InputError, match="no split"):
        bt4sa_set(tmp_path, "dev")


def save_tier(folder: Path) -> Path:
    rows = [
        "label,text,image",
        f"0,Lovely,/data_bt4sa/76809/{A}-1.jpg",
        f'3,"No, no!",/data_bt4sa/76809/{B}-1.jpg',
        f"2,lovely,/data_bt4sa/76809/{A}-1.jpg",
    ]
    (folder / "image_labels.csv").write_text("\n".join(rows))
    (folder / "text_labels.csv").write_text('1,So sad\n2,"Hate, hate"\n2,so SAD\n')
    save_picture(folder / f"data_bt4sa/76809/{A}-1.jpg", 9)
    return folder


def test_tier_pictures_and_texts(tmp_path: Path):
    found = tier_set(save_tier(tmp_path), "images")
    assert found.labels.tolist() == [0, 3, 2]
    assert found.ids == (f"{A}-1", f"{B}-1", f"{A}-1 (2)")
    assert found.groups == (A, B, A)
    assert found.texts == ("Lovely", "No, no!", "lovely")
    assert [len(found.pictures[CONTEXT][i]) for i in range(3)] == [1, 0, 1]
    assert {p.what: p.count for p in found.problems} == {
        "pictures that come again": 1,
        "missing pictures": 1,
        "texts that come again with another label": 1,
    }
    texts = tier_set(tmp_path, "texts")
    assert (texts.texts, texts.labels.tolist()) == (("So sad", "Hate, hate", "so SAD"), [1, 2, 2])
    assert texts.groups == ("texts/0", "texts/1", "texts/0")


def test_tier_of_another_form(tmp_path: Path):
    (tmp_path / "image_labels.csv").write_text("0,a,b\n")
    (tmp_path / "text_labels.csv").write_text("label,text\n")
    with pytest.raises(InputError, match="no column label"):
        tier_set(tmp_path, "images")
    with pytest.raises(InputError, match="row 1"):
        tier_set(tmp_path, "texts")
    with pytest.raises(InputError, match="no split"):
        tier_set(tmp_path, "train")


@pytest.mark.parametrize("name", ["captions.txt", "Flickr8k.token.txt"])
def test_captions_of_both_forms(tmp_path: Path, name: str):
    rows = [
        ("a_1.jpg", "A child , in a dress ."),
        ("a_1.jpg", "A girl ."),
        ("b.jpg", "Two dogs ."),
        ("c.jpg.1", "None"),
    ]
    if name == "captions.txt":
        lines = ["image,caption", *(f'{image},"{text}"' for image, text in rows)]
    else:
        lines = [f"{image}#{i}\t{text}" for i, (image, text) in enumerate(rows)]
    (tmp_path / name).write_text("\n".join([*lines, ""]))
    save_picture(tmp_path / "Images" / "a_1.jpg", 5)
    found = captions_set(tmp_path)
    assert found.ids == ("a_1.jpg#0", "a_1.jpg#1", "b.jpg#0")
    assert found.groups == ("a_1.jpg", "a_1.jpg", "b.jpg")
    assert found.texts[0] == "A child , in a dress ."
    assert found.labels is None
    assert found.priors() is None
    assert [len(found.pictures[CONTEXT][i]) for i in range(3)] == [1, 1, 0]
    assert [str(p) for p in found.problems] == ["rows that name no picture: 1 (c.jpg.1)", "missing pictures: 1 (b.jpg)"]
    assert captions_set(tmp_path / name).ids == found.ids


def test_captions_of_another_form(tmp_path: Path):
    with pytest.raises(InputError, match="holds no captions"):
        captions_set(tmp_path)
    (tmp_path / "Flickr8k.token.txt").write_text("a.jpg#0\tText\nno tab\n")
    with pytest.raises(InputError, match="row 2"):
        captions_set(tmp_path)
    (tmp_path / "captions.txt").write_text("image,caption\n../../a.jpg,Text\n")
    with pytest.raises(InputError, match="not inside"):
        captions_set(tmp_path)
