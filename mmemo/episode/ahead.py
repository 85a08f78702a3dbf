"""A generator that works in a thread of its own, ahead of whoever takes what it gives."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Condition, Thread
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Runs a generator in a thread, ahead of whoever iterates over this, by items of at most `limit` in sum."""

    def __init__(self, items: Generator[T, None, None], size: Callable[[T], int], limit: int) -> None:
        self._items, self._size, self._limit = items, size, limit
        self._ready: deque[tuple[T, int]] = deque()
        self._held = 0
        self._over = self._stopped = False
        self._error: BaseException | None = None
        self._changed = Condition()
        self._thread = Thread(target=self._work, name="ahead", daemon=True)

    def __enter__(self) -> Ahead[T]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._stopped = True
            self._ready.clear()
            self._changed.notify_all()
        self._thread.join()

    def __iter__(self) -> Ahead[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._over)
            if not self._ready:
                if self._error is not None:
                    raise self._error
                raise StopIteration
            item, size = self._ready.popleft()
            self._held -= size
            self._changed.notify_all()
        return item

    def _work(self) -> None:
        error: BaseException | None = None
        try:
            with closing(self._items):
                for item in self._items:
                    if not self._put(item, self._size(item)):
                        break
        except BaseException as raised:
            error = raised
        with self._changed:
            self._error, self._over = error, True
            self._changed.notify_all()

    def _put(self, item: T, size: int) -> bool:
        """Wait for room and hand one item over; False when nobody wants any more. One item always has room."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._ready or self._held + size <= self._limit)
            if self._stopped:
                return False
            self._ready.append((item, size))
            self._held += size
            self._changed.notify_all()
        return True
