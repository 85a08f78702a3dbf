"""The export stage: everything or nothing, terms, round trips, and no path of the machine in any file."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.flow.export.content import gather_content
from mmemo.flow.export.extent import extent_of
from mmemo.flow.export.model import load_exported, network_of, without_places
from mmemo.flow.export.stage import ExportSettings, export_episode, exports_folder, find_export, list_exports
from mmemo.progress import run
from mmemo.settings import REPOSITORY
from mmemo.store.export.data_sheet import SHEET_FILE, SHEET_JSON, Terms
from mmemo.store.export.formats import FORMATS, RUN, VIDEO
from mmemo.store.labels import FacePin, HumanLabel
from mmemo.store.team import PlacedFace, TeamStore, Verdict
from mmemo.store.workspace import LABELS_FILE, Workspace
from mmemo.student.model import load_student
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace

QUICK = ("csv", "jsonl", "imagefolder", "webdataset", "label-studio", "boxes", "subtitles")


@pytest.fixture
def ready(tmp_path: Path) -> Workspace:
    workspace = ready_workspace(tmp_path / "workspace", tracks=8)
    labels = workspace.labels()
    for annotator, track, label in (("ann", 1, "joy"), ("bob", 1, "anger"), ("ann", 2, "reject"), ("bob", 3, "fear")):
        labels.add(HumanLabel(EPISODE_ID, track, track, label, annotator))
    labels.close()
    return workspace


@pytest.mark.parametrize("name", QUICK)
def test_every_format_comes_with_a_sheet_and_names_no_folder_of_this_machine(ready: Workspace, name: str):
    made = run(export_episode(ready, ExportSettings(name, archive=True)))
    assert made.folder.parent == exports_folder(ready, EPISODE_ID)
    sheet = json.loads((made.folder / SHEET_JSON).read_text(encoding="utf-8"))
    assert (sheet["episode"], sheet["run"], sheet["to_publish"]) == (EPISODE_ID, RUN_IDS[0], False)
    assert sheet["counts"]["lines"] == sheet["counts"]["lines with a training face"] + sum(sheet["dropped"].values())
    assert made.archive is not None
    for path in (path for path in made.folder.rglob("*") if path.is_file()):
        assert str(ready.root.parent).encode() not in path.read_bytes(), path
    names = zipfile.ZipFile(made.archive).namelist()
    assert all(each.startswith(f"{made.folder.name}/") for each in names)
    assert f"{made.folder.name}/{SHEET_FILE}" in names


def test_the_sheet_tells_who_labelled_and_who_agrees(ready: Workspace):
    sheet = json.loads((run(export_episode(ready, ExportSettings("csv"))).folder / SHEET_JSON).read_text())
    people = {row["made_by"]: row["tracks"] for row in sheet["provenance"] if row["source"] == "human"}
    assert people == {"ann": 2, "bob": 2}
    agreement = {(row["one"], row["other"]): (row["tracks"], row["same"]) for row in sheet["agreement"]}
    assert agreement["two people", "each other"] == (1, 0.0)
    assert agreement["human", "teacher"][0] == 2
    assert sum(sheet["priors"]["student"].values()) == pytest.approx(1)
    assert sheet["counts"]["face tracks rejected by people"] == 1


def test_nothing_is_published_without_terms_and_then_nobody_is_named(ready: Workspace):
    with pytest.raises(InputError, match="consent"):
        ExportSettings("csv", terms=Terms(publish=True))
    terms = Terms("everybody drawn agreed", "CC0", publish=True)
    made = run(export_episode(ready, ExportSettings("csv", terms=terms)))
    with (made.folder / "labels.csv").open(encoding="utf-8-sig", newline="") as stream:
        said = {row["human_by"] for row in csv.DictReader(stream)} - {""}
    assert said == {"annotator 1", "annotator 2"}
    assert made.to_publish
    assert "everybody drawn agreed" in made.sheet.read_text()


def decide(workspace: Workspace, track: int, label: str) -> None:
    face = workspace.faces(workspace.episode(EPISODE_ID)).set_index("track_id").loc[track]
    x1, y1, x2, y2 = (float(face[name]) for name in ("x1", "y1", "x2", "y2"))
    pin = FacePin(workspace.episode(EPISODE_ID).cut_key, int(face["frame_ms"]), x1, y1, x2, y2)
    with closing(TeamStore(workspace.root / LABELS_FILE)) as team:
        team.decide(Verdict(PlacedFace(EPISODE_ID, track, int(face["cue_id"]), pin), label, "leonore"))


def test_a_leads_decision_holds_over_what_people_said(ready: Workspace):
    for track, label in ((1, "joy"), (2, "fear"), (3, "reject")):
        decide(ready, track, label)
    made = run(export_episode(ready, ExportSettings("csv")))
    with (made.folder / "labels.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["track_id"]: row for row in csv.DictReader(stream)}
    assert [rows[track]["human_label"] for track in "123"] == ["joy", "fear", "reject"]
    assert {rows[track]["human_by"] for track in "123"} == {"leonore"}
    assert [word["label"] for word in json.loads(rows["1"]["human_said"])] == ["joy", "anger"]
    faces = run(export_episode(ready, ExportSettings("jsonl", terms=Terms("they agreed", "CC0", publish=True)))).folder
    for path in faces.iterdir():
        assert "leonore" not in path.read_text(encoding="utf-8")
    usable = gather_content(ready, EPISODE_ID, RUN_IDS[0]).usable()["track_id"].tolist()
    assert 2 in usable and 3 not in usable


def test_cancelled_while_packing_nothing_is_left(ready: Workspace):
    stage = export_episode(ready, ExportSettings("csv", archive=True))
    assert any(progress.stage == "pack" for progress in stage)
    stage.close()
    assert [*exports_folder(ready, EPISODE_ID).iterdir()] == []


def test_a_run_is_needed_where_it_is_needed(ready: Workspace, tmp_path: Path):
    for run_id in RUN_IDS:
        ready.run_folder(run_id).rename(tmp_path / run_id)
    for name, each in FORMATS.items():
        if RUN in each.needs:
            with pytest.raises(InputError, match="needs a student"):
                run(export_episode(ready, ExportSettings(name)))
    assert not exports_folder(ready, EPISODE_ID).exists()
    made = run(export_episode(ready, ExportSettings("csv")))
    assert "There is no student yet" in made.sheet.read_text()


def test_the_video_is_needed_where_it_is_needed(ready: Workspace):
    Path(ready.episode(EPISODE_ID).video).unlink()
    for name, each in FORMATS.items():
        if VIDEO in each.needs:
            with pytest.raises(InputError, match="needs the video"):
                run(export_episode(ready, ExportSettings(name)))
    assert not exports_folder(ready, EPISODE_ID).exists()


def test_an_empty_workspace_and_unknown_names_are_wrong_input(tmp_path: Path, ready: Workspace):
    with pytest.raises(InputError, match="there is no episode"):
        run(export_episode(Workspace(tmp_path / "none"), ExportSettings("csv")))
    with pytest.raises(InputError, match="no export format"):
        ExportSettings("docx")
    with pytest.raises(InputError, match="no run"):
        run(export_episode(ready, ExportSettings("csv", run_id="x-1")))
    with pytest.raises(InputError, match="no episode"):
        run(export_episode(ready, ExportSettings("csv", "nobody")))


def test_a_folder_in_use_is_not_touched(ready: Workspace, tmp_path: Path):
    (tmp_path / "out").mkdir()
    made = run(export_episode(ready, ExportSettings("csv", out=tmp_path / "out")))
    assert {path.name for path in made.folder.iterdir()} == {"labels.csv", SHEET_FILE, SHEET_JSON}
    with pytest.raises(InputError, match="is there already"):
        run(export_episode(ready, ExportSettings("jsonl", out=tmp_path / "out")))


def test_exports_are_listed_the_newest_first_and_damaged_ones_left_out(ready: Workspace):
    first = run(export_episode(ready, ExportSettings("csv")))
    second = run(export_episode(ready, ExportSettings("csv")))
    assert first.folder != second.folder
    assert [each.folder for each in list_exports(ready, EPISODE_ID)] == [second.folder, first.folder]
    (second.folder / SHEET_JSON).write_text("{}")
    assert [each.folder for each in list_exports(ready, EPISODE_ID)] == [first.folder]
    assert find_export(ready, EPISODE_ID, first.folder.name) == first
    with pytest.raises(InputError, match="there is no export"):
        find_export(ready, EPISODE_ID, "../../labels.db")


def test_closing_it_in_the_middle_leaves_nothing(ready: Workspace):
    stage = export_episode(ready, ExportSettings("imagefolder"))
    for progress in stage:
        if progress.stage == "copy pictures":
            break
    stage.close()
    assert [*exports_folder(ready, EPISODE_ID).iterdir()] == []


_SLOW = """
import sys, time
from pathlib import Path
from mmemo.flow.export.stage import ExportSettings, export_episode
from mmemo.store.workspace import Workspace
stage = export_episode(Workspace(Path(sys.argv[1])), ExportSettings("imagefolder"))
for progress in stage:
    if progress.stage == "copy pictures":
        print("half", flush=True)
        time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_in_the_middle_nothing_half_is_seen_and_the_next_export_clears_up(ready: Workspace):
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW, str(ready.root)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    left = [*exports_folder(ready, EPISODE_ID).iterdir()]
    assert left
    assert all(path.name.startswith(".") for path in left)
    assert list_exports(ready, EPISODE_ID) == []
    made = run(export_episode(ready, ExportSettings("csv")))
    deadline = time.monotonic() + 5
    while len([*exports_folder(ready, EPISODE_ID).iterdir()]) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [*exports_folder(ready, EPISODE_ID).iterdir()] == [made.folder]


@pytest.mark.slow
def test_the_exported_student_says_the_same(ready: Workspace):
    made = run(export_episode(ready, ExportSettings("model", run_id=RUN_IDS[0])))
    crops = [np.random.default_rng(n).integers(0, 256, (90, 90, 3), np.uint8) for n in range(3)]
    before, after = load_student(ready.run_folder(RUN_IDS[0])), load_exported(made.folder)
    assert np.array_equal(before.probs(crops), after.probs(crops))
    batch = before.backbone.prepare(crops)
    assert np.array_equal(network_of(before)(batch).detach(), network_of(after)(batch).detach())
    assert "timm.create_model" in (made.folder / "README.md").read_text()
    (made.folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(InputError, match="damaged"):
        load_exported(made.folder)


def test_names_of_models_lose_their_folders():
    assert without_places("facenet:/data/models/x.pt") == "facenet:x.pt"
    assert without_places("timm:local-dir:/data/m") == "timm:local-dir:m"
    assert without_places("org/name=0.5,/abs/y") == "org/name=0.5,y"
    assert without_places("embedded@12") == "embedded@12"


def test_how_much_there_is_is_told_before(ready: Workspace):
    extent = extent_of(ready, EPISODE_ID, RUN_IDS[0])
    assert (extent.pictures, extent.usable, extent.cues) == (9, 8, 14)
    assert extent.crop_bytes > 500
    assert all(each.bytes(extent) > 0 for each in FORMATS.values())


def test_the_command(ready: Workspace, tmp_path: Path):
    command = [sys.executable, "-m", "pipelines.export", "csv", "--workspace", ready.root, "--out", tmp_path / "x"]
    done = subprocess.run([*map(str, command), "--json"], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["format"], told["episode"], told["folder"]) == ("csv", EPISODE_ID, str(tmp_path / "x"))
    again = subprocess.run([*map(str, command)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert again.returncode == 2
    assert "is there already" in again.stderr


@pytest.mark.slow
def test_the_onnx_file_says_the_same_and_names_no_folder_of_this_machine(ready: Workspace, tmp_path: Path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install onnx onnxscript onnxruntime")
    pytest.importorskip("onnxscript", reason="pip install onnx onnxscript onnxruntime")
    made = run(export_episode(ready, ExportSettings("onnx")))
    path = made.folder / "model.onnx"
    for place in (ready.root, REPOSITORY, Path(sys.prefix)):
        assert str(place).encode() not in path.read_bytes()
    student = load_student(ready.run_folder(RUN_IDS[0]))
    crops = [np.random.default_rng(n).integers(0, 256, (90, 90, 3), np.uint8) for n in range(5)]
    batch = student.backbone.prepare(crops)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    said = session.run(["probs"], {"pixels": batch.numpy()})[0]
    assert np.abs(said - network_of(student)(batch).detach().numpy()).max() < 1e-4
