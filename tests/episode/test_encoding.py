from __future__ import annotations

import pytest

from mmemo.episode.encoding import decode_text

SAID = {
    "cp1250": "Źle się dzieje, proszę państwa. Gdzie jesteś? Nie wiem, którędy pójść, ale jutro będę wcześniej. ",
    "cp1251": "Что ты здесь делаешь? Я не знаю, где мой брат. Пойдём отсюда скорее, пока не поздно. ",
    "cp1252": "Où êtes-vous, François ? Ça alors, voilà l'été déjà, à bientôt, là-bas, près du château. ",
    "cp1253": "Πού ήσουν χθες το βράδυ; Σε περίμενα όλη τη νύχτα και δεν ήρθες ποτέ. Πες μου την αλήθεια. ",
}


@pytest.mark.parametrize("encoding", SAID)
def test_code_pages_by_what_is_written_in_them(encoding: str) -> None:
    text = "".join(f"{i}\n00:00:{i:02d},000 --> 00:00:{i:02d},900\n{SAID[encoding]}\n\n" for i in range(1, 30))
    assert decode_text(text.encode(encoding)) == (text, encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("said", ["Plain words.", SAID["cp1251"]])
def test_wide_encodings_without_a_mark(encoding: str, said: str) -> None:
    text = "".join(f"{i}\n00:00:{i:02d},000 --> 00:00:{i:02d},900\n{said}\n\n" for i in range(1, 30))
    assert decode_text(text.encode(encoding)) == (text, encoding)


def test_nothing_and_one_byte() -> None:
    assert decode_text(b"") == ("", "utf-8")
    assert decode_text(b"a") == ("a", "utf-8")
    assert decode_text(b"\xe9")[0] == "é"


def test_damage_after_a_mark_is_told() -> None:
    text, name = decode_text(b"\xff\xfeH\0i\0!")
    assert (text[:2], name) == ("Hi", "utf-16-le with damage")
