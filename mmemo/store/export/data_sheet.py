"""What is told with every export: where it comes from, how much it is, who labelled it, and what it is not good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmemo.errors import InputError
from mmemo.store.export.safe import plain
from mmemo.store.files import hash_file, to_json

SHEET_FILE, SHEET_JSON = "DATASHEET.md", "datasheet.json"
_LONGEST_TERM = 4_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What who publishes has to know: that the people shown agreed, and under which licence it may be used.

    Raises InputError when something is to be published and either is blank.
    """

    consent: str = ""
    licence: str = ""
    publish: bool = False

    def __post_init__(self) -> None:
        for name in ("consent", "licence"):
            if len(getattr(self, name)) > _LONGEST_TERM:
                raise InputError(f"the field {name} is longer than {_LONGEST_TERM} characters", hint="say it shorter")
        missing = [name for name in ("consent", "licence") if self.publish and not getattr(self, name).strip()]
        if missing:
            raise InputError(
                f"before anything is published, {' and '.join(missing)} must be filled in",
                hint="say who agreed to be shown and how, and under which licence the material may be used",
            )


def write_sheet(folder: Path, facts: Mapping[str, Any], terms: Terms) -> None:
    """Write DATASHEET.md and datasheet.json beside the files of an export, which they list with their hashes."""
    listed = [
        {"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "blake2b": hash_file(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    sheet = {
        **facts,
        "to_publish": terms.publish,
        "consent": plain(terms.consent).strip(),
        "licence": plain(terms.licence).strip(),
        "files": listed,
    }
    (folder / SHEET_JSON).write_text(to_json(sheet, indent=2) + "\n", encoding="utf-8")
    (folder / SHEET_FILE).write_text(sheet_markdown(sheet), encoding="utf-8")


def sheet_markdown(sheet: Mapping[str, Any]) -> str:
    """The sheet for people; words from files and people can start no markup."""
    parts = [
        f"# Data sheet: {_inline(sheet['format'])} of {_inline(sheet['episode'])}",
        _publishing(sheet),
        f"Made by {_inline(sheet['made_by'])} at {_inline(sheet['made_at'])}. {_inline(sheet['what'])}",
    ]
    if sheet.get("synthetic"):
        parts.append(f"**Synthetic material.** {_inline(sheet['synthetic'])}")
    parts += [
        "## Sources\n\n"
        + _rows(("what", "name", "blake2b"), [(s["what"], s["name"], s["hash"]) for s in sheet["sources"]]),
        "## Counts\n\n" + _rows(("what", "count"), [*sheet["counts"].items()]),
        "## Lines that gave no face, and why\n\n" + _rows(("reason", "lines"), [*sheet["dropped"].items()]),
        "## Who labelled\n\n"
        "Text opinion, image opinion, training target, student and people are five different facts. None of them is "
        "the truth.\n\n"
        + _rows(
            ("source", "made by", "face tracks"),
            [(p["source"], p["made_by"], p["tracks"]) for p in sheet["provenance"]],
        ),
        "## Agreement\n\nShare of the face tracks on which both name the same emotion.\n\n"
        + _rows(
            ("one", "other", "tracks", "the same"),
            [(a["one"], a["other"], a["tracks"], _percent(a["same"])) for a in sheet["agreement"]],
        ),
        "## How often each emotion is named\n\n" + _priors(sheet["priors"]),
        "## Known limits\n\n" + "\n".join(f"- {_inline(limit)}" for limit in sheet["limits"]),
        "## Files\n\n" + _rows(("file", "bytes"), [(f["name"], f["bytes"]) for f in sheet["files"]]),
    ]
    return "\n\n".join(parts) + "\n"


def _publishing(sheet: Mapping[str, Any]) -> str:
    consent, licence = (_inline(sheet[name]) or "not stated" for name in ("consent", "licence"))
    head = (
        "**Marked to be published.**"
        if sheet["to_publish"]
        else "**Not for publication.** It was made for use on this machine; to publish, export it again as such."
    )
    return f"{head}\n\n- Consent of the people shown: {consent}\n- Licence: {licence}"


def _priors(priors: Mapping[str, Mapping[str, float]]) -> str:
    labels = list(next(iter(priors.values()), {}))
    return _rows(("source", *labels), [(source, *map(_percent, shares.values())) for source, shares in priors.items()])


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _rows(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return "None."
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(_inline(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def _inline(value: object) -> str:
    """One row of text in which nothing of Markdown or HTML has a meaning."""
    text = " ".join(plain(str(value)).split())
    for sign in "\\`*[]|<>#":
        text = text.replace(sign, f"\\{sign}")
    return text
