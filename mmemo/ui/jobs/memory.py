"""Which jobs a page started, kept by the browser's own tab: a page that was reloaded follows them as before.

Each tab of a browser has a store of its own, which ends with it: a colleague, and a second tab, follow nothing of this
one. The numbers only say whose end moves what this page shows; what may be done to a job is asked where it is done.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from mmemo.flow.jobs.kinds import EXPORT
from mmemo.store.files import hash_value
from mmemo.store.jobs import Job
from mmemo.store.workspace import Workspace
from mmemo.ui.jobs.runner import JobRunner

_MOST, _NONE = 50, "none"


def recall_script(workspace: Workspace, inputs: int) -> str:
    """What the tab remembers as the last of so many inputs; nothing where the browser keeps nothing."""
    others = [f"given{n}" for n in range(inputs - 1)]
    read = f"window.sessionStorage.getItem({_key(workspace)})"
    return f"({', '.join([*others, 'known'])}) => {{ try {{ known = {read} ?? ''; }} catch {{}} return [{', '.join([*others, 'known'])}]; }}"


def remember_script(workspace: Workspace) -> str:
    """Keep what is to be remembered; a page that has not been told yet says nothing, which changes nothing."""
    keep = f"window.sessionStorage.setItem({_key(workspace)}, known)"
    return f"(known) => {{ try {{ if (known) {keep}; }} catch {{}} }}"


def _key(workspace: Workspace) -> str:
    """Another workspace at the same address numbers its jobs anew."""
    return json.dumps(f"mmemo-jobs-{hash_value([str(workspace.root.resolve())])}")


def written(jobs: JobRunner, mine: Collection[int]) -> str:
    """What the tab is to remember: the jobs that may still make something, "3,7", or "none"."""
    return ",".join(str(job.job_id) for job in _known(jobs, mine) if job.state != "done") or _NONE


def read(known: object) -> tuple[int, ...]:
    """The numbers that a tab remembers; what is no number is left out."""
    parts = str(known or "").split(",")[-_MOST:]
    return tuple(int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 16)


def made_meanwhile(jobs: JobRunner, mine: Collection[int]) -> Job | None:
    """Of the jobs that a tab remembers the one that made a run last, while no page looked; None for none."""
    done = [job for job in _known(jobs, mine) if moves(job)]
    return max(done, key=lambda job: job.finished_ms or 0, default=None)


def moves(job: Job | None) -> bool:
    """Whether the end of a job is a reason to show what it made: an export makes a file of what is shown already."""
    return job is not None and job.state == "done" and bool(job.result) and job.kind != EXPORT


def _known(jobs: JobRunner, mine: Collection[int]) -> Sequence[Job]:
    return [job for number in dict.fromkeys(mine) if (job := jobs.view(number)) is not None]
