"""How busy app, browsers and machine were: figures that add up, and none where nothing is known."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mmemo.benchmark.labelling.load import Load, load_between, load_now

BUSY = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\nprint(flush=True)\ninput()"


@pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="there is no /proc")  # noqa: PTH110
def test_what_a_process_uses_counts_for_it_alone():
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        as_server, as_other = load_now(child.pid), load_now(1 << 30)
        child.stdin.close()
    assert as_server.server_s is not None and as_server.server_s >= 0.3
    assert as_other.server_s == 0 and as_other.others_s is not None and as_server.others_s is not None
    # What earlier tests started may still run beside it.
    assert as_other.others_s - as_server.others_s >= 0.28
    assert as_server.ticks is not None and 0 < as_server.ticks[0] < as_server.ticks[1]


def test_figures_of_a_row():
    row = load_between(Load(10, 1, 5, (100, 1000)), Load(20, 3, 13, (250, 1200)), 40)
    assert (row["server_cpu_s"], row["server_cores"], row["server_cpu_ms_a_press"]) == (2, 0.2, 50)
    assert (row["browsers_cpu_s"], row["browsers_cores"], row["browsers_cpu_ms_a_press"]) == (8, 0.8, 200)
    assert row["machine_busy_share"] == 0.75


def test_nothing_is_said_of_what_is_unknown():
    assert load_between(Load(0), Load(1), 0) == {}
