"""Whatever is in the files of a dataset, it is read or refused in one sentence; nothing else ever comes out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mmemo.datasets.inspection import inspect
from mmemo.errors import MmemoError
from mmemo.progress import run
from tests.datasets.test_catalog import MAKERS

PIECES = (b"\0", b'"', b"\xff\xfe", b"../../", b",,,,", b"\n\n", b"[", b"9" * 5000, b"nan", b"-1")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content cut off, emptied, overwritten, torn, doubled, in another order or with something put in."""
    at, to = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    lines = content.split(b"\n")
    return chance.choice(
        [
            content[:at],
            b"",
            chance.randbytes(200),
            content[:at] + chance.randbytes(3) + content[at + 3 :],
            content[:at] + content[to:],
            content * 3,
            b"\n".join(chance.sample(lines, len(lines))),
            content[:at] + chance.choice(PIECES) + content[at:],
        ]
    )


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "msctd"])
def test_damage_is_told_in_one_sentence(tmp_path: Path, name: str):
    path = MAKERS[name](tmp_path)
    files = sorted(file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".db")
    chance = random.Random(name)
    said = []
    for _ in range(12):
        file = chance.choice(files)
        before = file.read_bytes()
        file.write_bytes(damaged(before, chance))
        try:
            run(inspect(path))
        except MmemoError as error:
            said.append(str(error))
        file.write_bytes(before)
    assert [sentence for sentence in said if "\n" in sentence or len(sentence) > 1200] == []
    assert run(inspect(path)).splits
