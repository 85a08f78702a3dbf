"""Reading an image opinion anew by the lines: it is toned down where they contradict it, and left where they agree."""

from __future__ import annotations

import numpy as np

from mmemo.student.rereading import Reading, judged_by_lines, read_by_lines

K = 7


def shows(n: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gold (n,), an image opinion that is right as often as it says, and evidence that knows a little."""
    draw = np.random.default_rng(seed)
    image = draw.dirichlet(np.full(K, 0.4), n)
    gold = (image.cumsum(1) > draw.random((n, 1))).argmax(1)
    evidence = np.full((n, K), 0.6 / K)
    heard = np.where(draw.random(n) < 0.4, gold, draw.integers(0, K, n))
    evidence[np.arange(n), heard] = 0.4 + 0.6 / K
    return gold, image, evidence


def right(probs: np.ndarray, gold: np.ndarray) -> float:
    return float((probs.argmax(1) == gold).mean())


def sharpened(probs: np.ndarray, power: float, bias: np.ndarray) -> np.ndarray:
    raised = np.maximum(probs, 1e-9) ** power * np.exp(bias)
    rows: np.ndarray = raised / raised.sum(1, keepdims=True)
    return rows


def test_an_honest_opinion_stays():
    _, image, evidence = shows()
    reading = read_by_lines(image, evidence)
    assert 0.8 < reading.sureness < 1.25 and np.abs(reading.bias - reading.bias.mean()).max() < 0.4
    np.testing.assert_allclose(Reading(1.0, np.zeros(K)).apply(image), image, atol=1e-5)


def test_one_that_is_too_sure_and_says_neutral_of_all_is_undone():
    gold, image, evidence = shows()
    spoilt = sharpened(image, 2.0, np.array([4.0, 0, 0, 0, 0, 0, 0]))
    reading = read_by_lines(spoilt, evidence)
    assert 0.35 < reading.sureness < 0.7 and reading.bias[0] == reading.bias.min()
    said = reading.apply(spoilt)
    assert right(spoilt, gold) < right(said, gold) - 0.05
    assert right(spoilt * evidence, gold) < right(said * evidence, gold) - 0.03
    np.testing.assert_allclose(said.sum(1), 1.0, atol=1e-6)


def test_a_persons_word_counts_as_certain_evidence():
    gold, image, evidence = shows(200)
    spoilt = sharpened(image, 1.0, np.array([4.0, 0, 0, 0, 0, 0, 0]))
    told = evidence.copy()
    told[:100] = np.eye(K)[gold[:100]]
    without, with_words = (right(read_by_lines(spoilt, e).apply(spoilt[100:]), gold[100:]) for e in (evidence, told))
    assert with_words >= without


def test_few_faces_and_none():
    _, image, evidence = shows(1)
    assert abs(read_by_lines(image, evidence).sureness - 1.0) < 0.2
    nothing = read_by_lines(image[:0], evidence[:0])
    assert nothing.sureness == 1.0 and nothing.apply(image[:0]).shape == (0, K)


def test_lines_tell_which_of_two_opinions_is_right_more_often_and_not_which_is_surer():
    gold, image, evidence = shows()
    groups = np.arange(len(gold)) // 10
    guess = np.random.default_rng(1).permutation(image)
    better = judged_by_lines(guess, image, evidence, groups)
    assert better.second_is_better and better.gain > 0 and better.errors > 5
    assert not judged_by_lines(image, guess, evidence, groups).second_is_better
    louder = sharpened(image, 2.0, np.zeros(K))
    assert abs(judged_by_lines(image, louder, evidence, groups).gain) < 0.1 * better.gain


def test_nothing_is_proven_of_few_faces_or_one_group():
    _, image, evidence = shows(2000)
    guess = np.random.default_rng(1).permutation(image)
    assert judged_by_lines(guess, image, evidence, np.zeros(2000)).errors == 0
    assert not judged_by_lines(guess[:5], image[:5], evidence[:5], np.arange(5)).second_is_better
    assert judged_by_lines(image[:0], image[:0], evidence[:0], np.arange(0)).gain == 0
    of_groups = judged_by_lines(guess, image, evidence, np.arange(2000) // 500)
    assert of_groups.gain == judged_by_lines(guess, image, evidence, np.arange(2000)).gain


def test_chance_seldom_proves_anything_with_few_groups():
    """Two opinions that are equally good: the second is called better about as seldom as it should be."""
    wrong = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        _, image, evidence = shows(60, seed)
        pair = [0.5 * image + 0.5 * draw.permutation(image) for _ in range(2)]
        wrong += judged_by_lines(*pair, evidence, np.arange(60) // 12).second_is_better
    assert wrong <= 12
