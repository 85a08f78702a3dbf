"""The stage that exports an episode or its student: one format, a data sheet with it, all in one move."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mmemo.errors import InputError, StorageError
from mmemo.flow.export.content import choose_episode, choose_run, gather_content
from mmemo.flow.export.sheet import sheet_facts
from mmemo.progress import Progress, Stage
from mmemo.store.export.archive import write_zip
from mmemo.store.export.data_sheet import SHEET_FILE, SHEET_JSON, Terms, write_sheet
from mmemo.store.export.formats import RUN, format_named
from mmemo.store.files import publish_folder, read_json
from mmemo.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What to export: None takes the newest episode and the run that answers by default.

    `out` is the folder to make; without it one below exports/ of the workspace. `archive` packs it as a .zip, too.
    """

    format: str
    episode_id: str | None = None
    run_id: str | None = None
    out: Path | None = None
    terms: Terms = field(default_factory=Terms)
    archive: bool = False

    def __post_init__(self) -> None:
        format_named(self.format)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export made: its folder, the packed file if there is one, and what is in it."""

    format: str
    episode_id: str
    run_id: str | None
    folder: Path
    archive: Path | None
    files: int
    bytes: int
    to_publish: bool = False

    @property
    def sheet(self) -> Path:
        """The data sheet for people."""
        return self.folder / SHEET_FILE

    def to_contract(self) -> dict[str, Any]:
        """The object that the command prints with --json."""
        return {
            "format": self.format,
            "episode": self.episode_id,
            "run": self.run_id,
            "folder": str(self.folder),
            "archive": None if self.archive is None else str(self.archive),
            "files": self.files,
            "bytes": self.bytes,
            "data_sheet": str(self.sheet),
            "to_publish": self.to_publish,
        }


def export_episode(workspace: Workspace, settings: ExportSettings) -> Stage[Exported]:
    """Write one format of one episode. Nothing is there until all of it is.

    Raises InputError for a format that needs what is not there (a student, the video), for terms that are not filled
    in, and for a folder that is in use.
    """
    made = format_named(settings.format)
    episode_id = choose_episode(workspace, settings.episode_id)
    run_id = choose_run(workspace, episode_id, settings.run_id)
    target = _target(workspace, episode_id, settings)
    yield Progress("gather", 0, 1, episode_id)
    content = gather_content(workspace, episode_id, run_id, hide_names=settings.terms.publish)
    lacking = made.lacks(run=run_id is not None, video=content.video is not None)
    if lacking is not None:
        raise _lacks(made.name, lacking, episode_id)
    yield Progress("gather", 1, 1, f"{len(content.faces):,} pictures")
    with publish_folder(target) as temporary:
        yield from made.write(content, temporary)
        yield Progress("data sheet", 0, 1)
        write_sheet(temporary, sheet_facts(workspace, content, made), settings.terms)
        yield Progress("data sheet", 1, 1)
        if settings.archive:  # before the folder is there: whoever cancels now leaves neither
            yield from write_zip(temporary, target.with_name(f"{target.name}.zip"))
    return _exported(target)


def exports_folder(workspace: Workspace, episode_id: str) -> Path:
    """Where the exports of an episode are kept."""
    return workspace.root / "exports" / workspace.episode_folder(episode_id).name


def list_exports(workspace: Workspace, episode_id: str) -> list[Exported]:
    """The exports of an episode that are kept in the workspace, the newest first; damaged ones are left out."""
    found = []
    for path in exports_folder(workspace, episode_id).glob(f"*/{SHEET_JSON}"):
        try:
            if not path.parent.name.startswith("."):
                found.append((path.stat().st_mtime_ns, path.parent.name, _exported(path.parent)))
        except StorageError:
            continue
    return [exported for _, _, exported in sorted(found, key=lambda each: each[:2], reverse=True)]


def find_export(workspace: Workspace, episode_id: str, name: str) -> Exported:
    """An export of an episode by the name of its folder. InputError when it is gone."""
    for exported in list_exports(workspace, episode_id):
        if exported.folder.name == name:
            return exported
    raise InputError(f"there is no export {name!r} of {episode_id}", hint="it may have been removed; export it again")


def _exported(folder: Path) -> Exported:
    sheet = read_json(folder / SHEET_JSON)
    try:
        archive = folder.with_name(f"{folder.name}.zip")
        return Exported(
            format=sheet["format"],
            episode_id=sheet["episode"],
            run_id=sheet["run"],
            folder=folder,
            archive=archive if archive.is_file() else None,
            files=len(sheet["files"]),
            bytes=sum(int(each["bytes"]) for each in sheet["files"]),
            to_publish=bool(sheet["to_publish"]),
        )
    except (KeyError, TypeError) as error:
        raise StorageError(f"the data sheet of {folder.name} is damaged", hint="export it again") from error


def _target(workspace: Workspace, episode_id: str, settings: ExportSettings) -> Path:
    if settings.out is not None:
        target = settings.out.expanduser().resolve()
        if target.is_file() or (target.is_dir() and any(target.iterdir())):
            raise InputError(f"{settings.out} is there already", hint="name a folder that is not there yet")
        return target
    # The chance part keeps two of one second apart, and from being guessed where the app serves them.
    stamp = f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
    return exports_folder(workspace, episode_id) / f"{settings.format}-{stamp}"


def _lacks(name: str, lacking: str, episode_id: str) -> InputError:
    if lacking == RUN:
        return InputError(
            f"{name} needs a student, and {episode_id} has none", hint="run python -m pipelines.train, or adapt to it"
        )
    return InputError(
        f"{name} needs the video of {episode_id}, which is not where it was", hint="put it back, or cut it again"
    )
