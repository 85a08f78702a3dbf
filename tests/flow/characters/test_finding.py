"""Characters of an episode: found once, named by prefixes and people, and what people said survives."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmemo.errors import InputError, ModelUnavailable
from mmemo.flow.characters import identities
from mmemo.flow.characters.finding import (
    CHARACTER_COLUMNS,
    TRACK_COLUMNS,
    CharacterSettings,
    ClusterSettings,
    character_table,
    find_characters,
    move_track,
    rename_character,
    rename_characters,
    restore_track,
    track_characters,
)
from mmemo.progress import Progress, run
from mmemo.store.files import read_table, write_json, write_table
from mmemo.store.workspace import Episode, Workspace
from pipelines._command import main
from pipelines.characters import characters

ID = "harbour-lights"
# One track a cue: who is seen, and the name in front of the line.
SEEN = ("nora", "nora", "nora", "felix", "felix", "olga", "nora", "felix")
PREFIX = ("NORA", None, "NORA", "FELIX", "FELIX", "MAN", "Nora", None)
NUMBER = {"nora": 1, "felix": 2, "olga": 3}


def make_episode(workspace: Workspace, seen: tuple[str, ...] = SEEN, key: str = "first") -> Episode:
    """A cut with one track of two faces a cue; the faces of one person lie at one place of the frame."""
    episode = Episode(ID, "v.mp4", "s.srt", "hash", "hash", 60_000, key)
    cut = workspace.cut_folder(episode)
    (cut / "crops").mkdir(parents=True)
    rows = []
    for track, person in enumerate(seen, 1):
        for n in range(2):
            crop = f"crops/{track}-{n}.jpg"
            pixels = np.random.default_rng(100 * track + n).integers(0, 256, (40, 40, 3), np.uint8)
            Image.fromarray(pixels).save(cut / crop)
            left = 100.0 * (NUMBER[person] - 1)
            rows.append((f"f{track}-{n}", track, track, 2000 * track + 100 * n, left, 0.9 + 0.05 * n, crop))
    faces = pd.DataFrame(rows, columns=["face_id", "cue_id", "track_id", "frame_ms", "x1", "detection_prob", "crop"])
    faces = faces.assign(y1=0.0, x2=faces["x1"] + 80, y2=80.0, role="speaker", sharpness=1.0, speaker_score=1.0)
    write_table(cut / "faces.parquet", faces)
    ids = np.arange(1, len(seen) + 1)
    cues = pd.DataFrame({"cue_id": ids, "start_ms": 2000 * ids, "end_ms": 2000 * ids + 1500, "text": "Line."})
    cues["speaker"] = pd.Series(list(PREFIX[: len(seen)]), dtype=object)
    write_table(cut / "cues.parquet", cues.assign(raw_text="Line.", source_line=1, drop_reason=None))
    workspace.save_episode(episode)
    return episode


def put_characters(workspace: Workspace, episode: Episode, numbers: list[int], key: str = "made") -> None:
    """What the stage leaves, for a clustering that the test decides; the earlier a track, the more typical."""
    folder = workspace.stage_folder(ID, "characters", key)
    table = pd.DataFrame({"track_id": np.arange(1, len(numbers) + 1, dtype=np.int32)})
    table["character_id"] = np.array(numbers, np.int32)
    table["distance"] = np.linspace(0.1, 0.2, len(numbers), dtype=np.float32)
    write_table(folder / "characters.parquet", table)
    write_json(folder / "settings.json", {"cut": episode.cut_key})


@pytest.fixture
def episode(workspace: Workspace) -> Episode:
    made = make_episode(workspace)
    put_characters(workspace, made, [NUMBER[person] for person in SEEN])
    return made


def names(workspace: Workspace, episode: Episode) -> dict[int, tuple[str, str]]:
    table = character_table(workspace, episode)
    rows = zip(table["character_id"], table["name"], table["name_source"], strict=True)
    return {number: (name, source) for number, name, source in rows}


def numbers(workspace: Workspace, episode: Episode) -> list[int]:
    return track_characters(workspace, episode)["character_id"].tolist()


def test_the_table(workspace: Workspace, episode: Episode):
    table = character_table(workspace, episode)
    assert tuple(table.columns) == CHARACTER_COLUMNS
    assert names(workspace, episode) == {1: ("NORA", "prefix"), 2: ("FELIX", "prefix"), 3: ("", "")}
    first = table.iloc[0]
    assert (first["tracks"], first["lines"], first["seconds"], first["votes"], first["of"]) == (4, 4, 6.0, 3, 3)
    assert Path(first["crop"]).is_absolute() and Path(first["crop"]).is_file()
    assert Path(first["crop"]).name == "1-1.jpg"
    tracks = track_characters(workspace, episode)
    assert tuple(tracks.columns) == TRACK_COLUMNS
    assert tracks["name"].tolist() == ["NORA"] * 3 + ["FELIX"] * 2 + ["", "NORA", "FELIX"]


def test_nothing_was_looked_for(workspace: Workspace):
    made = make_episode(workspace)
    assert character_table(workspace, made).columns.tolist() == list(CHARACTER_COLUMNS)
    assert len(character_table(workspace, made)) == len(track_characters(workspace, made)) == 0
    with pytest.raises(InputError, match="pipelines.characters"):
        rename_character(workspace, ID, 1, "Nora")


def test_a_person_has_the_last_word(workspace: Workspace, episode: Episode):
    rename_character(workspace, ID, 3, "Olga")
    rename_character(workspace, ID, 1, "  Nora   Quist ")
    assert names(workspace, episode)[1] == ("Nora Quist", "person")
    rename_character(workspace, ID, 1, "Eleonora", "ana")
    assert names(workspace, episode) == {1: ("Eleonora", "person"), 2: ("FELIX", "prefix"), 3: ("Olga", "person")}
    rename_character(workspace, ID, 1, "")
    assert names(workspace, episode)[1] == ("NORA", "prefix")


def test_two_characters_of_one_name_are_one_until_it_is_taken_back(workspace: Workspace, episode: Episode):
    rename_characters(workspace, ID, {1: "Nora", 3: "Nora"})
    assert names(workspace, episode) == {1: ("Nora", "person"), 2: ("FELIX", "prefix")}
    assert character_table(workspace, episode)["tracks"].tolist() == [5, 3]
    rename_character(workspace, ID, 1, "")
    assert numbers(workspace, episode) == [NUMBER[person] for person in SEEN]


def test_two_may_swap_their_names(workspace: Workspace, episode: Episode):
    rename_characters(workspace, ID, {1: "Felix", 2: "Nora"})
    rename_characters(workspace, ID, {1: "Nora", 2: "Felix"})
    assert names(workspace, episode)[1][0] == "Nora" and names(workspace, episode)[2][0] == "Felix"


def test_a_track_of_somebody_else(workspace: Workspace, episode: Episode):
    move_track(workspace, ID, 7, 2)
    assert numbers(workspace, episode) == [1, 1, 1, 2, 2, 3, 2, 2]
    rename_character(workspace, ID, 2, "Felix")
    assert track_characters(workspace, episode)["name"].tolist()[6] == "Felix"
    move_track(workspace, ID, 7, 0)
    assert numbers(workspace, episode)[6] == 0
    restore_track(workspace, ID, 7)
    assert numbers(workspace, episode)[6] == 1


def test_the_one_track_of_a_character_stays_where_it_is(workspace: Workspace, episode: Episode):
    move_track(workspace, ID, 6, 3)
    assert numbers(workspace, episode) == [NUMBER[person] for person in SEEN]


@pytest.mark.parametrize("call", [(99, 1), (1, 99)])
def test_an_unknown_number_is_refused(workspace: Workspace, episode: Episode, call: tuple[int, int]):
    with pytest.raises(InputError, match="99"):
        move_track(workspace, ID, *call)
    with pytest.raises(InputError, match="there are 1, 2, 3"):
        rename_character(workspace, ID, 99, "Nora")
    with pytest.raises(InputError, match="no character"):
        rename_character(workspace, ID, 0, "Nora")


def test_words_survive_a_new_clustering(workspace: Workspace, episode: Episode):
    """The numbers go to others, one person is split, and the names stay with the faces."""
    rename_characters(workspace, ID, {1: "Nora", 3: "Olga"})
    move_track(workspace, ID, 8, 3)
    anew = {"nora": 2, "felix": 1, "olga": 3}
    put_characters(workspace, episode, [*(anew[person] for person in SEEN[:6]), 4, 1], "later")
    assert {name for name, source in names(workspace, episode).values() if source == "person"} == {"Nora", "Olga"}
    of_tracks = track_characters(workspace, episode)["name"].tolist()
    assert of_tracks[:3] == ["Nora"] * 3 and of_tracks[5] == of_tracks[7] == "Olga"
    assert names(workspace, episode)[1] == ("FELIX", "prefix")


def test_named_people_stay_two_when_a_clustering_throws_them_together(workspace: Workspace, episode: Episode):
    rename_characters(workspace, ID, {1: "Nora", 2: "Felix"})
    put_characters(workspace, episode, [1] * 5 + [2, 1, 1], "later")
    assert track_characters(workspace, episode)["name"].tolist() == ["Nora"] * 3 + ["Felix"] * 2 + ["", "Nora", "Felix"]


def test_words_survive_another_cut(workspace: Workspace, episode: Episode):
    """Another cut numbers its tracks anew and looks at other frames."""
    rename_characters(workspace, ID, {1: "Nora", 3: "Olga"})
    move_track(workspace, ID, 8, 3)
    again = replace(episode, cut_key="again")
    shutil.copytree(workspace.cut_folder(episode), workspace.cut_folder(again))
    faces = workspace.faces(again)
    faces["track_id"] = 9 - faces["track_id"]
    faces["frame_ms"] += 120
    faces[["x1", "x2"]] += 8.0
    write_table(workspace.cut_folder(again) / "faces.parquet", faces)
    workspace.save_episode(again)
    assert len(character_table(workspace, again)) == 0
    put_characters(workspace, again, [NUMBER[person] for person in reversed(SEEN)], "again")
    found = track_characters(workspace, again)["name"].tolist()[::-1]
    assert found == ["Nora"] * 3 + ["FELIX"] * 2 + ["Olga", "Nora", "Olga"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """InceptionResnetV1 as it begins, before it learnt anybody's face."""
    import torch
    from facenet_pytorch import InceptionResnetV1

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "own.pt"
    torch.save(InceptionResnetV1().state_dict(), path)
    return path


@pytest.mark.slow
def test_the_whole_stage_with_weights_from_a_file(workspace: Workspace, weights: Path, monkeypatch: pytest.MonkeyPatch):
    made = make_episode(workspace)
    steps: list[Progress] = []
    settings = CharacterSettings(weights=str(weights))
    report = run(find_characters(workspace, made, settings), steps.append)
    assert (report.off, report.tracks, report.skipped) == ("", len(SEEN), False)
    assert report.characters >= 1 and report.weights.startswith("facenet@")
    assert steps[-1].done == steps[-1].total == 2 * len(SEEN)
    table = read_table(workspace.stage_folder(ID, "characters", report.key) / "characters.parquet")
    assert table.dtypes.astype(str).tolist() == ["int32", "int32", "float32"]
    assert table["track_id"].tolist() == list(range(1, len(SEEN) + 1))
    assert len(character_table(workspace, made)) == report.characters
    monkeypatch.setattr(identities, "_features", lambda *_: pytest.fail("the faces were read again"))
    again = run(find_characters(workspace, made, settings))
    assert again.skipped and replace(again, seconds=0, skipped=False) == replace(report, seconds=0)
    near = CharacterSettings(weights=str(weights), clusters=ClusterSettings(max_distance=1e-9))
    apart = run(find_characters(workspace, made, near))
    assert apart.characters == len(SEEN) == len(character_table(workspace, made))
    run(find_characters(workspace, made, settings))
    assert len(character_table(workspace, made)) == report.characters, "what was asked for last is shown"


@pytest.mark.slow
def test_one_track_none_and_poor_faces(workspace: Workspace, weights: Path, tmp_path: Path):
    settings = CharacterSettings(weights=str(weights))
    one = make_episode(workspace, ("nora",))
    assert run(find_characters(workspace, one, settings)).characters == 1
    empty = Workspace(tmp_path / "empty")
    made = make_episode(empty, ("nora",))
    write_table(empty.cut_folder(made) / "faces.parquet", empty.faces(made)[:0])
    report = run(find_characters(empty, made, settings))
    assert (report.characters, report.tracks, report.off) == (0, 0, "")
    poor = Workspace(tmp_path / "poor")
    made = make_episode(poor, ("nora", "nora", "felix"))
    faces = poor.faces(made)
    quality = np.where(faces["track_id"] == 2, 0, 0.8).astype(np.float32)
    write_table(poor.cut_folder(made) / "faces.parquet", faces.assign(quality=quality))
    report = run(find_characters(poor, made, settings))
    assert (report.tracks, report.unsure) == (3, 1)
    assert numbers(poor, made)[1] == 0


@pytest.mark.slow
def test_cancelled_leaves_nothing_behind(workspace: Workspace, weights: Path):
    made = make_episode(workspace)
    stage = find_characters(workspace, made, CharacterSettings(weights=str(weights)))
    next(stage)
    next(stage)
    stage.close()
    assert [path.name for path in workspace.episode_folder(ID).iterdir() if not path.name.startswith("cut-")] == [
        "episode.json"
    ]


def test_without_the_weights_it_is_off_and_says_so_at_once(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    made = make_episode(workspace)
    started = time.monotonic()
    report = run(find_characters(workspace, made))
    assert report.characters == 0 and "facenet:vggface2" in report.off and "file" in report.off
    assert run(find_characters(workspace, made, CharacterSettings(weights="off"))).off
    with pytest.raises(ModelUnavailable, match="cannot be reached") as told:
        run(find_characters(workspace, made, CharacterSettings(weights="facenet:vggface2")))
    assert "as a file" in str(told.value)
    assert time.monotonic() - started < 20
    assert not list(tmp_path.rglob("*.pt*")) and len(character_table(workspace, made)) == 0


def test_fetched_weights_that_are_damaged_switch_it_off(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from mmemo.student.backbones.hubs import facenet_file

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    facenet_file().parent.mkdir(parents=True)
    facenet_file().write_bytes(b"damaged")
    made = make_episode(workspace)
    report = run(find_characters(workspace, made))
    assert "cannot be loaded" in report.off
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        run(find_characters(workspace, made, CharacterSettings(weights=str(facenet_file()))))


@pytest.mark.parametrize("settings", [{"weights": ""}, {"faces_per_track": 0}])
def test_settings_check_themselves(settings: dict[str, object]):
    with pytest.raises(InputError):
        CharacterSettings(**settings)  # type: ignore[arg-type]


def test_a_missing_file_is_wrong_input(workspace: Workspace):
    made = make_episode(workspace)
    with pytest.raises(InputError, match="no file missing.pt"):
        run(find_characters(workspace, made, CharacterSettings(weights="missing.pt")))


def command(monkeypatch: pytest.MonkeyPatch, workspace: Workspace, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["characters", "--workspace", str(workspace.root), *arguments])
    with pytest.raises(SystemExit) as stop:
        main(characters)
    return int(stop.value.code or 0)


def test_the_command_lists_names_and_moves(
    workspace: Workspace, episode: Episode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    import json

    arguments = ["--weights", "off", "--rename", "3=Olga", "--move", "7=2", "--tracks", "2", "--json"]
    assert command(monkeypatch, workspace, *arguments) == 0
    printed = capsys.readouterr()
    assert "Olga" in printed.out and "2 of 2 lines" in printed.out and "line of character 2" in printed.out
    (told,) = json.loads(printed.out.splitlines()[-1])["episodes"]
    assert (told["characters"], told["named"], told["tracks"], told["unsure"]) == (3, 3, 8, 0)
    assert [row["track_id"] for row in told["of_character"]] == [4, 5, 7, 8]
    assert names(workspace, episode)[3] == ("Olga", "person")


def test_the_command_says_how_one_person_in_two_is_made_one(
    workspace: Workspace, episode: Episode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    put_characters(workspace, episode, [1, 1, 3, 2, 2, 4, 3, 2], "later")
    cues = workspace.cues(episode).assign(speaker=["NORA", "NORA", "NORA", "FELIX", "FELIX", None, "NORA", None])
    write_table(workspace.cut_folder(episode) / "cues.parquet", cues)
    assert command(monkeypatch, workspace, "--weights", "off") == 0
    assert "--rename 1=NORA --rename 3=NORA" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--rename", "Nora"], ["--move", "7=Nora"], ["--rename", "9=Nora"], ["--move", "70=1"], ["--episode", "none"]],
)
def test_what_the_command_does_not_understand(
    workspace: Workspace,
    episode: Episode,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    assert command(monkeypatch, workspace, "--weights", "off", *arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")
