"""Who may do what where people sign in: a button that is hidden or an endpoint that is not told can still be called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmemo.store.people import LEAD, add_person
from mmemo.store.workspace import Workspace
from mmemo.ui.context import by_lead, told
from mmemo.ui.sign_in import People
from tests.serving import serving

PASSWORD = "a long enough one"


@pytest.fixture
def people(tmp_path: Path) -> People:
    path = tmp_path / "people.txt"
    add_person(path, "ada", PASSWORD, LEAD)
    add_person(path, "ben", PASSWORD)
    return People(path)


def request_of(name: str | None) -> Any:
    import gradio as gr

    app = SimpleNamespace(auth=object(), cookie_id="x", tokens={"t": name})
    made = gr.Request(headers={}, cookies={"access-token-x": "t"} if name else {})
    made.app = app
    return made


@pytest.mark.parametrize(("name", "done"), [("ada", True), ("ben", False), ("cy", False), (None, False)])
def test_a_handler_for_leads_does_nothing_for_others(people: People, name: str | None, done: bool):
    did: list[str] = []

    @by_lead(people)
    def act(what: str) -> str:
        did.append(what)
        return what

    act("cancel", request_of(name))
    assert did == (["cancel"] if done else [])


def test_without_sign_in_everything_is_allowed():
    @by_lead(People())
    def act(what: str) -> str:
        return what

    assert act("cancel") == "cancel"


def test_a_handler_for_everybody_asks_for_no_role():
    @told
    def act(what: str) -> str:
        return what

    assert act("look", request_of(None)) == "look"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("roles")
    add_person(folder / "people.txt", "ben", PASSWORD)
    flags = ("--no-sample", "--people", str(folder / "people.txt"))
    with serving(Workspace(folder / "workspace").root, *flags, log=folder / "app.log") as address:
        yield address


@pytest.mark.slow
def test_who_labels_cannot_start_stop_or_export_from_a_program(url: str, tmp_path: Path):
    from gradio_client import Client, handle_file

    video = tmp_path / "episode.mp4"
    video.write_bytes(b"none")
    client = Client(url, auth=("ben", PASSWORD), verbose=False)
    asked: dict[str, dict[str, Any]] = {
        "/adapt": {"video": handle_file(str(video))},
        "/cancel": {"number": 1},
        "/export": {"format": "csv", "episode": "", "run": "", "publish": False, "consent": "", "licence": ""},
        "/exported": {"number": 1},
    }
    for name, fields in asked.items():
        with pytest.raises(Exception, match="Only a lead may do this"):
            client.predict(**fields, api_name=name)
    with pytest.raises(Exception, match="There is no job 1"):
        client.predict(number=1, api_name="/job")
    assert {*client.view_api(return_format="dict")["named_endpoints"]} == {*asked, "/job", "/predict"}


@pytest.mark.slow
def test_nobody_gets_in_without_a_password(url: str):
    from gradio_client import Client

    for auth in (None, ("ben", "another one"), ("nobody", PASSWORD)):
        with pytest.raises(Exception, match=r"(?i)log|auth|credential|401"):
            Client(url, auth=auth, verbose=False)
