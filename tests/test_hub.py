"""Hosts that answer, hosts that do not, and what other libraries' errors become."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator

import pytest

from mmemo import hub
from mmemo.errors import InputError, ModelUnavailable, StorageError
from mmemo.hub import hugging_face, model_loading, reachable


@pytest.fixture
def port() -> Iterator[int]:
    """A port on this machine that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "getproxies", dict)


def test_a_listening_host_is_reachable(port: int):
    assert reachable(f"http://127.0.0.1:{port}/some/file")


def test_a_closed_port_and_an_unknown_name_are_not(port: int):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    assert not reachable(f"http://127.0.0.1:{closed}")
    assert not reachable("https://example.org")


def test_a_silent_network_is_given_up_soon(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hub, "_connect", lambda *_: time.sleep(2))
    started = time.monotonic()
    assert not reachable("https://example.org", timeout_s=0.2)
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_behind_a_proxy_the_proxy_is_asked(monkeypatch: pytest.MonkeyPatch, port: int, scheme: str):
    monkeypatch.setattr(hub, "getproxies", lambda: {"https": f"{scheme}127.0.0.1:{port}"})
    monkeypatch.setattr(hub, "proxy_bypass", lambda host: host == "inside.example.org")
    assert reachable("https://example.org")
    assert not reachable("https://inside.example.org")


def test_success_passes_through():
    with model_loading("the model x", "do this"):
        pass


@pytest.mark.parametrize("error", [RuntimeError("size mismatch.\nmany lines"), KeyError("weight"), OSError("damaged")])
def test_what_a_library_raises_becomes_one_sentence(error: Exception):
    with (
        pytest.raises(ModelUnavailable, match=r"^the model x cannot be loaded: .*\(do this\)$") as told,
        model_loading("the model x", "do this"),
    ):
        raise error
    assert "\n" not in str(told.value) and told.value.__cause__ is error


def test_our_own_errors_pass_through():
    with pytest.raises(InputError, match="mine") as told, model_loading("x", "y"):
        raise InputError("mine")
    assert not isinstance(told.value, ModelUnavailable)


def test_a_full_disk_is_no_missing_model():
    with pytest.raises(StorageError, match="disk is full"), model_loading("x", "y"):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("answers", [True, False])
def test_the_hub_s_client_is_offline_only_while_the_hub_is_away(monkeypatch: pytest.MonkeyPatch, answers: bool):
    from huggingface_hub import constants

    monkeypatch.setattr(hub, "reachable", lambda url: answers)
    with hugging_face("x", "y"):
        assert constants.HF_HUB_OFFLINE is not answers
    assert constants.HF_HUB_OFFLINE is False


def test_a_wish_to_be_offline_is_kept(monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "reachable", lambda url: pytest.fail("nobody may be asked"))
    with hugging_face("x", "y"):
        assert constants.HF_HUB_OFFLINE is True
    assert constants.HF_HUB_OFFLINE is True


def test_a_file_that_is_not_cached_names_the_cache(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hub, "reachable", lambda url: False)
    with pytest.raises(ModelUnavailable, match="is not in the cache .* cannot be reached"), hugging_face("x", "y"):
        raise FileNotFoundError("no file")


def test_an_error_that_is_no_missing_file_keeps_its_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hub, "reachable", lambda url: False)
    with pytest.raises(ModelUnavailable, match="size mismatch"), hugging_face("x", "y"):
        raise RuntimeError("size mismatch")
