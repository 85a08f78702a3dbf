"""Notes about runs: kept, superseded, never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.errors import StorageError
from mmemo.store.run_notes import RunNote, RunNoteStore


def test_notes_are_only_ever_added_and_read_in_order(tmp_path: Path):
    first, second = (RunNoteStore(tmp_path / "labels.db") for _ in range(2))
    first.add(RunNote("run", "tried", "ann"))
    second.add(RunNote("run", "tried again", "ben"))
    assert first.history() == [RunNote("run", "tried", "ann"), RunNote("run", "tried again", "ben")]
    first.close()
    second.close()


def test_a_damaged_file_is_told(tmp_path: Path):
    (tmp_path / "labels.db").write_text("no database, but long enough to be looked at" * 20)
    with pytest.raises(StorageError):
        RunNoteStore(tmp_path / "labels.db")
