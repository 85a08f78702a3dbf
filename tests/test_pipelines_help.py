"""Every command says what it does, quickly, and refuses a file that is not there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmemo.settings import REPOSITORY

COMMANDS = sorted(path.stem for path in (REPOSITORY / "pipelines").glob("[!_]*.py"))
CONTRACT = ("cut", "label", "train", "evaluate", "adapt", "predict", "simulate")
HEAVY = ("torch", "transformers", "gradio", "moviepy", "matplotlib", "timm", "open_clip", "facenet_pytorch")


def call(name: str, *arguments: str, folder: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    code = f"import sys, runpy; sys.path.insert(0, {str(REPOSITORY)!r}); runpy.run_module('pipelines.{name}', run_name='__main__', alter_sys=True)"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_the_contract_is_there():
    assert set(CONTRACT) <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help(name: str):
    started = time.monotonic()
    done = call(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout
    assert time.monotonic() - started < 20
    if name in CONTRACT:
        assert "--json" in done.stdout
        assert "--workspace" in done.stdout


@pytest.mark.parametrize("name", CONTRACT)
def test_help_loads_nothing_heavy(name: str):
    """A name that stays out of sys.modules cannot slow the start down."""
    code = (
        "import runpy, sys, json\n"
        "sys.argv = [sys.argv[0], '--help']\n"
        "try:\n"
        f"    runpy.run_module('pipelines.{name}', run_name='__main__')\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_wrong_input(name: str, tmp_path: Path):
    done = call(name, "--no-such-option", folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("cut", ["missing.mp4"]),
        ("cut", ["missing.mp4", "missing.srt"]),
        ("adapt", ["missing.mp4", "missing.srt"]),
        ("predict", ["missing.png"]),
        ("simulate", ["missing-faces", "missing-lines.csv", "out"]),
    ],
)
def test_a_missing_file_is_wrong_input(name: str, arguments: list[str], tmp_path: Path):
    done = call(name, *arguments, "--json", folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "missing" in done.stderr
    assert done.stdout == ""
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["label", "train", "evaluate"])
def test_an_empty_workspace_is_wrong_input(name: str, tmp_path: Path):
    done = call(name, "--json", folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr
