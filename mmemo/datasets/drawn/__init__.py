"""A small drawn show: faces, scenes, voices and a script, all made by code."""

from __future__ import annotations

from mmemo.datasets.drawn.characters import CAST, Character
from mmemo.datasets.drawn.film import frame_at, write_clip
from mmemo.datasets.drawn.portrait import draw_face
from mmemo.datasets.drawn.shots import Actor, Shot, Timeline

__all__ = ["CAST", "Actor", "Character", "Shot", "Timeline", "draw_face", "frame_at", "write_clip"]
