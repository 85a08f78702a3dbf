"""The list of people who may sign in: what is in it, who gets in, and what is refused."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmemo.errors import InputError
from mmemo.store.people import ANNOTATOR, LEAD, add_person, hash_password, is_password, read_people

PASSWORD = "a long enough one"


def test_a_person_gets_in_with_the_own_password_alone(tmp_path: Path):
    path = tmp_path / "people.txt"
    assert not add_person(path, "ada", PASSWORD, LEAD)
    assert not add_person(path, "ben", "another password")
    people = read_people(path)
    assert [(p.name, p.role, p.is_lead) for p in people.values()] == [("ada", LEAD, True), ("ben", ANNOTATOR, False)]
    assert is_password(people["ada"], PASSWORD) and is_password(people["ben"], "another password")
    assert not is_password(people["ben"], PASSWORD) and not is_password(None, PASSWORD)
    assert PASSWORD not in path.read_text() and PASSWORD not in repr(people) and "scrypt" not in repr(people)


def test_only_the_owner_can_read_it_and_nothing_else_is_left(tmp_path: Path):
    path = tmp_path / "new" / "people.txt"
    add_person(path, "ada", PASSWORD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert add_person(path, "ada", "another password", LEAD), "replaced"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["people.txt"]
    assert read_people(path)["ada"].is_lead and is_password(read_people(path)["ada"], "another password")


def test_two_people_with_one_password_have_different_hashes():
    assert hash_password(PASSWORD) != hash_password(PASSWORD)


@pytest.mark.parametrize(
    "line",
    [
        "ada", "ada:lead", "ada:queen:{hash}", "a da:lead:{hash}", ":lead:{hash}", "ada:lead:plain",
        "ada:lead:scrypt$3$8$1$YWJjZGVmZ2g=$YQ==", "ada:lead:scrypt$16384$8$1$?$?", "ada:lead:{hash}:more",
        "ada:lead:scrypt$1073741824$8$1$YWJjZGVmZ2g=$YQ==", "ben:lead:{hash}",
    ],
)  # fmt: skip
def test_a_wrong_line_is_refused_with_its_number_and_without_its_words(tmp_path: Path, line: str):
    path = tmp_path / "people.txt"
    good = hash_password(PASSWORD)
    path.write_text(f"# who may sign in\nben:annotator:{good}\n\n{line.format(hash=good)}\n")
    with pytest.raises(InputError, match="line 4") as told:
        read_people(path)
    assert good not in str(told.value)


def test_an_empty_list_and_one_that_is_not_there_are_told(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        read_people(tmp_path / "none.txt")
    path = tmp_path / "people.txt"
    path.write_text("\n")
    with pytest.raises(InputError, match="nobody"):
        read_people(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_people(path)


@pytest.mark.parametrize(
    ("name", "password"), [("a:b", PASSWORD), ("", PASSWORD), ("ada", "short"), ("x" * 41, PASSWORD)]
)
def test_a_bad_name_or_password_writes_nothing(tmp_path: Path, name: str, password: str):
    with pytest.raises(InputError):
        add_person(tmp_path / "people.txt", name, password)
    assert list(tmp_path.iterdir()) == []


def test_nobody_inherits_what_was_said_without_a_sign_in(tmp_path: Path):
    for name in ("local", "Local"):
        with pytest.raises(InputError, match="nobody can be called"):
            add_person(tmp_path / "people.txt", name, PASSWORD)
    assert list(tmp_path.iterdir()) == []


def test_people_who_are_added_at_the_same_time_are_all_there(tmp_path: Path):
    path, names = tmp_path / "people.txt", [f"p{n}" for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: add_person(path, name, PASSWORD), names))
    assert set(read_people(path)) == set(names)
    assert list(tmp_path.iterdir()) == [path]
