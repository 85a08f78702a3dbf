"""Work off the jobs that the app was asked for: `python -m pipelines.worker`. The app starts it by itself."""

from __future__ import annotations

import logging
import os
from typing import Annotated

import typer

from mmemo.flow.jobs.worker import IDLE_S, work_off
from mmemo.store.files import to_json
from mmemo.store.workspace import Workspace
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, say

# The app must stay quick while a job takes all cores that are free.
_NICER = 5


def worker(
    idle: Annotated[float, typer.Option("--idle", min=0.0, help="End after so many seconds without a job.")] = IDLE_S,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Do the jobs that wait in a workspace, one after the other, and those that come meanwhile.

    There is one worker a workspace: a second one ends at once. A job whose worker is killed can be resumed in the
    app; what was finished is not done again. A job that does not stop within half a minute of Cancel hangs: the worker
    ends with it, and the app starts another for those that wait.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    if hasattr(os, "nice"):
        os.nice(_NICER)
    count = work_off(Workspace(workspace.resolve()), idle_s=idle)
    say(f"{count} job{'' if count == 1 else 's'} done")
    if as_json:
        print(to_json({"jobs": count}))


if __name__ == "__main__":
    main(worker)
