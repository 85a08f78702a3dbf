"""How every chart looks: one calm palette for light and dark pages, and figures as inline SVG."""

from __future__ import annotations

import hashlib
import html
import io
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmemo.evaluate.rows import FUSED, GOLD_CEILING, IMAGE_ONLY, MAJORITY, STUDENT, TEACHER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Each colour has at least 3:1 contrast with white and with near-black, and each two that meet in one
# chart stay apart for red-green blind eyes (a test holds both).
ACCENT = "#6366f1"
BASELINE = "#8092a8"
AMBER = "#c98500"
GREEN = "#0f9d6b"
INK = "#6b7684"  # readable on both grounds; in SVG it becomes the colour of the page's own text
COLOURS: Mapping[str, str] = {
    STUDENT: ACCENT,
    IMAGE_ONLY: BASELINE,
    TEACHER: AMBER,
    GOLD_CEILING: GREEN,
    MAJORITY: INK,
    FUSED: "#b0658f",
    "target": AMBER,
    "gold": GREEN,
}
FONT_PT = 9.0
_LIBRARY_SETTINGS = {
    "svg.fonttype": "none",  # text stays text: it can be searched, read aloud and takes the page's font
    "svg.hashsalt": "mmemo",  # the same figure gives the same file
    "text.parse_math": False,  # a file name or label with a dollar sign is no formula
    "font.size": FONT_PT,
    "axes.titlesize": FONT_PT + 1,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
# The library keeps its settings in one place for the whole process, so figures are drawn one at a time.
_one_at_a_time = threading.RLock()


@contextmanager
def drawing() -> Iterator[None]:
    """Hold the house settings while a figure is built or saved."""
    import matplotlib as mpl

    with _one_at_a_time, mpl.rc_context(_LIBRARY_SETTINGS):  # type: ignore[arg-type]
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty transparent figure that belongs to no window system."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained", dpi=144)
    figure.patch.set_alpha(0.0)
    return figure


def calm(axes: Axes, grid: str = "") -> Axes:
    """Take away what carries no information; `grid` names the axis ("x", "y") that gets faint lines."""
    axes.patch.set_alpha(0.0)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if grid:
        axes.grid(axis=grid, color=INK, alpha=0.18, linewidth=0.7)  # type: ignore[arg-type]
        axes.set_axisbelow(True)
    return axes


def colour_of(name: str) -> str:
    """Colour of a system; grey for one that has none of its own."""
    return COLOURS.get(name, INK)


def figure_to_svg(figure: Figure, alt: str = "") -> str:
    """One <svg> element to be put into an HTML page; names no other host and takes the page's text colour.

    `alt` describes the chart to those who cannot see it; without it the chart is marked as decoration.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with drawing():
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href=", "href=")
    text = text.replace(INK, "currentColor")
    text = re.sub(r"font: (\S+) [^;\"]*", r"font-size: \1; font-family: inherit", text)
    return _open_tag(_own_ids(text), alt).strip()


def _own_ids(svg: str) -> str:
    """Give the ids of one chart a prefix, so that charts on one page do not share theirs."""
    prefix = "c" + hashlib.blake2b(svg.encode(), digest_size=4).hexdigest()
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    return svg.replace("url(#", f"url(#{prefix}-")


def _open_tag(svg: str, alt: str) -> str:
    """Replace the fixed size by one that shrinks with the page."""
    tag, rest = svg.split(">", 1)
    box = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) [\d.]+"', tag)
    assert box, "the library writes a viewBox"
    width_px = round(float(box.group(1)) * 4 / 3)
    role = f'role="img" aria-label="{html.escape(alt, quote=True)}"' if alt else 'aria-hidden="true"'
    return f'<svg {box.group(0)} {role} style="width:100%;max-width:{width_px}px;height:auto">{rest}'
