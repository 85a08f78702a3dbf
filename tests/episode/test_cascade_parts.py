from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmemo.episode import cascade_parts
from mmemo.episode.cascade_parts import load_suppression, load_weights
from mmemo.errors import ModelUnavailable
from mmemo.settings import REPOSITORY


def test_weights_are_those_of_the_package() -> None:
    from facenet_pytorch.models.mtcnn import ONet, PNet, RNet

    for name, network in (("pnet", PNet), ("rnet", RNet), ("onet", ONet)):
        expected = network().state_dict()
        weights = load_weights(name)
        assert set(weights) == set(expected)
        assert all(torch.equal(weights[key], expected[key]) for key in expected)


def test_the_more_certain_box_stays() -> None:
    boxes = torch.tensor([[0, 0, 10, 10], [1, 0, 11, 10], [40, 40, 50, 50]], dtype=torch.float32)
    assert load_suppression()(boxes, torch.tensor([0.7, 0.9, 0.8]), 0.5).tolist() == [1, 2]


def test_suppression_of_the_whole_package_when_its_library_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cascade_parts, "_folder", lambda package: Path("nowhere"))
    boxes = torch.tensor([[0, 0, 10, 10], [1, 0, 11, 10]], dtype=torch.float32)
    assert load_suppression()(boxes, torch.tensor([0.7, 0.9]), 0.5).tolist() == [1]
    with pytest.raises(ModelUnavailable, match=r"pnet\.pt"):
        load_weights("pnet")


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cascade_parts, "find_spec", lambda package: None)
    with pytest.raises(ModelUnavailable, match="facenet_pytorch"):
        load_weights("pnet")


@pytest.mark.slow
def test_the_detector_imports_neither_package_and_torchvision_still_works_after_it() -> None:
    code = (
        "import sys, numpy as np\n"
        "from mmemo.episode.faces import FaceDetector\n"
        "FaceDetector().detect([np.zeros((90, 120, 3), np.uint8)])\n"
        "print([name for name in ('torchvision', 'facenet_pytorch') if name in sys.modules])\n"
        "import torch, torchvision\n"
        "print(torchvision.ops.nms(torch.tensor([[0., 0., 9., 9.]]), torch.tensor([0.9]), 0.5).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.stdout.split("\n")[:2] == ["[]", "[0]"], done.stderr
