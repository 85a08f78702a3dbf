"""Make .venv and install a lock file into it, once; standard library only, so any Python 3.10+ can run it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"  # holds every pin of the runtime lock, too

_OLDEST_PYTHON = (3, 10)
_GIB = 1 << 30
_HEARTBEAT_S = 20
_ERROR_LINES = 12


def ready_python(lock: Path) -> Path:
    """The interpreter of a .venv in which the lock file is installed; ends the program with one sentence on failure.

    A stamp in .venv holds the hash of what is installed, so a second run does nothing.
    """
    if sys.version_info < _OLDEST_PYTHON:
        stop(f"Python {platform.python_version()} is too old", "run this with Python 3.11 or newer")
    if not _venv_works():
        _need_disk(_wanted_gib())
        _make_venv()
    if not _is_installed(lock):
        _install(lock)
        for installed in (DEV_LOCK, RUNTIME_LOCK) if lock == DEV_LOCK else (lock,):
            _stamp(installed).write_text(_hash(installed), encoding="utf-8")
    return venv_python()


def venv_python() -> Path:
    """Path of the interpreter in .venv."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def say(message: str) -> None:
    """One line for the person at the terminal, at once."""
    print(f"==> {message}", file=sys.stderr, flush=True)


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run a script to its exit status; Ctrl-C ends it with one sentence."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("Stopped. Start it again and it goes on from what is there")
        sys.exit(130)


def stop(what: str, hint: str) -> NoReturn:
    """End with one sentence: what is wrong, and what to do."""
    print(f"error: {what} ({hint})", file=sys.stderr, flush=True)
    raise SystemExit(2)


def _hash(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _stamp(lock: Path) -> Path:
    return VENV / f"{lock.name}.installed"


def _is_installed(lock: Path) -> bool:
    stamp = _stamp(lock)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _hash(lock)


def _venv_works() -> bool:
    """False when there is none, or when the Python that it was made from is gone."""
    try:
        return subprocess.run([venv_python(), "-c", "pass"], capture_output=True).returncode == 0
    except OSError:
        return False


def _wanted_gib() -> int:
    """What a first installation needs: torch brings CUDA on Linux, and pip unpacks beside its downloads."""
    return 11 if sys.platform == "linux" else 4


def _need_disk(wanted_gib: int) -> None:
    free_gib = shutil.disk_usage(ROOT).free / _GIB
    if free_gib < wanted_gib:
        stop(
            f"the packages need {wanted_gib} GB of disk while they are installed, and {ROOT} has {free_gib:.1f} GB free",
            "free some space and run the same command again",
        )


def _make_venv() -> None:
    if importlib.util.find_spec("venv") is None:
        stop("this Python has no venv module", "on Debian and Ubuntu: apt-get install python3-venv")
    with_pip = importlib.util.find_spec("ensurepip") is not None
    if not with_pip and importlib.util.find_spec("pip") is None:
        stop("this Python has neither ensurepip nor pip", "on Debian and Ubuntu: apt-get install python3-venv")
    say(f"Making {VENV} with Python {platform.python_version()}")
    command = [sys.executable, "-m", "venv", "--clear", *([] if with_pip else ["--without-pip"]), str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        stop(f"{VENV} could not be made: {_last_line(made)}", "on Debian and Ubuntu: apt-get install python3-venv")


def _last_line(finished: subprocess.CompletedProcess[str]) -> str:
    lines = (finished.stderr + finished.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit status {finished.returncode}"


def _install(lock: Path) -> None:
    size = "about 7 GB on disk" if sys.platform == "linux" else "about 2 GB on disk"
    say(f"Installing the packages of {lock.name}: {size}, 1-5 minutes the first time")
    started = time.monotonic()
    log = VENV / "install.log"
    downloads = VENV / "tmp"  # /tmp may be a small memory disk
    downloads.mkdir(exist_ok=True)
    try:
        status = _run_quietly([*_pip(), "install", "-r", str(lock)], log, downloads)
    finally:
        shutil.rmtree(downloads, ignore_errors=True)
    if status != 0:
        for line in _errors(log):
            print(f"    {line}", file=sys.stderr)
        stop(
            f"pip could not install {lock.name}; all that it said is in {log}",
            "check the network, the disk and the lines above, then run the same command again",
        )
    say(f"Installed in {time.monotonic() - started:.0f} s")


def _pip() -> list[str]:
    """Pip of the .venv or, where Python came without ensurepip, the pip that is there."""
    own = subprocess.run([venv_python(), "-m", "pip", "--version"], capture_output=True)
    if own.returncode == 0:
        return [str(venv_python()), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(venv_python())]


def _run_quietly(command: list[str], log: Path, temporary: Path) -> int:
    """Exit status of pip, whose output goes to the log; a sign of life every 20 s."""
    surroundings = os.environ | {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "TMPDIR": str(temporary),
    }
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=surroundings, cwd=ROOT)
        try:
            while True:
                try:
                    return process.wait(_HEARTBEAT_S)
                except subprocess.TimeoutExpired:
                    say(f"  still installing, {time.monotonic() - started:.0f} s")
        except BaseException:
            process.terminate()
            process.wait()
            raise


def _errors(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if line.lower().startswith("error")][:_ERROR_LINES] or lines[-_ERROR_LINES:]
