"""The main job on the bundled sample: install, adapt, compare, report, and serve the app with the result open.

python3 scripts/demo.py [--port 7860] [--no-serve] [--open-browser] [--workspace DIR]
"""

from __future__ import annotations

import argparse
import errno
import os
import socket
import subprocess
import threading
import time
import webbrowser
from pathlib import Path

from _setup import ROOT, RUNTIME_LOCK, end_with, ready_python, say, stop

HOST = "127.0.0.1"
SAMPLE = ROOT / "assets" / "sample"
_PORTS_TO_TRY = 20
_START_S = 90


def main() -> int:
    """Exit status of the last step."""
    given = arguments()
    workspace = given.workspace.resolve()
    python = ready_python(RUNTIME_LOCK)
    os.chdir(ROOT)
    say("Adapting to the sample episode (drawn, five minutes long): cut, label, train, compare")
    sample = [str(SAMPLE / "episode.mp4"), str(SAMPLE / "episode.srt"), "--gold", str(SAMPLE / "gold.csv")]
    adapted = subprocess.run([python, "-m", "pipelines.adapt", *sample, "--workspace", str(workspace)])
    if adapted.returncode != 0 or given.no_serve:
        return adapted.returncode
    return serve(python, workspace, free_port(given.port), given.open_browser)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=7860, help="port to serve the app on; the next free one is taken")
    parser.add_argument("--no-serve", action="store_true", help="stop after the table and the report")
    parser.add_argument("--open-browser", action="store_true", help="show the app in your browser")
    parser.add_argument("--workspace", type=Path, default=ROOT / "workspace", help="folder for everything that is kept")
    return parser.parse_args()


def free_port(wanted: int) -> int:
    """The wanted port, or the next one that is free."""
    for port in range(wanted, min(wanted + _PORTS_TO_TRY, 65536)):
        with socket.socket() as probe:
            if os.name != "nt":  # as servers do: a port that was just closed may be taken again
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                if error.errno == errno.EACCES:
                    stop(f"port {port} is not yours to use", "choose one over 1024 with --port")
                continue
        if port != wanted:
            say(f"Port {wanted} is taken, using {port}")
        return port
    stop(f"no free port from {wanted} on", "choose another with --port")


def serve(python: Path, workspace: Path, port: int, open_browser: bool) -> int:
    """Run the app until Ctrl-C."""
    url = f"http://{HOST}:{port}"
    say(f"Starting the app at {url} (Ctrl-C ends it)")
    command = [python, "app.py", "--workspace", str(workspace), "--host", HOST, "--port", str(port)]
    app = subprocess.Popen(command)
    if open_browser:
        threading.Thread(target=open_when_up, args=(url, port), daemon=True).start()
    try:
        return app.wait()
    except KeyboardInterrupt:
        app.terminate()
        app.wait()
        return 0


def open_when_up(url: str, port: int) -> None:
    """Show the app as soon as it answers."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.5)
            continue
        webbrowser.open(url)
        return


if __name__ == "__main__":
    end_with(main)
