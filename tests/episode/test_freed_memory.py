from __future__ import annotations

import subprocess
import sys

import pytest

from mmemo.settings import REPOSITORY


def _printed(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    if not run.stdout:
        pytest.skip("this C library has no such wish")
    return run.stdout


def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    code = """
import resource, numpy
from mmemo.episode.freed_memory import keep_freed_memory
if keep_freed_memory():
    numpy.ones(1 << 22, numpy.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        numpy.ones(1 << 22, numpy.uint8)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    # Every time anew these would be 1024 pages of 4 KB, 50 times.
    assert int(_printed(code)) < 2 * 1024


def test_holes_between_what_is_in_use_go_back_to_the_system() -> None:
    code = """
import numpy
from mmemo.episode.freed_memory import give_back_freed_memory, keep_freed_memory
def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
if keep_freed_memory():
    every = [numpy.ones(1 << 18, numpy.uint8) for _ in range(400)]
    used = every[::2]
    del every
    before = resident_mb()
    if give_back_freed_memory():
        print(round(before - resident_mb()), all(array.all() for array in used))
"""
    freed_mb, intact = _printed(code).split()
    assert int(freed_mb) > 40 and intact == "True"
