"""What stands in the place of the faces until they come."""

from __future__ import annotations

from contextlib import closing

import gradio as gr
import pytest

from mmemo.store.workspace import Workspace
from mmemo.ui import predict_tab
from mmemo.ui.context import AppContext, Selection
from mmemo.ui.jobs import JobRunner
from mmemo.ui.predict_tab import waiting


def test_the_first_picture_waits_with_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(predict_tab, "networks_loaded", lambda: False)
    assert "Loading the networks" in waiting("a.png")
    assert "Loading" not in str(nothing_new := waiting(None))
    monkeypatch.setattr(predict_tab, "networks_loaded", lambda: True)
    assert waiting("a.png") == nothing_new


def test_a_picture_that_comes_while_another_is_judged_is_judged_next(workspace: Workspace):
    with closing(workspace.labels()) as labels, gr.Blocks() as page:
        tab = predict_tab.predict_tab(AppContext(workspace, labels, JobRunner()), gr.State(Selection()))
    judges = [event for event in page.fns.values() if tab.faces in event.outputs]
    assert [event.trigger_mode for event in judges] == ["always_last", "always_last"]
    assert judges[1].outputs == [tab.boxes, tab.faces] and judges[1].trigger_after == judges[0]._id
