"""One way to load every teacher, whatever it is and wherever it lies."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from mmemo.errors import InputError
from mmemo.teacher.anchors import DEFAULT_ANCHOR, TeacherAnchor, choose_anchor, read_anchors
from mmemo.teacher.combination import (
    Combination,
    CombinedTeacher,
    combination_identity,
    is_combination,
    parse_teachers,
    pooled_anchors,
    read_combination,
)
from mmemo.teacher.packing import is_two_head
from mmemo.teacher.protocol import Teacher
from mmemo.teacher.sources import EMBEDDED, TeacherSource, find_teacher


def load_teacher(name: str = EMBEDDED, *, exact: bool = False) -> Teacher:
    """Load a teacher: `embedded`, a folder (packed by us, a transformers classifier, or a combination), or a hub id.

    `NAME,NAME` and `NAME=WEIGHT,NAME=WEIGHT` load several that vote. `exact` asks for float32 arithmetic where the
    embedded kind would use bfloat16. A teacher that was loaded before is given again while its files are the same.
    Raises InputError or ModelUnavailable.
    """
    combined = _combination(name)
    if combined is None:
        return _load(find_teacher(name), exact)
    label, combination, folder = combined
    sources = _sources(combination, download=True)
    teachers = [_load(source, exact) for source in sources]
    identity = combination_identity(label, combination, [source.identity for source in sources])
    return CombinedTeacher(identity, combination, teachers, _anchors(combination, sources, folder))


def teacher_identity(name: str = EMBEDDED, *, download: bool = False) -> str:
    """Which weights a name stands for here, without loading them; the network is asked only with `download`."""
    combined = _combination(name)
    if combined is None:
        return find_teacher(name, download=download).identity
    label, combination, _ = combined
    return combination_identity(label, combination, [s.identity for s in _sources(combination, download=download)])


def anchor_of(name: str = EMBEDDED, anchor: str = DEFAULT_ANCHOR) -> TeacherAnchor:
    """The measured anchor of a teacher, without loading its weights; generic when it was never measured."""
    return choose_anchor(anchors_of(name), anchor)


def anchors_of(name: str = EMBEDDED) -> dict[str, TeacherAnchor]:
    """All measured anchors of a teacher by name, without loading its weights; empty when nobody measured any."""
    combined = _combination(name)
    if combined is None:
        return read_anchors(find_teacher(name, download=False).folder)
    _, combination, folder = combined
    return _anchors(combination, _sources(combination, download=False), folder)


def _combination(name: str) -> tuple[str, Combination, Path | None] | None:
    """Label, members and folder (of a stored one) of a name that stands for several teachers; None for one."""
    listed = parse_teachers(name)
    if listed is not None:
        return "list", listed, None
    folder = Path(name).expanduser()
    if name and name != EMBEDDED and is_combination(folder):
        return folder.resolve().name, read_combination(folder), folder
    return None


def _sources(combination: Combination, *, download: bool) -> list[TeacherSource]:
    sources = []
    for member in combination.members:
        if _combination(member.name) is not None:
            raise InputError(f"the member {member.name!r} is several teachers itself", hint="name its members instead")
        source = find_teacher(member.name, download=download)
        if member.identity and source.identity != member.identity:
            raise InputError(
                f"the teacher {member.name!r} is not the one that was combined: its weights have changed",
                hint="combine the teachers again with pipelines.combine_teachers",
            )
        sources.append(source)
    return sources


def _anchors(combination: Combination, sources: list[TeacherSource], folder: Path | None) -> dict[str, TeacherAnchor]:
    if folder is not None:
        return read_anchors(folder)
    return pooled_anchors(combination, [read_anchors(source.folder) for source in sources])


@lru_cache(maxsize=4)
def _load(source: TeacherSource, exact: bool) -> Teacher:
    if is_two_head(source.folder):
        from mmemo.teacher.two_head import TwoHeadTeacher

        return TwoHeadTeacher.load(source.folder, source.identity, exact=exact)
    from mmemo.teacher.classifier import ClassifierTeacher

    return ClassifierTeacher.load(source.folder, source.identity)
