"""The environment is read in one place, and libraries keep their caches in the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmemo.errors import InputError
from mmemo.settings import keep_caches_inside, read_environment, read_password, send_nothing, torch_home

NAMES = (
    "GRADIO_TEMP_DIR", "GRADIO_EXAMPLES_CACHE", "GRADIO_ANALYTICS_ENABLED", "MPLCONFIGDIR", "HF_HOME",
    "HF_HUB_CACHE", "HF_XET_CACHE", "HF_HUB_DISABLE_TELEMETRY", "TORCH_HOME", "XDG_CACHE_HOME",
    "MMEMO_WORKSPACE", "MMEMO_HOST", "MMEMO_PORT", "MMEMO_THREADS", "SPACE_ID",
    "MMEMO_PEOPLE", "MMEMO_OAUTH", "MMEMO_LEADS", "MMEMO_PASSWORD", "SPACE_AUTHOR_NAME",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _a_bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what the code sets is undone afterwards
        del os.environ[name]
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))


def test_defaults():
    environment = read_environment()
    assert environment.workspace == Path("workspace")
    assert (environment.host, environment.port) == ("127.0.0.1", 7860)
    assert environment.threads >= 1


def test_a_space_listens_to_all():
    os.environ["SPACE_ID"] = "someone/mmemo"
    assert read_environment().host == "0.0.0.0"


def test_what_the_user_set_counts():
    os.environ.update(MMEMO_WORKSPACE="/data", MMEMO_HOST="::1", MMEMO_PORT="80", MMEMO_THREADS="3")
    environment = read_environment()
    assert (environment.workspace, environment.host, environment.port) == (Path("/data"), "::1", 80)
    assert environment.threads == 3


def test_who_signs_in_how():
    environment = read_environment()
    assert (environment.people, environment.oauth, environment.leads) == (None, False, ())
    os.environ.update(MMEMO_OAUTH="1", SPACE_AUTHOR_NAME="ada", MMEMO_PEOPLE="people.txt")
    assert not read_environment().on_space
    os.environ["SPACE_ID"] = "ada/mmemo"
    assert read_environment().people == Path("people.txt")
    assert read_environment().on_space and read_environment().oauth and read_environment().leads == ("ada",)
    os.environ["MMEMO_LEADS"] = "ben, cy,"
    assert read_environment().leads == ("ben", "cy")
    assert read_password() is None
    os.environ["MMEMO_PASSWORD"] = "long enough"
    assert read_password() == "long enough"


@pytest.mark.parametrize("text", ["", "eighty", "-1", "8.5"])
def test_a_bad_number_says_which(text: str):
    os.environ["MMEMO_PORT"] = text
    with pytest.raises(InputError, match="MMEMO_PORT"):
        read_environment()


def test_every_cache_is_in_the_workspace(tmp_path: Path):
    keep_caches_inside(tmp_path / "w")
    for name in (
        "GRADIO_TEMP_DIR",
        "GRADIO_EXAMPLES_CACHE",
        "MPLCONFIGDIR",
        "HF_HUB_CACHE",
        "HF_XET_CACHE",
        "TORCH_HOME",
    ):
        assert Path(os.environ[name]).is_relative_to(tmp_path / "w"), name
    assert torch_home().is_relative_to(tmp_path / "w")


def test_a_cache_that_the_user_has_is_used(tmp_path: Path):
    for folder in ("huggingface/hub", "torch"):
        (tmp_path / "home" / ".cache" / folder).mkdir(parents=True)
    keep_caches_inside(tmp_path / "w")
    assert "HF_HUB_CACHE" not in os.environ
    assert torch_home() == tmp_path / "home" / ".cache" / "torch"


def test_what_the_user_chose_stays(tmp_path: Path):
    os.environ.update(HF_HOME="/models", MPLCONFIGDIR="/mpl")
    keep_caches_inside(tmp_path / "w")
    assert "HF_HUB_CACHE" not in os.environ
    assert os.environ["MPLCONFIGDIR"] == "/mpl"


def test_nothing_is_sent_home():
    send_nothing()
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
