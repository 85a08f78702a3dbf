"""Errors read as one sentence with what to do."""

from __future__ import annotations

import pytest

from mmemo.errors import InputError, MmemoError, ModelUnavailable, StorageError


def test_the_hint_is_part_of_the_text():
    assert str(InputError("no video", hint="give an .mp4")) == "no video (give an .mp4)"


def test_no_hint_leaves_no_brackets():
    assert str(StorageError("the disk is full")) == "the disk is full"


@pytest.mark.parametrize("kind", [InputError, ModelUnavailable, StorageError])
def test_one_tree(kind: type[MmemoError]):
    assert issubclass(kind, MmemoError)
