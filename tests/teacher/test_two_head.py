from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel

from mmemo.errors import InputError
from mmemo.teacher.lines import Line
from mmemo.teacher.packing import pack_folder
from mmemo.teacher.protocol import read_all
from mmemo.teacher.two_head import TwoHeadTeacher
from tests.teacher.tiny import assert_probs, save_two_head, tiny_config, tiny_tokenizer

LINES = [
    Line("I am so happy!"),
    Line("Why?", "I am so happy!"),
    Line("This is not what you are.", "I am so happy! Why?"),
    Line("unknownword"),
    Line(""),
    Line("you are very " * 50, "i am sad " * 50),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_two_head(tmp_path / "trained")


def reference(folder: Path, line: Line, head: str) -> np.ndarray:
    """The same reading written down plainly: one line, no padding, transformers' own encoder."""
    tensors = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    encoder = BertModel(tiny_config()).eval()
    encoder.load_state_dict({n.removeprefix("encoder."): t for n, t in tensors.items() if n.startswith("encoder.")})
    tokenizer = tiny_tokenizer()
    tokenizer.enable_truncation(80, strategy="longest_first")
    encoded = tokenizer.encode(line.text, line.context)
    assert len(encoded.ids) <= 80
    with torch.no_grad():
        states = encoder(torch.tensor([encoded.ids]), token_type_ids=torch.tensor([encoded.type_ids]))[0]
        logits = states.mean(dim=1) @ tensors[f"{head}.weight"].T + tensors[f"{head}.bias"]
    return torch.softmax(logits, dim=1).numpy()[0]


def test_it_reads_as_the_plain_computation_does(folder: Path) -> None:
    teacher = TwoHeadTeacher.load(folder, "tiny", exact=True)
    emotions = np.concatenate(list(teacher.read(LINES, batch_size=4)))
    sentiments = np.concatenate(list(teacher.read_sentiment(LINES, batch_size=4)))
    assert_probs(emotions, len(LINES))
    assert_probs(sentiments, len(LINES), 3)
    for row, line in enumerate(LINES):
        assert np.allclose(emotions[row], reference(folder, line, "emotion"), atol=1e-4)
        assert np.allclose(sentiments[row], reference(folder, line, "sentiment"), atol=1e-4)


def test_context_changes_what_it_reads(folder: Path) -> None:
    teacher = TwoHeadTeacher.load(folder, "tiny")
    with_context, without = read_all(teacher, [Line("why?", "i am scared"), Line("why?")])
    assert np.abs(with_context - without).max() > 1e-3


def test_batches_come_in_order_and_sizes_do_not_matter(folder: Path) -> None:
    teacher = TwoHeadTeacher.load(folder, "tiny", exact=True)
    lines = [Line(" ".join(["happy", "sad", "angry"][: 1 + i % 3]) + " i" * (i * 7 % 23)) for i in range(41)]
    batches = list(teacher.read(lines, batch_size=4))
    assert [len(batch) for batch in batches] == [4] * 10 + [1]
    one_by_one = np.concatenate([read_all(teacher, [line]) for line in lines])
    assert np.allclose(np.concatenate(batches), one_by_one, atol=1e-4)


def test_no_lines_and_one_line(folder: Path) -> None:
    teacher = TwoHeadTeacher.load(folder, "tiny")
    assert list(teacher.read([])) == []
    assert_probs(read_all(teacher, []), 0)
    assert_probs(read_all(teacher, [Line("happy")]), 1)


def test_the_packed_form_reads_nearly_alike(folder: Path, tmp_path: Path) -> None:
    pack_folder(folder, tmp_path / "packed")
    original = read_all(TwoHeadTeacher.load(folder, "a", exact=True), LINES)
    packed = read_all(TwoHeadTeacher.load(tmp_path / "packed", "b", exact=True), LINES)
    assert np.abs(original - packed).max() < 0.05


def test_a_teacher_without_measurements_has_the_generic_anchor(folder: Path) -> None:
    assert TwoHeadTeacher.load(folder, "tiny").anchor().name == "generic"


def test_weights_that_do_not_fit_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = "encoder.encoder.layer.0.output.dense.weight"
    save_file({k: v for k, v in tensors.items() if k != name}, folder / "model.safetensors")
    with pytest.raises(InputError, match="do not fit"):
        TwoHeadTeacher.load(folder, "tiny")


def test_a_damaged_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="tokenizer"):
        TwoHeadTeacher.load(folder, "tiny")
