"""The one place that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mmemo.errors import InputError

REPOSITORY = Path(__file__).resolve().parent.parent
ASSETS = REPOSITORY / "assets"
MODELS = ASSETS / "models"
SAMPLE = ASSETS / "sample"


@dataclass(frozen=True, slots=True)
class Environment:
    """What the surroundings decide: where the workspace is, where to listen, how many threads, and who may sign in.

    `people` is the file of those who may; `oauth` lets everybody in who has a Hugging Face account, and `leads` names
    those of them who lead.
    """

    workspace: Path
    host: str
    port: int
    threads: int
    people: Path | None = None
    oauth: bool = False
    on_space: bool = False
    leads: tuple[str, ...] = ()


def read_environment() -> Environment:
    """Read MMEMO_WORKSPACE, MMEMO_HOST, MMEMO_PORT, MMEMO_THREADS, MMEMO_PEOPLE, MMEMO_OAUTH and MMEMO_LEADS.

    On Hugging Face Spaces (SPACE_ID is set) the default is to listen on every interface; with MMEMO_OAUTH=1 people sign
    in there with Hugging Face, and without MMEMO_LEADS (names with commas between them) the Space's owner leads.
    The app refuses MMEMO_OAUTH=1 elsewhere, since it would be open to everybody.
    """
    people = os.environ.get("MMEMO_PEOPLE", "")
    leads = os.environ.get("MMEMO_LEADS") or os.environ.get("SPACE_AUTHOR_NAME", "")
    return Environment(
        workspace=Path(os.environ.get("MMEMO_WORKSPACE", "workspace")),
        host=os.environ.get("MMEMO_HOST", "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"),
        port=_number("MMEMO_PORT", 7860),
        threads=_number("MMEMO_THREADS", os.cpu_count() or 1),
        people=Path(people) if people else None,
        oauth=os.environ.get("MMEMO_OAUTH") == "1",
        on_space="SPACE_ID" in os.environ,
        leads=tuple(name.strip() for name in leads.split(",") if name.strip()),
    )


def read_password() -> str | None:
    """The password that MMEMO_PASSWORD holds for a person who is added; None where it is not set."""
    return os.environ.get("MMEMO_PASSWORD") or None


def keep_caches_inside(workspace: Path) -> None:
    """Point the caches and scratch folders of libraries into the workspace, so that nothing is written elsewhere.

    Must run before gradio, matplotlib, torch.hub and huggingface_hub are imported. Values that the user set are
    kept, and so is a model cache that the user already has: what is there need not be downloaded again.
    """
    scratch = workspace.resolve() / "tmp"
    prefer("GRADIO_TEMP_DIR", scratch / "uploads")
    prefer("GRADIO_EXAMPLES_CACHE", scratch / "gradio-examples")
    prefer("MPLCONFIGDIR", scratch / "matplotlib")
    cache = workspace.resolve() / "cache"
    if "HF_HOME" not in os.environ and not (_user_cache() / "huggingface" / "hub").is_dir():
        prefer("HF_HUB_CACHE", cache / "huggingface" / "hub")
        prefer("HF_XET_CACHE", cache / "huggingface" / "xet")
    if not (_user_cache() / "torch").is_dir():
        prefer("TORCH_HOME", cache / "torch")
    send_nothing()


def send_nothing() -> None:
    """Switch off what libraries report home about their use."""
    prefer("GRADIO_ANALYTICS_ENABLED", "False")
    prefer("HF_HUB_DISABLE_TELEMETRY", "1")


def prefer(name: str, value: Path | str) -> None:
    """Set a variable that a library will read, unless the user did."""
    os.environ.setdefault(name, str(value))


def torch_home() -> Path:
    """Folder below which torch.hub and facenet-pytorch keep what they download."""
    return Path(os.environ.get("TORCH_HOME") or _user_cache() / "torch").expanduser()


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise InputError(f"the environment variable {name} is {text!r}", hint="give a whole number")
    return int(text)
