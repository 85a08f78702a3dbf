"""The cut is killed, runs twice at once, and gets hostile names: the result is the same, and stays in the workspace."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmemo.datasets.drawn import Actor, Shot, write_clip
from mmemo.errors import InputError
from mmemo.flow.cutting.cut import cut_episode
from mmemo.progress import run
from mmemo.settings import REPOSITORY
from mmemo.store.workspace import Workspace
from tests.media import run_ffmpeg, write_counter_video, write_srt

NORA, THEO = Actor("Nora", "joy"), Actor("Theo", "neutral")
_MEASURED = ("seconds", "peak_rss_mb")
_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 on Windows")

# Ends the process as kill -9 does at the nth call of a function: before it, after it, or in the middle of a file.
KILLER = """
import importlib, os, signal, sys
from pathlib import Path
module, name, number, when, workspace, video, subtitles = sys.argv[1:]
from mmemo.flow.cutting.cut import cut_episode
from mmemo.progress import run
from mmemo.store.workspace import Workspace
owner = importlib.import_module(module)
*inside, name = name.split(".")
for part in inside:
    owner = getattr(owner, part)
original, calls = getattr(owner, name), []
def die():
    os.kill(os.getpid(), signal.SIGKILL)
def deadly(*arguments, **options):
    calls.append(name)
    if len(calls) < int(number):
        return original(*arguments, **options)
    if when == "in the file":
        Path(arguments[1]).write_bytes(b"PAR1")
    elif when == "after":
        original(*arguments, **options)
    die()
setattr(owner, name, deadly)
run(cut_episode(Workspace(Path(workspace)), Path(video), Path(subtitles)))
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    shots = [
        Shot(1600, (NORA,), voices=("Nora",), view="cafe"),
        Shot(1600, (NORA, THEO), voices=("Theo",), view="cafe"),
    ]
    write_clip(folder / "film.mp4", shots)
    write_srt(folder / "film.srt", [(80, 1520, "<b>Hi</b> <script>alert(1)</script>"), (1680, 3100, "../../etc")])
    return folder / "film.mp4"


@pytest.fixture(scope="module")
def whole(film: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every file of a cut that nothing disturbed."""
    root = tmp_path_factory.mktemp("whole")
    run(cut_episode(Workspace(root), film, None))
    files = content(root)
    assert sum(name.endswith(".jpg") for name in files) >= 6
    assert {Path(name).name for name in files if name.endswith(".parquet")} == {
        f"{table}.parquet" for table in ("cues", "faces", "shots", "qa", "speech")
    }
    return files


def content(root: Path) -> dict[str, bytes]:
    """What is in a workspace but reports, byte for byte; of the account without the seconds and the memory."""
    paths = [path for path in root.rglob("*") if path.is_file() and path.relative_to(root).parts[0] != "reports"]
    files = {str(path.relative_to(root)): path.read_bytes() for path in paths}
    for name in files:
        if name.endswith("account.json"):
            account = json.loads(files[name])
            files[name] = json.dumps({k: v for k, v in account.items() if k not in _MEASURED}).encode()
    return files


def command(film: Path, root: Path) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "pipelines.cut", str(film), "--workspace", str(root)]
    return subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def same_again(film: Path, root: Path, whole: dict[str, bytes]) -> None:
    run(cut_episode(Workspace(root), film, None))
    assert content(root) == whole
    assert list(root.rglob("*.tmp")) == []


@_POSIX
@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "number", "when"),
    [
        ("mmemo.flow.cutting.cut", "cut", 1, "before"),
        ("mmemo.episode.cut_tables", "_save_crop", 1, "before"),
        ("mmemo.episode.cut_tables", "_save_crop", 4, "after"),
        ("pandas", "DataFrame.to_parquet", 1, "in the file"),
        ("pandas", "DataFrame.to_parquet", 2, "in the file"),
        ("pandas", "DataFrame.to_parquet", 5, "in the file"),
        ("mmemo.flow.cutting.cut", "write_json", 1, "after"),
        ("mmemo.store.files", "_move_unless_there", 1, "before"),
        ("mmemo.store.files", "_move_unless_there", 1, "after"),
        ("mmemo.store.workspace", "write_json", 1, "before"),
        ("mmemo.store.workspace", "write_json", 1, "after"),
    ],
)
def test_killed_anywhere_and_run_again_gives_the_same(
    film: Path, whole: dict[str, bytes], tmp_path: Path, module: str, name: str, number: int, when: str
) -> None:
    arguments = [module, name, str(number), when, str(tmp_path), str(film), str(film.with_suffix(".srt"))]
    killed = subprocess.run([sys.executable, "-c", KILLER, *arguments], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    for episode in Workspace(tmp_path).episodes():
        assert Workspace(tmp_path).faces(episode) is not None  # what is listed is whole
    same_again(film, tmp_path, whole)


@_POSIX
@pytest.mark.slow
def test_the_command_killed_at_any_moment(film: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    start = time.monotonic()
    with command(film, tmp_path / "timed") as running:
        assert running.wait() == 0
    taken_s = time.monotonic() - start
    for share in sorted(random.Random(5).uniform(0.3, 1.0) for _ in range(4)):
        with command(film, tmp_path / "w") as running:
            time.sleep(taken_s * share)
            running.kill()
    same_again(film, tmp_path / "w", whole)


@pytest.mark.slow
def test_two_at_once_end_with_the_same_result(film: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    both = [command(film, tmp_path) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert content(tmp_path) == whole
    assert list(tmp_path.rglob("*.tmp")) == []


@_POSIX
@pytest.mark.slow
def test_one_of_two_is_killed_and_the_other_goes_on(film: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    with command(film, tmp_path) as first:
        deadline = time.monotonic() + 120
        while not any(tmp_path.rglob("*.jpg")) and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        second = command(film, tmp_path)
        first.kill()
    errors = second.communicate()[1]
    assert second.returncode == 0, errors
    assert content(tmp_path) == whole
    assert list(tmp_path.rglob("*.tmp")) == []


NAMES = [
    "-rf --workspace.mp4",
    "a'b\"c;$(touch pwned)`id`.mp4",
    "two\nlines\tand \x1b[31mred.mp4",
    "..\\..\\escape.mp4",
    "...mp4",
    "%2e%2e%2fescape.mp4",
    "emoji 😀\u202egpj.mp4",
    "<script>alert(1)</script>.mp4".replace("/", "∕"),
    "x" * 251 + ".mp4",
    "CON.mp4",
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_counter_video(tmp_path_factory.mktemp("plain") / "plain.mp4", 20)


@_POSIX
@pytest.mark.parametrize("name", NAMES)
def test_no_name_escapes_the_workspace(plain: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    video = Path(shutil.copy(plain, folder / name))
    srt = write_srt(tmp_path / "a.srt", [(0, 700, "[../../../escape]")])
    before = set(tmp_path.rglob("*"))
    report = run(cut_episode(Workspace(tmp_path / "w"), video, srt))
    new = set(tmp_path.rglob("*")) - before
    assert all(path.is_relative_to(tmp_path / "w") for path in new)
    assert report.episode_id.isascii()
    assert all(c.isalnum() or c == "-" for c in report.episode_id)
    assert len(report.episode_id) < 64
    assert Workspace(tmp_path / "w").episode(report.episode_id).video == str(video.resolve())


def test_a_path_through_other_folders_stays_inside(plain: Path, tmp_path: Path) -> None:
    srt = write_srt(tmp_path / "a.srt", [(0, 700, "[noise]")])
    around = plain.parent / ".." / plain.parent.name / plain.name
    report = run(cut_episode(Workspace(tmp_path / "w"), around, srt))
    assert report.episode_id == run(cut_episode(Workspace(tmp_path / "w"), plain, srt)).episode_id
    assert [path.name for path in (tmp_path / "w" / "episodes").iterdir()] == [report.episode_id]


@pytest.mark.slow
@_POSIX
def test_a_name_with_a_leading_dash_on_the_command_line(plain: Path, tmp_path: Path) -> None:
    shutil.copy(plain, tmp_path / "-x.mp4")
    write_srt(tmp_path / "-x.srt", [(0, 700, "[noise]")])
    program = [sys.executable, "-m", "pipelines.cut", "--json", "--workspace", "w", "--", "-x.mp4"]
    done = subprocess.run(
        program,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["episode"].startswith("x-")


def test_a_video_that_claims_a_billion_frames_is_refused_and_leaves_nothing(plain: Path, tmp_path: Path) -> None:
    data = bytearray(plain.read_bytes())
    count = data.index(b"stts") + 12
    data[count : count + 4] = (10**9).to_bytes(4, "big")
    length = data.index(b"mdhd") + 20
    data[length : length + 4] = b"\xff\xff\xff\xf0"
    (tmp_path / "a.mp4").write_bytes(bytes(data))
    srt = write_srt(tmp_path / "a.srt", [(0, 700, "Hi")])
    with pytest.raises(InputError, match="claims"):
        run(cut_episode(Workspace(tmp_path / "w"), tmp_path / "a.mp4", srt))
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "fast.mp4"])
def test_cues_in_the_lost_third_of_a_video_are_out_of_it(tmp_path: Path, name: str) -> None:
    video = write_counter_video(tmp_path / "whole.mkv", 300, options={"preset": "fast", "g": "250", "bf": "3"})
    run_ffmpeg("-i", video, "-c", "copy", *(["-movflags", "+faststart"] if name == "fast.mp4" else []), tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
    srt = write_srt(tmp_path / "a.srt", [(100, 1500, "Hello."), (4000, 5000, "Still here."), (10_500, 11_800, "Lost.")])
    report = run(cut_episode(Workspace(tmp_path / "w"), tmp_path / name, srt))
    assert report.cues == {"total": 3, "kept": 0, "dropped": {"out_of_video": 1, "no_face": 2}}
