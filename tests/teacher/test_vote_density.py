from __future__ import annotations

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.teacher.vote_density import VoteDensity, emotion_shares, fit_density, log_ratios
from tests.teacher.made_votes import made_votes


def test_log_ratios_do_not_see_a_common_factor_and_keep_distances() -> None:
    probs = np.random.default_rng(0).dirichlet(np.ones(7) * 5, 4)
    assert np.allclose(log_ratios(probs), log_ratios(probs * 0.5))
    centred = np.log(probs) - np.log(probs).mean(axis=1, keepdims=True)
    assert np.allclose(np.linalg.norm(log_ratios(probs), axis=1), np.linalg.norm(centred, axis=1))
    assert log_ratios(np.zeros((0, 7))).shape == (0, 6)


def test_the_density_of_a_vote_is_highest_for_its_emotion() -> None:
    probs, gold = made_votes(700, sureness=0.7, seed=1)
    density = fit_density(probs, gold)
    assert density is not None
    others, theirs = made_votes(700, sureness=0.7, seed=2)
    assert (density.log_density(others).argmax(axis=1) == theirs).mean() > 0.8


def test_few_lines_tell_no_spread_and_an_emotion_without_lines_borrows_it() -> None:
    probs, gold = made_votes(700, seed=1)
    assert fit_density(probs[:99], gold[:99]) is None
    without = gold != 5
    density = fit_density(probs[without], gold[without])
    assert density is not None and np.isfinite(density.log_density(probs)).all()


def test_the_shares_of_emotions_are_found_whatever_they_were_in_the_labelled_text() -> None:
    density = fit_density(*made_votes(1400, sureness=0.7, seed=1))
    assert density is not None
    share = np.array([0.5, 0.02, 0.02, 0.4, 0.02, 0.02, 0.02])
    probs, _ = made_votes(1000, sureness=0.7, seed=3, share=share)
    found, each = emotion_shares(density.log_density(probs))
    assert np.allclose(found, share, atol=0.06)
    assert each.shape == (1000,)


def test_it_comes_back_from_plain_values_and_damage_is_refused() -> None:
    probs, gold = made_votes(300, seed=1)
    density = fit_density(probs, gold)
    assert density is not None
    plain = density.to_plain()
    assert np.allclose(VoteDensity.from_plain(plain).log_density(probs), density.log_density(probs), atol=0.1)
    with pytest.raises(InputError, match="seven emotions"):
        VoteDensity.from_plain({**plain, "means": plain["means"][:3]})
    with pytest.raises(InputError, match="no covariance"):
        VoteDensity(density.means, -density.covariances)
