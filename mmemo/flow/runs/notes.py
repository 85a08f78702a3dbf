"""Notes that people keep about student runs: what was tried, and what was seen."""

from __future__ import annotations

from contextlib import closing

from mmemo.errors import InputError
from mmemo.store.files import storage_errors
from mmemo.store.run_notes import RunNote, RunNoteStore
from mmemo.store.workspace import LABELS_FILE, Workspace

MAX_NOTE_CHARACTERS = 300


def write_note(workspace: Workspace, run_id: str, note: str, annotator: str = "local") -> None:
    """Keep a note about a run; an empty one takes the last back, the same again adds nothing.

    Raises InputError for an unknown run and for a note that is too long.
    """
    workspace.run_config(run_id)
    words = " ".join(note.split())
    if len(words) > MAX_NOTE_CHARACTERS:
        raise InputError(
            f"a note of {len(words)} characters is too long", hint=f"use at most {MAX_NOTE_CHARACTERS} characters"
        )
    before = notes_of(workspace).get(run_id)
    if words == (before.note if before is not None else ""):
        return
    with storage_errors(workspace.root), closing(RunNoteStore(workspace.root / LABELS_FILE)) as store:
        store.add(RunNote(run_id, words, annotator))


def notes_of(workspace: Workspace) -> dict[str, RunNote]:
    """{run: its last note}; runs without a note, or whose note was taken back, are left out."""
    path = workspace.root / LABELS_FILE
    if not path.is_file():  # looking leaves nothing behind
        return {}
    with storage_errors(workspace.root), closing(RunNoteStore(path)) as store:
        last = {note.run_id: note for note in store.history()}
    return {run_id: note for run_id, note in last.items() if note.note}
