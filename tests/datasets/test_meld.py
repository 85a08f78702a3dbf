from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.datasets.meld import read_meld
from mmemo.errors import InputError

HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"


def row(number: int, text: str, emotion: str = "joy", dialogue: int = 0, sentiment: str = "positive") -> str:
    return f'{number},"{text}",Ann,{emotion},{sentiment},{dialogue},{number},1,2,"00:01:02,500","00:01:04,059"'


def save(folder: Path, *rows: str, encoding: str = "utf-8") -> Path:
    (folder / "dev_sent_emo.csv").write_bytes("\r\n".join([HEADER, *rows, ""]).encode(encoding))
    return folder


def test_a_row_is_read_with_all_its_facts(tmp_path: Path) -> None:
    (line,) = read_meld(save(tmp_path, row(7, "Oh, I see.")), "dev")
    assert (line.text, line.context, line.speaker) == ("Oh, I see.", "", "Ann")
    assert (line.emotion, line.sentiment) == ("joy", "positive")
    assert (line.dialogue_id, line.utterance_id, line.season, line.episode) == (0, 7, 1, 2)
    assert (line.start_ms, line.end_ms) == (62_500, 64_059)


def test_context_stays_in_its_dialogue(tmp_path: Path) -> None:
    rows = [row(0, "a"), row(1, "b"), row(2, "c"), row(3, "d"), row(0, "e", dialogue=1), row(1, "f", dialogue=1)]
    save(tmp_path, *rows)
    assert [line.context for line in read_meld(tmp_path, "dev")] == ["", "a", "a b", "b c", "", "e"]
    assert [line.context for line in read_meld(tmp_path, "dev", context_lines=0)] == [""] * 6
    assert [line.context for line in read_meld(tmp_path, "dev", 1, 1)] == ["b", "a c", "b d", "c", "f", "e"]


def test_windows_leftovers_become_the_signs_that_were_meant(tmp_path: Path) -> None:
    save(tmp_path, row(1, "You\u0092re \u0093here\u0094\u0085"), row(2, "It\u2019s caf\u00e9"))
    texts = [line.text for line in read_meld(tmp_path, "dev")]
    assert texts == ["You\u2019re \u201chere\u201d\u2026", "It\u2019s caf\u00e9"]


def test_a_file_in_windows_1252_and_one_with_a_byte_order_mark(tmp_path: Path) -> None:
    save(tmp_path, row(1, "It\u2019s me"), encoding="cp1252")
    assert read_meld(tmp_path, "dev")[0].text == "It\u2019s me"
    save(tmp_path, row(1, "It\u2019s me"), encoding="utf-8-sig")
    assert read_meld(tmp_path, "dev")[0].text == "It\u2019s me"


def test_an_empty_split_has_no_lines(tmp_path: Path) -> None:
    assert read_meld(save(tmp_path), "dev") == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (row(1, "a", emotion="bored"), "row 2 .*bored"),
        (row(1, "a", sentiment="mixed"), "row 2 .*mixed"),
        (row(1, "a").replace("00:01:02,500", "soon"), "row 2 .*soon"),
        ("1,only text", "row 2"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, bad: str, words: str) -> None:
    save(tmp_path, row(0, "fine"), bad)
    with pytest.raises(InputError, match=words):
        read_meld(tmp_path, "dev")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dev_sent_emo\.csv"):
        read_meld(tmp_path, "dev")
    with pytest.raises(InputError, match="train, dev, test"):
        read_meld(tmp_path, "valid")
    (tmp_path / "dev_sent_emo.csv").write_text("Utterance,Speaker\nhi,Ann\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column Emotion"):
        read_meld(tmp_path, "dev")
