"""The one place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ASSETS = REPOSITORY / "assets"
MODELS = ASSETS / "models"
SAMPLE = ASSETS / "sample"


@dataclass(frozen=True, slots=True)
class Environment:
    """What the surroundings decide: where the workspace is, where to listen, how many threads."""

    workspace: Path
    host: str
    port: int
    threads: int


def read_environment() -> Environment:
    """Read MMEMO_WORKSPACE, MMEMO_HOST, MMEMO_PORT and MMEMO_THREADS, with their defaults.

    On Hugging Face Spaces (SPACE_ID is set) the default is to listen on every interface.
    """
    return Environment(
        workspace=Path(os.environ.get("MMEMO_WORKSPACE", "workspace")),
        host=os.environ.get("MMEMO_HOST", "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"),
        port=int(os.environ.get("MMEMO_PORT", "7860")),
        threads=int(os.environ.get("MMEMO_THREADS", str(os.cpu_count() or 1))),
    )


def keep_caches_inside(workspace: Path) -> None:
    """Point the scratch folders of libraries into the workspace, so that nothing is written elsewhere.

    Must run before gradio and matplotlib are imported. Values that the user set are kept.
    """
    scratch = workspace.resolve() / "tmp"
    os.environ.setdefault("GRADIO_TEMP_DIR", str(scratch / "uploads"))
    os.environ.setdefault("MPLCONFIGDIR", str(scratch / "matplotlib"))
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
