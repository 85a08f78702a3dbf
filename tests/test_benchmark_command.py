"""`pipelines.benchmark` as somebody meets it who has no data yet: what there is, and one sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmemo.errors import InputError
from pipelines.benchmark import check_name, corrections, cut, film, known_recipes, needed, sample
from tests.test_pipelines_help import call


def test_help_says_how_to_begin_and_lists_every_benchmark_in_a_whole_line():
    done = call("benchmark", "--help")
    assert done.returncode == 0
    assert "sample --quick" in done.stdout and "docs/weak-supervision.md" in done.stdout
    listed = done.stdout.partition("Commands:")[2].strip().splitlines()
    refused = call("benchmark", "none-of-them").stderr
    assert [line.split()[0] for line in listed] == refused.partition("(there are ")[2].rstrip(")\n").split(", ")
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("flim", "--data", "x"), "there is no benchmark 'flim' (there are sample, cut, film"),
        (("film",), "film needs --data DIR, a folder that holds film_faces_train and meld"),
        (("lab2wild", "--data", "gone"), "there is no gone, but lab2wild reads ck48.npz, ferplus and meld in --data"),
        (("corrections", "--data", "gone"), "there is no gone, but corrections reads"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_2(given: tuple[str, ...], said: str, tmp_path: Path):
    done = call("benchmark", *given, folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {said}") and done.stderr.count("\n") == 1


def test_a_folder_that_lacks_a_part_is_told_with_what_is_missing(tmp_path: Path):
    (tmp_path / "meld").mkdir()
    with pytest.raises(InputError, match=r"no \S+film_faces_train, but film reads film_faces_train and meld"):
        needed("film", tmp_path, "film_faces_train", "meld")
    assert needed("film", tmp_path, "meld") == tmp_path
    for benchmark in (cut, film, corrections):
        with pytest.raises(InputError, match=f"{benchmark.__name__} (needs|reads)"):
            benchmark(data=None if benchmark is not corrections else tmp_path)


def test_an_unknown_recipe_is_told_before_anything_is_computed():
    assert known_recipes(None) == ()
    assert known_recipes(["fused"]) == ("fused",)
    with pytest.raises(InputError, match="unknown recipe"):
        sample(recipe=["nope"])


def test_options_and_known_names_are_left_to_the_command():
    for given in ((), ("--help",), ("cut", "flim")):
        check_name(given, (cut,))
