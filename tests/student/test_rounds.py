"""Two rounds: the first students' opinion on unseen halves takes the baseline's place, and a person's word stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmemo.progress import run
from mmemo.student.crossfit import lesson_of
from mmemo.student.recipes import recipe_named
from mmemo.student.rounds import taught_twice
from tests.student.test_schemes import SETTINGS, K, Witness, lesson, show


def test_it_learns_and_leaves_the_opinions_as_they_are():
    data, fitter, truth = show()
    before = data.opinions.image.copy()
    fitted = run(taught_twice(lesson(data), fitter, SETTINGS, "train"))
    right = fitted.probs(np.arange(len(fitter.features))).argmax(1) == truth[data.item_of_face]
    assert right.mean() > 0.8
    np.testing.assert_array_equal(data.opinions.image, before)


def test_halves_do_not_share_groups_and_the_second_targets_follow_the_students():
    data, fitter, truth = show()
    sure = np.full((len(fitter.features), K), 0.01, np.float32)
    sure[np.arange(len(sure)), truth[data.item_of_face]] = 1 - 0.01 * (K - 1)
    known = np.full(len(truth), -1)
    known[:5] = (truth[:5] + 1) % K
    data = replace(data, opinions=replace(data.opinions, known=known))
    witness = Witness(sure)
    of_fused = lesson_of(data, np.arange(len(truth)), recipe_named("fused"), SETTINGS)
    run(taught_twice(of_fused, witness, SETTINGS, "train"))
    first, second, last = witness.tasks
    assert not set(first.groups) & set(second.groups)
    assert len(first.rows) + len(second.rows) == len(last.rows) == len(sure)
    wanted = np.where(known >= 0, known, truth)[data.item_of_face[last.rows]]
    np.testing.assert_array_equal(last.targets.argmax(1), wanted)


def test_one_group_alone_is_judged_by_its_own_student():
    data, _, _ = show(tracks=2, faces_a_track=1)
    witness = Witness(np.full((2, K), 1 / K, np.float32))
    run(taught_twice(lesson(data), witness, SETTINGS, "train"))
    assert len(witness.tasks) == 2
