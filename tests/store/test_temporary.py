"""What a killed writer left is removed; what a living one writes is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmemo.store import temporary
from mmemo.store.files import publish_file, publish_folder
from mmemo.store.temporary import remove_left_behind, temporary_name

HERE = temporary._place()


def dead_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def left(folder: Path, process: int, place: str = HERE, *, old: bool = False) -> Path:
    path = folder / f".cut-1.{place}-{process}-0123abcd.tmp"
    (path / "crops").mkdir(parents=True)
    (path / "crops" / "a.jpg").write_bytes(b"x")
    if old:
        week_ago = time.time() - 8 * 86_400
        for inside in (path / "crops", path):
            os.utime(inside, (week_ago, week_ago))
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot ask whether a process lives")
def test_the_next_writer_removes_what_a_dead_one_left(tmp_path: Path) -> None:
    for publish in (publish_file, publish_folder):
        lost = left(tmp_path, dead_process())
        file = tmp_path / f".episode.json.{HERE}-{dead_process()}-0123abcd.tmp"
        file.write_text("half")
        with publish(tmp_path / publish.__name__) as path:
            assert not lost.exists()
            assert not file.exists()
            assert path.parent == tmp_path
            if publish is publish_file:
                path.touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["publish_file", "publish_folder"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells it")
def test_a_writer_that_ended_unseen_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as ended:
        assert ended.stdout is not None
        ended.stdout.read()
        lost = left(tmp_path, ended.pid)
        while lost.exists():  # it still takes a moment to end
            remove_left_behind(tmp_path)
            time.sleep(0.01)


def test_what_a_living_writer_writes_stays(tmp_path: Path) -> None:
    other = left(tmp_path, os.getppid())
    elsewhere = left(tmp_path, 1, "00000000")
    with temporary_name(tmp_path / "a") as own:
        own.touch()
        remove_left_behind(tmp_path)
        remove_left_behind(Path(os.path.relpath(tmp_path)))
        assert own.exists()
    assert other.exists()
    assert elsewhere.exists()


def test_an_earlier_process_with_the_same_number_is_dead(tmp_path: Path) -> None:
    lost = left(tmp_path, os.getpid())
    remove_left_behind(tmp_path)
    assert not lost.exists()


def test_after_a_week_nobody_writes_it_any_more(tmp_path: Path) -> None:
    lost = left(tmp_path, 1, "00000000", old=True)
    remove_left_behind(tmp_path)
    assert not lost.exists()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    names = [".hidden", "a.tmp", f"cut-1.{HERE}-1-0123abcd.tmp", f".cut-1.{HERE}-x-0123abcd.tmp", ".a.0123abcd.tmp"]
    for name in names:
        (tmp_path / name).touch()
    remove_left_behind(tmp_path)
    remove_left_behind(tmp_path / "missing")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_link_is_removed_and_not_what_it_points_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "a").touch()
    link = tmp_path / f".cut-1.{HERE}-{os.getpid()}-0123abcd.tmp"
    try:
        link.symlink_to(kept, target_is_directory=True)
    except OSError:
        pytest.skip("links are not allowed here")
    remove_left_behind(tmp_path)
    assert not link.is_symlink()
    assert (kept / "a").exists()


@pytest.mark.parametrize("name", ["x" * 255, "é" * 120, "line\nbreak", "emoji 😀"])
def test_long_and_odd_names_have_a_temporary_name(tmp_path: Path, name: str) -> None:
    with publish_file(tmp_path / name) as path:
        path.write_text("whole")
    assert (tmp_path / name).read_text() == "whole"
    assert [p.name for p in tmp_path.iterdir()] == [name]
