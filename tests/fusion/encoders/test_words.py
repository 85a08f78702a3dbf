"""Word vectors in their three published forms, damaged ones, and the network that reads them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from mmemo.errors import InputError
from mmemo.fusion.building import new_encoders, new_model, task_of
from mmemo.fusion.encoders.words import WordRows, read_word_vectors, split_words
from mmemo.fusion.prepared import prepare
from mmemo.fusion.saving import load_model, save_model
from mmemo.progress import run
from tests.fusion.made import small_pairs

VECTORS = {"happy": [1.0, 2.0, 3.0], "cry": [-1.0, 0.5, 0.25], "new york": [0.0, 0.0, 1.0]}


def glove(path: Path) -> Path:
    path.write_text("".join(f"{word} {' '.join(map(str, v))}\n" for word, v in VECTORS.items()), encoding="utf-8")
    return path


def word2vec_text(path: Path) -> Path:
    body = "".join(f"{word} {' '.join(map(str, v))} \n" for word, v in list(VECTORS.items())[:2])
    path.write_text(f"2 3\n{body}", encoding="utf-8")
    return path


def word2vec_binary(path: Path) -> Path:
    body = b"".join(word.encode() + b" " + struct.pack("<3f", *v) + b"\n" for word, v in list(VECTORS.items())[:2])
    path.write_bytes(b"2 3\n" + body)
    return path


@pytest.mark.parametrize("write", [glove, word2vec_text, word2vec_binary])
def test_all_forms_give_the_same(write: object, tmp_path: Path):
    found = read_word_vectors(write(tmp_path / "vectors"))  # type: ignore[operator]
    assert found.words[:2] == ("happy", "cry")
    np.testing.assert_allclose(found.vectors[:2], [VECTORS["happy"], VECTORS["cry"]])


def test_only_the_wanted_words_are_kept(tmp_path: Path):
    for write in (glove, word2vec_text, word2vec_binary):
        assert read_word_vectors(write(tmp_path / "vectors"), {"cry", "other"}).words == ("cry",)


def test_a_word_with_a_space_keeps_its_vector(tmp_path: Path):
    path = tmp_path / "vectors"
    path.write_text("happy 1 2 3\nnew york 0 0 1\n")
    found = read_word_vectors(path)
    assert found.words == ("happy", "new york")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"happy 1 2 3\ncry 1 2\n", "line 2"),
        (b"happy one two\n", "no word vectors"),
        (b"2 3\nhappy " + struct.pack("<2f", 1, 2), "no word vectors"),
        (b"2 99999999\nhappy 1\n", "99999999"),
        (b"", "none of the words"),
        (b"other 1 2 3\n", "none of the words"),
    ],
)
def test_damaged_files_are_told(content: bytes, says: str, tmp_path: Path):
    (tmp_path / "vectors").write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_word_vectors(tmp_path / "vectors", {"happy", "cry"})


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        read_word_vectors(tmp_path / "none")


def test_words_of_a_line():
    assert split_words("I can’t, Mr. O'Neil! Ça va?") == ["i", "can't", ",", "mr", ".", "o'neil", "!", "ça", "va", "?"]
    assert split_words("  ") == []


@pytest.mark.parametrize("kind", ["bilstm", "gru"])
@pytest.mark.parametrize("pooling", ["average", "max", "attention"])
def test_a_recurrent_encoder_starts_from_the_file_and_is_saved_without_it(kind: str, pooling: str, tmp_path: Path):
    data = small_pairs()
    path = glove(tmp_path / "vectors")
    encoders = new_encoders(data, {"text": f"{kind}:{path}"}, ["text"])
    assert torch.equal(encoders["text"].embedding.weight[2], torch.tensor(VECTORS["happy"]))
    model = new_model("concat", encoders, task_of(data), {"pooling": pooling}).eval()
    save_model(tmp_path / "model", model)
    path.unlink()
    again = load_model(tmp_path / "model")
    batch = run(prepare(data, encoders)).batch(np.arange(12))
    other = run(prepare(data, {"text": again.encoder("text")})).batch(np.arange(12))
    torch.testing.assert_close(model(batch).logits, again(other).logits)
    assert again(other.without("text")).logits.isfinite().all()


def test_tables_of_other_words_are_not_taken_for_one_another():
    assert WordRows(["happy", "cry"]).identity == WordRows(["happy", "cry"]).identity
    assert len({WordRows(words).identity for words in (["happy", "cry"], ["cry", "happy"], ["happy", "sleep"])}) == 3
