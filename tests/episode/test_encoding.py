"""Encodings told by marks, by structure, and by the letters of the language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmemo.episode.encoding import GUESS, decode_text
from mmemo.episode.letters import page_fits

SAID = {
    "cp1250": "Źle się dzieje, proszę państwa. Gdzie jesteś? Nie wiem, którędy pójść, ale jutro będę wcześniej. ",
    "cp1251": "Что ты здесь делаешь? Я не знаю, где мой брат. Пойдём отсюда скорее, пока не поздно. ",
    "cp1252": "Où êtes-vous, François ? Ça alors, voilà l'été déjà, à bientôt, là-bas, près du château. ",
    "cp1253": "Πού ήσουν χθες το βράδυ; Σε περίμενα όλη τη νύχτα και δεν ήρθες ποτέ. Πες μου την αλήθεια. ",
    "cp1254": "Dün gece neredeydin? Bütün gece seni bekledim ama gelmedin. Şu kapıyı açma sakın, ağabey. ",
    "cp1255": "איפה היית אתמול בלילה? חיכיתי לך כל הלילה ולא באת. תגיד לי את האמת. ",
    "cp1256": "أين كنت الليلة الماضية؟ انتظرتك طوال الليل ولم تأت. قل لي الحقيقة من فضلك. ",
    "cp1257": "Kur tu buvai vakar vakare? Laukiau tavęs visą naktį, bet tu neatėjai. Ačiū, tu man labai padėjai. ",
    "koi8-r": "Что ты здесь делаешь? Я не знаю, где мой брат. Пойдём отсюда скорее, пока не поздно. ",
    "cp874": "เมื่อคืนคุณอยู่ที่ไหน ฉันรอคุณทั้งคืนแต่คุณไม่มา บอกความจริงกับฉันเถอะ",
    "cp932": "昨日の夜、どこにいたの？ずっと待っていたのに、来なかったじゃない。コーヒーでも飲みませんか？",
    "euc-jp": "本当のことを言ってください。お父さんはもう帰りました。このドアは絶対に開けちゃだめだ。",
    "gb18030": "你昨天晚上去哪里了？我一直在等你，可是你没有来。请告诉我真相，他已经回家了。",
    "big5": "你昨天晚上去哪裡了？我一直在等你，可是你沒有來。請告訴我真相，他已經回家了。",
    "cp949": "어젯밤에 어디 있었어? 밤새도록 기다렸는데 오지 않았잖아. 사실대로 말해 줘.",
}
# Other languages of the same pages.
ALSO = [
    ("cp1250", "Kde jsi byl včera večer? Čekala jsem na tebe celou noc. Řekni mi pravdu, prosím tě."),
    ("cp1250", "Unde ai fost aseară? Te-am aşteptat toată noaptea şi n-ai venit. Mulţumesc, m-ai ajutat mult."),
    ("cp1250", "Hol voltál tegnap este? Egész éjjel rád vártam, de nem jöttél. Nem szabad kinyitni az ajtót."),
    ("iso8859-2", "Gdzie jesteś? Źle się dzieje. Łódź tonie, a ty śpisz, jakby nic się nie stało. Ciągle śnieży."),
    ("cp1251", "Що ти тут робиш? Я не знаю, де мій брат. Її вже немає вдома."),
    ("cp1252", "Die Tür darfst du nicht öffnen. Das ist doch nicht möglich! Er heißt Müller."),
    ("cp1252", "¿Dónde estuviste anoche? Mañana será otro día, señor."),
]


def subtitle(said: str, cues: int) -> str:
    return "".join(f"{i}\n00:00:{i:02d},000 --> 00:00:{i:02d},900\n{said}\n\n" for i in range(1, cues + 1))


@pytest.mark.parametrize("cues", [1, 29])
@pytest.mark.parametrize(("encoding", "said"), [*SAID.items(), *ALSO])
def test_code_pages_by_what_is_written_in_them(encoding: str, said: str, cues: int) -> None:
    text = subtitle(said, cues)
    found, name = decode_text(text.encode(encoding))
    assert found == text
    assert name.removesuffix(GUESS if cues == 1 else "") == encoding


@pytest.mark.parametrize("encoding", SAID)
def test_the_likeliest_page_comes_first(encoding: str) -> None:
    fits = page_fits(SAID[encoding].encode(encoding))
    assert fits[0].page == encoding
    assert [fit.likelihood for fit in fits] == sorted((fit.likelihood for fit in fits), reverse=True)


@pytest.mark.parametrize("encoding", ["cp932", "euc-jp", "gb18030", "big5", "cp949"])
def test_one_lost_byte_is_damage_and_no_other_language(encoding: str) -> None:
    data = subtitle(SAID[encoding], 20).encode(encoding)
    text, name = decode_text(data[:-3] + data[-2:])
    assert name == encoding + " with damage" or (name, text.count("\ufffd")) == (encoding, 0)
    assert text.startswith(subtitle(SAID[encoding], 18))


def test_a_letter_that_says_little_is_a_guess() -> None:
    text, name = decode_text("Kdo je to? Ta říká".encode("cp1250"))
    assert name.endswith(GUESS)
    assert text.startswith("Kdo je to?")
    assert decode_text(b"It\x92s me, he said\x85") == ("It’s me, he said…", "cp1252")


def test_letters_of_no_known_page_are_a_guess() -> None:
    text = subtitle(SAID["cp1251"], 20)
    found, name = decode_text(text.encode("cp866"))
    assert found == text
    assert name.endswith(GUESS)


def test_a_long_file_is_told_by_its_beginning() -> None:
    text = subtitle(SAID["cp932"], 2000)
    assert decode_text(text.encode("cp932")) == (text, "cp932")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("said", ["Plain words.", SAID["cp1251"]])
def test_wide_encodings_without_a_mark(encoding: str, said: str) -> None:
    text = subtitle(said, 29)
    assert decode_text(text.encode(encoding)) == (text, encoding)


def test_nothing_and_one_byte() -> None:
    assert decode_text(b"") == ("", "utf-8")
    assert decode_text(b"a") == ("a", "utf-8")
    assert decode_text(b"\xe9") == ("é", "cp1252" + GUESS)


def test_damage_after_a_mark_is_told() -> None:
    text, name = decode_text(b"\xff\xfeH\0i\0!")
    assert (text[:2], name) == ("Hi", "utf-16-le with damage")


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    text, name = decode_text(data)
    assert isinstance(text, str)
    assert name
