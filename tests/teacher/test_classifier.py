from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertModel

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.teacher.classifier import MULTI_LABEL, ClassifierTeacher
from mmemo.teacher.lines import Line
from mmemo.teacher.protocol import read_all
from tests.teacher.tiny import assert_probs, save_classifier, tiny_config
from tests.test_labels import GOEMOTIONS28

LABELS = ["sadness", "happy", "love", "anger", "fear", "surprise"]


def own_scores(folder: Path, text: str) -> torch.Tensor:
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        return model(**AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")).logits[0]


def test_softmax_classes_are_added_up_into_ours(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "model", LABELS)
    teacher = ClassifierTeacher.load(folder, "folder:model")
    texts = ["i am very happy !", "why ?", "this is not a sad , sad , sad you"]
    probs = read_all(teacher, [Line(text) for text in texts])
    assert_probs(probs, 3)
    for row, text in zip(probs, texts, strict=True):
        own = torch.softmax(own_scores(folder, text), dim=0).numpy()
        expected = [0, own[1] + own[2], own[0], own[3], own[5], own[4], 0]
        assert np.allclose(row, expected, atol=1e-5)


def test_multi_label_scores_are_sigmoids_brought_to_sum_one(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "model", ["neutral", "joy", "amusement", "disgust"], MULTI_LABEL)
    probs = read_all(ClassifierTeacher.load(folder, "m"), [Line("so glad !")])
    own = torch.sigmoid(own_scores(folder, "so glad !")).numpy()
    expected = np.array([own[0], own[1] + own[2], 0, 0, 0, 0, own[3]]) / own.sum()
    assert_probs(probs, 1)
    assert np.allclose(probs[0], expected, atol=1e-5)


def test_context_is_left_out_and_long_lines_are_cut(tmp_path: Path) -> None:
    teacher = ClassifierTeacher.load(save_classifier(tmp_path / "model", LABELS), "m")
    probs = read_all(teacher, [Line("why ?"), Line("why ?", "i am sad"), Line("sad " * 500)])
    assert np.allclose(probs[0], probs[1], atol=1e-6)
    assert_probs(probs, 3)


def test_no_lines_give_no_batches(tmp_path: Path) -> None:
    teacher = ClassifierTeacher.load(save_classifier(tmp_path / "model", LABELS), "m")
    assert list(teacher.read([])) == []
    assert teacher.anchor().name == "generic"


@pytest.mark.parametrize("labels", [["LABEL_0", "LABEL_1"], ["joy", "toxic"]])
def test_labels_that_map_nowhere_are_named_with_the_choices(tmp_path: Path, labels: list[str]) -> None:
    folder = save_classifier(tmp_path / "model", labels)
    with pytest.raises(InputError) as caught:
        ClassifierTeacher.load(folder, "folder:model")
    assert labels[1] in str(caught.value)
    assert "folder:model" in str(caught.value)
    assert all(label in str(caught.value) for label in EKMAN7.labels)


def test_a_model_without_a_trained_head_is_refused(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "model", LABELS)
    bare = BertModel(tiny_config(id2label=dict(enumerate(LABELS))))
    settings = (folder / "config.json").read_bytes()
    bare.save_pretrained(folder)
    (folder / "config.json").write_bytes(settings)
    with pytest.raises(InputError, match="no trained classification head"):
        ClassifierTeacher.load(folder, "m")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{not it"])
def test_damaged_files_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    folder = save_classifier(tmp_path / "model", LABELS)
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=str(folder)):
        ClassifierTeacher.load(folder, "m")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_missing_files_are_refused(tmp_path: Path, name: str) -> None:
    folder = save_classifier(tmp_path / "model", LABELS)
    (folder / name).unlink()
    with pytest.raises(InputError, match=str(folder)):
        ClassifierTeacher.load(folder, "m")


def test_labels_that_are_numbered_from_one_are_refused(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "model", ["joy", "anger"])
    config = json.loads((folder / "config.json").read_text())
    config["id2label"], config["label2id"] = {"1": "joy", "2": "anger"}, {"joy": 1, "anger": 2}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="numbers its labels 1, 2"):
        ClassifierTeacher.load(folder, "m")


def test_a_tokenizer_that_cannot_pad_is_refused(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "model", ["joy", "anger"])
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    del settings["pad_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match="no padding token"):
        ClassifierTeacher.load(folder, "m")


@pytest.mark.parametrize("problem_type", [None, MULTI_LABEL])
def test_28_labels_are_mapped_down_with_either_kind_of_head(tmp_path: Path, problem_type: str | None) -> None:
    folder = save_classifier(tmp_path / "model", GOEMOTIONS28, problem_type)
    probs = read_all(ClassifierTeacher.load(folder, "m"), [Line("so glad !"), Line("why ?")])
    assert_probs(probs, 2)
    logits = own_scores(folder, "why ?")
    own = (torch.sigmoid(logits) if problem_type else torch.softmax(logits, dim=0)).numpy()
    fear = own[GOEMOTIONS28.index("fear")] + own[GOEMOTIONS28.index("nervousness")]
    assert probs[1, EKMAN7.index("fear")] == pytest.approx(fear / own.sum(), abs=1e-5)
