"""Text teachers: frozen classifiers that have an opinion on the emotion of every line."""

from mmemo.teacher.anchors import DEFAULT_ANCHOR, TeacherAnchor, generic_anchor
from mmemo.teacher.lines import Line, lines_of
from mmemo.teacher.loading import anchor_of, anchors_of, load_teacher, teacher_identity
from mmemo.teacher.protocol import Teacher, read_all

__all__ = [
    "DEFAULT_ANCHOR",
    "Line",
    "Teacher",
    "TeacherAnchor",
    "anchor_of",
    "anchors_of",
    "generic_anchor",
    "lines_of",
    "load_teacher",
    "read_all",
    "teacher_identity",
]
