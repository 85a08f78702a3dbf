"""What the C library does with memory that a cut has freed: kept for the next search, given back before it adds up."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

# glibc's numbers for these settings, and the largest value that it takes for the second.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20


def keep_freed_memory() -> bool:
    """Let the process use freed memory again at once, up to 32 MB a thread; False where the C library has no such wish.

    A search frees and takes the same megabytes thousands of times a second. glibc by default gives them back to the
    system each time and has every page filled with zeros anew: a fifth of the processor's time, measured at 720p.
    """
    library = _c_library()
    if library is None or not hasattr(library, "mallopt"):
        return False
    kept = library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
    return bool(library.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES) and kept)


def give_back_freed_memory() -> bool:
    """Give the freed pages of all threads back to the system; False where the C library cannot.

    Pictures of all sizes come from one thread and go in another, so that the holes between those that are in use never
    quite fit the next ones: without this a process grows for hours though what it uses stays the same.
    """
    library = _c_library()
    if library is None or not hasattr(library, "malloc_trim"):
        return False
    library.malloc_trim(0)
    return True


@cache
def _c_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None
