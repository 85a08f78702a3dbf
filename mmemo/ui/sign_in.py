"""Who asks: the person who signed in, by a list of people, by Hugging Face on a Space, or `local` where nobody must.

The page is never asked who it is: the name comes from the cookie of the request, and the role from the list.
"""

from __future__ import annotations

import asyncio
import getpass
import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmemo.errors import InputError
from mmemo.settings import read_password
from mmemo.store.people import ANNOTATOR, LEAD, LOCAL, Person, add_person, is_password, read_people

_NOT_SIGNED_IN = "nobody is signed in"
_SIGN_IN = "sign in and reload the page"


@dataclass(slots=True)
class People:
    """Who may do what. Without a file and without OAuth there is one person, `local`, who may do everything.

    The file is read again when it changed: somebody who was taken out of it may do nothing from then on. With
    `oauth` everybody with a Hugging Face account may label, and those in `leads` may do everything.
    """

    path: Path | None = None
    oauth: bool = False
    leads: tuple[str, ...] = ()
    _known: Mapping[str, Person] = field(default_factory=dict)
    _stamp: tuple[int, ...] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sign_in(self) -> bool:
        """Whether people have to say who they are."""
        return self.path is not None or self.oauth

    def known(self) -> Mapping[str, Person]:
        """{name: person} of the list; empty without one. Raises InputError for a broken list."""
        if self.path is None:
            return {}
        with self._lock:
            try:
                stat = self.path.stat()
            except OSError as error:
                raise InputError(
                    f"there is no list of people {self.path.name}",
                    hint="make it: python app.py --people FILE --add-person NAME --lead",
                ) from error
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp != self._stamp:
                self._known, self._stamp = read_people(self.path), stamp
            return self._known

    def person(self, name: str) -> Person:
        """Who a name is. InputError for one who may not be here."""
        if not self.sign_in:
            return Person(LOCAL, LEAD)
        if self.path is not None:
            known = self.known()
            if name not in known:
                raise InputError(f"{name[:40]!r} is not in the list of people", hint="ask the lead to add you")
            return known[name]
        if name.lower() == LOCAL:
            raise InputError(f"nobody can label as {LOCAL}", hint="labels without a sign-in are under this name")
        return Person(name, LEAD if name in self.leads else ANNOTATOR)

    def who(self, request: Any) -> Person:
        """The person who asks. InputError where nobody is signed in."""
        name = signed_in(request) if self.oauth else name_of(request)
        if name is None:  # a call without a request, too
            raise InputError(_NOT_SIGNED_IN, hint=_SIGN_IN)
        return self.person(name)

    def lead(self, request: Any) -> Person:
        """Who asks, if it is a lead; else an InputError in the language of who asks."""
        person = self.who(request)
        need_lead(person)
        return person

    def gate(self) -> Callable[[str, str], Any] | None:
        """What `auth=` of the page takes; None where nobody signs in with a password."""
        if self.path is None:
            return None
        self.known()  # a broken list is told at the start

        async def is_welcome(name: str, password: str) -> bool:  # gradio waits for it
            # Not in the server's own thread: a hash takes its time, and meanwhile others label.
            return await asyncio.to_thread(self.may_enter, name, password)

        return is_welcome

    def may_enter(self, name: str, password: str) -> bool:
        """Whether name and password fit; one try at a time, so that guessing is slow."""
        known = self.known()
        with _ONE_TRY:
            return is_password(known.get(name), password)


_ONE_TRY = threading.Lock()


def need_lead(person: Person) -> None:
    """InputError, in the language of who asks, for somebody who only labels."""
    if not person.is_lead:
        from mmemo.ui.text import say  # which needs gradio, and that starts after the command line is read

        raise InputError(say("page.lead_only"), hint=say("page.lead_only_you", name=person.name))


def signed_in(request: Any) -> str | None:
    """The name under which a person signed in; None where nobody did, also in an app without sign-in."""
    app = getattr(request, "app", None)
    if request is None or app is None:
        return None
    if getattr(app, "auth", None) is not None:
        for name in (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}"):
            if (token := request.cookies.get(name)) is not None:
                who = app.tokens.get(token)
                return None if who is None else str(who)
        return None
    return profile_name(request) if asks_hugging_face(app) else None


def asks_hugging_face(app: Any) -> bool:
    """Whether the page has a button to sign in with Hugging Face."""
    return getattr(getattr(app, "blocks", None), "expects_oauth", False) is True


def profile_name(request: Any) -> str | None:
    """The user name of a Hugging Face account that signed in on a Space; None for nobody, or one that has expired."""
    session = getattr(getattr(request, "request", None) or request, "session", None) or {}
    info = session.get("oauth_info") or {}
    if float(info.get("expires_at") or math.inf) < time.time():
        return None
    name = info.get("userinfo", {}).get("preferred_username")
    return str(name) if name else None


def name_of(request: Any) -> str:
    """The name that a label is kept under: of who signed in, or `local` in an app without sign-in.

    InputError where people sign in and nobody is.
    """
    name = signed_in(request)
    if name is not None:
        return name
    app = getattr(request, "app", None)
    if app is not None and (getattr(app, "auth", None) is not None or asks_hugging_face(app)):
        raise InputError(_NOT_SIGNED_IN, hint=_SIGN_IN)
    return LOCAL


def add_person_here(path: Path | None, name: str, lead: bool) -> str:
    """Ask for a password and put a person into the list; gives the sentence to print."""
    if path is None:
        raise InputError("it is not known which list of people", hint="add --people FILE or set MMEMO_PEOPLE")
    role = LEAD if lead else ANNOTATOR
    Person(name, role)  # before a password is asked for
    replaced = add_person(path, name, _password(name), role)
    return (
        f"{name} ({role}) {'has a new password' if replaced else 'is added'}. Start with: python app.py --people {path}"
    )


def _password(name: str) -> str:
    """From the environment, the first line of what is piped in, or asked for twice on the terminal."""
    if (given := read_password()) is not None:
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("The same again: ") != password:
        raise InputError("the two passwords differ", hint="try again")
    return password
