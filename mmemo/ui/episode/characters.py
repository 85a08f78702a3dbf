"""Who is who: a face, a name and some figures for every character, and the field that names or merges them."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from mmemo.flow.characters.finding import character_table, rename_character, track_characters
from mmemo.store.characters import MAX_NAME_CHARACTERS
from mmemo.store.workspace import Episode, Workspace
from mmemo.ui.episode.account import said
from mmemo.ui.html import card, clock, file_url, page_part
from mmemo.ui.roles import FOR_ANNOTATORS, FOR_LEADS
from mmemo.ui.text import say
from mmemo.ui.work import account_page_of

_SHOWN = 24
# A name is sent with the episode and character that it was typed for. The page is patched, not rebuilt, when the
# answer comes, so fields take the new names, but for the one that somebody is typing in by then.
CHARACTERS_SCRIPT = """
const placeOf = (field) => `${field.dataset.episode} ${field.dataset.character}`;
let typedFor = null;
element.addEventListener('input', (event) => { typedFor = placeOf(event.target); });
element.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.target.blur(); });
element.addEventListener('change', (event) => {
  const field = event.target.closest('input[data-character]');
  if (field && placeOf(field) === typedFor) trigger('select', {episode: field.dataset.episode, character: Number(field.dataset.character), name: field.value});
});
watch('value', () => {
  for (const field of element.querySelectorAll('input[data-character]'))
    if (field !== document.activeElement || placeOf(field) !== typedFor) field.value = field.getAttribute('value');
});
"""


def names_of_tracks(workspace: Workspace, episode: Episode) -> dict[int, str]:
    """The character of each face track as the page calls it; a track of nobody is left out."""
    tracks = track_characters(workspace, episode)
    known = tracks[tracks["character_id"] > 0]
    rows = zip(known["track_id"], known["character_id"], known["name"], strict=True)
    return {int(track): str(name) or _nameless(int(number)) for track, number, name in rows}


def characters_html(workspace: Workspace, episode: Episode) -> str:
    """A row a character, those with most faces first; how to switch it on where there are none."""
    table = character_table(workspace, episode)
    if table.empty:
        return page_part(card(f'<p class="soft">{said("cast_off")}</p>', title=say("episode.characters")))
    rows: Any = table.head(_SHOWN).itertuples()
    people = "".join(_person(row, episode.episode_id) for row in rows)
    more = len(table) - _SHOWN
    rest = f'<p class="small soft">{said("cast_more", count=more)}</p>' if more > 0 else ""
    return page_part(
        card(
            f'<p class="small soft {FOR_LEADS}">{said("cast_how")}</p><div class="mm-people">{people}</div>{rest}',
            title=say("episode.cast", count=len(table)),
        )
    )


def name_character(workspace: Workspace, episode_id: str, character_id: int, name: str, who: str) -> None:
    """Keep what a person, `who`, typed into a name field. Raises InputError for a name that cannot be kept."""
    from mmemo.flow.runs.report import write_cut_report

    rename_character(workspace, episode_id, character_id, name, who)
    if account_page_of(workspace, episode_id) is not None:
        write_cut_report(workspace, workspace.episode(episode_id))


def _person(row: Any, episode_id: str) -> str:
    name, number = str(row.name), int(row.character_id)
    speaks = say("episode.speaks", time=clock(int(1000 * row.seconds)))
    figures = escape(" · ".join((_counted(row.lines, "lines"), _counted(row.tracks, "tracks"), speaks)))
    called = escape(_nameless(number), quote=True)
    return (
        f'<div class="mm-person"><img src="{file_url(Path(row.crop))}" alt="" loading="lazy" width="56" height="56">'
        f'<div><strong class="{FOR_ANNOTATORS}">{escape(name or _nameless(number))}</strong>'
        f'<input type="text" class="{FOR_LEADS}" value="{escape(name, quote=True)}" placeholder="{called}" '
        f'aria-label="{said("name_of", name=name or _nameless(number))}" maxlength="{MAX_NAME_CHARACTERS}" '
        f'autocomplete="off" spellcheck="false" data-character="{number}" data-episode="{escape(episode_id, quote=True)}">'
        f'<span class="small soft">{figures}{_source(row)}</span></div></div>'
    )


def _source(row: Any) -> str:
    """Where a name comes from; nothing for a character without one."""
    if row.name_source == "person":
        return f" · {said('named_by_you')}"
    if row.name_source == "prefix":
        return f" · {said('named_by_lines', votes=int(row.votes), of=int(row.of))}"
    return ""


def _nameless(number: int) -> str:
    return say("episode.nameless", number=number)


def _counted(n: int, what: str) -> str:
    return say(f"episode.{what}_{'one' if n == 1 else 'many'}", count=f"{n:,}")
