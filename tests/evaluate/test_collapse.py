from __future__ import annotations

import numpy as np

from mmemo.evaluate.collapse import collapse_alarm

EYE = np.eye(7)


def test_one_class_takes_nearly_all() -> None:
    alarm = collapse_alarm(EYE[[0] * 19 + [1]], np.full((20, 7), 1 / 7))
    assert alarm == "collapse: 95% of the predictions are neutral, which should be about 14%"


def test_a_truly_neutral_episode_is_no_collapse() -> None:
    assert collapse_alarm(EYE[[0] * 19 + [1]], EYE[[0] * 18 + [1, 1]]) is None


def test_always_neutral_is_a_collapse_even_where_most_are_neutral() -> None:
    assert "100% of the predictions are neutral" in str(collapse_alarm(EYE[[0] * 40], EYE[[0] * 8 + [1, 2]]))


def test_a_common_class_is_never_predicted() -> None:
    alarm = collapse_alarm(EYE[[0, 1] * 20], EYE[[0, 1, 1, 2] * 10])
    assert alarm == "collapse: never predicted, though expected: sadness (25%)"


def test_a_class_may_be_missed_by_chance_when_few_are_expected() -> None:
    assert collapse_alarm(EYE[[0, 1, 1, 1]], EYE[[0, 1, 1, 2]]) is None


def test_no_rows_no_alarm() -> None:
    assert collapse_alarm(np.empty((0, 7)), EYE) is None
    assert collapse_alarm(EYE, np.empty((0, 7))) is None
    assert collapse_alarm(EYE[:1], EYE[:1]) is None
