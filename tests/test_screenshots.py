"""The pictures of the README: one is taken from the running app, and packing keeps the colours that mean something."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from mmemo.settings import SAMPLE
from tests.test_scripts import SCRIPTS, load


@pytest.fixture
def screenshots() -> Iterator[ModuleType]:
    yield load("screenshots")
    del sys.modules["screenshots"]


def png_of(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def test_a_small_picture_keeps_every_colour(screenshots: ModuleType):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(screenshots.smaller(png_of(picture)))) as packed:
        assert np.array_equal(np.asarray(packed.convert("RGB")), picture)


def test_a_large_picture_is_packed_and_a_small_mark_stays_as_red_as_it_was(
    screenshots: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(screenshots, "MAX_BYTES", 60_000)
    grey = np.random.default_rng(0).normal(128, 30, (200, 300, 1)).clip(0, 255).astype(np.uint8)
    picture = np.repeat(grey, 3, axis=2) + np.arange(3, dtype=np.uint8)
    picture[10:30, 10:40] = (213, 94, 0)
    packed = screenshots.smaller(png_of(picture))
    assert len(packed) <= 60_000 < len(png_of(picture))
    with Image.open(io.BytesIO(packed)) as small:
        mark = np.asarray(small.convert("RGB"))[20, 20].astype(int)
    assert np.abs(mark - (213, 94, 0)).max() <= 8


def test_every_picture_has_a_name_of_its_own(screenshots: ModuleType):
    names = [shot.name for shot in screenshots.SHOTS]
    assert len(set(names)) == len(names) >= 6
    assert {shot.size_px for shot in screenshots.SHOTS} == {(1280, 800), screenshots.PHONE}
    assert {shot.scheme for shot in screenshots.SHOTS} == {"light", "dark"}


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(400)
def test_one_picture_is_taken_of_the_sample(screenshots: ModuleType, tmp_path: Path):
    if not (SAMPLE / "adapted" / "episodes").is_dir():
        pytest.skip("this checkout has no adapted sample")
    script = [sys.executable, str(SCRIPTS / "screenshots.py"), "--out", str(tmp_path / "pictures"), "--only", "review"]
    # A process of its own: one process drives one browser at a time.
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "pictures").iterdir()
    assert path.name == "review.png" and path.stat().st_size <= screenshots.MAX_BYTES
    with Image.open(path) as picture:
        assert picture.size == (1280, 800)
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 60, "faces are in it, no empty page"
