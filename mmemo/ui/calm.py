"""What rests costs nothing: clocks of Gradio that nobody sees do not run at each frame, nor its queue each millisecond.

Gradio's mark of a running event keeps a clock that asks for a new frame at every frame and never ends, also when
nothing runs: an idle page draws 60 times a second. Its modules take `requestAnimationFrame` as they load, so what slows
that clock must stand in the page before the first of them, where neither `head=` nor `js=` of Gradio come.
"""

from __future__ import annotations

from gradio import Blocks
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The clock is known by what it computes: seconds since a moment. What is not known so, also in another version of
# Gradio, has its frames as before. Four looks a second are enough for a clock of seconds, and need no frame.
# Numbers of looks are below zero, where no frame has one, so that each is cancelled by its own.
SCRIPT = """<script>(() => {
  const frame = window.requestAnimationFrame.bind(window), cancel = window.cancelAnimationFrame.bind(window);
  const clock = /performance\\.now\\(\\)-.+\\/1e3/, looks = new Map();
  let last = 0;
  window.requestAnimationFrame = (work) => {
    if (document.hidden || !clock.test(String(work))) return frame(work);
    const number = --last;
    looks.set(number, window.setTimeout(() => { looks.delete(number); work(performance.now()); }, 250));
    return number;
  };
  window.cancelAnimationFrame = (number) => {
    if (!looks.has(number)) return cancel(number);
    window.clearTimeout(looks.get(number));
    looks.delete(number);
  };
})();</script>"""
_BEFORE = b"<script"


# Gradio's queue looks a thousand times a second whether somebody asked for something, which costs 4 % of a core while
# nobody does. A hundredth of a second is not felt.
_LOOK_AGAIN_S = 0.01


def calm_queue(page: Blocks) -> None:
    """Have the queue of a page rest a little longer between two looks; one that does not know of rests stays as it is."""
    queue = page._queue
    if getattr(queue, "sleep_when_free", 1.0) < _LOOK_AGAIN_S:
        queue.sleep_when_free = _LOOK_AGAIN_S


class CalmPage:
    """ASGI middleware that puts the script before every other in the page itself; all else passes as it is.

    `also` is another script that must be as early.
    """

    def __init__(self, app: ASGIApp, also: str = "") -> None:
        self.app = app
        self._script = SCRIPT + also

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self.app(scope, receive, _Calmed(send, self._script) if _is_page(scope) else send)


def _is_page(scope: Scope) -> bool:
    """Whether the page itself is asked for, by its own address or by the one behind a proxy that keeps its prefix."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return str(scope["path"]).rstrip("/") in ("", str(scope.get("root_path", "")).rstrip("/"))


class _Calmed:
    """Holds the answer back until it is whole, since the script makes it longer than its head says."""

    def __init__(self, send: Send, script: str) -> None:
        self._send = send
        self._script = script
        self._head: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_plain_html(message):
            self._head = message
        elif message["type"] != "http.response.body" or self._head is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._all()

    async def _all(self) -> None:
        assert self._head is not None
        body = with_script(bytes(self._body), self._script)
        MutableHeaders(scope=self._head)["content-length"] = str(len(body))
        await self._send(self._head)
        await self._send({"type": "http.response.body", "body": body})


def _is_plain_html(head: Message) -> bool:
    headers = MutableHeaders(scope=head)
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers


def with_script(page: bytes, script: str = SCRIPT) -> bytes:
    """The page with the script before its first one; one without scripts as it is."""
    start = page.find(_BEFORE)
    return page if start < 0 else page[:start] + script.encode() + page[start:]
