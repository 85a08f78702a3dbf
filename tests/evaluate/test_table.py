from __future__ import annotations

import numpy as np

from mmemo.evaluate.comparison import compare
from mmemo.evaluate.table import comparison_table
from tests.evaluate.examples import make_comparison, probs, right_in


def test_one_aligned_table_with_the_verdict_beneath() -> None:
    lines = comparison_table(make_comparison(teacher=right_in(0.6), gold_ceiling=right_in(0.9))).splitlines()
    head, rule, *rows = lines[:7]
    assert head.split()[-7:] == ["neutral", "joy", "sadness", "anger", "surprise", "fear", "disgust"]
    assert set(rule) == {"-"}
    assert {len(line) for line in (head, rule, *rows)} == {len(head)}
    assert rows[1].split()[-10:-7] == ["140", "40.0", "0.400"]
    assert lines[7] == ""
    assert lines[8].startswith("Proven gain: +30.0 points of accuracy")
    assert any(line.startswith("- The majority row always says neutral") for line in lines)


def test_a_narrow_terminal_gets_two_tables() -> None:
    text = comparison_table(make_comparison(teacher=right_in(0.6)), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("Student, adapted") == 2


def test_recall_without_gold_is_a_dash() -> None:
    one = probs(np.array([2]))
    text = comparison_table(compare(np.array([2]), np.array([7]), {"image_only": one, "student": one}, "track"))
    student = next(line for line in text.splitlines() if line.startswith("Student"))
    assert student.split()[-7:] == ["–", "–", "100.0", "–", "–", "–", "–"]
    assert "1 track is too few units" in " ".join(text.split())
