"""The tests: install what they need, then run every gate; pytest's own summary is the last line.

python3 scripts/test.py [ARGUMENTS OF PYTEST]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from _setup import DEV_LOCK, ROOT, end_with, ready_python, say

CHROMIUM = Path("/usr/bin/chromium")


def main() -> int:
    """Exit status of scripts/check: 0 when every gate holds."""
    python = ready_python(DEV_LOCK)
    if not CHROMIUM.exists():
        install_chromium()
    return subprocess.run([python, ROOT / "scripts" / "check", *sys.argv[1:]], cwd=ROOT).returncode


def install_chromium() -> None:
    """Debian's Chromium through apt, where that can be had; otherwise one line says what is left out."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        say(f"No {CHROMIUM}, and no apt-get with root rights to get it: browser tests are skipped")
        return
    say("Installing Chromium for the browser tests")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    steps = ([apt, "update", "-qq"], [apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"])
    for step in steps:
        done = subprocess.run(step, env=quiet, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0 or not CHROMIUM.exists():
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        say(f"Chromium could not be installed ({said}): browser tests are skipped")


if __name__ == "__main__":
    end_with(main)
