from __future__ import annotations

import random

import pytest

from mmemo.episode.cleaning import RULES, TextKind, begins_with_dash, clean_text, is_advert, split_voices

SPEECH, SOUND, MUSIC, OFF, EMPTY = (
    TextKind.SPEECH,
    TextKind.SOUND,
    TextKind.MUSIC,
    TextKind.OFF_SCREEN,
    TextKind.EMPTY,
)


@pytest.mark.parametrize(
    ("raw", "kind", "text"),
    [
        ("Hello <i>there</i>", SPEECH, "Hello there"),
        ('<font color="#ff0000">Red</font> one', SPEECH, "Red one"),
        ("{\\an8}Up\nhere", SPEECH, "Up here"),
        ("2 < 3 and 5 > 4", SPEECH, "2 < 3 and 5 > 4"),
        ("♪ la la la ♪", MUSIC, ""),
        ("♪ la la\nla", MUSIC, ""),
        ("# And we sing #", MUSIC, ""),
        ("[upbeat music]", MUSIC, ""),
        ("Hi. ♪ la ♪", SPEECH, "Hi."),
        ("We are # 1", SPEECH, "We are # 1"),
        ("[door slams]", SOUND, ""),
        ("(a dog\nbarks)", SOUND, ""),
        ("[door", SOUND, ""),
        ("slams] Hi", SPEECH, "Hi"),
        ("I am fine :)", SPEECH, "I am fine :)"),
        ("(laughs) Oh no!", SPEECH, "Oh no!"),
        ("JOEY (V.O.): Hi.", OFF, "Hi."),
        ("MARGE (off): Hi", OFF, "Hi"),
        ("(O.S.) Come here.", OFF, "Come here."),
        ("[Ross, on phone] Hello?", OFF, "Hello?"),
        ("NARRATOR: Once upon a time", OFF, "Once upon a time"),
        ("I'm off (really)", SPEECH, "I'm off"),
        ("", EMPTY, ""),
        ("...", EMPTY, ""),
        ("<i></i>", EMPTY, ""),
        ("日本語です", SPEECH, "日本語です"),
        ("¶ la la ¶", MUSIC, ""),
        ("â™ª la la â™ª", MUSIC, ""),
        ("&#9834; la &#9834;", MUSIC, ""),
        ("[sighs [loudly]] Hi", SPEECH, "Hi"),
        ("((sighs))", SOUND, ""),
        ("- [door]\n- Who is it?", SPEECH, "Who is it?"),
        ("- I told him.\n- (laughter)", SPEECH, "I told him."),
        ("(V.O.): Come in.", OFF, "Come in."),
        ("{an8}Up", SPEECH, "Up"),
        ("{\\an8Up", SPEECH, "Up"),
        ("<i>Hi</i", SPEECH, "Hi"),
        ('Hi <font color="red', SPEECH, "Hi"),
        ("I was\n--going to say", SPEECH, "I was going to say"),
    ],
)
def test_kinds(raw: str, kind: TextKind, text: str) -> None:
    cleaned = clean_text(raw)
    assert (cleaned.kind, cleaned.text) == (kind, text)


@pytest.mark.parametrize(
    ("raw", "speaker", "text"),
    [
        ("JOEY: Hi.", "JOEY", "Hi."),
        ("DR. McCOY: He's dead", "DR. McCOY", "He's dead"),
        ("MAN 2: Hey", "MAN 2", "Hey"),
        ("ÉMILE: oui", "ÉMILE", "oui"),
        ("- ROSS:\nHi", "ROSS", "Hi"),
        ("[Joey]: Hi", "JOEY", "Hi"),
        ("- (MAN 2): Hi", "MAN 2", "Hi"),
        ("JOEY (laughing): Hi", "JOEY", "Hi"),
        ("JOEY:Hi", "JOEY", "Hi"),
        ("MAN #1: Hi", "MAN #1", "Hi"),
        (">>> NEWSREADER: Hi", "NEWSREADER", "Hi"),
        ("Look: I said no", None, "Look: I said no"),
        ("[softly] Look: no", None, "Look: no"),
        ("12:30: the train", None, "12:30: the train"),
        ("I: me", None, "I: me"),
    ],
)
def test_names_in_front(raw: str, speaker: str | None, text: str) -> None:
    cleaned = clean_text(raw)
    assert (cleaned.speaker, cleaned.text) == (speaker, text)


def test_two_voices_in_one_cue() -> None:
    dashes = clean_text("- Where were you?\n- Out.")
    assert (dashes.voices, dashes.text, dashes.speaker) == (2, "Where were you? Out.", None)
    assert clean_text("ANN: Hi.\nBOB: Hello.").voices == 2
    assert clean_text("- Only one.").voices == 1
    assert clean_text("- Where were you? - Out.").voices == 2
    assert clean_text("Jones?\n- Yes. - Brown?").voices == 3
    assert clean_text("Wait, I...\n— I did not know.").voices == 1
    later = clean_text("Where were you?\n- Out.")
    assert (later.voices, later.text) == (2, "Where were you? Out.")


def test_any_text_has_an_answer() -> None:
    chance = random.Random(0)
    for _ in range(2000):
        raw = "".join(chance.choices("aB é♪#[](){}<>\\/:-.\n1\u200b日", k=chance.randrange(30)))
        cleaned = clean_text(raw)
        assert (cleaned.kind in (SPEECH, OFF)) == bool(cleaned.text), raw


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        ("Hello.", ()),
        ("<i>Hello</i>", ("tags",)),
        ("{\\an8}Hello", ("overrides",)),
        ("Salt &amp; pepper", ("entities",)),
        ("Hi. ♪ la ♪", ("music",)),
        ("(sighs) [door] Hi", ("sound",)),
        ("JOEY (V.O.): Hi.", ("sound", "off_screen", "name")),
        ("- Hi.\n- Hello.", ("two_voices",)),
        ("Hi.\n- Hello.", ("second_voice",)),
        ("- Hi there,\nyou.", ()),
        ("[door]\n- Hello.", ("sound",)),
        ("<v Nora>Hi</v>", ("voice_tag",)),
        ("<v.loud Nora><i>Hi</i>", ("voice_tag", "tags")),
        ("Downloaded from www.example.org", ("advert",)),
    ],
)
def test_every_rule_that_touched_a_cue_is_named(raw: str, rules: tuple[str, ...]) -> None:
    assert clean_text(raw).rules == rules
    assert set(rules) <= set(RULES)


def test_adverts_and_lines_that_are_none() -> None:
    for text in (
        "Subtitles by Somebody",
        "<font color=red>Sync and corrections by n17t01</font>\nwww.addic7ed.com",
        "Advertise your product or brand here\ncontact www.OpenSubtitles.org today",
        "Captioned by a company",
    ):
        assert is_advert(text), text
        assert clean_text(text).kind is EMPTY
    for text in (
        "The subtitles were wrong.",
        "I downloaded it from her computer.",
        "Corrected by whom?",
        "He was sent by God.",
    ):
        assert not is_advert(text), text


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ("Hello.\nYou.", ["Hello.\nYou."]),
        ("- Hello.\nyou", ["- Hello.\nyou"]),
        ("- Hello.\n- Bye.", ["- Hello.", "- Bye."]),
        ("Hello.\n- Bye.", ["Hello.", "- Bye."]),
        ("- Hello,\nyou.\n- Bye.", ["- Hello,\nyou.", "- Bye."]),
        ("- [door]\n- Bye.", ["- [door]\n- Bye."]),
        ("- Bye.\n- (door)", ["- Bye.\n- (door)"]),
        ("— Hello.\n— Bye.", ["— Hello.", "— Bye."]),
        ("Hello\n-- you there", ["Hello\n-- you there"]),
        ("- Subtitles by me\n- Enjoy", ["- Subtitles by me\n- Enjoy"]),
        ("♪ la la\n- la la ♪", ["♪ la la\n- la la ♪"]),
        ("－ Hello.\n－ Bye.", ["－ Hello.", "－ Bye."]),
        ("", [""]),
    ],
)
def test_voices_are_split_at_their_dashes(raw: str, parts: list[str]) -> None:
    assert split_voices(raw) == parts
    assert "\n".join(parts) == raw


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ("- Where were you? - Out.", ["- Where were you?", "- Out."]),
        ("<i>- Where?</i> <i>- Out.</i>", ["<i>- Where?</i>", "<i>- Out.</i>"]),
        ("Jones?\n-Yes. -Brown?", ["Jones?", "-Yes.", "-Brown?"]),
        ("- Well... - you know, - that one.", ["- Well... - you know, - that one."]),
        ("It is a well - known fact. - Really.", ["It is a well - known fact. - Really."]),
    ],
)
def test_a_second_voice_may_begin_inside_a_line(raw: str, parts: list[str]) -> None:
    assert split_voices(raw) == parts
    assert clean_text(raw).voices == len(parts)


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        ("- Hi", True),
        ("<i>-Hi</i>", True),
        ("{\\an8}– Hi", True),
        ("-- Hi", False),
        ("— Hi", False),
        ("Hi - no", False),
        ("", False),
    ],
)
def test_a_dash_in_front_tells_of_a_new_voice(raw: str, answer: bool) -> None:
    assert begins_with_dash(raw) is answer
