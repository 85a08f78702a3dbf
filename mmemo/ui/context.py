"""What every tab is given: the workspace, the labels, the jobs, and the choice that all tabs share."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import gradio as gr

from mmemo.errors import InputError, MmemoError
from mmemo.store.files import to_json
from mmemo.store.labels import LabelStore
from mmemo.store.workspace import Workspace
from mmemo.ui.jobs.runner import JobRunner
from mmemo.ui.sign_in import People
from mmemo.ui.text import in_language, language_of, say
from mmemo.ui.words import sentences

log = logging.getLogger(__name__)

Handler = TypeVar("Handler", bound=Callable[..., Any])
_TOAST_SECONDS = 15.0
_REQUEST = "request"


@dataclass(frozen=True, slots=True)
class AppContext:
    """The server's side of the app; every browser talks to the same one.

    `media` is a folder of this machine whose videos and subtitles may be used; None for uploads alone. `people` knows
    who may do what.
    """

    workspace: Workspace
    labels: LabelStore
    jobs: JobRunner
    media: Path | None = None
    people: People = field(default_factory=People)


@dataclass(frozen=True, slots=True)
class Selection:
    """The episode and the run that all tabs show; `revision` grows when the same choice has new content."""

    episode_id: str | None = None
    run_id: str | None = None
    revision: int = 0

    def moved(self, episode_id: str | None, run_id: str | None) -> Selection:
        """The next choice; never equal to this one, so that every tab notices."""
        return Selection(episode_id, run_id, self.revision + 1)

    def to_widget(self) -> str:
        """The choice as JSON, for a tab that is one widget with a script."""
        return to_json({"episode": self.episode_id, "run": self.run_id, "revision": self.revision})


def told(handler: Handler) -> Handler:
    """Answer in the browser's language, and turn what a handler raises into a toast that leaves the page as it is.

    Wrong input and a full disk are told in their own sentence; anything else is a bug, whose details
    go to the server's log alone.
    """
    return _told(handler, None)


def by_lead(people: People) -> Callable[[Handler], Handler]:
    """The same for what only a lead may do where people sign in: hiding a button keeps nobody from calling it."""
    return functools.partial(_told, people=people)


def answer_widget(
    answer: Callable[[Mapping[str, Any]], dict[str, Any]], asked: object, request: gr.Request | None
) -> dict[str, Any]:
    """What a function says to a widget of the page, or {"error": a sentence} where it failed.

    Both in the browser's language; details of a bug go to the server's log alone.
    """
    with in_language(language_of(request)):
        try:
            if not isinstance(asked, Mapping):
                raise InputError("the question did not arrive whole", hint="reload the page")
            return answer(asked)
        except MmemoError as error:
            return {"error": sentences(error)}
        except Exception:
            log.exception("a widget of the page asked for something that failed")
            return {"error": say("page.bug")}


def _told(handler: Handler, people: People | None) -> Handler:
    names = list(inspect.signature(handler).parameters)
    asks = next((name for name in names if name == _REQUEST), None)

    @functools.wraps(handler)
    def safe(*args: Any, **kwargs: Any) -> Any:
        # gradio fills in the request for the parameter added below; a call from elsewhere has none.
        request = next((given for given in args if isinstance(given, gr.Request)), kwargs.get(_REQUEST))
        if asks is None and request is not None:
            args = tuple(given for given in args if given is not request)
            kwargs.pop(_REQUEST, None)
        with in_language(language_of(request)):
            try:
                if people is not None:
                    people.lead(request)
                return handler(*args, **kwargs)
            except MmemoError as error:
                warn(sentences(error))
            except Exception:
                log.exception("the handler %s failed", handler.__qualname__)
                warn(say("page.bug"))
            return gr.skip()

    if asks is None:
        _ask_for_request(safe, handler)
    return safe  # type: ignore[return-value]


def _ask_for_request(safe: Callable[..., Any], handler: Callable[..., Any]) -> None:
    """Have gradio give the request as a last parameter, or before those without a name, since it tells the language."""
    signature = inspect.signature(handler)
    extra = inspect.Parameter(_REQUEST, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=gr.Request)
    safe.__dict__.pop("__wrapped__", None)  # whose types gradio would read instead
    named = [one for one in signature.parameters.values() if one.kind is not one.VAR_POSITIONAL]
    rest = [one for one in signature.parameters.values() if one.kind is one.VAR_POSITIONAL]
    safe.__signature__ = signature.replace(parameters=[*named, extra, *rest])  # type: ignore[attr-defined]
    # What else gradio fills in, such as what an event brought, it knows by the types.
    safe.__annotations__ = {**get_type_hints(handler), _REQUEST: gr.Request}


def warn(sentence: str) -> None:
    """Show a toast; the sentence may hold file names, so it is escaped."""
    gr.Warning(escape(sentence), duration=_TOAST_SECONDS)
