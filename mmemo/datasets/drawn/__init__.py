"""A small drawn show: faces, scenes, voices and a script, all made by code."""

from __future__ import annotations

from mmemo.datasets.drawn.characters import CAST, Character
from mmemo.datasets.drawn.portrait import draw_face

__all__ = ["CAST", "Character", "draw_face"]
