from __future__ import annotations

import pytest

from mmemo.episode.account import CueAccount, DropReason, account_of


def test_every_outcome_is_counted_once() -> None:
    account = account_of([None, "music", None, "no_face", "music"])
    assert (account.total, account.kept, account.dropped) == (5, 2, {"music": 2, "no_face": 1})
    assert account_of([]) == CueAccount(0, 0, {})


def test_a_sum_that_does_not_hold_cannot_be_made() -> None:
    with pytest.raises(AssertionError, match="exactly one outcome"):
        CueAccount(3, 1, {"music": 1})
    with pytest.raises(AssertionError, match="unknown reason"):
        CueAccount(2, 1, {"boredom": 1})


def test_every_reason_is_explained() -> None:
    assert all(len(reason.meaning) > 10 for reason in DropReason)
