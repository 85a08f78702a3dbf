"""Processor time of the app and of the browsers, and how busy the machine is, as Linux counts them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Load:
    """What was used until `at`, in seconds; None where there is no /proc.

    server_s: by the app and what it started. others_s: by everything else that this process started, so the browsers.
    ticks: busy ones and all of the machine's cores.
    """

    at: float
    server_s: float | None = None
    others_s: float | None = None
    ticks: tuple[int, int] | None = None


def load_now(server: int) -> Load:
    """The load until now; `server` is the number of the app's process."""
    at = time.perf_counter()
    try:
        parents, used_s = _processes()
        ticks = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError, AttributeError):
        return Load(at)
    app = _below(server, parents)
    others = _below(os.getpid(), parents) - app - {os.getpid()}
    server_s, others_s = (sum(used_s.get(number, 0.0) for number in group) for group in (app, others))
    return Load(at, server_s, others_s, (sum(ticks) - ticks[3] - ticks[4], sum(ticks)))


def load_between(before: Load, after: Load, presses: int) -> dict[str, Any]:
    """Figures for a row of a table; without those that are unknown."""
    wall_s, row = after.at - before.at, dict[str, Any]()
    for name, then, now in (
        ("server", before.server_s, after.server_s),
        ("browsers", before.others_s, after.others_s),
    ):
        if then is not None and now is not None:
            row |= {f"{name}_cpu_s": round(now - then, 1), f"{name}_cores": round((now - then) / wall_s, 2)}
            row[f"{name}_cpu_ms_a_press"] = round(1000 * (now - then) / max(1, presses), 1)
    if before.ticks is not None and after.ticks is not None:
        busy, total = (now - then for now, then in zip(after.ticks, before.ticks, strict=True))
        row |= {"cores": os.cpu_count(), "machine_busy_share": round(busy / max(1, total), 2)}
    return row


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """{process: its parent} and {process: seconds of processor} of all that run."""
    parents, used_s, tick = {}, {}, os.sysconf("SC_CLK_TCK")
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        number = int(path.parent.name)
        parents[number] = int(fields[1])
        used_s[number] = (int(fields[11]) + int(fields[12])) / tick
    return parents, used_s


def _below(root: int, parents: dict[int, int]) -> set[int]:
    """A process and all that it started, also at second hand."""
    found, new = {root}, {root}
    while new:
        new = {number for number, parent in parents.items() if parent in new} - found
        found |= new
    return found
