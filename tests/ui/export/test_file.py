"""The packed file of an export: who may have it, and that it cannot be reached by its place on the disk."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from mmemo.store.export.data_sheet import SHEET_JSON
from mmemo.store.people import LEAD, add_person
from mmemo.store.workspace import Workspace
from mmemo.ui.export.file import copy_to_give, serve_exports
from mmemo.ui.sign_in import People

PASSWORD = "a long enough one"


def served(path: Path, people: People) -> Any:
    """A client of a small app that serves exports."""
    app: Any = FastAPI()
    app.auth, app.cookie_id, app.tokens = object(), "x", {"a": "ada", "b": "ben"}
    serve_exports(app, SimpleNamespace(workspace=Workspace(path), people=people))  # type: ignore[arg-type]
    return TestClient(app)


def test_the_packed_file_of_an_export_is_for_leads_alone(tmp_path: Path):
    add_person(tmp_path / "people.txt", "ada", PASSWORD, LEAD)
    add_person(tmp_path / "people.txt", "ben", PASSWORD)
    folder = tmp_path / "exports" / "pilot" / "csv-1"
    folder.mkdir(parents=True)
    sheet = {"format": "csv", "episode": "pilot", "run": None, "files": [], "to_publish": False}
    (folder / SHEET_JSON).write_text(json.dumps(sheet))
    folder.with_name("csv-1.zip").write_bytes(b"packed")
    client = served(tmp_path, People(tmp_path / "people.txt"))
    found = {}
    for token in ("a", "b", "forged"):
        client.cookies = {"access-token-x": token}
        found[token] = client.get("/exports/pilot/csv-1.zip")
    assert [found[token].status_code for token in found] == [200, 403, 403]
    assert found["a"].content == b"packed" and b"packed" not in found["b"].content
    assert "csv-1.zip" in found["a"].headers["content-disposition"]
    client.cookies = {"access-token-x": "a"}
    for lost in ("pilot/csv-2.zip", "none/csv-1.zip", "%2e%2e/csv-1.zip"):
        assert client.get(f"/exports/{lost}").status_code == 404


def test_a_copy_to_give_lies_where_nobody_can_guess_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "given"))
    (tmp_path / "csv-1.zip").write_bytes(b"packed")
    copies = [copy_to_give(tmp_path / "csv-1.zip") for _ in range(2)]
    assert [copy.read_bytes() for copy in copies] == [b"packed"] * 2
    assert len({copy.parent for copy in copies}) == 2
    assert all(copy.is_relative_to(tmp_path / "given") and len(copy.parent.name) == 32 for copy in copies)
