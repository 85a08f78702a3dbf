"""What all commands share: exit codes, one clear sentence on stderr, JSON alone on stdout, the bar."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mmemo.progress import Progress, Stage
from mmemo.settings import REPOSITORY
from pipelines._command import run_with_bar, say

SCRIPT = """
from __future__ import annotations
from pathlib import Path
from mmemo.errors import InputError, StorageError
from mmemo.progress import Progress
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say

def stage(steps):
    for step in range(steps):
        yield Progress("count", step + 1, steps, "a note")
    return steps

def command(ending: str, workspace: WorkspaceOption = DEFAULT_WORKSPACE, json: JsonOption = False) -> None:
    say("to the person")
    if ending == "input":
        raise InputError("a.mp4 is no video", hint="give an .mp4")
    if ending == "disk":
        raise StorageError("the disk is full")
    if ending == "key":
        raise KeyboardInterrupt
    if ending == "bug":
        raise RuntimeError("a bug")
    if ending == "caches":
        import os
        print(os.environ["MPLCONFIGDIR"])
        return
    print('{"steps": %d}' % run_with_bar(stage(3)))

if __name__ == "__main__":
    main(command)
"""


@pytest.fixture
def run(tmp_path: Path):
    script = tmp_path / "command.py"
    script.write_text(textwrap.dedent(SCRIPT), encoding="utf-8")

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = f"import sys, runpy; sys.path.insert(0, {str(REPOSITORY)!r}); runpy.run_path({str(script)!r}, run_name='__main__')"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, cwd=tmp_path
        )

    return call


def test_done(run):
    result = run("well", "--json")
    assert result.returncode == 0
    assert result.stdout == '{"steps": 3}\n'
    assert "to the person" in result.stderr
    assert "a note" in result.stderr


@pytest.mark.parametrize(
    ("ending", "code", "words"),
    [
        ("input", 2, "error: a.mp4 is no video (give an .mp4)\n"),
        ("disk", 2, "error: the disk is full\n"),
        ("key", 130, "cancelled"),
        ("bug", 1, "RuntimeError: a bug"),
    ],
)
def test_endings(run, ending: str, code: int, words: str):
    result = run(ending)
    assert result.returncode == code
    assert words in result.stderr
    assert result.stdout == ""
    assert ("Traceback" in result.stderr) == (ending == "bug")


@pytest.mark.parametrize("arguments", [(), ("well", "more"), ("well", "--no-such-option")])
def test_wrong_usage_is_wrong_input(run, arguments: tuple[str, ...]):
    result = run(*arguments)
    assert result.returncode == 2
    assert "Usage" in result.stderr
    assert "Traceback" not in result.stderr


def test_caches_follow_the_workspace(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MPLCONFIGDIR")
    result = run("caches", "--workspace", str(tmp_path / "w"))
    assert Path(result.stdout.strip()).is_relative_to(tmp_path / "w")


def stage(closed: list[bool]) -> Stage[str]:
    try:
        yield Progress("read", 0, 2)
        yield Progress("read", 2, 2)
        yield Progress("write", 1, 0, "unknown total")
        return "result"
    finally:
        closed.append(True)


def test_the_bar_names_every_stage_and_gives_the_result(capsys: pytest.CaptureFixture[str]):
    closed: list[bool] = []
    assert run_with_bar(stage(closed)) == "result"
    out, err = capsys.readouterr()
    assert out == ""
    assert "read" in err
    assert "unknown total" in err
    assert closed == [True]


def test_a_failing_stage_is_closed():
    def failing() -> Stage[None]:
        yield Progress("read", 0, 2)
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        run_with_bar(failing())


def test_say_goes_to_stderr(capsys: pytest.CaptureFixture[str]):
    say("hello")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "hello\n")


def test_a_file_name_that_is_no_text_can_be_printed():
    code = "import os; from pipelines._command import main; main(lambda: print(os.fsdecode(b'caf\\xe9.mp4')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, cwd=REPOSITORY)
    assert (done.returncode, done.stdout.strip()) == (0, b"caf\\udce9.mp4"), done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there a process is ended without being asked")
def test_an_ended_command_takes_its_half_written_files_along(tmp_path):
    code = """
import sys, time
from pathlib import Path
from mmemo.store.files import publish_folder
from pipelines._command import main

def command(folder: Path) -> None:
    with publish_folder(folder / "cut-1") as temporary:
        (temporary / "a").write_text("half")
        print("ready", flush=True)
        time.sleep(60)

main(command)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(timeout=30) == 143
    assert list(tmp_path.iterdir()) == []
