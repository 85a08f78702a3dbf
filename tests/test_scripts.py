"""The two commands' own set-up: a .venv once, errors in one sentence, a free port, every gate counted."""

from __future__ import annotations

import importlib.util
import runpy
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from mmemo.settings import REPOSITORY

SCRIPTS = REPOSITORY / "scripts"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The set-up module, working in a scratch folder with two empty lock files."""
    module = load("_setup")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    for name, file in (("RUNTIME_LOCK", "requirements.lock"), ("DEV_LOCK", "requirements-dev.lock")):
        (tmp_path / file).write_text("# nothing\n", encoding="utf-8")
        monkeypatch.setattr(module, name, tmp_path / file)
    yield module
    del sys.modules["_setup"]


@pytest.fixture
def demo(setup: ModuleType) -> ModuleType:
    return load("demo")


@pytest.fixture
def check() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(SCRIPTS / "check")))


@pytest.mark.slow
def test_an_environment_is_made_once(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    python = setup.ready_python(setup.DEV_LOCK)
    assert subprocess.run([python, "-c", "import sys; assert sys.prefix != sys.base_prefix"]).returncode == 0
    assert "Installing" in capsys.readouterr().err
    assert not (setup.VENV / "tmp").exists()
    monkeypatch.setattr(setup, "_install", lambda lock: pytest.fail("it is installed already"))
    assert setup.ready_python(setup.DEV_LOCK) == python
    assert setup.ready_python(setup.RUNTIME_LOCK) == python  # the dev lock holds every pin of the runtime lock
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_changed_lock_is_installed_again(setup: ModuleType, monkeypatch: pytest.MonkeyPatch):
    setup.ready_python(setup.RUNTIME_LOCK)
    installed: list[Path] = []
    monkeypatch.setattr(setup, "_install", installed.append)
    setup.RUNTIME_LOCK.write_text("# something else\n", encoding="utf-8")
    setup.ready_python(setup.RUNTIME_LOCK)
    assert installed == [setup.RUNTIME_LOCK]


@pytest.mark.slow
def test_a_failed_installation_shows_its_errors_and_is_tried_again(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    setup.RUNTIME_LOCK.write_text("no-such-package-anywhere==1.0\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        setup.ready_python(setup.RUNTIME_LOCK)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "no-such-package-anywhere" in said
    assert "error: pip could not install requirements.lock" in said
    assert "no-such-package-anywhere" in (setup.VENV / "install.log").read_text(encoding="utf-8")
    assert not setup._is_installed(setup.RUNTIME_LOCK)


def test_a_broken_environment_does_not_count(setup: ModuleType):
    assert not setup._venv_works()
    setup.venv_python().parent.mkdir(parents=True)
    setup.venv_python().write_text("no program", encoding="utf-8")
    assert not setup._venv_works()


def test_an_old_python_is_refused(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 1))
    with pytest.raises(SystemExit):
        setup.ready_python(setup.RUNTIME_LOCK)
    assert "too old (run this with Python 3.11 or newer)" in capsys.readouterr().err


def test_ctrl_c_ends_a_script_with_one_sentence(setup: ModuleType, capfd: pytest.CaptureFixture[str]):
    def interrupted() -> int:
        raise KeyboardInterrupt

    for main, status in ((interrupted, 130), (lambda: 3, 3)):
        with pytest.raises(SystemExit) as ended:
            setup.end_with(main)
        assert ended.value.code == status
    said = capfd.readouterr()
    assert (said.out + said.err).count("Stopped") == 1


def test_a_full_disk_is_told_before_anything_is_made(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda path: SimpleNamespace(free=1 << 30))
    with pytest.raises(SystemExit):
        setup.ready_python(setup.RUNTIME_LOCK)
    assert "1.0 GB free" in capsys.readouterr().err
    assert not setup.VENV.exists()


@pytest.mark.parametrize("missing", [{"venv"}, {"ensurepip", "pip"}])
def test_a_python_without_venv_or_pip_says_what_to_install(
    setup: ModuleType, missing: set[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None if name in missing else object())
    with pytest.raises(SystemExit):
        setup._make_venv()
    assert "apt-get install python3-venv" in capsys.readouterr().err


def test_the_wanted_port_or_the_next_free_one(demo: ModuleType, capsys: pytest.CaptureFixture[str]):
    with socket.create_server((demo.HOST, 0)) as server:
        taken = server.getsockname()[1]
        assert demo.free_port(taken) > taken
    assert f"Port {taken} is taken" in capsys.readouterr().err


def test_no_free_port_is_told(demo: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(demo, "_PORTS_TO_TRY", 0)
    with pytest.raises(SystemExit):
        demo.free_port(7860)
    assert "--port" in capsys.readouterr().err


def test_the_demo_stops_when_adapting_fails(demo: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        commands.append([str(part) for part in command])
        return SimpleNamespace(returncode=2)

    monkeypatch.setattr(demo, "ready_python", lambda lock: tmp_path / "python")
    monkeypatch.setattr(demo.subprocess, "run", run)
    monkeypatch.setattr(sys, "argv", ["demo.py", "--workspace", str(tmp_path / "w")])
    monkeypatch.chdir(tmp_path)
    assert demo.main() == 2
    assert commands[0][1:3] == ["-m", "pipelines.adapt"]
    assert commands[0][-2:] == ["--workspace", str(tmp_path / "w")]


def test_without_apt_browser_tests_are_left_out_aloud(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    script = load("test")
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    script.install_chromium()
    assert "browser tests are skipped" in capsys.readouterr().err
    del sys.modules["test"]


def test_a_failed_gate_fails_the_check(
    check: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    assert check._holds("holds", ["-c", "print('quiet')"])
    assert not check._holds("broken", ["-c", "print('what is wrong'); raise SystemExit(1)"])
    said = capfd.readouterr().err
    assert "FAILED broken" in said
    assert "what is wrong" in said
    assert "quiet" not in said


def test_what_is_given_goes_to_pytest(check: SimpleNamespace):
    assert "--durations=10" in check._pytest_arguments([])
    assert check._pytest_arguments(["-n", "0", "tests/store"]) == ["-n", "0", "tests/store"]


def test_ci_runs_the_test_command():
    lines = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert any("python3 scripts/test.py" in line for line in lines)
