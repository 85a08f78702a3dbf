"""What all commands share: the bar on stderr, JSON on stdout, exit codes, and clear errors."""

from __future__ import annotations

import functools
import inspect
import io
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from tqdm import tqdm

from mmemo.errors import MmemoError
from mmemo.progress import Progress, Stage
from mmemo.settings import keep_caches_inside, send_nothing

T = TypeVar("T")
_LOG_PAUSE_S = 10.0


def _enter(workspace: Path) -> Path:
    keep_caches_inside(workspace)
    return workspace


WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        help="Folder for everything that mmemo computes and keeps.",
        envvar="MMEMO_WORKSPACE",
        callback=_enter,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
DEFAULT_WORKSPACE = Path("workspace")


def say(message: str) -> None:
    """Print one line for the person at the terminal, to stderr."""
    tqdm.write(message, file=sys.stderr)


def run_with_bar(stage: Stage[T]) -> T:
    """Drive a stage with a progress bar on stderr and return its result."""
    bar: tqdm[Any] | None = None
    try:
        while True:
            try:
                progress = next(stage)
            except StopIteration as stop:
                result: T = stop.value
                return result
            bar = _moved(bar, progress)
    finally:
        stage.close()
        if bar is not None:
            bar.close()


def _moved(bar: tqdm[Any] | None, progress: Progress) -> tqdm[Any]:
    if bar is None or bar.desc.removesuffix(": ") != progress.stage:
        if bar is not None:
            bar.close()
        # In a log file every redraw is a line of its own, so there it is redrawn rarely.
        pause_s = 0.1 if sys.stderr.isatty() else _LOG_PAUSE_S
        bar = tqdm(total=progress.total or None, desc=progress.stage, file=sys.stderr, mininterval=pause_s)
    if progress.total and bar.total != progress.total:
        bar.total = progress.total
    bar.set_postfix_str(progress.note, refresh=False)
    bar.update(progress.done - bar.n)
    return bar


def main(command: Callable[..., None]) -> None:
    """Run a typer command: exit 0 done, 2 the input is wrong, 1 a bug, 130 cancelled from the keyboard, 143 ended."""
    app = _prepared_app()
    app.command()(_guarded(command))
    app()


def main_group(*commands: Callable[..., None], about: str = "") -> None:
    """Run one of several commands, chosen by its name as the first argument; exit codes as in main.

    `about` is what `--help` says before it lists them; without a name the same is shown.
    """
    app = _prepared_app()
    app.callback(help=inspect.cleandoc(about), no_args_is_help=True)(
        lambda: None
    )  # without it a single command would have no name
    for command in commands:
        app.command()(_guarded(command))
    app()


def _prepared_app() -> typer.Typer:
    send_nothing()
    signal.signal(signal.SIGTERM, _leave)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file's name may hold what no terminal can show
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def _leave(number: int, _frame: object) -> NoReturn:
    """Without this the process would end on the spot and leave its half-written files behind."""
    raise SystemExit(128 + number)


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except MmemoError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            print("cancelled; what was finished is kept, run the same command to go on", file=sys.stderr)
            raise typer.Exit(130) from None

    return guarded
