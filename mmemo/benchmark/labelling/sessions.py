"""Many people label at once on a real app: no press may be lost or land on another face, and a save is quick.

Sessions run in real browsers, which in life are drawn on the machines of as many people and here share this one with
the app; or without, as the same questions without a page, which tells what the app alone answers.
Everybody signs in under a name of their own. What they noted is compared with the database afterwards.
"""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmemo.benchmark.labelling.browsers import BrowserSession, chromium, open_sessions
from mmemo.benchmark.labelling.faces import EPISODE_ID, RUN_ID, make_faces
from mmemo.benchmark.labelling.load import Load, load_between, load_now
from mmemo.benchmark.labelling.notes import Notes, Press, compared, spread
from mmemo.benchmark.labelling.protocol import ProtocolSession
from mmemo.benchmark.labelling.serving import running_app
from mmemo.benchmark.outcome import Check, Outcome
from mmemo.errors import InputError
from mmemo.progress import Progress, Stage
from mmemo.store.people import add_person
from mmemo.store.workspace import Workspace

_SETTLE_S = 60.0
# After a page has opened, a browser tidies up for a while; people who label have had theirs open for long.
_REST_S = 10.0
_ASKED_P95_MS = 300.0


@dataclass(frozen=True, slots=True)
class SessionsBenchmark:
    """How many people label, how many of them in a browser, for how long, how often each, and on how many faces."""

    cache: Path
    sessions: int = 20
    browsers: int = 20
    seconds: float = 120.0
    every_s: float = 1.5
    faces: int = 2000
    chromium: Path | None = None

    def __post_init__(self) -> None:
        if self.sessions < 1 or self.seconds <= 0 or self.every_s <= 0:
            raise InputError("sessions, seconds and pauses must be more than nothing", hint="see --help")
        if not 0 <= self.browsers <= self.sessions:
            raise InputError(f"{self.browsers} of {self.sessions} sessions cannot have a browser", hint="see --help")


def benchmark_sessions(settings: SessionsBenchmark) -> Stage[Outcome]:
    """Make the faces, start the app, let everybody label, and compare what they pressed with what is kept."""
    settings.cache.mkdir(parents=True, exist_ok=True)
    names = [f"person-{number:02d}" for number in range(settings.sessions)]
    password = secrets.token_urlsafe(12)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=settings.cache)))
        yield Progress("faces", 0, 0, f"{settings.faces} made-up faces")
        workspace = make_faces(folder / "workspace", settings.faces)
        for name in names:
            add_person(folder / "people", name, password)
        flags = ("--no-sample", "--people", str(folder / "people"))
        process, url = stack.enter_context(running_app(workspace.root, folder / "app.log", *flags))
        drawn, plain = _people(stack, settings, names, url)
        for number in open_sessions(drawn, url, password):
            yield Progress("browsers", number, len(drawn), "opening")
        for one in plain:
            one.open(password)
        if drawn:
            time.sleep(_REST_S)
        before = load_now(process.pid)
        yield from _labelled([*drawn, *plain], settings)
        after = load_now(process.pid)
        _settle([*drawn, *plain])
        notes = [Notes.together(one.notes() for one in drawn), Notes.together(one.notes for one in plain)]
        row = _row(settings, notes, _kept(workspace), before, after)
    asked = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(settings).items()}
    apart = [_row_of(*one) for one in zip(("in a browser", "without a browser"), notes, strict=True) if one[1].presses]
    return Outcome("sessions", [row, *apart], asked, _checks(row))


def _people(
    stack: ExitStack, settings: SessionsBenchmark, names: Sequence[str], url: str
) -> tuple[list[BrowserSession], list[ProtocolSession]]:
    """Everybody begins at faces of their own."""
    shown = {"episode": EPISODE_ID, "run": RUN_ID}
    firsts = [settings.faces * number // settings.sessions for number in range(settings.sessions)]
    drawn = []
    if settings.browsers:
        browser = stack.enter_context(chromium(settings.chromium))
        for name, first in zip(names[: settings.browsers], firsts, strict=False):
            drawn.append(BrowserSession(browser, name, {**shown, "values": {}, "at": first, "asOf": None}))
    rest = zip(names[settings.browsers :], firsts[settings.browsers :], strict=True)
    return drawn, [ProtocolSession(url, name, shown, first) for name, first in rest]


def _labelled(sessions: Sequence[BrowserSession | ProtocolSession], settings: SessionsBenchmark) -> Stage[None]:
    start = time.perf_counter()
    for number, session in enumerate(sessions):
        session.label(settings.seconds, settings.every_s, number + 1)
    while (passed := time.perf_counter() - start) < settings.seconds:
        yield Progress("labelling", int(passed), int(settings.seconds), f"{len(sessions)} people at once")
        time.sleep(min(2.0, settings.seconds - passed + 0.05))


def _settle(sessions: Sequence[BrowserSession | ProtocolSession]) -> None:
    """Wait until the last presses are answered."""
    deadline = time.perf_counter() + _SETTLE_S
    for session in sessions:
        while not session.settled() and time.perf_counter() < deadline:
            time.sleep(0.1)


def _kept(workspace: Workspace) -> list[Press]:
    with closing(workspace.labels()) as store:
        return [
            Press(str(row.press), f"{row.episode_id}/{row.cut_key}/{row.track_id}", row.label, row.annotator)
            for row in store.said_after(0)
        ]


def _row(
    settings: SessionsBenchmark, notes: Sequence[Notes], kept: Sequence[Press], before: Load, after: Load
) -> dict[str, Any]:
    """The figures; notes: of the sessions in a browser, and of the others."""
    in_browsers, others = notes
    both = Notes.together(notes)
    row = {
        "name": "sessions",
        "sessions_in_a_browser": settings.browsers,
        "sessions_without": settings.sessions - settings.browsers,
        **compared(both, kept),
        "save_ms_in_a_browser": spread(in_browsers.save_ms),
        "save_ms_without": spread(others.save_ms),
        "presses_in_a_browser": len(in_browsers.presses),
        "presses_per_s": round(len(both.presses) / (after.at - before.at), 2),
    }
    return {**row, **load_between(before, after, len(both.presses))}


def _row_of(name: str, notes: Notes) -> dict[str, Any]:
    """The same figures of one kind of sessions; from the key, and of the request alone, in ms."""
    saves, requests = spread(notes.save_ms), spread(notes.request_ms)
    return {"name": name, "presses": len(notes.presses), "save_ms": saves, "request_ms": requests}


def _checks(row: dict[str, Any]) -> list[Check]:
    checks = [
        Check("labels that were pressed and are not kept", 0, row["lost"], at_most=True),
        Check("labels on another face, of another person or unasked", 0, row["wrong"], at_most=True),
    ]
    for what, key in (("all sessions", "save_ms"), ("those in a browser", "save_ms_in_a_browser")):
        if row[key] is not None:
            checks.append(Check(f"95 % of saves in ms, {what}", _ASKED_P95_MS, row[key]["p95"], at_most=True))
    return checks
