"""How far a job is and how fast it goes, told from what its stage reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from mmemo.progress import Progress
from mmemo.store.jobs import JobProgress, JobStep

# What a step counts, by the first word of its name; a step that is not here counts for itself.
UNITS: Mapping[str, str] = {
    "cut": "lines",
    "label": "lines",
    "sync": "s of sound",
    "transcribe": "s of sound",
    "characters": "faces",
    "read faces": "faces",
    "judge faces": "faces",
    "train": "rounds",
}
# A rate from less than this is a guess.
_SHORTEST_S = 0.5
_MOST_STEPS = 200


class JobMeter:
    """Takes reports in and gives the progress of the whole job. Not safe for several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steps: list[JobStep] = []
        self._began, self._first_done = clock(), 0

    def move_to(self, report: Progress) -> None:
        """Take in one report; another name begins another step, and so does the same name with a lower count.

        The next episode has steps of the same names.
        """
        now = self._clock()
        last = self._steps[-1] if self._steps else None
        if last is None or last.stage != report.stage or report.done < last.done:
            # A step that begins above 0 goes on from work that was done before: that is no speed.
            self._began, self._first_done = now, report.done
            self._steps = [*self._steps[1 - _MOST_STEPS :], JobStep(report.stage, 0, 0, 0.0)]
        self._steps[-1] = JobStep(report.stage, report.done, report.total, now - self._began, report.note)

    def progress(self) -> JobProgress:
        """Where the job is now."""
        if not self._steps:
            return JobProgress()
        step = replace(self._steps[-1], seconds=round(self._clock() - self._began, 2))
        unit = UNITS.get(step.stage.split(":")[0], "")
        done = step.done - self._first_done
        if done <= 0 or step.seconds < _SHORTEST_S:
            return JobProgress((*self._steps[:-1], step), unit)
        rate = done / step.seconds
        left = (step.total - step.done) / rate if step.total > 0 else None
        return JobProgress((*self._steps[:-1], step), unit, rate, left)
