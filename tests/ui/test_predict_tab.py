"""What stands in the place of the faces until they come."""

from __future__ import annotations

import pytest

from mmemo.ui import predict_tab
from mmemo.ui.predict_tab import waiting


def test_the_first_picture_waits_with_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(predict_tab, "networks_loaded", lambda: False)
    assert "Loading the networks" in waiting("a.png")
    assert "Loading" not in str(nothing_new := waiting(None))
    monkeypatch.setattr(predict_tab, "networks_loaded", lambda: True)
    assert waiting("a.png") == nothing_new
