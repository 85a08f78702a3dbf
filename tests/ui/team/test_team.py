"""Team without a browser: who may do what, what a lead sees, and what is kept."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.flow.characters.names import rename_character, track_characters
from mmemo.flow.review.human_labels import read_words
from mmemo.flow.runs.report import _cards
from mmemo.flow.team.assignment import assigned_tracks
from mmemo.labels import EKMAN7
from mmemo.store.files import read_table
from mmemo.store.labels import REJECT, WITHDRAW
from mmemo.store.people import ANNOTATOR, LEAD, Person, add_person
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext
from mmemo.ui.review.save import save_presses
from mmemo.ui.sign_in import People
from mmemo.ui.team.cases import conflicts, decide, gold, mark
from mmemo.ui.team.desk import TeamDesk
from mmemo.ui.team.page import team_frame, team_script
from mmemo.ui.team.rounds import assign, close, preview
from mmemo.ui.team.tab import server_functions
from mmemo.ui.text import for_script
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace
from tests.ui.review_made import item

ADA, BEN, CY = Person("ada", LEAD), Person("ben", ANNOTATOR), Person("cy", ANNOTATOR)
ASKED = {"episode": EPISODE_ID, "run": None, "all": False}
ROUND = {
    **ASKED, "title": "first", "episodes": [EPISODE_ID], "faces": "all", "most": 0, "people": ["ben", "cy"],
    "overlap": 20, "by": 2, "seed": 0, "gold": True, "press": "r-1",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = ready_workspace(tmp_path_factory.mktemp("made") / "workspace", tracks=26)
    for person in (ADA, BEN, CY):
        add_person(workspace.root / "people.txt", person.name, "a long enough one", person.role)
    return workspace.root


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Iterator[TeamDesk]:
    shutil.copytree(made, tmp_path / "ready")
    workspace = Workspace(tmp_path / "ready")
    store = workspace.labels()
    yield TeamDesk(workspace, store, People(workspace.root / "people.txt"))
    store.close()


def label(desk: TeamDesk, who: Person, word: str, *tracks: int, **more: Any) -> None:
    number = f"{who.name}-{word}-{'-'.join(map(str, tracks))}-{len(more)}"
    one = {"id": number, "items": [item(track) for track in tracks], "label": word, **more}
    assert save_presses(desk.review, {"presses": [one]}, who.name)["refused"] == []


def holds(desk: TeamDesk) -> dict[int, str]:
    said = read_words(desk.workspace, desk.workspace.episode(EPISODE_ID)).current()
    return dict(zip(said["track_id"].tolist(), said["label"].tolist(), strict=True))


def asks(name: str | None) -> Any:
    app = SimpleNamespace(auth=object(), cookie_id="c", tokens={"secret": name} if name else {})
    return SimpleNamespace(app=app, cookies={"access-token-c": "secret"}, headers={})


def test_a_page_begins_with_who_asks_and_what_is_open(desk: TeamDesk):
    opened = desk.open(ASKED, ADA)
    assert (opened["me"], opened["lead"], opened["alone"]) == ("ada", True, False)
    assert opened["names"] == ["ada", "ben", "cy"] == [row["name"] for row in opened["progress"]]
    assert (opened["conflicts"], opened["gold"], opened["rounds"]) == (0, 0, [])
    assert json.dumps(opened)
    own = desk.open(ASKED, BEN)
    assert not own["lead"] and [row["name"] for row in own["progress"]] == ["ben"] and own["names"] == []
    assert desk.open({"episode": None}, BEN)["episode"] is None


def test_without_a_list_one_person_may_do_everything(made: Path, tmp_path: Path):
    shutil.copytree(made, tmp_path / "ready")
    workspace = Workspace(tmp_path / "ready")
    store = workspace.labels()
    desk = TeamDesk(workspace, store, People())
    local = desk.people.who(None)
    opened = desk.open(ASKED, local)
    assert opened["alone"] and opened["lead"] and opened["names"] == ["local"]
    done = assign(desk, {**ROUND, "people": ["local"], "overlap": 0}, local)
    assert done["sizes"] == {"local": 26}
    store.close()


def test_a_round_gives_each_face_and_a_fifth_of_them_twice(desk: TeamDesk):
    assert preview(desk, ROUND, ADA)["faces"] == 26
    done = assign(desk, ROUND, ADA)
    assert (done["faces"], done["several"], done["questions"]) == (26, 5, 0) and sum(done["sizes"].values()) == 31
    episode = desk.workspace.episode(EPISODE_ID)
    mine, theirs = (assigned_tracks(desk.workspace, episode, name) for name in ("ben", "cy"))
    assert mine | theirs == set(range(1, 27)) and len(mine & theirs) == 5
    assert assign(desk, ROUND, ADA) == done, "sent again, because the answer was lost"
    with pytest.raises(InputError, match="handed out already"):
        assign(desk, {**ROUND, "press": "r-2"}, ADA)
    label(desk, BEN, "joy", min(mine))
    rows = {row["name"]: row for row in desk.open(ASKED, ADA)["progress"]}
    assert (rows["ben"]["assigned"], rows["ben"]["done"]) == (len(mine), 1)
    assert desk.open(ASKED, CY)["rounds"][0]["title"] == "first"
    close(desk, {"round": done["round"]}, ADA)
    assert assigned_tracks(desk.workspace, episode, "ben") == set() and desk.open(ASKED, ADA)["rounds"][0]["closed"]


def test_what_others_say_of_an_assigned_face_is_hidden_until_the_round_is_over(desk: TeamDesk):
    label(desk, ADA, "joy", 1)
    asked = {**ASKED, "filters": {"assigned": True}}
    assert desk.review.page(asked, "ben")["total"] == 0 and desk.review.open(ASKED, "ben")["asked"] == 0
    number = assign(desk, {**ROUND, "people": ["ben"], "overlap": 0}, ADA)["round"]
    assert desk.review.page(asked, "ben")["total"] == 26 == desk.review.open(ASKED, "ben")["asked"]
    assert desk.review.page(asked, "cy")["total"] == 0

    def seen(who: str, **filters: Any) -> list[tuple[str | None, str | None]]:
        rows = desk.review.page({**ASKED, "filters": filters}, who)["rows"]
        return [(row["said"], row["who"]) for row in rows if row["track"] == 1]

    assert seen("ben") == [(None, None)] and seen("cy") == [("joy", "ada")] == seen("ada")
    assert seen("ben", person="joy") == [] == seen("ben", annotator="ada", status="labelled")
    assert seen("ben", status="unlabelled") == [(None, None)]
    assert desk.review.face({**ASKED, "item": item(1)}, "ben")["words"] == []
    assert len(desk.review.face({**ASKED, "item": item(1)}, "cy")["words"]) == 1
    one = {"id": "skip", "items": [item(1)], "label": "skip"}
    assert save_presses(desk.review, {"presses": [one]}, "ben")["now"][item(1)]["said"] is None, "a skip shows nothing"
    assert [
        row["track"] for row in desk.review.page({**ASKED, "filters": {"assigned": True, "blind": True}}, "ben")["rows"]
    ]
    label(desk, BEN, "fear", 1)
    assert seen("ben") == [("fear", "ben")], "the own word"
    assert desk.part(EPISODE_ID).work.free["annotator"].tolist() == ["ada"], "ben could see it before the round"
    label(desk, CY, "fear", 2)
    label(desk, BEN, "joy", 2)
    free = desk.part(EPISODE_ID).work.free
    assert free.loc[free["track_id"] == 2, "annotator"].tolist() == ["cy", "ben"], "both count for agreement"
    close(desk, {"round": number}, ADA)
    told = [word["label"] for word in desk.review.face({**ASKED, "item": item(1)}, "ben")["words"]]
    assert told == ["joy", "skip", "fear"] and len(seen("ben", annotator="ada")) == 1
    assert desk.review.page(asked, "ben")["total"] == 0


def test_no_target_filter_or_order_tells_what_was_said_of_an_assigned_face(desk: TeamDesk):
    asked = {**ASKED, "run": RUN_IDS[0]}

    def rows(who: str, **filters: Any) -> list[dict[str, Any]]:
        return list(desk.review.page({**asked, "filters": filters}, who)["rows"])

    free = {row["track"]: row for row in rows("ben")}
    known = next(track for track, row in free.items() if row["tops"]["target"])
    label_of_it = free[known]["tops"]["target"][0]
    other = next(one for one in EKMAN7.labels if one != label_of_it)
    assert free[known]["proposal"] == label_of_it and known not in [row["track"] for row in rows("ben", target=other)]
    assign(desk, {**ROUND, "people": ["ben"], "overlap": 0}, ADA)
    given = {row["track"]: row for row in rows("ben")}
    assert all(row["tops"]["target"] is None for row in given.values())
    assert given[known]["proposal"] == (given[known]["tops"]["student"] or given[known]["tops"]["image"])[0]
    told = desk.review.face({**asked, "item": item(known)}, "ben")["opinions"]
    assert told["target"] is None and told["student"]
    assert desk.review.face({**asked, "item": item(known)}, "cy")["opinions"]["target"]
    in_time = [*given]
    tellers: list[dict[str, Any]] = [
        {"target": other}, {"issues": True}, {"confidence_from": 0.99}, {"order": "gain"}, {"order": "issue"},
        {"order": "confidence"},
    ]  # fmt: skip
    for filters in tellers:
        assert [row["track"] for row in rows("ben", **filters)] == in_time, filters
    assert rows("cy", target=other) != rows("cy") and rows("ada")[0]["tops"]["target"]


def test_the_report_tells_no_gold_of_a_face_that_is_handed_out(desk: TeamDesk):
    run_id, folder = RUN_IDS[0], desk.workspace.run_folder(RUN_IDS[0])
    config, table = desk.workspace.run_config(run_id), read_table(folder / "predictions.parquet")
    table[["episode_id", "track_id"]].to_parquet(folder / "tracks.parquet")
    gold = pd.Series(["joy"] * len(table), dtype=object)
    assert {card.gold for card in _cards(desk.workspace, run_id, config, gold)} == {"joy"}
    assign(desk, {**ROUND, "people": ["ben"], "overlap": 0}, ADA)
    assert {card.gold for card in _cards(desk.workspace, run_id, config, gold)} == {None}


def test_a_round_of_few_unlabelled_faces_is_drawn_again_the_same(desk: TeamDesk):
    label(desk, BEN, "joy", 1, 2, 3)
    asked = {**ROUND, "faces": "unlabelled", "most": 8}
    assert preview(desk, {**asked, "most": 0}, ADA)["faces"] == 23
    first = assign(desk, asked, ADA)
    episode = desk.workspace.episode(EPISODE_ID)
    drawn = assigned_tracks(desk.workspace, episode, "ben") | assigned_tracks(desk.workspace, episode, "cy")
    assert len(drawn) == 8 and not drawn & {1, 2, 3}
    close(desk, {"round": first["round"]}, ADA)
    assign(desk, {**asked, "press": "again"}, ADA)
    again = assigned_tracks(desk.workspace, episode, "ben") | assigned_tracks(desk.workspace, episode, "cy")
    assert again == drawn
    assert preview(desk, {**ROUND, "faces": "differ"}, ADA)["faces"] > 0


@pytest.mark.parametrize(
    "change",
    [
        {"people": []}, {"people": ["dora"]}, {"episodes": []}, {"episodes": ["../x"]}, {"faces": "best"},
        {"overlap": 120}, {"overlap": "20"}, {"by": 3}, {"most": -1}, {"press": ""}, {"title": " "}, {"seed": True},
    ],
)  # fmt: skip
def test_a_round_that_cannot_be_is_refused(desk: TeamDesk, change: dict[str, Any]):
    with pytest.raises(InputError):
        assign(desk, {**ROUND, **change}, ADA)
    assert desk.team.rounds() == []
    assign(desk, ROUND, ADA)
    with pytest.raises(InputError, match="which round"):
        close(desk, {"round": True}, ADA)


def test_who_is_in_a_round_is_not_told_what_was_gold_and_gets_no_face_that_they_labelled(desk: TeamDesk):
    label(desk, ADA, "joy", 1)
    mark(desk, {"item": item(1), "press": "g-1"}, ADA)
    label(desk, CY, "joy", *range(2, 6))
    label(desk, BEN, "joy", 2)
    people = {"people": ["ben", "cy"]}
    assert preview(desk, {**ROUND, **people}, ADA)["faces"] == 25, "both labelled the second face"
    number = assign(desk, {**ROUND, **people}, ADA)["round"]
    asked = desk.team.assignments(EPISODE_ID)
    assert not {2, 3, 4, 5} & set(asked.loc[asked["person"] == "cy", "track_id"])
    assert {3, 4, 5} <= set(asked.loc[asked["person"] == "ben", "track_id"])
    assert set(asked["track_id"]) == {*range(1, 27)} - {2}
    label(desk, BEN, "anger", 1)

    def told() -> tuple[int, Any]:
        row = desk.open(ASKED, BEN)["progress"][0]
        return row["golds"], row["gold"]["value"]

    assert told() == (0, None) and desk.open(ASKED, ADA)["progress"][1]["golds"] == 1
    assert desk.open(ASKED, BEN)["progress"][0]["untold"], "and the page says why"
    close(desk, {"round": number}, ADA)
    assert told() == (1, 0.0)


def test_a_lead_in_a_round_sees_the_words_elsewhere(desk: TeamDesk):
    assign(desk, {**ROUND, "people": ["ada", "ben"], "overlap": 100}, ADA)
    for who in (BEN, ADA):
        label(desk, who, "joy", 7)
    assert desk.part(EPISODE_ID).work.free["annotator"].tolist() == ["ben"]


def test_a_character_that_is_renamed_is_called_so_at_once(desk: TeamDesk):
    label(desk, BEN, "joy", 1)
    label(desk, CY, "fear", 1)
    assert conflicts(desk, ASKED, ADA)["cases"][0]["character"] != "Vera"
    whose = track_characters(desk.workspace, desk.workspace.episode(EPISODE_ID)).set_index("track_id")
    rename_character(desk.workspace, EPISODE_ID, int(whose.loc[1, "character_id"]), "Vera")
    assert conflicts(desk, ASKED, ADA)["cases"][0]["character"] == "Vera"


def test_the_next_page_of_what_is_open_may_begin_anywhere(desk: TeamDesk):
    for track in range(1, 8):
        label(desk, BEN, "joy", track)
        label(desk, CY, "fear", track)
    for track in (1, 2):
        decide(desk, {"item": item(track), "label": "joy", "press": f"d-{track}"}, ADA)
    assert [one["track"] for one in conflicts(desk, {**ASKED, "offset": 3}, ADA)["cases"]] == [6, 7]
    assert conflicts(desk, {**ASKED, "offset": 48}, ADA)["offset"] == 0


def test_people_who_differ_wait_for_a_decision_and_training_takes_it(desk: TeamDesk):
    label(desk, BEN, "sadness", 3)
    label(desk, CY, "anger", 3)
    label(desk, BEN, "fear", 3)  # a later word: what it says was not said without sight
    (one,) = conflicts(desk, ASKED, ADA)["cases"]
    assert [(w["label"], w["alone"]) for w in one["words"]] == [("anger", False), ("fear", False)]
    label(desk, BEN, "anger", 3)
    label(desk, BEN, "joy", 1, 2)
    label(desk, CY, "joy", 2)
    label(desk, CY, "fear", 1)
    found = conflicts(desk, ASKED, ADA)
    (one,) = found["cases"]
    assert found["total"] == 1 and one["item"] == item(1) and one["decision"] is None
    assert [(w["who"], w["label"], w["alone"]) for w in one["words"]] == [("ben", "joy", True), ("cy", "fear", False)]
    assert holds(desk)[1] == "fear", "the last word, as long as nobody decides"
    done = decide(desk, {"item": item(1), "label": "anger", "press": "d-1"}, ADA)
    assert done["open"] == 0 and done["case"]["decision"] == {"label": "anger", "by": "ada"}
    assert holds(desk) == {1: "anger", 2: "joy", 3: "anger"}
    assert len(json.loads(desk.team.decisions(EPISODE_ID)["words"][0])) == 2
    assert conflicts(desk, ASKED, ADA)["total"] == 0
    assert conflicts(desk, {**ASKED, "decided": True}, ADA)["cases"][0]["item"] == item(1)
    since = desk.review.corrections(EPISODE_ID, RUN_IDS[0])
    decide(desk, {"item": item(1), "label": WITHDRAW, "press": "d-2"}, ADA)
    assert desk.review.corrections(EPISODE_ID, RUN_IDS[0]) == since - 1, "a decision is something new to learn"
    assert conflicts(desk, ASKED, ADA)["total"] == 1 and holds(desk)[1] == "fear"
    decide(desk, {"item": item(1), "label": REJECT, "press": "d-3"}, ADA)
    assert holds(desk)[1] == REJECT and len(desk.team.decisions(EPISODE_ID)) == 3


def test_a_decision_needs_a_face_a_label_and_words(desk: TeamDesk):
    for asked in (
        {"item": item(5), "label": "joy", "press": "p"},  # nobody spoke of it
        {"item": item(99), "label": "joy", "press": "p"},
        {"item": f"{EPISODE_ID}/older/1", "label": "joy", "press": "p"},
        {"item": "nonsense", "label": "joy", "press": "p"},
        {"item": item(1), "label": "bored", "press": "p"},
        {"item": item(1), "label": "joy"},
    ):
        with pytest.raises(InputError):
            decide(desk, asked, ADA)
    assert desk.team.decisions(EPISODE_ID).empty


def test_gold_questions_are_mixed_in_and_count_for_those_who_were_asked(desk: TeamDesk):
    label(desk, ADA, "joy", 1, 2, 3)
    assert [one["label"] for one in gold(desk, ASKED, ADA)["able"]] == ["joy"] * 3
    for track in (1, 2):
        assert mark(desk, {"item": item(track), "press": f"g-{track}"}, ADA)["gold"] == {"label": "joy", "by": "ada"}
    with pytest.raises(InputError, match="not known"):
        mark(desk, {"item": item(9), "press": "g-9"}, ADA)
    label(desk, CY, "fear", 1)  # before being asked: no test
    done = assign(desk, {**ROUND, "faces": "unlabelled", "people": ["ada", "ben", "cy"]}, ADA)
    asked = desk.team.assignments(EPISODE_ID)
    tested = {(row.person, row.track_id) for row in asked[asked["gold"].astype(bool)].itertuples()}
    assert done["questions"] == 2 and ("cy", 2) in tested and not any(who == "ada" for who, _ in tested)
    for who, track in tested:
        label(desk, BEN if who == "ben" else CY, "joy" if who == "ben" else "anger", track)
    rows = {row["name"]: row for row in desk.open(ASKED, ADA)["progress"]}
    assert rows["ben"]["gold"]["value"] == 1.0 and rows["cy"]["gold"]["value"] == 0.0 and rows["cy"]["golds"] == 1
    assert rows["ada"]["golds"] == 0 and rows["cy"]["gold"]["high"] > 0.5, "one answer tells little"
    assert "gold" not in json.dumps(desk.open(ASKED, BEN)["rounds"])
    mark(desk, {"item": item(1), "label": WITHDRAW, "press": "g-1b"}, ADA)
    assert [one["track"] for one in gold(desk, ASKED, ADA)["gold"]] == [2]


def test_agreement_counts_what_was_said_without_sight_of_another(desk: TeamDesk):
    nothing = desk.agreement(ASKED, ADA)
    assert nothing["group"]["few"] and nothing["group"]["alpha"]["value"] is None and nothing["pairs"] == []
    for track in range(1, 13):
        label(desk, BEN, EKMAN7.labels[track % 3], track)
        label(desk, CY, EKMAN7.labels[track % 3 if track > 3 else 4], track, blind=True)
    label(desk, ADA, "joy", 1)  # in sight of both
    found = desk.agreement(ASKED, ADA)
    assert found["left_out"] == 1 and found["group"]["faces"] == 12 and not found["group"]["few"]
    assert found["group"]["same"]["value"] == pytest.approx(0.75) and found["group"]["alpha"]["low"] is not None
    (pair,) = found["pairs"]
    assert (pair["a"], pair["b"], pair["faces"]) == ("ben", "cy", 12) and sum(map(sum, pair["counts"])) == 12
    assert found == json.loads(json.dumps(found))
    assert desk.agreement({**ASKED, "all": True}, ADA) == found


def test_who_only_labels_may_not_lead_and_nobody_may_do_nothing(desk: TeamDesk):
    context = AppContext(desk.workspace, desk.store, None, people=desk.people)  # type: ignore[arg-type]
    functions = {function.__name__: function for function in server_functions(context)}
    label(desk, BEN, "joy", 1)
    label(desk, CY, "fear", 1)
    asked: dict[str, dict[str, Any]] = {
        "team_agreement": ASKED, "team_conflicts": ASKED, "team_gold": ASKED, "team_preview": ROUND,
        "team_assign": ROUND, "team_close": {"round": 1}, "team_mark": {"item": item(1), "press": "p"},
        "team_decide": {"item": item(1), "label": "joy", "press": "p"},
    }  # fmt: skip
    assert set(functions) == {"team_open", *asked}
    for name, question in asked.items():
        # The page cannot claim to be somebody: only the cookie counts.
        claimed = {**question, "me": "ada", "lead": True}
        assert "Only a lead" in functions[name](claimed, asks("ben"))["error"], name
        for nobody in (asks(None), asks("stranger")):
            assert "error" in functions[name](claimed, nobody), name
    assert "signed in" in functions["team_open"](ASKED, asks(None))["error"]
    assert [row["name"] for row in functions["team_open"](ASKED, asks("ben"))["progress"]] == ["ben"]
    assert desk.team.stamp() == (0, 0, 0, 0, 0)
    assert "error" not in functions["team_decide"]({"item": item(1), "label": "joy", "press": "p"}, asks("ada"))
    assert "reload" in functions["team_open"]("nonsense", asks("ada"))["error"].lower()


def test_every_word_of_the_script_is_there():
    said, script = for_script("team")["en"], team_script()
    asked = set(re.findall(r"\bwords\('([\w.]+)'", script)) | {
        f"{key}.{form}" for key in re.findall(r"\bcounted\('(\w+)'", script) for form in ("one", "many")
    }
    assert asked - set(said) == set()
    assert ">Team<" not in team_frame(), "no words in the frame"
