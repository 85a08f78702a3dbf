from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertForSequenceClassification

from mmemo.errors import InputError
from mmemo.teacher.lines import Line
from mmemo.teacher.starting import read_start
from mmemo.teacher.training import (
    TeacherExamples,
    TeacherTrainer,
    TrainingSettings,
    class_weights,
    learning_names,
    one_cycle,
    soft_loss,
)
from tests.teacher.tiny import save_classifier, save_two_head, tiny_config, tiny_tokenizer

WORDS = ["glad", "sad", "angry"]


def examples() -> TeacherExamples:
    """Thirty lines of which one word tells the emotion."""
    columns = [1, 2, 3]
    lines = tuple(Line(f"i am {WORDS[i % 3]}", "why ?" if i % 2 else "") for i in range(30))
    emotions = np.eye(7, dtype=np.float32)[[columns[i % 3] for i in range(30)]]
    sentiments = np.eye(3, dtype=np.float32)[[2 if i % 3 == 0 else 1 for i in range(30)]]
    sentiments[5] = 0
    return TeacherExamples(lines, emotions, sentiments)


def trainer(folder: Path, **settings: object) -> TeacherTrainer:
    chosen = TrainingSettings(**{"steps": 60, "batch_size": 16, "learning_rate": 3e-3, **settings})  # type: ignore[arg-type]
    return TeacherTrainer(*read_start(folder), examples(), chosen)


def test_the_loss_falls(tmp_path: Path) -> None:
    one = trainer(save_two_head(tmp_path / "t"))
    losses = [one.advance() for _ in range(60)]
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])
    assert one.step == 60


def test_only_what_may_learn_changes(tmp_path: Path) -> None:
    one = trainer(save_two_head(tmp_path / "t"), layers=0)
    before = one.tensors()
    one.advance()
    changed = {name for name, tensor in one.tensors().items() if not np.array_equal(tensor, before[name])}
    assert changed == {"emotion.weight", "emotion.bias", "sentiment.weight", "sentiment.bias"}


def test_a_restored_training_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    folder = save_two_head(tmp_path / "t")
    straight, first, second = trainer(folder), trainer(folder), trainer(folder)
    for _ in range(6):
        straight.advance()
    for _ in range(3):
        first.advance()
    torch.save(first.state(), tmp_path / "state.pt")
    second.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    for _ in range(3):
        second.advance()
    one, other = straight.tensors(), second.tensors()
    assert all(np.allclose(one[name], other[name], atol=1e-6) for name in one)
    with pytest.raises(InputError, match="does not fit"):
        second.restore({"step": 3})


def test_seeds_decide(tmp_path: Path) -> None:
    folder = save_two_head(tmp_path / "t")
    losses = [trainer(folder, seed=seed).advance() for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_a_plain_bert_starts_with_new_heads(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "c", ["joy", "anger"])
    weights, _ = read_start(folder, seed=3)
    own = BertForSequenceClassification.from_pretrained(folder).bert.embeddings.word_embeddings.weight
    assert np.allclose(weights.tensors["encoder.embeddings.word_embeddings.weight"], own.detach().numpy())
    assert np.array_equal(weights.tensors["emotion.weight"], read_start(folder, seed=3)[0].tensors["emotion.weight"])
    assert np.isfinite(trainer(folder).advance())


def test_what_training_cannot_start_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json"):
        read_start(tmp_path)
    folder = save_classifier(tmp_path / "c", ["joy", "anger"])
    tiny_config().to_json_file(folder / "config.json")
    (folder / "model.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="damaged"):
        read_start(folder)
    (folder / "config.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
    with pytest.raises(InputError, match="gpt2"):
        read_start(folder)
    whole = save_two_head(tmp_path / "t")
    (whole / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        read_start(whole)
    assert tiny_tokenizer().get_vocab_size() > 10


@pytest.mark.parametrize(
    "bad", [{"steps": 0}, {"bare_batch": 1}, {"learning_rate": 0.0}, {"smoothing": 1.0}, {"layers": -1}]
)
def test_settings_check_themselves(bad: dict[str, object]) -> None:
    with pytest.raises(InputError):
        TrainingSettings(**bad)  # type: ignore[arg-type]


def test_a_fingerprint_changes_with_any_target() -> None:
    one, other = examples(), examples()
    assert one.fingerprint() == other.fingerprint()
    other.emotions[3, 0] = 0.5
    assert one.fingerprint() != other.fingerprint()


def test_no_lines_are_an_input_error() -> None:
    with pytest.raises(InputError, match="no line"):
        TeacherExamples((), np.zeros((0, 7), np.float32), np.zeros((0, 3), np.float32))


def test_pieces_of_the_recipe() -> None:
    assert learning_names(["heads.a", "encoder.layer.0.x", "encoder.layer.1.x", "encoder.embeddings"], 1) == {
        "heads.a",
        "encoder.layer.1.x",
    }
    weights = class_weights(np.array([[4.0, 1.0, 0.0]]))
    assert weights[1] / weights[0] == pytest.approx(2)
    assert weights[2] == 1
    assert (4 * weights[0] + weights[1]).item() == pytest.approx(5)
    rates = [one_cycle(share) for share in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates[0] < 0.05 > rates[-1] > 0
    logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    targets = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    expected = -torch.log_softmax(logits[0], 0)[0]
    assert soft_loss(logits, targets, torch.ones(2), 0.0) == pytest.approx(expected.item())
    assert soft_loss(logits, torch.zeros(2, 2), torch.ones(2), 0.0) == 0
