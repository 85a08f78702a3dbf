"""What every tab is given: the workspace, the labels, the jobs, and the choice that all tabs share."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from mmemo.errors import MmemoError
from mmemo.store.labels import LabelStore
from mmemo.store.workspace import Workspace
from mmemo.ui.jobs import BUG_MESSAGE, JobRunner
from mmemo.ui.words import sentences

log = logging.getLogger(__name__)

Handler = TypeVar("Handler", bound=Callable[..., Any])
_TOAST_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class AppContext:
    """The server's side of the app; every browser talks to the same one.

    `media` is a folder of this machine whose videos and subtitles may be used; None for uploads alone.
    """

    workspace: Workspace
    labels: LabelStore
    jobs: JobRunner
    media: Path | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The episode and the run that all tabs show; `revision` grows when the same choice has new content."""

    episode_id: str | None = None
    run_id: str | None = None
    revision: int = 0

    def moved(self, episode_id: str | None, run_id: str | None) -> Selection:
        """The next choice; never equal to this one, so that every tab notices."""
        return Selection(episode_id, run_id, self.revision + 1)


def told(handler: Handler) -> Handler:
    """Turn what a handler raises into a toast, and leave the page as it is.

    Wrong input and a full disk are told in their own sentence; anything else is a bug, whose details
    go to the server's log alone.
    """

    @functools.wraps(handler)
    def safe(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except MmemoError as error:
            warn(sentences(error))
        except Exception:
            log.exception("the handler %s failed", handler.__qualname__)
            warn(BUG_MESSAGE)
        return gr.skip()

    return safe  # type: ignore[return-value]


def warn(sentence: str) -> None:
    """Show a toast; the sentence may hold file names, so it is escaped."""
    gr.Warning(escape(sentence), duration=_TOAST_SECONDS)
