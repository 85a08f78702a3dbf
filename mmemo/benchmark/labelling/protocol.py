"""Sessions without a browser: a thread sends the server what the page of one person sends it, and nothing draws."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from mmemo.benchmark.labelling.notes import Notes, Press
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.store.files import to_json

_API = "/gradio_api"
# As the page: faces in full so long after a key, the count of corrections so long after a save and so often at most,
# the list of jobs.
_DETAIL_S, _COUNT_S, _COUNTS_S, _JOBS_S = 0.11, 0.35, 5.0, 8.0
_PAGE, _PAGES_AHEAD = 48, 4
_PICTURES_AHEAD, _FACES_AHEAD = 8, 8
_TRIES = 20
_FILTERS = {
    **dict.fromkeys(("status", "character", "teacher", "image", "student", "target", "person", "annotator"), ""),
    **{"use": "training", "source": "target", "differ": "", "order": "time", "text": "", "issues": False},
    **{"confidence_from": 0, "confidence_to": 1, "blind": False},
}


class ProtocolSession:
    """One person: signs in, reads pages of faces, and saves a label after another; `notes` when it is over."""

    def __init__(self, url: str, person: str, shown: dict[str, Any], first: int) -> None:
        address = urlsplit(url)
        self._server = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=60)
        self._person, self._shown, self._at = person, shown, first
        self._session = f"bench{random.Random(person).getrandbits(40):010x}"
        self._cookie, self._review, self._tick = "", 0, (0, 0, 0)
        self._rows: dict[int, dict[str, Any]] = {}
        self._as_of: int | None = None
        self._in_full = -1  # the last face that is known in full
        self.notes = Notes()
        self._thread: threading.Thread | None = None

    def open(self, password: str) -> None:
        """Sign in, and read the first faces, as a page does when it opens."""
        form = urlencode({"username": self._person, "password": password})
        status, headers, _ = self._send("POST", "/login", form, "application/x-www-form-urlencoded")
        if status != 200:
            raise InputError(f"{self._person} cannot sign in", hint="does the app start by itself with --people?")
        self._cookie = "; ".join(
            value.partition(";")[0] for name, value in headers if name.lower() == "set-cookie" and "unsecure" in value
        )
        config = json.loads(self._send("GET", "/config")[2])
        self._review = next(
            one["id"] for one in config["components"] if one.get("props", {}).get("elem_id") == "mm-review"
        )
        for number, one in enumerate(config["dependencies"]):
            ticks = [target[0] for target in one["targets"] if target[1] == "tick"]
            if ticks and not self._tick[0]:
                self._tick = (one.get("id", number), ticks[0], len(one["inputs"]))
        self._ask("review_open", self._shown)
        self._read(self._at)

    def label(self, seconds: float, every_s: float, seed: int) -> None:
        """Begin to press keys; returns at once."""
        self._thread = threading.Thread(target=self._label, args=(seconds, every_s, random.Random(seed)), daemon=True)
        self._thread.start()

    def settled(self) -> bool:
        """Whether the last label is saved."""
        return self._thread is not None and not self._thread.is_alive()

    def _label(self, seconds: float, every_s: float, rng: random.Random) -> None:
        end, jobs_at, number = time.perf_counter() + seconds, time.perf_counter() + rng.random() * _JOBS_S, 0
        count_at = 0.0
        time.sleep(rng.random() * every_s)
        while time.perf_counter() < end and self._at in self._rows:
            pressed, number = time.perf_counter(), number + 1
            following = pressed + every_s * (0.5 + rng.random())
            self._press(f"{self._session}-{number}", rng.choice(EKMAN7.labels), pressed)
            self._at += 1
            saved = time.perf_counter()
            _sleep_until(pressed + _DETAIL_S)
            self._look()
            due = max(saved + _COUNT_S, count_at)
            _sleep_until(min(due, following))
            if due < following:  # a page that has pressed again counts after that
                self._ask("review_count", self._shown)
                count_at = time.perf_counter() + _COUNTS_S
            if time.perf_counter() > jobs_at:
                self._jobs()
                jobs_at += _JOBS_S
            _sleep_until(following)
        self._server.close()

    def _press(self, number: str, label: str, pressed: float) -> None:
        """Save one label, again and again until it is acknowledged, as the page does."""
        item = self._rows[self._at]["item"]
        press = {"id": number, "items": [item], "labels": [label], "scope": "track", "way": "chosen", "blind": False}
        self.notes.presses.append(Press(number, item, label, self._person))
        for _ in range(_TRIES):
            start = time.perf_counter()
            answer = self._ask("review_save", {"presses": [{**press, "me": self._person}], "blind": False})
            now = time.perf_counter()
            self.notes.request_ms.append(1000 * (now - start))
            self.notes.refused += len(answer.get("refused", ()))
            if number in answer.get("acks", ()):
                self.notes.save_ms.append(1000 * (now - pressed))
                return
            time.sleep(0.25)
        self.notes.unanswered += 1

    def _look(self) -> None:
        """The next faces in full, the picture that comes into sight ahead of them, and further pages where they end."""
        if self._at not in self._rows:
            self._read(self._at)
        if self._in_full <= self._at:
            ahead = range(max(self._at, self._in_full + 1), self._at + _FACES_AHEAD + 1)
            items = [self._rows[at]["item"] for at in ahead if at in self._rows]
            self._ask("review_faces", {**self._question(), "items": items})
            self._in_full = ahead[-1]
        coming = self._rows.get(self._at + _PICTURES_AHEAD)
        if coming is not None:
            self._send("GET", coming["url"])

    def _read(self, at: int) -> None:
        asked = {**self._question(), "as_of": self._as_of, "offset": at // _PAGE * _PAGE, "limit": _PAGES_AHEAD * _PAGE}
        answer = self._ask("review_page", asked)
        self._as_of = answer.get("as_of", self._as_of)
        self._rows |= {answer["offset"] + i: row for i, row in enumerate(answer.get("rows", ()))}

    def _question(self) -> dict[str, Any]:
        return {**self._shown, "all": False, "filters": _FILTERS}

    def _jobs(self) -> None:
        """What the page asks every few seconds: is there news of the jobs?"""
        function, timer, inputs = self._tick
        body = {"data": [None] * inputs, "fn_index": function, "trigger_id": timer, "session_hash": self._session}
        self._send("POST", f"{_API}/queue/join", to_json(body))
        self._send("GET", f"{_API}/queue/data?session_hash={self._session}")

    def _ask(self, function: str, data: dict[str, Any]) -> dict[str, Any]:
        """Call one of the functions that the server gives the page; {} where it does not answer."""
        body = {"data": data, "component_id": self._review, "fn_name": function, "session_hash": self._session}
        status, _, said = self._send("POST", f"{_API}/component_server/", to_json(body))
        answer = json.loads(said) if status == 200 else {}
        return answer if isinstance(answer, dict) else {}

    def _send(
        self, method: str, path: str, body: str | None = None, kind: str = "application/json"
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """(status, headers, body); once more on a new connection where the server has closed an idle one."""
        headers = {"Content-Type": kind, "Cookie": self._cookie, "Accept-Language": "en"}
        for again in (True, False):
            try:
                self._server.request(method, path, body, headers)
                answer = self._server.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            except (http.client.HTTPException, OSError):
                self._server.close()
                if not again:
                    break
        return 0, [], b""


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.perf_counter()))
