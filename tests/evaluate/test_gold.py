from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.evaluate.gold import match_gold, read_gold

HEAD = "cue,start_ms,end_ms,emotion\n"


def save(folder: Path, content: str | bytes) -> Path:
    path = folder / "gold.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cues(*times: tuple[int, int]) -> pd.DataFrame:
    rows = [(number, start, end) for number, (start, end) in enumerate(times, start=1)]
    return pd.DataFrame(rows, columns=["cue_id", "start_ms", "end_ms"])


def test_reads_synonyms_and_empty_emotions_in_order_of_time(tmp_path: Path) -> None:
    gold = read_gold(save(tmp_path, HEAD + "2,2000,3000,Happy\n1,0,1000,\n3,4000,5000, anger \n\n"))
    assert gold["cue"].tolist() == ["1", "2", "3"]
    assert gold["emotion"].tolist()[1:] == ["joy", "anger"]
    assert gold["emotion"].isna().tolist() == [True, False, False]
    assert gold["start_ms"].dtype == "int64"


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffcue,start_ms,end_ms,emotion\r\n1,0,1000,fear\r\n".encode(),
        "cue;start_ms;end_ms;emotion\n1;0;1000;fear\n".encode("utf-16"),
        "line,Cue,START_MS, end_ms,emotion\n\"caf\xe9, a\nb\",1,0,1000.0,fear\n".encode("cp1252"),
        b"cue\tstart_ms\tend_ms\temotion\textra\n1\t0\t1000\tfear\n",
    ],
    ids=["utf-8 mark", "utf-16 semicolons", "cp1252 extra column", "tabs, short row"],
)  # fmt: skip
def test_tolerates_what_spreadsheets_write(tmp_path: Path, content: bytes) -> None:
    gold = read_gold(save(tmp_path, content))
    assert gold.to_dict("records") == [{"cue": "1", "start_ms": 0, "end_ms": 1000, "emotion": "fear"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("  \n\n", "is empty"),
        (HEAD, "has a head but no rows"),
        ("cue,start,end,emotion\n1,0,1,joy\n", "has no column start_ms, end_ms"),
        (HEAD + "1,0,1000,joy\n2,1000,2000,bored\n", "line 3: the label 'bored' maps to none"),
        (HEAD + "1,zero,1000,joy\n", "line 2: start_ms is 'zero', not a whole number"),
        (HEAD + "1,0,1000.5,joy\n", "line 2: end_ms is '1000.5'"),
        (HEAD + "1,0,nan,joy\n", "line 2: end_ms is 'nan'"),
        (HEAD + "1,0,inf,joy\n", "line 2: end_ms is 'inf'"),
        (HEAD + "1,0,1e30\n", "line 2: end_ms is '1e30'"),
        (HEAD + "1,0\n", "line 2: end_ms is None"),
        (HEAD + "1,1000,1000,joy\n", "line 2: a cue must end after it starts"),
        (HEAD + "1,-5,1000,joy\n", "line 2: a cue must end after it starts"),
        (b"\x00\x01\x02PNG", "is no text"),
        (HEAD + "1,0,1000,joy\r2,0,1000,joy" + "x" * 200_000, "line 3: "),
    ],
)
def test_bad_files_say_where(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_gold(save(tmp_path, content))
    assert caught.value.hint
    assert "gold.csv" in str(caught.value)


def test_a_missing_file_and_a_folder_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_gold(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_gold(tmp_path)


def test_matches_by_time_and_uses_each_row_once(tmp_path: Path) -> None:
    gold = read_gold(
        save(tmp_path, HEAD + "9,100,1100,joy\n8,0,1000,fear\n7,2000,3000,\n6,4000,5000,anger\n5,9000,9900,anger\n")
    )
    match = match_gold(cues((0, 1000), (2000, 3000), (4400, 5400), (6000, 7000)), gold)
    assert match.emotions.to_dict() == {1: "fear"}
    # joy lost the first cue to a better match, anger shares 600 of 1,400 ms only, the last has no cue.
    assert match.unmatched == 3
    assert match.without_emotion == 1


def test_a_shifted_neighbour_takes_the_next_best(tmp_path: Path) -> None:
    gold = read_gold(save(tmp_path, HEAD + "1,0,1000,joy\n2,100,1300,fear\n"))
    assert match_gold(cues((0, 1000), (200, 1300)), gold).emotions.to_dict() == {1: "joy", 2: "fear"}


def test_half_is_not_enough(tmp_path: Path) -> None:
    gold = read_gold(save(tmp_path, HEAD + "1,0,1000,joy\n"))
    assert match_gold(cues((0, 2000)), gold).emotions.empty
    assert match_gold(cues((0, 1999)), gold).emotions.to_dict() == {1: "joy"}


def test_no_cues_leave_all_gold_unmatched(tmp_path: Path) -> None:
    match = match_gold(cues(), read_gold(save(tmp_path, HEAD + "1,0,1000,joy\n")))
    assert match.emotions.empty
    assert match.unmatched == 1
