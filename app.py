"""Start the app: compose it, serve it, and warm it up; everything else lives in mmemo/ui."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from mmemo.settings import SAMPLE, keep_caches_inside, read_environment
from mmemo.store.workspace import Workspace


def main() -> None:
    """Serve until interrupted."""
    given = arguments()
    workspace = Workspace(given.workspace.resolve())
    keep_caches_inside(workspace.root)  # before gradio is imported

    from mmemo.ui.context import AppContext
    from mmemo.ui.jobs import JobRunner
    from mmemo.ui.page import build_page, serve
    from mmemo.ui.sample import install_sample
    from mmemo.ui.work import warm_up

    if given.sample:
        install_sample(workspace, SAMPLE / "adapted")
    context = AppContext(workspace, workspace.labels(), JobRunner(workspace), given.media)
    page = build_page(context)
    context.jobs.keep()
    print(f"mmemo is ready at {serve(page, context, given.host, given.port)}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # an ordinary end; jobs go on in their own process
    threading.Thread(target=warm_up, name="mmemo-warm-up", daemon=True).start()
    try:
        page.block_thread()
    finally:
        context.jobs.close()
        context.labels.close()


def arguments() -> argparse.Namespace:
    """The command line; the environment gives the defaults."""
    env = read_environment()
    parser = argparse.ArgumentParser(description="Serve the mmemo app.")
    add = parser.add_argument
    add("--workspace", type=Path, default=env.workspace, help="folder for everything that is kept")
    add("--host", default=env.host, help="address to listen on")
    add("--port", type=int, default=env.port, help="port to listen on")
    add("--sample", action=argparse.BooleanOptionalAction, default=True, help="show the sample in an empty workspace")
    add("--media", type=Path, help="folder of this machine whose videos and subtitles the app may use; off by default")
    given = parser.parse_args()
    if given.media is not None and not given.media.is_dir():
        parser.error(f"--media: {given.media} is no folder")
    return given


if __name__ == "__main__":
    main()
