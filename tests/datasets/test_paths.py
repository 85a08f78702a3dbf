"""A table names files of its own folder and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.datasets.paths import Listing, inside
from mmemo.errors import InputError


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.jpg", "a.jpg"),
        ("/data_bt4sa/76809/1-1.jpg", "data_bt4sa/76809/1-1.jpg"),
        ("./x/./a.jpg", "x/a.jpg"),
        (r"x\y\a b.jpg", "x/y/a b.jpg"),
        ("..a/b..jpg", "..a/b..jpg"),
    ],
)
def test_names_stay_inside(name: str, path: str):
    assert inside(Path("set"), name) == Path("set") / path


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/../../b", r"..\b", "", "  ", "/", "a\0b", "C:/x", r"C:\x", "n" * 5000]
)
def test_names_that_lead_out_are_refused_in_one_sentence(name: str):
    with pytest.raises(InputError, match="not inside set") as caught:
        inside(Path("set"), name)
    assert len(str(caught.value)) < 400


def test_a_listing_reads_a_folder_once(tmp_path: Path):
    (tmp_path / "a.jpg").touch()
    listing = Listing()
    assert listing.has(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").touch()
    assert not listing.has(tmp_path / "b.jpg")
    assert not listing.has(tmp_path / "none" / "a.jpg")
