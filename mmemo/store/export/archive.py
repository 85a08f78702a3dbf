"""An export as one file to take away."""

from __future__ import annotations

import zipfile
from pathlib import Path

from mmemo.progress import Progress, Stage
from mmemo.store.files import publish_file

# What is packed already grows when it is packed again.
_PACKED = {".jpg", ".png", ".mp4", ".parquet", ".tar", ".safetensors", ".onnx"}
_CHUNK_BYTES = 1 << 20
_THE_SAME_MOMENT = (1980, 1, 1, 0, 0, 0)


def write_zip(folder: Path, target: Path) -> Stage[None]:
    """Pack a folder in one move: names below the packed file's own, no time and no rights of this machine."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with publish_file(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for done, path in enumerate(paths, start=1):
            member = zipfile.ZipInfo(f"{target.stem}/{path.relative_to(folder).as_posix()}", _THE_SAME_MOMENT)
            member.compress_type = zipfile.ZIP_STORED if path.suffix in _PACKED else zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            member.file_size = path.stat().st_size  # a large file is told in time
            with path.open("rb") as source, archive.open(member, "w") as packed:
                while chunk := source.read(_CHUNK_BYTES):
                    packed.write(chunk)
            yield Progress("pack", done, len(paths))
