"""The colour of each emotion in films and subtitles: light enough to be read on dark pictures.

Okabe and Ito's colours for colour-blind eyes, made lighter; the emotion's name always stands beside the colour.
"""

from __future__ import annotations

from collections.abc import Mapping

MOOD_COLOURS: Mapping[str, str] = {
    "neutral": "#d7dbe2",
    "joy": "#f5c242",
    "sadness": "#6db7ee",
    "anger": "#ff8a4c",
    "surprise": "#9adcff",
    "fear": "#e0a6d6",
    "disgust": "#4fd1a5",
}


def rgb(colour: str) -> tuple[int, int, int]:
    """#rrggbb as three numbers from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
