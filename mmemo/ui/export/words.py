"""The Export tab in HTML: cards of formats, what was exported, and what must be known before it is passed on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mmemo.flow.export.stage import Exported
from mmemo.store.export.content import Extent
from mmemo.store.export.formats import FORMATS, RUN, Format
from mmemo.ui.export.file import download_url
from mmemo.ui.html import card, empty, page_part
from mmemo.ui.text import amount, say
from mmemo.ui.text.figures import figure, moment_words

SHOWN = 12
_UNITS = ("B", "kB", "MB", "GB", "TB")
# Cards and rows are drawn anew while a page is open: only what was clicked is told, and a double click is one.
EXPORT_SCRIPT = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-name]');
  if (button && !button.disabled && event.detail < 2) trigger('select', {name: button.dataset.name});
});
"""


def nothing_html() -> str:
    """The tab while there is no episode."""
    return empty(say("export.empty"), say("export.empty_do"))


def about_html() -> str:
    """Whose rights are in an export; stands above the cards."""
    return page_part(
        f'<p class="mm-notice"><strong>{_said("export.rights")}</strong> {_said("export.rights_why")}</p>',
        f'<p class="soft small">{_said("export.every")}</p>',
    )


def cards_html(extent: Extent, run_id: str | None) -> str:
    """A card a format with a sentence, about how large it gets, and its button."""
    cards = "".join(_card(each, extent, run_id) for each in FORMATS.values())
    return f'<div class="mm"><ul class="mm-formats" aria-label="{_said("export.formats")}">{cards}</ul></div>'


def _card(each: Format, extent: Extent, run_id: str | None) -> str:
    lacking = each.lacks(run=run_id is not None, video=extent.video_bytes > 0)
    title = _said(f"export.title_{each.name}")
    why = "" if lacking is None else _said("export.lacks_run" if lacking == RUN else "export.lacks_video")
    about = why or escape(about_size(each.bytes(extent), each.spread))
    off = "" if lacking is None else " disabled"
    return (
        f'<li data-format="{each.name}"><h3>{title}</h3><p>{_said(f"export.{each.name}")}</p>'
        f'<div class="mm-format-foot"><span class="soft small">{about}</span>'
        f'<button type="button" data-name="{each.name}" aria-label="{_said("export.button")}: {title}"{off}>'
        f"{_said('export.button')}</button></div></li>"
    )


def about_size(count: float, spread: float = 1.0) -> str:
    """About how large a file gets, as a range where only that is known; nothing for 0."""
    if not count:
        return ""
    if spread == 1.0:
        return say("export.about_size", size=size_words(count))
    return say("export.about_range", low=size_words(count / spread), high=size_words(count * spread))


def made_html(exports: Sequence[Exported]) -> str:
    """A row an export, the newest first, with its file; nothing while there is none."""
    if not exports:
        return ""
    rows = "".join(_row(each) for each in exports[:SHOWN])
    more = len(exports) - SHOWN
    rest = f'<p class="small soft">{escape(say("export.more", count=amount(more)))}</p>' if more > 0 else ""
    return page_part(card(f'<ul class="mm-made">{rows}</ul>{rest}', title=say("export.made")))


def _row(made: Exported) -> str:
    title = _said(f"export.title_{made.format}") if made.format in FORMATS else escape(made.format)
    marked = "export.to_publish" if made.to_publish else "export.not_to_publish"
    facts = [
        moment_words(made.sheet.stat().st_mtime_ns // 1_000_000),
        say("export.files.one" if made.files == 1 else "export.files.many", count=amount(made.files)),
        size_words(made.bytes),
        say(marked),
    ]
    told = "".join(f"<span>{escape(fact)}</span>" for fact in facts)
    name = escape(made.folder.name, quote=True)
    sheet = f'<button type="button" data-name="{name}" aria-label="{_said("export.sheet")}: {name}">{_said("export.sheet")}</button>'
    return (
        f'<li data-export="{name}"><div><strong>{title}</strong><div class="mm-stats">{told}</div></div>'
        f'<div class="mm-made-acts">{_download(made)}{sheet}</div></li>'
    )


def _download(made: Exported) -> str:
    if made.archive is None:
        return f'<span class="small soft">{_said("export.folder_only")}</span>'
    size = size_words(made.archive.stat().st_size)
    url, name = escape(download_url(made), quote=True), escape(made.archive.name, quote=True)
    words = escape(say("export.download", size=size))
    return f'<a class="mm-download" href="{url}" download="{name}" aria-label="{words}: {name}">{words}</a>'


def size_words(count: float) -> str:
    """1536 -> "1.5 kB", "1,5 kB"."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{figure(value, 0 if unit == 0 or value >= 10 else 1)} {_UNITS[unit]}"


def _said(key: str) -> str:
    return escape(say(key), quote=True)
