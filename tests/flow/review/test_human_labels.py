"""A person's word stays with its face, whatever number a cut gives to it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pytest

from mmemo.flow.review.human_labels import Resting, Words, read_words, resting_words
from mmemo.store.files import write_table
from mmemo.store.labels import FRAME, REJECT, WITHDRAW, FacePin, HumanLabel
from mmemo.store.team import PlacedFace, TeamStore, Verdict
from mmemo.store.workspace import LABELS_FILE, Episode, Workspace

EPISODE = Episode("pilot", "pilot.mp4", "pilot.srt", "a" * 32, "b" * 32, 60_000, "first")
LEFT, RIGHT = (10.0, 10.0, 50.0, 50.0), (100.0, 10.0, 140.0, 50.0)
Face = tuple[int, int, int, tuple[float, float, float, float]]  # track, cue, frame_ms, box
FACES: Sequence[Face] = [(1, 1, 500, LEFT), (1, 1, 1500, LEFT), (2, 1, 500, RIGHT), (3, 2, 4500, LEFT)]
RENUMBERED: Sequence[Face] = [(3, 1, 500, LEFT), (3, 1, 1500, LEFT), (1, 1, 500, RIGHT), (2, 2, 4500, LEFT)]


def cut(
    workspace: Workspace,
    key: str,
    faces: Sequence[Face] = FACES,
    shots: Sequence[int] = (0, 3000),
    lines: Sequence[tuple[int, int]] = ((0, 2000), (4000, 6000)),
    listeners: Sequence[int] = (),
) -> Episode:
    """Write a cut and put it in use: lines from the first cue on, shots by their starts."""
    episode = replace(EPISODE, cut_key=key)
    folder = workspace.cut_folder(episode)
    rows = [
        dict(zip(("x1", "y1", "x2", "y2"), box, strict=True))
        | {"track_id": track, "cue_id": cue, "frame_ms": ms, "face_id": f"{track}-{cue}-{ms}"}
        | {"role": "listener" if track in listeners else "speaker", "detection_prob": 0.9, "quality": 1.0}
        for track, cue, ms, box in faces
    ]
    columns = ["x1", "y1", "x2", "y2", "track_id", "cue_id", "frame_ms", "face_id", "role", "detection_prob", "quality"]
    cues = [{"cue_id": n, "start_ms": s, "end_ms": e, "drop_reason": None} for n, (s, e) in enumerate(lines, 1)]
    write_table(folder / "faces.parquet", pd.DataFrame(rows, columns=columns))
    write_table(folder / "cues.parquet", pd.DataFrame(cues))
    if shots:
        write_table(folder / "shots.parquet", pd.DataFrame({"start_ms": shots}))
    workspace.save_episode(episode)
    return episode


def say(workspace: Workspace, track: int, label: str, by: str = "local", pinned: bool = True) -> None:
    """A word on a track of the cut in use, as the app saves it."""
    episode = workspace.episode("pilot")
    face = workspace.faces(episode).set_index("track_id").loc[[track]].iloc[0]
    pin = FacePin(episode.cut_key, int(face["frame_ms"]), *map(float, face[["x1", "y1", "x2", "y2"]]))
    store = workspace.labels()
    store.add(HumanLabel("pilot", track, int(face["cue_id"]), label, by, pin if pinned else None))
    store.close()


def said(words: Words) -> dict[int, str]:
    current = words.current()
    return dict(zip(current["track_id"].tolist(), current["label"].tolist(), strict=True))


def test_nothing_said(workspace: Workspace):
    episode = cut(workspace, "first")
    words = read_words(workspace, episode)
    assert (len(words.history), words.last_id, said(words)) == (0, 0, {})
    assert words.on(pd.DataFrame({"track_id": [1, 2]})).tolist() == [None, None]
    assert words.by_annotator().empty
    assert resting_words(workspace, [episode], {"pilot": words}) == Resting()
    assert Resting().sentence() == ""


def test_an_episode_without_a_face(workspace: Workspace):
    cut(workspace, "first")
    say(workspace, 1, "joy")
    words = read_words(workspace, cut(workspace, "empty", faces=()))
    assert said(words) == {}
    assert words.resting(pd.DataFrame({"track_id": []})) == Resting(not_in_cut=1)


@pytest.mark.parametrize("pinned", [True, False], ids=["with a pin", "by number alone"])
def test_words_follow_their_faces_into_another_cut_and_back(workspace: Workspace, pinned: bool):
    first = cut(workspace, "first")
    for track, label in ((1, "joy"), (2, "fear"), (3, REJECT)):
        say(workspace, track, label, pinned=pinned)
    second = cut(workspace, "second", RENUMBERED)
    assert said(read_words(workspace, second)) == {3: "joy", 1: "fear", 2: REJECT}
    tracks = pd.DataFrame({"track_id": [2, 3, 1]}, index=[7, 8, 9])
    assert read_words(workspace, second).on(tracks).to_dict() == {7: REJECT, 8: "joy", 9: "fear"}
    assert said(read_words(workspace, first)) == {1: "joy", 2: "fear", 3: REJECT}


def test_a_later_word_in_another_cut_supersedes_and_can_be_taken_back_there(workspace: Workspace):
    first = cut(workspace, "first")
    say(workspace, 1, "joy")
    say(workspace, 2, "joy")
    second = cut(workspace, "second", RENUMBERED)
    say(workspace, 3, "anger")
    say(workspace, 1, WITHDRAW)
    assert said(read_words(workspace, second)) == {3: "anger"}
    assert said(read_words(workspace, first)) == {1: "anger"}
    assert len(read_words(workspace, first).history) == 4, "nothing is lost"


def test_a_decision_follows_its_face_into_another_cut(workspace: Workspace):
    first = cut(workspace, "first")
    say(workspace, 1, "joy", by="ada")
    pin = FacePin("first", 500, *LEFT)
    with closing(TeamStore(workspace.root / LABELS_FILE)) as team:
        team.decide(Verdict(PlacedFace("pilot", 1, 1, pin), "fear", "lead"))
        team.decide(Verdict(PlacedFace("pilot", 2, 1, replace(pin, x1=100.0, x2=140.0)), "anger", "lead"))
    assert said(read_words(workspace, first)) == {1: "fear", 2: "anger"}
    second = cut(workspace, "second", RENUMBERED)
    assert said(read_words(workspace, second)) == {3: "fear", 1: "anger"}
    fewer = cut(workspace, "fewer", [face for face in RENUMBERED if face[0] != 1])
    assert said(read_words(workspace, fewer)) == {3: "fear"}


def test_a_word_whose_face_is_not_cut_rests_and_comes_back(workspace: Workspace):
    first = cut(workspace, "first")
    say(workspace, 1, "joy")
    say(workspace, 2, "fear")
    fewer = cut(workspace, "fewer", [face for face in RENUMBERED if face[0] != 1], listeners=[3])
    words = read_words(workspace, fewer)
    assert said(words) == {3: "joy"}, "number 1 belongs to nobody, and 2 to another face"
    resting = resting_words(workspace, [fewer], {"pilot": words})
    assert resting == Resting(not_in_cut=1, not_in_use=1)
    assert "1 label not in this cut, 1 label on faces that this cut does not learn from" in resting.sentence()
    assert resting + Resting(2, 0) == Resting(3, 1)
    workspace.save_episode(first)
    again = read_words(workspace, first)
    assert said(again) == {1: "joy", 2: "fear"}
    assert resting_words(workspace, [first], {"pilot": again}) == Resting()


def test_a_face_that_no_cut_in_use_has_is_one_face_whatever_cut_said_it(workspace: Workspace):
    cut(workspace, "first")
    say(workspace, 2, "fear")
    cut(workspace, "second", RENUMBERED)
    say(workspace, 1, WITHDRAW)
    third = cut(workspace, "third", [(1, 1, 500, LEFT)])
    assert read_words(workspace, third).resting(pd.DataFrame({"track_id": [1]})) == Resting()


MOVED = (10.0, 10.0, 130.0, 50.0)  # shares a third with LEFT


@pytest.mark.parametrize(
    ("faces", "shots", "expected"),
    [
        ([(9, 1, 500, LEFT)], (0, 3000), {9: "joy"}),
        ([(9, 1, 500, (12.0, 10.0, 54.0, 52.0))], (0, 3000), {9: "joy"}),
        ([(9, 1, 500, MOVED)], (0, 3000), {}),
        ([(9, 1, 500, RIGHT)], (0, 3000), {}),
        ([(9, 1, 1000, LEFT)], (0, 3000), {9: "joy"}),  # other frames of the line
        ([(9, 1, 1000, LEFT), (8, 1, 800, LEFT)], (0, 3000), {8: "joy"}),  # the nearest
        ([(9, 1, 1000, LEFT)], (0, 700, 3000), {}),  # another shot shows somebody else in the same place
        ([(9, 1, 520, LEFT)], (0, 510, 3000), {}),
        ([(9, 1, 1000, LEFT)], (), {}),  # shots unknown: only the same time is sure
        ([(9, 1, 510, LEFT)], (), {9: "joy"}),
        ([(9, 2, 4500, LEFT)], (0,), {}),  # another line
    ],
)
def test_the_same_face_lies_at_the_same_time_and_place(
    workspace: Workspace, faces: list[Face], shots: tuple[int, ...], expected: dict[int, str]
):
    cut(workspace, "first")
    say(workspace, 1, "joy")
    assert said(read_words(workspace, cut(workspace, "second", faces, shots))) == expected


def test_of_a_face_in_the_lines_of_two_voices_the_speakers_line_is_meant(workspace: Workspace):
    cut(workspace, "first")
    say(workspace, 1, "joy")
    faces = [(5, 1, 500, LEFT), (6, 2, 500, LEFT)]
    voices = cut(workspace, "voices", faces, lines=[(0, 2000), (0, 2000)], listeners=[5])
    assert said(read_words(workspace, voices)) == {6: "joy"}
    both = cut(workspace, "both", faces, lines=[(0, 2000), (0, 2000)])
    assert said(read_words(workspace, both)) == {5: "joy"}, "the line with the number that it had"


@pytest.mark.parametrize(
    ("times_ms", "listeners", "expected"),
    [
        ((500, 510), [5], {6: "joy"}),
        ((500, 540), [5], {6: "joy"}),
        ((500, 541), [5], {5: "joy"}),  # another time
        ((510, 500), [], {5: "joy"}),  # the line with the number that it had
    ],
)
def test_times_that_are_the_same_do_not_rank_the_lines_of_two_voices(
    workspace: Workspace, times_ms: tuple[int, int], listeners: list[int], expected: dict[int, str]
):
    cut(workspace, "first")
    say(workspace, 1, "joy")
    faces = [(5, 1, times_ms[0], LEFT), (6, 2, times_ms[1], LEFT)]
    voices = cut(workspace, "voices", faces, lines=[(0, 2000), (0, 2000)], listeners=listeners)
    words = read_words(workspace, voices)
    assert said(words) == expected
    resting = resting_words(workspace, [voices], {"pilot": words})
    assert resting == Resting(not_in_use=int(next(iter(expected)) in listeners))


def test_of_times_that_are_the_same_in_one_line_the_nearer_is_meant(workspace: Workspace):
    cut(workspace, "first")
    say(workspace, 1, "joy")
    both = cut(workspace, "both", [(5, 1, 530, LEFT), (6, 1, 510, LEFT)])
    assert said(read_words(workspace, both)) == {6: "joy"}


def test_a_word_that_fits_no_cut_is_looked_for_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    episode = cut(workspace, "first")
    with closing(workspace.labels()) as store:
        store.add(HumanLabel("pilot", 99, 1, "joy"))
    searched: list[str] = []

    def counted(self: Workspace, episode: Episode) -> None:
        searched.append(episode.cut_key)
        pin_labels(self, episode)

    pin_labels = Workspace.pin_labels
    monkeypatch.setattr(Workspace, "pin_labels", counted)
    for _ in range(3):
        assert said(read_words(workspace, episode)) == {}
    assert searched == ["first"]


def test_people_keep_their_own_words_across_cuts(workspace: Workspace):
    cut(workspace, "first")
    say(workspace, 1, "joy", by="ada")
    say(workspace, 1, "fear", by="ben")
    second = cut(workspace, "second", RENUMBERED)
    say(workspace, 3, "anger", by="ada")
    words = read_words(workspace, second)
    assert said(words) == {3: "anger"}
    theirs = words.by_annotator()[["track_id", "annotator", "label"]].to_numpy().tolist()
    assert sorted(theirs) == [[3, "ada", "anger"], [3, "ben", "fear"]]


def test_a_reading_does_not_change_when_more_is_said(workspace: Workspace):
    episode = cut(workspace, "first")
    say(workspace, 1, "joy")
    words = read_words(workspace, episode)
    say(workspace, 1, "fear")
    assert said(words) == {1: "joy"} and words.last_id == 1
    assert read_words(workspace, episode).last_id == 2


def test_taking_ones_word_back_leaves_the_words_of_others(workspace: Workspace):
    episode = cut(workspace, "first")
    say(workspace, 1, "joy", by="ada")
    say(workspace, 1, "fear", by="ben")
    say(workspace, 1, WITHDRAW, by="ben")
    assert said(read_words(workspace, episode)) == {1: "joy"}


def test_a_rejected_picture_is_found_again_in_another_cut_and_the_last_word_counts(workspace: Workspace):
    first = cut(workspace, "first")
    face = workspace.faces(first).iloc[0]
    pin = FacePin("first", int(face["frame_ms"]), *map(float, face[["x1", "y1", "x2", "y2"]]))
    with closing(workspace.labels()) as store:
        store.add(HumanLabel("pilot", int(face["track_id"]), 1, REJECT, pin=pin, scope=FRAME))
    words = read_words(workspace, first)
    assert words.rejected_pictures() == [face["face_id"]]
    assert (said(words), words.last_id) == ({}, 1)
    other = read_words(workspace, cut(workspace, "second", RENUMBERED))
    assert len(other.rejected_pictures()) == 1
    assert read_words(workspace, cut(workspace, "empty", faces=())).rejected_pictures() == []
    with closing(workspace.labels()) as store:
        store.add(HumanLabel("pilot", int(face["track_id"]), 1, WITHDRAW, pin=pin, scope=FRAME))
    assert read_words(workspace, first).rejected_pictures() == []
