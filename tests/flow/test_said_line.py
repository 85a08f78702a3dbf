"""A face and a typed line, weighed as the default recipe weighs those of a show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.flow.said_line import SaidLine, predict_with_line, with_line
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.workspace import Workspace
from mmemo.student.recipes import Opinions, calibrated_fusion
from tests.flow.test_predict import drawn, save_picture
from tests.flow.test_predict_files import face

K = len(EKMAN7)


def said(rng: np.random.Generator, tracks: int = 30, told: int = 0) -> SaidLine:
    image, lines = (rng.dirichlet(np.ones(K), tracks).astype(np.float32) for _ in range(2))
    known = np.full(tracks, -1)
    known[:told] = rng.integers(0, K, told)
    evidence = rng.dirichlet(np.ones(K)).astype(np.float32)
    return SaidLine("Hello.", ("pilot",), evidence, evidence, image, lines, known)


@pytest.mark.parametrize("told", [0, 12])
def test_a_face_gets_the_target_that_the_recipe_would_give_it(told: int):
    line, new = said(np.random.default_rng(0), told=told), np.full((1, K), 1 / K, np.float32)
    image, lines = np.vstack([line.image, new]), np.vstack([line.lines, line.evidence[None]])
    even = np.full((K, K), 1 / K)
    opinions = Opinions(lines, image, np.append(line.known, -1), even, even, np.full(K, 1 / K), lines)
    assert np.allclose(line.with_faces(new)[0], calibrated_fusion(opinions).probs[-1], atol=1e-6)


def test_faces_do_not_change_each_other():
    rng = np.random.default_rng(1)
    line, faces = said(rng), rng.dirichlet(np.ones(K), 3).astype(np.float32)
    together = line.with_faces(faces)
    assert np.allclose(together[1], line.with_faces(faces[1:2])[0]) and np.allclose(together.sum(1), 1, atol=1e-5)
    assert line.with_faces(faces[:0]).shape == (0, K)


def test_a_line_comes_and_goes():
    line = said(np.random.default_rng(2))
    (one,) = with_line([face()], line)
    assert one.with_line is not None and one.first_choice == max(one.with_line, key=lambda k: one.with_line[k])
    assert "with_line" in one.to_contract() and "with_line" not in face().to_contract()
    assert with_line([one], None)[0].with_line is None and with_line([], line) == []


def test_a_line_needs_a_show(workspace: Workspace, tmp_path: Path):
    path = save_picture(tmp_path / "face.png", drawn(size_px=64))
    with pytest.raises(InputError, match="as in a show"):
        run(predict_with_line(workspace, [path], None, "Hello."))
    assert run(predict_with_line(workspace, [path], None, "  ")).to_contract()["line"] is None
