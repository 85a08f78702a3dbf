"""The command that measures the baseline on FER+."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmemo.datasets.ferplus import VOTES
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from pipelines.measure_baseline import measure_baseline


def write_split(path: Path, labels: tuple[str, ...]) -> None:
    votes = np.array([[10 * (name == label) for name in VOTES] for label in labels], np.uint8)
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48), np.uint8), votes=votes)


def test_figures_and_confusion_come_from_the_faces(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_split(tmp_path / "valid.npz", EKMAN7.labels)
    write_split(tmp_path / "test.npz", ("joy", "fear"))
    measure_baseline(tmp_path, tmp_path / "confusion.json", True)
    out, err = capsys.readouterr()
    rows = json.loads(out.splitlines()[-1])["rows"]
    assert [(row["name"], row["n"]) for row in rows] == [("valid", 7), ("test", 2)]
    assert rows[1]["recall"]["anger"] is None
    assert "valid: 7 faces, accuracy" in err
    stored = json.loads((tmp_path / "confusion.json").read_text(encoding="utf-8"))
    assert stored["faces"] == 7 and stored["identity"].startswith("embedded@")
    np.testing.assert_allclose(np.sum(stored["confusion"], axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(np.mean(stored["confusion"], axis=0), stored["prior"], atol=1e-4)


def test_nothing_is_written_for_faces_of_too_few_emotions(tmp_path: Path):
    write_split(tmp_path / "valid.npz", ("joy", "fear"))
    with pytest.raises(InputError, match="no face shows neutral"):
        measure_baseline(tmp_path, tmp_path / "confusion.json", False)
    assert not (tmp_path / "confusion.json").exists()
