"""The QA list: every kind at its limit, what is left alone, order, and odd input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmemo.episode.qa import QA_COLUMNS, QaKind, QaSettings, qa_counts, suspicious
from mmemo.episode.video import VideoInfo
from mmemo.errors import InputError
from mmemo.store.tables import CUE_COLUMNS, FACE_COLUMNS

VIDEO = VideoInfo(Path("episode.mp4"), 600_000, 640, 360, 25.0, "h264")
LINE = "I was there all the time."


def cue_table(*spans: tuple[int, int], **columns: object) -> pd.DataFrame:
    """Cues of LINE number i at the given times; `columns` replace whole columns."""
    n = len(spans)
    table = pd.DataFrame(spans, columns=["start_ms", "end_ms"], dtype=np.int64).assign(
        cue_id=np.arange(1, n + 1, dtype=np.int32),
        text=[f"{LINE} {i}" for i in range(n)],
        raw_text="",
        speaker=None,
        source_line=np.arange(1, n + 1) * 4,
        drop_reason=None,
    )
    return table.assign(**columns)[list(CUE_COLUMNS)[: len(table.columns)]]


def face_table(*boxes: tuple[float, float, float, float], **columns: object) -> pd.DataFrame:
    table = pd.DataFrame(boxes, columns=["x1", "y1", "x2", "y2"], dtype=np.float32)
    return table.assign(cue_id=1, role="speaker", **columns)


NO_FACES = pd.DataFrame(columns=list(FACE_COLUMNS))


def found(cues: pd.DataFrame, faces: pd.DataFrame = NO_FACES, runs: object = None, **settings: object) -> list[tuple]:
    table = suspicious(cues, faces, runs, VIDEO, QaSettings(**settings))  # type: ignore[arg-type]
    assert tuple(table.columns) == QA_COLUMNS
    assert str(table["cue_id"].dtype) == "int32" and str(table["start_ms"].dtype) == "int64"
    assert table["start_ms"].is_monotonic_increasing
    return list(zip(table["kind"], table["cue_id"], table["what"], strict=True))


def kinds(*arguments: object, **settings: object) -> list[str]:
    return [row[0] for row in found(*arguments, **settings)]  # type: ignore[arg-type]


def test_nothing_at_all():
    assert found(cue_table()) == []
    assert found(cue_table(), NO_FACES, []) == []
    assert qa_counts(suspicious(cue_table(), NO_FACES, None, VIDEO)) == {}


def test_a_usual_cue_is_not_suspicious():
    assert (
        found(cue_table((1000, 3000)), face_table((100, 100, 200, 200)), [(1000, 20_000)], min_speech_ms=60_000) == []
    )


def test_every_kind_has_a_meaning():
    assert len({kind.meaning for kind in QaKind}) == len(QaKind)


@pytest.mark.parametrize(
    ("lasts_ms", "kind", "what"),
    [
        (7001, "long_cue", "stands for 7.0 s, longer than 7.0 s"),
        (9500, "long_cue", "stands for 9.5 s, longer than 7.0 s"),
        (832, "short_cue", "stands for 0.83 s, shorter than 0.83 s"),
        (40, "short_cue", "stands for 0.04 s, shorter than 0.83 s"),
    ],
)
def test_durations_are_told_beyond_their_limits(lasts_ms, kind, what):
    assert found(cue_table((1000, 1000 + lasts_ms), text="Oh")) in ([(kind, 1, what)], [(kind, 1, what), ANY_FAST])


ANY_FAST = ("too_fast", 1, "2 characters in 0.04 s: 50 a second")


@pytest.mark.parametrize("lasts_ms", [833, 7000])
def test_durations_at_their_limits_are_usual(lasts_ms):
    assert found(cue_table((0, lasts_ms), text="Oh no")) == []


def test_reading_speed():
    assert found(cue_table((0, 1000), text="x" * 30)) == []
    assert found(cue_table((0, 1000), text="x" * 31)) == [("too_fast", 1, "31 characters in 1.0 s: 31 a second")]


def test_sounds_and_music_have_no_reading_speed_or_duration():
    cues = cue_table((0, 20_000), (30_000, 30_100), text=["♪ la ♪", ""], drop_reason=["music", "not_speech"])
    assert found(cues) == []


def test_cues_outside_the_video():
    cues = cue_table((599_000, 601_500), (602_000, 604_000), (604_000, 606_000))
    cues.loc[[1, 2], "drop_reason"] = "out_of_video"
    assert found(cues) == [
        ("out_of_video", 1, "reaches 1.5 s past the end of the video"),
        ("out_of_video", 2, "begins 2.0 s after the end of the video"),
        ("out_of_video", 3, "begins 4.0 s after the end of the video"),
    ]
    unread = cue_table((1000, 3000), drop_reason="out_of_video")
    assert found(unread) == [("out_of_video", 1, "no picture could be read at its time")]
    assert found(cue_table((598_000, 600_400))) == []


def test_overlaps_are_told_of_the_later_cue_against_the_longest_before():
    cues = cue_table((0, 6000), (1000, 2500), (4000, 6500), (6600, 8000))
    assert found(cues) == [
        ("overlapping_cues", 2, "on screen together with cue 1 for 1.5 s"),
        ("overlapping_cues", 3, "on screen together with cue 1 for 2.0 s"),
    ]
    assert found(cue_table((0, 2000), (1950, 4000))) == []


def test_two_voices_of_one_cue_share_its_time():
    assert found(cue_table((0, 3000), (0, 3000), source_line=[4, 4])) == []
    assert kinds(cue_table((0, 3000), (0, 3000), source_line=[4, 8])) == ["overlapping_cues"]


def test_the_same_line_twice():
    cues = cue_table((0, 2000), (2100, 4000), (20_000, 22_000), text=["Come here!", "come here", "Come here."])
    assert found(cues) == [("same_line_twice", 2, "says the same as cue 1 right before it")]
    assert found(cue_table((0, 2000), (2100, 4000), text=["No.", "No."])) == []


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((-20, 100, 80, 200), "20% of the speaker's face lies past the left edge"),
        ((100, -50, 200, 50), "50% of the speaker's face lies past the upper edge"),
        ((600, 100, 700, 200), "60% of the speaker's face lies past the right edge"),
        ((100, 300, 200, 400), "40% of the speaker's face lies past the lower edge"),
    ],
)
def test_faces_cut_by_the_frame(box, said):
    faces = face_table((100, 100, 200, 200), box)
    assert found(cue_table((1000, 3000)), faces) == [("cut_by_frame", 1, f"up to {said}, in 1 of 2 pictures")]
    assert found(cue_table((1000, 3000)), faces.assign(role="listener")) == []


def test_a_box_that_touches_the_edge_is_whole():
    assert found(cue_table((1000, 3000)), face_table((-5, 0, 95, 100), (540, 260, 640, 360))) == []


def test_speech_without_a_cue():
    cues = cue_table((10_000, 12_000), (20_000, 22_000))
    runs = [(9_000, 13_000), (15_000, 16_900), (30_000, 34_500)]
    assert found(cues, NO_FACES, runs, min_heard_ms=10**9) == [
        ("speech_without_cue", 0, "4.5 s of speech, and no cue within 1.5 s of it")
    ]


def test_only_the_part_of_the_speech_that_no_cue_holds_is_told():
    table = suspicious(cue_table((10_000, 12_000), (20_000, 22_000)), NO_FACES, [(0, 40_000)], VIDEO)
    assert table[["start_ms", "end_ms"]].to_numpy().tolist() == [[0, 8500], [13_500, 18_500], [23_500, 40_000]]
    assert set(table["kind"]) == {"speech_without_cue"}


def test_cues_without_speech_when_there_is_speech_elsewhere():
    cues = cue_table((10_000, 12_000), (20_000, 22_000), (40_000, 42_000))
    heard = [(9_000, 13_000), (23_400, 24_000), (100_000, 110_000)]
    told = found(cues, NO_FACES, heard, min_speech_ms=60_000)
    assert told == [("cue_without_speech", 3, "no speech is heard within 1.5 s of it")]
    assert found(cues, NO_FACES, [(100_000, 101_000)], min_speech_ms=60_000) == [], "hardly anything was heard"
    assert found(cues, NO_FACES, [], min_speech_ms=60_000) == []
    assert found(cues, NO_FACES, None) == []


def test_unspoken_cues_need_no_speech_but_hold_it():
    cues = cue_table((10_000, 14_000), text="♪ la ♪", drop_reason="music")
    assert found(cues, NO_FACES, [(100_000, 130_000)], min_speech_ms=60_000) == []
    assert found(cues, NO_FACES, [(10_000, 14_000)]) == []


def test_runs_in_any_order_that_overlap_or_are_empty():
    runs = [(30_000, 31_000), (5, 5), (30_500, 33_000), (31_000, 32_000)]
    table = suspicious(cue_table((0, 2000)), NO_FACES, runs, VIDEO)
    assert table[["start_ms", "end_ms"]].to_numpy().tolist() == [[30_000, 33_000]]


def test_all_in_order_of_time_and_counted():
    cues = cue_table((0, 500), (10_000, 19_000), (602_000, 604_000))
    cues.loc[2, "drop_reason"] = "out_of_video"
    table = suspicious(cues, face_table((-50, 0, 50, 100)), [(100_000, 130_000)], VIDEO)
    assert table["kind"].tolist() == [
        "short_cue", "too_fast", "cut_by_frame", "cue_without_speech",
        "long_cue", "cue_without_speech", "speech_without_cue", "out_of_video",
    ]  # fmt: skip
    assert qa_counts(table) == {
        "out_of_video": 1, "long_cue": 1, "short_cue": 1, "too_fast": 1,
        "cut_by_frame": 1, "cue_without_speech": 2, "speech_without_cue": 1,
    }  # fmt: skip
    assert list(qa_counts(table)) == [kind.value for kind in QaKind if kind.value in qa_counts(table)]


def test_the_list_agrees_with_counting_frame_by_frame():
    rng = np.random.default_rng(0)
    for _ in range(50):
        starts = np.sort(rng.integers(0, 60, 6)) * 1000
        cues = cue_table(*[(int(s), int(s) + 1500) for s in starts], text=[f"a b {i}" for i in range(6)])
        runs = [(int(s), int(s + rng.integers(500, 9000))) for s in rng.integers(0, 60_000, 5)]
        table = suspicious(cues, NO_FACES, runs, VIDEO, QaSettings(min_speech_ms=1, min_heard_ms=10**9))
        table = table[table["kind"] == "speech_without_cue"]
        free = np.zeros(80_000, bool)
        for start, end in runs:
            free[start:end] = True
        for start, end in zip(cues["start_ms"], cues["end_ms"], strict=True):
            free[max(0, start - 1500) : end + 1500] = False
        told = np.zeros(80_000, bool)
        for start, end in zip(table["start_ms"], table["end_ms"], strict=True):
            assert not told[start:end].any()
            told[start:end] = True
        assert (told == free).all()


@pytest.mark.slow
def test_as_many_cues_as_are_ever_read():
    n = 100_000
    starts = np.arange(n) * 500
    cues = cue_table(*zip(starts.tolist(), (starts + 400).tolist(), strict=True))
    faces = (
        face_table(*[(-50.0, 0.0, 50.0, 100.0)] * 3)
        .loc[np.repeat([0, 1, 2], n)]
        .assign(cue_id=np.tile(cues["cue_id"], 3))
    )
    table = suspicious(cues, faces, [(int(s), int(s) + 100) for s in starts], VIDEO)
    counts = qa_counts(table)
    assert counts["short_cue"] == counts["cut_by_frame"] == counts["too_fast"] == n
    assert counts["out_of_video"] == n - 600_000 // 500


def test_limits_that_do_not_fit_together_are_refused():
    with pytest.raises(InputError, match="short cue"):
        QaSettings(short_ms=8000)
    with pytest.raises(InputError, match="edge"):
        QaSettings(edge_share=1.5)


def test_a_cue_that_was_moved_to_before_the_video_makes_no_other_suspicious():
    spans = [(600_000, 602_000), *((start, start + 2000) for start in range(1000, 30_000, 4000))]
    cues = cue_table(*spans, drop_reason=["out_of_video"] + [None] * (len(spans) - 1))
    assert found(cues) == [("out_of_video", 1, "lies outside the video")]
