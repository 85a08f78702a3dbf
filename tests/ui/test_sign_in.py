"""Who asks: names come from the request and roles from the list; the page is not believed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mmemo.errors import InputError
from mmemo.settings import REPOSITORY
from mmemo.store.people import ANNOTATOR, LEAD, add_person, is_password, read_people
from mmemo.ui.command_line import arguments
from mmemo.ui.sign_in import People, add_person_here, asks_hugging_face, name_of, signed_in

PASSWORD = "a long enough one"


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "people.txt"
    add_person(path, "ada", PASSWORD, LEAD)
    add_person(path, "ben", PASSWORD)
    return path


def asks(name: str | None) -> Any:
    """A request of an app with sign-in."""
    app = SimpleNamespace(auth=object(), cookie_id="c", tokens={"secret": name} if name else {})
    return SimpleNamespace(app=app, cookies={"access-token-unsecure-c": "secret"})


def from_space(session: dict[str, Any]) -> Any:
    """A request of an app with the button of Hugging Face."""
    return SimpleNamespace(app=SimpleNamespace(auth=None, blocks=SimpleNamespace(expects_oauth=True)), session=session)


def test_the_name_is_that_of_the_cookie():
    assert signed_in(asks("ana")) == "ana" == name_of(asks("ana"))
    forged = asks("ana")
    forged.cookies = {"access-token-c": "forged"}
    assert signed_in(forged) is None and signed_in(None) is None
    with pytest.raises(InputError, match="nobody is signed in"):
        name_of(forged)
    with pytest.raises(InputError, match="nobody is signed in"):
        name_of(asks(None))


def test_without_sign_in_everybody_is_local_and_may_do_everything():
    open_app: Any = SimpleNamespace(app=SimpleNamespace(auth=None, cookie_id="c", tokens={}), cookies={})
    assert name_of(None) == name_of(open_app) == "local"
    people = People()
    assert not people.sign_in and people.lead(open_app).name == "local" and people.gate() is None


def test_roles_are_those_of_the_list(listed: Path):
    people = People(listed)
    assert people.lead(asks("ada")).role == LEAD and people.who(asks("ben")).role == ANNOTATOR
    with pytest.raises(InputError, match="only a lead"):
        people.lead(asks("ben"))
    for nobody in (asks(None), asks("cy")):
        with pytest.raises(InputError):
            people.who(nobody)


def test_who_is_taken_out_of_the_list_may_do_nothing(tmp_path: Path):
    path = tmp_path / "people.txt"
    add_person(path, "ada", PASSWORD, LEAD)
    add_person(path, "ben", PASSWORD)
    people = People(path)
    assert people.who(asks("ben")).name == "ben"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match="not in the list"):
        people.who(asks("ben"))
    path.unlink()
    with pytest.raises(InputError, match="no list of people people.txt"):
        people.who(asks("ada"))


def test_the_gate_lets_in_who_is_listed(listed: Path):
    gate = People(listed).gate()
    assert gate is not None

    def enter(name: str, password: str) -> bool:
        # In a thread of its own, since a browser test before it leaves an event loop in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(gate(name, password))).result()

    assert enter("ada", PASSWORD) and not enter("ada", PASSWORD + "x") and not enter("cy", PASSWORD)
    with pytest.raises(InputError):
        People(listed.with_name("none.txt")).gate()


def test_on_a_space_the_name_is_that_of_the_account():
    session = {"oauth_info": {"userinfo": {"preferred_username": "ada"}, "expires_at": time.time() + 60}}
    assert signed_in(from_space(session)) == "ada"
    session["oauth_info"]["expires_at"] = time.time() - 1
    for nobody in (from_space(session), from_space({}), from_space({"oauth_info": {}})):
        assert signed_in(nobody) is None
        with pytest.raises(InputError, match="signed in"):
            name_of(nobody)
    people = People(oauth=True, leads=("ada",))
    assert people.person("ada").is_lead and not people.person("ben").is_lead
    for nobody in (from_space({}), None, SimpleNamespace()):
        with pytest.raises(InputError, match="nobody is signed in"):
            people.who(nobody)


def test_hugging_face_signs_in_on_a_space_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.setenv("MMEMO_OAUTH", "1")
    for name in ("SPACE_ID", "MMEMO_PEOPLE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit):
        arguments()
    assert "Spaces alone" in capsys.readouterr().err
    monkeypatch.setenv("SPACE_ID", "ada/mmemo")
    assert arguments().people.oauth


def test_a_page_with_the_button_asks_hugging_face():
    import gradio as gr

    page = gr.Blocks()
    assert not asks_hugging_face(SimpleNamespace(blocks=page))
    page.blocks[0] = gr.LoginButton(render=False)
    assert asks_hugging_face(SimpleNamespace(blocks=page))


def test_people_are_added_from_the_command_line(tmp_path: Path):
    path = tmp_path / "people.txt"
    command = [sys.executable, str(REPOSITORY / "app.py"), "--people", str(path), "--add-person"]
    asked = {"capture_output": True, "text": True, "timeout": 60, "cwd": tmp_path}
    done = subprocess.run([*command, "ada", "--lead"], input=f"{PASSWORD}\n", **asked)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    given = {**os.environ, "MMEMO_PASSWORD": "from outside"}
    done = subprocess.run([*command, "ben"], env=given, stdin=subprocess.DEVNULL, **asked)  # type: ignore[call-overload]
    assert done.returncode == 0 and PASSWORD not in done.stdout + done.stderr
    people = read_people(path)
    assert people["ada"].is_lead and is_password(people["ada"], PASSWORD)
    assert not people["ben"].is_lead and is_password(people["ben"], "from outside")
    done = subprocess.run([*command, "c y"], input=f"{PASSWORD}\n", **asked)  # type: ignore[call-overload]
    assert done.returncode == 2 and "no name" in done.stderr and len(read_people(path)) == 2
    path.write_text("broken\n")
    done = subprocess.run([*command[:-1], "--workspace", str(tmp_path / "w")], **asked)  # type: ignore[call-overload]
    assert done.returncode == 2 and "line 1" in done.stderr and not (tmp_path / "w").exists()
    with pytest.raises(InputError, match="which list"):
        add_person_here(None, "ada", True)
