"""The Compare tab says whether a student is used by default and turns that; Predict keeps to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.errors import InputError
from mmemo.flow.runs.promotion import promote, promoted_run
from mmemo.store.workspace import Workspace
from mmemo.ui.compare.tab import show_promotion, turn_promotion
from mmemo.ui.context import Selection
from mmemo.ui.header import choose
from mmemo.ui.predict.answer import Asked
from mmemo.ui.predict.tab import show_faces
from tests.flow.prediction.test_predict import drawn
from tests.flow.runs.test_promotion import save_run
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace


def test_the_page_says_it_and_turns_it(workspace: Workspace):
    save_run(workspace, "new", None)
    chosen = Selection("pilot", "new", 3)
    said, button, back = show_promotion(workspace, chosen)
    assert not back.visible
    assert "Not compared yet, and used" in said and "never compared" in said and button.visible
    assert "Not promoted" in turn_promotion(workspace, chosen, "ana")[0]
    said, button, _, moved = turn_promotion(workspace, chosen, "ana")
    assert "Promoted, so it is used" in said and "Stop using" in str(button.value) and moved.revision == 4
    assert promoted_run(workspace) == "new"
    assert "Not promoted" in turn_promotion(workspace, chosen, "ana")[0]
    assert show_promotion(workspace, Selection())[0] == ""
    with pytest.raises(InputError, match="no student"):
        turn_promotion(workspace, Selection(), "ana")


def test_the_choice_begins_with_a_promoted_run(tmp_path):
    workspace = ready_workspace(tmp_path / "ready", tracks=14)
    promote(workspace, RUN_IDS[0], False)
    promote(workspace, RUN_IDS[1])
    assert choose(workspace, Selection(), None, None)[2].run_id == RUN_IDS[1]
    assert choose(workspace, Selection(), EPISODE_ID, RUN_IDS[0])[2].run_id == RUN_IDS[0], "an explicit choice stays"


def test_the_chosen_student_stands_beside_the_baseline_also_when_it_is_not_promoted(tmp_path):
    workspace = ready_workspace(tmp_path / "ready", tracks=14)
    promote(workspace, RUN_IDS[0], False)
    path = tmp_path / "face.png"
    Image.fromarray(np.asarray(drawn())).save(path)
    said = shown(workspace, path)
    assert said.count("data-top=") == 2, "what is chosen above is what is shown"
    assert "not promoted, so the baseline stays the default; a person took it back" in said
    promote(workspace, RUN_IDS[0])
    said = shown(workspace, path)
    assert said.count("data-top=") == 2 and "not promoted" not in said


def shown(workspace: Workspace, path: Path) -> str:
    """The last of what the Predict tab shows of a picture."""
    asked = Asked((path,), Selection(EPISODE_ID, RUN_IDS[0]))
    return str([*show_faces(workspace, asked, None)][-1][1])
