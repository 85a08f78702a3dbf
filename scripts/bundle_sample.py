"""Adapt to the sample episode and store the result in assets/sample/adapted/, which a new app shows at once.

Run it with the project's Python when the cut, the models, the recipe or the sample have changed:

    .venv/bin/python scripts/bundle_sample.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mmemo.settings import SAMPLE  # noqa: E402
from mmemo.store.workspace import Workspace  # noqa: E402

# Features are computed again in seconds when somebody retrains; they would be half of the bundle.
LEFT_OUT = ("features-*", "*.db*", "tmp", "cache", "*.tmp")


def main() -> None:
    """Make the bundle anew, in place of the old one."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "workspace"
        files = [str(SAMPLE / "episode.mp4"), str(SAMPLE / "episode.srt"), "--gold", str(SAMPLE / "gold.csv")]
        subprocess.run(
            [sys.executable, "-m", "pipelines.adapt", *files, "--workspace", str(place)], cwd=ROOT, check=True
        )
        workspace = Workspace(place)
        for episode in workspace.episodes():
            # Names only: the app that installs the bundle knows where the sample lies.
            workspace.save_episode(
                replace(episode, video=Path(episode.video).name, subtitles=Path(episode.subtitles).name)
            )
        bundled = SAMPLE / "adapted"
        shutil.rmtree(bundled, ignore_errors=True)
        shutil.copytree(place, bundled, ignore=shutil.ignore_patterns(*LEFT_OUT))
    size_mb = sum(path.stat().st_size for path in bundled.rglob("*") if path.is_file()) / 1e6
    print(f"{bundled.relative_to(ROOT)}: {size_mb:.1f} MB")


if __name__ == "__main__":
    main()
