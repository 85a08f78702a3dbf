"""Files that are written once: to a temporary name first, then moved into place."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.errors import StorageError
from mmemo.store.temporary import temporary_name

_HASH_CHUNK_BYTES = 1 << 20
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a full or locked disk into one clear StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(
                f"the disk is full while writing {path}", hint="free some space and run the same command again"
            ) from error
        if error.errno in _NOT_WRITABLE:
            raise StorageError(
                f"{path} cannot be written", hint="choose a folder that you may write with --workspace"
            ) from error
        raise


@contextmanager
def publish_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it into place on success, remove it on failure."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_name(path) as temporary:
            try:
                yield temporary
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


@contextmanager
def publish_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`; move it into place on success, remove it on failure.

    When another writer was faster, its folder stays: the content is the same by construction. A folder that lost
    files since makes room for the new one.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_name(path) as temporary:
            temporary.mkdir()
            try:
                yield temporary
                _move_unless_there(temporary, path)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)


def _move_unless_there(temporary: Path, path: Path) -> None:
    if path.is_dir():
        if _names(temporary) <= _names(path):
            return
        shutil.rmtree(path)
    try:
        temporary.replace(path)
    except OSError:
        if not path.is_dir():  # a folder that came in between is the faster writer's
            raise


def _names(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def damaged(path: Path) -> StorageError:
    """The error for a file of the workspace that cannot be used."""
    return StorageError(f"{path} is missing or damaged", hint="delete its folder and run the stage again")


def write_json(path: Path, value: Any) -> None:
    """Write a value (dataclasses become objects, paths and numpy numbers plain) as readable JSON."""
    with publish_file(path) as temporary:
        temporary.write_text(to_json(value, indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON; a missing or damaged file raises StorageError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path) from error


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON text of plain values, dataclasses, paths and numpy scalars and arrays; NaN becomes null."""
    return _encodable(json.dumps(_plain(value), indent=indent, ensure_ascii=False, allow_nan=False))


def _encodable(text: str) -> str:
    """JSON text in which the stray bytes of a file's name, which no UTF-8 can hold, are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet file in one move."""
    with publish_file(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Read a Parquet file; a missing or damaged file raises StorageError."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise damaged(path) from error


def read_array(path: Path) -> np.ndarray:
    """Read a .npy file; a missing or damaged file raises StorageError."""
    try:
        array: np.ndarray = np.load(path, allow_pickle=False)
        return array
    except (OSError, ValueError, EOFError) as error:
        raise damaged(path) from error


def hash_file(path: Path) -> str:
    """BLAKE2b of the content, 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while chunk := stream.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def hash_value(value: Any) -> str:
    """BLAKE2b of a value's JSON with sorted keys, 16 hex digits: the key of a stage's output."""
    text = _encodable(json.dumps(_plain(value), sort_keys=True, ensure_ascii=False))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
