"""One way to load every teacher, whatever it is and wherever it lies."""

from __future__ import annotations

from functools import lru_cache

from mmemo.teacher.anchors import DEFAULT_ANCHOR, TeacherAnchor, choose_anchor, read_anchors
from mmemo.teacher.packing import is_two_head
from mmemo.teacher.protocol import Teacher
from mmemo.teacher.sources import EMBEDDED, TeacherSource, find_teacher


def load_teacher(name: str = EMBEDDED, *, exact: bool = False) -> Teacher:
    """Load a teacher: `embedded`, a folder (packed by us, or a transformers classifier), or a hub id.

    `exact` asks for float32 arithmetic where the embedded kind would use bfloat16. A teacher that was loaded
    before is given again while its files are the same. Raises InputError or ModelUnavailable.
    """
    return _load(find_teacher(name), exact)


def teacher_identity(name: str = EMBEDDED) -> str:
    """Which weights a name stands for here, without loading them or asking the network."""
    return find_teacher(name, download=False).identity


def anchor_of(name: str = EMBEDDED, anchor: str = DEFAULT_ANCHOR) -> TeacherAnchor:
    """The measured anchor of a teacher, without loading its weights; generic when it was never measured."""
    return choose_anchor(read_anchors(find_teacher(name, download=False).folder), anchor)


@lru_cache(maxsize=2)
def _load(source: TeacherSource, exact: bool) -> Teacher:
    if is_two_head(source.folder):
        from mmemo.teacher.two_head import TwoHeadTeacher

        return TwoHeadTeacher.load(source.folder, source.identity, exact=exact)
    from mmemo.teacher.classifier import ClassifierTeacher

    return ClassifierTeacher.load(source.folder, source.identity)
