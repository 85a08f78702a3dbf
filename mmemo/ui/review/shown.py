"""What a page of Review is about."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from mmemo.flow.review.faces import EpisodeFaces
from mmemo.flow.review.words import PlacedWords
from mmemo.ui.review.matching import FaceSearch


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Some episodes, each with a run, ready to be searched, and the words on them."""

    key: Hashable
    parts: tuple[EpisodeFaces, ...]
    search: FaceSearch
    words: PlacedWords
