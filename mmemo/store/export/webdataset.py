"""Faces as tar shards in the layout of WebDataset: `KEY.jpg` and `KEY.json` side by side, the same bytes every time.

The layout: https://github.com/webdataset/webdataset. Shards hold whole pictures; a key has no dot.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmemo.errors import StorageError
from mmemo.progress import Progress, Stage
from mmemo.store.export.content import Content
from mmemo.store.export.labels_files import face_records
from mmemo.store.files import to_json

SHARD_PICTURES = 1_000
_AT_ONCE = 50


def write_webdataset(content: Content, folder: Path, shard_pictures: int = SHARD_PICTURES) -> Stage[None]:
    """shard-000000.tar and so on, with the usable pictures in order of time; none without pictures."""
    usable = content.usable()
    records = {record["face_id"]: record for record in face_records(content)}
    total = len(usable)
    for first in range(0, total, shard_pictures):
        part = usable.iloc[first : first + shard_pictures]
        path = folder / f"shard-{first // shard_pictures:06d}.tar"
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as shard:
            for number, (face_id, crop) in enumerate(zip(part["face_id"], part["crop"], strict=True), start=first):
                _add(shard, f"{number:09d}", content.crops / str(crop), records[face_id])
                if (number + 1) % _AT_ONCE == 0:
                    yield Progress("write shards", number + 1, total)
    yield Progress("write shards", total, total)


def _add(shard: tarfile.TarFile, key: str, crop: Path, record: Mapping[str, Any]) -> None:
    try:
        picture = crop.read_bytes()
    except FileNotFoundError as error:
        raise StorageError(f"the picture {crop.name} is missing", hint="cut the episode again") from error
    for ending, data in (("jpg", picture), ("json", to_json({"__key__": key, **record}).encode())):
        member = tarfile.TarInfo(f"{key}.{ending}")  # no owner, no time, no rights of this machine
        member.size, member.mode = len(data), 0o644
        shard.addfile(member, io.BytesIO(data))
