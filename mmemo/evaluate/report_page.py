"""What all reports share: the page that asks no host for anything, and how plain values are written in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mmemo.episode.account import DropReason
from mmemo.episode.qa import QaKind
from mmemo.evaluate import words
from mmemo.evaluate.style import colour_of
from mmemo.labels import EKMAN7

if TYPE_CHECKING:
    from jinja2 import Environment

_MEANINGS = {
    "outcome": {"kept": "gives training faces", **{reason.value: reason.meaning for reason in DropReason}},
    "suspicious": {kind.value: kind.meaning for kind in QaKind},
}


def render_page(template: str, values: Mapping[str, Any]) -> str:
    """An HTML document from a template of this package; all words in it that come from outside are escaped."""
    return _environment().get_template(template).render(**values)


def data_url(image: bytes) -> str:
    """JPEG or PNG bytes as an address that holds them."""
    kind = "png" if image.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def clock(time_ms: int) -> str:
    """A time of the video for people: 0:02:03."""
    seconds = time_ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mmemo.evaluate"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=words.percent,
        points=words.points,
        minus=words.typographic,
        counted=words.counted,
        image=data_url,
        clock=clock,
    )
    environment.globals.update(meanings=_MEANINGS, labels=EKMAN7.labels, colour_of=colour_of, sync_said=words.sync_said)
    return environment
