"""Who may sign in: a file of `name:role:scrypt$N$r$p$salt$hash` lines, one a person; passwords are nowhere kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mmemo.errors import InputError
from mmemo.store.files import storage_errors

LEAD, ANNOTATOR = "lead", "annotator"
ROLES = (LEAD, ANNOTATOR)
LOCAL = "local"
MIN_PASSWORD = 8
# scrypt with 16 MB of memory and about 0.05 s a try: Percival and Josefsson 2016 (RFC 7914).
_COST = (2**14, 8, 1)
_MOST_COST = 2**17
_KEY_BYTES = 32
_WAIT_S, _LOOK_AGAIN_S = 10.0, 0.02
_NAME = re.compile(r"[\w.@-]{1,40}")
_HINT = "write it with python app.py --add-person NAME --people FILE"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. A lead hands out faces, sets gold and decides; an annotator labels."""

    name: str
    role: str = ANNOTATOR
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(
                f"{self.name[:40]!r} is no name of a person", hint="use letters, digits and . _ - @, at most 40 of them"
            )
        if self.name.lower() == LOCAL and self.secret:
            raise InputError(
                f"nobody can be called {self.name!r}: labels without a sign-in are under it", hint="choose another name"
            )
        if self.role not in ROLES:
            raise InputError(f"{self.role[:40]!r} is no role", hint=f"choose one of {', '.join(ROLES)}")

    @property
    def is_lead(self) -> bool:
        """Whether the person may assign, set gold and decide."""
        return self.role == LEAD


def read_people(path: Path) -> Mapping[str, Person]:
    """{name: person} of a file; a wrong line raises InputError with its number, never with what is in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the list of people {path} cannot be read", hint=_HINT) from error
    found: dict[str, Person] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        person = _person_of(line, f"{path}, line {number}")
        if person.name in found:
            raise InputError(
                f"{path}, line {number}: {person.name!r} is there twice", hint="delete one of the two lines"
            )
        found[person.name] = person
    if not found:
        raise InputError(f"there is nobody in the list of people {path}", hint=_HINT)
    return found


def add_person(path: Path, name: str, password: str, role: str = ANNOTATOR) -> bool:
    """Write a person into the file, which only its owner can then read; True when an old password was replaced."""
    person = Person(name, role, hash_password(password))
    with _alone(path):
        there = dict(read_people(path)) if path.is_file() and path.read_text(encoding="utf-8").strip() else {}
        replaced = name in there
        _write({**there, name: person}, path)
    return replaced


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else changes the list meanwhile: a second change that is begun waits, so that none is lost."""
    lock = path.absolute().with_name(f".{path.name}.lock")
    with storage_errors(path):
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + _WAIT_S
        while True:
            try:
                lock.touch(mode=0o600, exist_ok=False)
                break
            except FileExistsError:
                if time.monotonic() > until:
                    raise InputError(
                        f"somebody else is changing {path}", hint=f"try again; if nobody is, delete {lock}"
                    ) from None
                time.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def hash_password(password: str) -> str:
    """The line's third part, with a salt of its own. InputError for a password that is too short."""
    if len(password) < MIN_PASSWORD:
        raise InputError(f"the password is shorter than {MIN_PASSWORD} characters", hint="choose a longer one")
    salt = secrets.token_bytes(16)
    n, r, p = _COST
    return f"scrypt${n}${r}${p}${_text(salt)}${_text(_key(password, salt, *_COST))}"


def is_password(person: Person | None, password: str) -> bool:
    """Whether it is the password of this person; for nobody it takes as long and is always False."""
    n, r, p, salt, key = _parts(person.secret if person is not None else _NOBODY)
    same = hmac.compare_digest(_key(password, salt, n, r, p), key)
    return same and person is not None


def _key(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=_KEY_BYTES)


def _person_of(line: str, where: str) -> Person:
    parts = line.rstrip("\r\n").split(":")
    if len(parts) != 3:
        raise InputError(f"{where}: a person is name:role:hash", hint=_HINT)
    try:
        person = Person(*parts)
        _parts(person.secret)
    except InputError as error:
        raise InputError(f"{where}: {error.message}", hint=error.hint) from error
    return person


def _parts(secret: str) -> tuple[int, int, int, bytes, bytes]:
    kind, *numbers = secret.split("$")
    try:
        n, r, p = map(int, numbers[:3])
        salt, key = (base64.b64decode(part, validate=True) for part in numbers[3:])
    except ValueError as error:
        raise InputError("the hash of the password is broken", hint=_HINT) from error
    powers = 2 <= n <= _MOST_COST and n & (n - 1) == 0
    if kind != "scrypt" or not powers or not (0 < r <= 32 and 0 < p <= 16) or len(salt) < 8 or len(key) != _KEY_BYTES:
        raise InputError("the hash of the password is broken", hint=_HINT)
    return n, r, p, salt, key


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _write(people: Mapping[str, Person], path: Path) -> None:
    """All or nothing: a reader sees the list from before or the new one."""
    lines = [f"{person.name}:{person.role}:{person.secret}\n" for person in people.values()]
    path = path.absolute()
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # of mode 600
        try:
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                stream.writelines(lines)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


_NOBODY = f"scrypt${_COST[0]}${_COST[1]}${_COST[2]}${_text(bytes(16))}${_text(bytes(_KEY_BYTES))}"
