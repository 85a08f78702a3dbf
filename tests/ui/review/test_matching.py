from __future__ import annotations

import re
import time
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.flow.review.words import CODES, Standing, Word, corrected_since, standing_on, words_table
from mmemo.labels import EKMAN7
from mmemo.settings import REPOSITORY
from mmemo.store.labels import REJECT, SKIP, WITHDRAW
from mmemo.ui.review.matching import FaceSearch, Filters
from mmemo.ui.review.page import SCRIPTS, review_frame, review_script
from mmemo.ui.text import in_language
from mmemo.ui.text import words as all_words

UI = REPOSITORY / "mmemo" / "ui" / "review"
LABELS = ("joy", "anger", "joy", "fear")
LINES = ("Hello (you)", "Get <b>out</b>", "No way", "Mind the step")


def table(n: int = 4) -> pd.DataFrame:
    """Faces 0 to n - 1: sources agree but for the baseline on face 0; face 3 listens."""
    rows = np.arange(n)
    made = pd.DataFrame(
        {
            "text": [LINES[i % 4] for i in rows],
            "use": ["listener" if i % 4 == 3 else "training" for i in rows],
            "drop_reason": "",
            "character": [("Ana", "Ben", "", "Ana")[i % 4] for i in rows],
            "expected_gain": [(0.1, 0.0, 0.7, 0.7)[i % 4] for i in rows],
            "label_quality": [(0.9, 0.2, np.nan, 0.4)[i % 4] for i in rows],
            "label_issue": [bool(i % 4 == 1) for i in rows],
        }
    )
    for source in ("teacher", "image", "target", "student"):
        made[f"{source}_label"] = np.array([EKMAN7.index(LABELS[i % 4]) for i in rows], np.int8)
        made[f"{source}_confidence"] = [0.2 + 0.2 * (i % 4) for i in rows]
    if n:
        made.loc[0, "image_label"] = EKMAN7.index("disgust")
    return made


def nothing_said(n: int) -> Standing:
    return standing_on(words_table([]), n)


def found(filters: Filters, said: Standing | None = None, n: int = 4, people: list[str] | None = None) -> list[int]:
    search = FaceSearch.over(table(n))
    return search.matching(filters, said or nothing_said(n), people or []).tolist()


@pytest.mark.parametrize(
    ("filters", "faces"),
    [
        (Filters(), [0, 1, 2]),
        (Filters(use=""), [0, 1, 2, 3]),
        (Filters(use="listener"), [3]),
        (Filters(use="", teacher="joy"), [0, 2]),
        (Filters(use="", image="joy"), [2]),
        (Filters(use="", character="Ana"), [0, 3]),
        (Filters(use="", confidence_from=0.5), [2, 3]),
        (Filters(use="", confidence_to=0.3), [0]),
        (Filters(differ="teacher-image"), [0]),
        (Filters(differ="teacher-student"), []),
        (Filters(differ="any"), [0]),
        (Filters(issues=True), [1]),
        (Filters(text="(YOU"), [0]),
        (Filters(text="nothing like it"), []),
        (Filters(use="", order="gain"), [2, 3, 0, 1]),
        (Filters(use="", order="issue"), [1, 3, 0, 2]),
        (Filters(use="", order="confidence"), [0, 1, 2, 3]),
        (Filters(use="", status="labelled"), []),
        (Filters(use="", status="unlabelled"), [0, 1, 2, 3]),
    ],
)
def test_filters_let_through_what_they_say_in_their_order(filters: Filters, faces: list[int]):
    assert found(filters) == faces


def words(*said: tuple[int, int, str]) -> np.ndarray:
    """(row, person, label) in order, as words on rows."""
    return words_table([Word(i + 1, row, who, CODES[label], -1) for i, (row, who, label) in enumerate(said)])


def test_filters_by_what_people_said():
    events = words((0, 0, "joy"), (1, 1, REJECT), (2, 0, SKIP), (0, 1, "fear"))
    people = ["ana", "ben"]
    everybody, ana = standing_on(events, 4), standing_on(events, 4, annotator=0)
    assert found(Filters(use="", status="labelled"), everybody) == [0]
    assert found(Filters(use="", status="rejected"), everybody) == [1]
    assert found(Filters(use="", status="skipped"), everybody) == [2]
    assert found(Filters(use="", status="unlabelled"), everybody) == [3]
    assert found(Filters(use="", person="fear"), everybody) == [0]
    assert found(Filters(use="", person="fear", annotator="ana"), ana, people=people) == []
    assert found(Filters(use="", annotator="ana"), ana, people=people) == [0, 2]
    assert found(Filters(use="", annotator="ana", status="unlabelled"), ana, people=people) == [1, 3]
    assert found(Filters(use="", annotator="nobody"), standing_on(events, 4, annotator=-1), people=people) == []


def test_nothing_matches_in_an_empty_table():
    assert found(Filters(teacher="joy", text="x"), n=0) == []


@pytest.mark.parametrize(
    "wrong", [{"source": "astrology"}, {"order": "beauty"}, {"status": "odd"}, {"teacher": "bored"}]
)
def test_an_unknown_choice_is_refused(wrong: dict[str, str]):
    with pytest.raises(InputError, match="unknown"):
        Filters(**wrong)  # type: ignore[arg-type]


def test_filters_from_a_page_are_checked():
    assert Filters.of({"status": "labelled", "confidence_from": 0, "more": 1}) == Filters(status="labelled")
    for nonsense in ({"text": 3}, {"issues": "yes"}, {"confidence_to": None}, {"order": ["time"]}):
        with pytest.raises(InputError):
            Filters.of(nonsense)


def test_who_is_blind_to_line_and_opinions_finds_nothing_out_by_filters():
    asked = {
        "teacher": "joy",
        "text": "hello",
        "order": "gain",
        "confidence_from": 0.5,
        "status": "labelled",
        "person": "joy",
        "annotator": "ana",
        "blind": True,
    }
    assert Filters.of(asked) == Filters(status="labelled", blind=True)


def test_a_word_holds_until_its_own_person_takes_it_back():
    events = words(
        (0, 0, "joy"), (0, 1, "fear"), (0, 1, WITHDRAW), (1, 0, "joy"), (1, 0, SKIP), (2, 0, SKIP), (2, 1, "fear")
    )
    now = standing_on(events, 3)
    assert now.label.tolist() == [CODES["joy"], CODES["joy"], CODES["fear"]]
    assert now.who.tolist() == [0, 0, 1]
    assert now.status.tolist() == [1, 1, 1], "a skip changes nothing where somebody said something"
    assert standing_on(events, 3, until=2).label.tolist() == [CODES["fear"], -1, -1]
    assert standing_on(events, 3, annotator=1).label.tolist() == [-1, -1, CODES["fear"]]


@pytest.mark.slow
def test_a_page_of_a_hundred_thousand_faces_makes_no_object_for_each(capsys: pytest.CaptureFixture[str]):
    n = 100_000
    search = FaceSearch.over(table(n).assign(text=[f"{LINES[i % 4]} {i // 5}" for i in range(n)]))
    rng = np.random.default_rng(0)
    events = np.column_stack(
        [np.arange(1, 20_001), rng.integers(0, n, 20_000), rng.integers(0, 3, 20_000), rng.integers(0, 7, 20_000), *np.full((3, 20_000), -1)]
    )  # fmt: skip
    asked = [Filters(), Filters(text="step 19"), Filters(status="unlabelled", order="gain", differ="any")]
    for filters in asked:
        search.matching(filters, standing_on(events, n), ["a", "b", "c"])
    started = time.process_time()
    for filters in asked:
        search.matching(filters, standing_on(events, n), ["a", "b", "c"])
    with capsys.disabled():
        print(f"\n{1000 * (time.process_time() - started) / len(asked):.0f} ms CPU a search of {n:,} faces")
    assert search.orders.keys() == {"time", "gain"}, "an order is computed once"


def test_corrections_are_counted_by_face_since_the_training():
    assert corrected_since(words_table([]), 3, 0) == 0
    said = words((0, 0, "joy"), (0, 0, "fear"), (1, 0, "anger"), (2, 0, SKIP))
    assert [corrected_since(said, 3, last) for last in (0, 1, 2, 3)] == [2, 2, 1, 0]
    back = Word(5, 1, 0, CODES[WITHDRAW], -1)
    assert corrected_since(words_table([*map(Word._make, said.tolist()), back]), 3, 0) == 1
    picture = [Word(n, 2, 0, CODES[label], 400) for n, label in ((6, REJECT), (7, "joy"))]
    assert corrected_since(words_table(picture[:1]), 3, 0) == 1, "a picture that was rejected leaves training"
    assert corrected_since(words_table(picture), 3, 0) == 0
    pressed = [Word(1, 0, 0, CODES["joy"], -1, 4), Word(2, 0, 0, CODES[WITHDRAW], -1, 5, 4)]
    assert [corrected_since(words_table(pressed), 3, last) for last in (0, 1, 2)] == [0, 1, 0]


def test_the_frame_of_the_page_has_no_template_marks_and_a_named_field_for_every_filter():
    frame = review_frame()
    assert "{{" not in frame and "${" not in frame
    named = set(re.findall(r'\bname="(\w+)"', frame))
    asked = {field.name for field in fields(Filters)} - {"blind", "confidence_from", "confidence_to"}
    assert named == asked | {"all", "from", "to"}
    assert frame.count("<label") == len(named)
    assert "innerHTML" not in review_script(), "what is shown is text"


def test_the_script_asks_for_words_that_are_there_and_every_word_is_used():
    known = {key.removeprefix("review.") for key in all_words() if key.startswith("review.")}
    script = "\n".join((UI / name).read_text(encoding="utf-8") for name in SCRIPTS)
    asked = set(re.findall(r"\bword\('([\w.-]+)'", script))
    counted = {f"{key}.{n}" for key in re.findall(r"\bplural\('([\w.-]+)'", script) for n in ("one", "many")}
    framed = set(re.findall(r'data-(?:say|label|title)="([\w.-]+)"', review_frame()))
    assert (asked | counted | framed) - known == set()
    # Of these the last part is chosen while the script runs.
    families = (
        "label.",
        "use.",
        "source.",
        "why.",
        "absent.",
        "title.",
        "not_trained.",
        "resting.",
        "order.",
        "status.",
    )
    rest = {key for key in known - asked - counted - framed if not key.startswith(families)}
    chosen = set(re.findall(r"'([a-z_]+(?:\.[a-z_]+)*)'", script))
    unused = {key for key in rest if key not in chosen and key.rpartition(".")[0] not in chosen}
    assert unused == {"job"}, "what Python says"


def test_a_german_page_has_german_words_in_its_script():
    script = review_script()
    assert "Gesicht unbrauchbar" in script and "Alles gespeichert" in script
    with in_language("de"):
        assert "Weitere Filter" in review_frame()
