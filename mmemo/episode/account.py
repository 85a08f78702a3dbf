"""The account of cues: every cue is kept, or dropped for exactly one reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class DropReason(str, Enum):
    """Why a cue gives no training face; the order is the order in which the reasons are looked at."""

    OUT_OF_VIDEO = "out_of_video"
    NOT_SPEECH = "not_speech"
    MUSIC = "music"
    OFF_SCREEN = "off_screen"
    NO_FACE = "no_face"
    SEVERAL_SPEAKERS = "several_speakers"
    POOR_FACE = "poor_face"

    @property
    def meaning(self) -> str:
        """One short phrase for tables."""
        return _MEANINGS[self]


_MEANINGS = {
    DropReason.OUT_OF_VIDEO: "the cue lies outside the video, or no picture could be read at its time",
    DropReason.NOT_SPEECH: "a sound description, or no words at all",
    DropReason.MUSIC: "music or singing",
    DropReason.OFF_SCREEN: "marked as a voice from off screen, or the only face keeps its mouth still",
    DropReason.NO_FACE: "no face was found",
    DropReason.SEVERAL_SPEAKERS: "several faces or voices, and none is clearly the speaker",
    DropReason.POOR_FACE: "the speaker's face is too small, blurred, dark or turned away to be read",
}


@dataclass(frozen=True, slots=True)
class CueAccount:
    """How many cues there are, how many are kept, and why the others are dropped; the sum always holds."""

    total: int
    kept: int
    dropped: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert all(n > 0 for n in self.dropped.values()), "only reasons that occur are listed"
        assert set(self.dropped) <= {reason.value for reason in DropReason}, "an unknown reason"
        assert self.kept >= 0, "a count is at least 0"
        assert self.kept + sum(self.dropped.values()) == self.total, "every cue has exactly one outcome"


def account_of(outcomes: Iterable[str | None]) -> CueAccount:
    """Count the outcome of every cue: None is kept, anything else the value of a DropReason."""
    counts = Counter(outcomes)
    dropped = {reason.value: counts[reason.value] for reason in DropReason if counts[reason.value]}
    return CueAccount(sum(counts.values()), counts[None], dropped)
