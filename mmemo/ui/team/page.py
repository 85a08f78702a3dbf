"""The unchanging frame of Team; the script fills it, with words in the browser's language."""

from __future__ import annotations

import json
from pathlib import Path

from mmemo.ui.text import for_script, words

_HERE = Path(__file__).parent
_SCRIPTS = ("team.js", "views.js", "cases.js")
VIEWS = ("progress", "conflicts", "agreement", "rounds", "gold")


def team_script() -> str:
    """The whole script of the page; its parts share one scope."""
    review = json.dumps(dict(words()["page.review"]), ensure_ascii=False)
    said = f"const TEXT = {json.dumps(for_script('team'), ensure_ascii=False)}, REVIEW = {review};"
    return "\n".join([said, *((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)])


def team_frame() -> str:
    """The HTML that the script fills, with its style; nothing in it comes from an episode or a person."""
    tabs = "".join(
        f'<button type="button" role="tab" class="mm-key" id="mm-team-tab-{view}" data-view="{view}" '
        f'aria-controls="mm-team-{view}" aria-selected="false" tabindex="-1"></button>'
        for view in VIEWS
    )
    panels = "".join(
        f'<div role="tabpanel" class="mm-stack" id="mm-team-{view}" data-panel="{view}" '
        f'aria-labelledby="mm-team-tab-{view}" tabindex="-1" hidden></div>'
        for view in VIEWS
    )
    return (
        f"<style>{(_HERE / 'team.css').read_text(encoding='utf-8')}</style>"
        '<div class="mm mm-team mm-stack"><div class="mm-team-top" data-part="top"></div>'
        f'<div role="tablist" class="mm-team-nav" data-part="nav" hidden>{tabs}</div>'
        '<p class="mm-team-told small" data-part="told" role="status" aria-live="polite"></p>'
        f"{panels}</div>"
    )
