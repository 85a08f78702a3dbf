from __future__ import annotations

from collections.abc import Sequence

import pytest

from mmemo.benchmark.cutting.whole_cut import WholeCut


def whole(rss_mb: Sequence[float]) -> WholeCut:
    return WholeCut(1.0, 1.0, max(rss_mb, default=0.0), {}, rss_mb)


def test_growth_is_between_the_second_and_the_last_quarter() -> None:
    rising = [float(i) for i in range(1000)]
    assert whole(rising).growth_mb() == pytest.approx(500)
    assert whole([900.0] * 1000).growth_mb() == 0


def test_start_end_and_single_peaks_are_no_growth() -> None:
    start, end = [float(i) for i in range(200)], [1200.0] * 50
    steady = [900.0 + 100 * (i % 17 == 0) for i in range(750)]
    assert whole([*start, *steady, *end]).growth_mb() == 0


def test_a_short_cut_does_not_tell() -> None:
    assert whole([900.0] * 39).growth_mb() is None
    assert whole([]).growth_mb() is None
