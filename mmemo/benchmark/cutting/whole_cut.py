"""The whole command in a process of its own: seconds, peak memory, and what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any

from mmemo.errors import InputError
from mmemo.settings import REPOSITORY

_LOOK_EVERY_S = 0.25
_FEWEST_SAMPLES = 40


@dataclass(frozen=True, slots=True)
class WholeCut:
    """Wall-clock seconds from start to exit, processor seconds, peak memory in MB, and the command's JSON.

    `rss_mb` is the resident memory four times a second; empty where the system does not tell.
    """

    wall_s: float
    cpu_s: float
    peak_rss_mb: float
    report: dict[str, Any]
    rss_mb: Sequence[float] = ()

    def growth_mb(self) -> float | None:
        """How much more memory the middle of the last quarter had than that of the second, without start and end.

        Medians of a tenth of the samples each: single peaks come and go with what else the machine does, and differ by
        a hundred MB from run to run. None with fewer than 40 samples.
        """
        count = len(self.rss_mb)
        if count < _FEWEST_SAMPLES:
            return None
        early, late = (median(self.rss_mb[count * a // 1000 : count * b // 1000]) for a, b in ((325, 425), (825, 925)))
        return late - early


def run_whole_cut(video: Path, subtitles: Path, workspace: Path) -> WholeCut:
    """Run `python -m pipelines.cut` on an empty workspace; the timing of the subtitle is told, not changed."""
    command = [sys.executable, "-m", "pipelines.cut", str(video.resolve()), str(subtitles.resolve())]
    command += ["--workspace", str(workspace.resolve()), "--sync", "report", "--json"]
    cpu_before = _children_cpu_s()
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = _PeakMemory(process.pid)
    try:
        output, errors = process.communicate()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        peak.stop()
    wall_s = time.perf_counter() - start
    if process.returncode != 0:
        raise InputError(f"the cut of {video} failed: {errors.strip().splitlines()[-1:]}", hint="run it by itself")
    report = json.loads(output.splitlines()[-1])
    cpu_s, peak_mb = _children_cpu_s() - cpu_before, peak.mb or report["peak_rss_mb"] or 0.0
    return WholeCut(wall_s, cpu_s, peak_mb, report, peak.rss_mb)


class _PeakMemory:
    """The resident memory of another process over time, and the largest.

    The kernel's own count of a child (ru_maxrss) starts with that of its parent, so /proc is asked where there is one.
    """

    def __init__(self, pid: int) -> None:
        self.mb = 0.0
        self.rss_mb: list[float] = []
        self._status = Path(f"/proc/{pid}/status")
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            for line in lines:
                if line.startswith("VmHWM:"):
                    self.mb = max(self.mb, int(line.split()[1]) / 1024)
                elif line.startswith("VmRSS:"):
                    self.rss_mb.append(int(line.split()[1]) / 1024)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def _children_cpu_s() -> float:
    try:
        import resource
    except ImportError:
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
