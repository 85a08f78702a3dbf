"""Whom to believe about the faces of a show: its lines are asked, and no label is needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmemo.progress import Stage
from mmemo.student.fitters import Fitted, Fitter, HeadFitter
from mmemo.student.heads import EpochDone, EpochLoss, LinearHead
from mmemo.student.lesson import Lesson, out_of_fold_opinion, part_of
from mmemo.student.losses import line_likelihood
from mmemo.student.quick import for_halves
from mmemo.student.rereading import Reading, Verdict, judged_by_lines, read_by_lines
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import lines_alone, reread_fusion

# Lines that make the faces' opinion much less sure contradict it in more than how frequent each emotion is: they were
# calibrated on text that is not like the show's. Between what was seen on film faces (0.94 and above with an anchor
# that fits, 0.8 and below with one that does not), pairings 100 to 109.
SURE_ENOUGH = 0.85
# In nats a face: how much likelier the lines must become before features are learned anew. Film faces gain at most 0.02
# by that (pairings 100 to 109), drawn ones, which the baseline does not know, 0.08 to 0.3.
WORTH_LEARNING = 0.03
_SHARES = 5
_SAME = 0.05


def best_witness(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """What is learned of a show, and from whose opinion of its faces, is what its lines bear out on unseen faces.

    Students of one half of the groups, who learn from the lines alone, say what they see in the other half. Where the
    lines of these faces are proven to be likelier under their opinion than under the baseline's, the baseline does not
    know the show: its mistakes are a function of the face and would be learned, while those of the lines average out.
    Then their opinion, read anew by all lines, takes the baseline's place in the targets. Where the baseline is the
    better witness, and students of both together hardly better, there is nothing to learn but how frequent
    each emotion is: the student is the baseline, read anew by all lines (eight numbers). Otherwise it learns from
    image and lines together.
    """
    alone = replace(lesson, targets=lines_alone(lesson.opinions), loss_of=lambda _: line_likelihood)
    halves = for_halves(fitter)
    said = yield from part_of(out_of_fold_opinion(alone, halves, settings, stage, folds=2), 0, _SHARES, shares=2)
    verdict = _judged(lesson, said)
    reread = None if verdict.second_is_better else reread_baseline(lesson, fitter)
    if reread is not None and not verdict.first_is_better:
        said = yield from part_of(out_of_fold_opinion(lesson, halves, settings, stage, folds=2), 2, _SHARES, shares=2)
        if _judged(lesson, said).gain > WORTH_LEARNING:
            reread = None
    if reread is not None:
        yield from part_of(_done(reread, settings, stage), _SHARES - 1, _SHARES)
        return replace(reread, taught=reread_fusion(lesson.opinions), verdict=verdict)
    targets = lesson.targets
    if verdict.second_is_better:
        targets = reread_fusion(replace(lesson.opinions, image=said))
    fitted = yield from part_of(fitter.fit(lesson.task(targets), settings, stage), _SHARES - 1, _SHARES)
    return replace(fitted, taught=targets, verdict=verdict)


def reread_baseline(lesson: Lesson, fitter: Fitter) -> Fitted | None:
    """The head to begin from with one sureness and a bias for each emotion, as the lines of all faces ask for.

    None where there is no such head on cached features, where the opinion in the targets is not its own, or where the
    lines contradict it too much to be trusted with it. The curve holds minus the mean logarithm of the lines' likelihood,
    before and after.
    """
    if not isinstance(fitter, HeadFitter) or fitter.start is None:
        return None
    items = np.unique(lesson.item)
    said = lesson.by_item(fitter.start.probs(fitter.features[lesson.rows]))[items]
    if not np.allclose(said, lesson.opinions.image[items], atol=_SAME):
        return None
    evidence = lesson.opinions.certain_evidence().astype(np.float64)[items]
    reading = read_by_lines(said, evidence)
    if reading.sureness < SURE_ENOUGH:
        return None
    unread = Reading(1.0, np.zeros(said.shape[1]))
    costs = [-np.log(np.maximum((r.apply(said) * evidence).sum(1), 1e-300)).mean() for r in (unread, reading)]
    curve = tuple(EpochLoss(number, float(cost), float("nan")) for number, cost in enumerate(costs))
    return fitter.fitted(_read(fitter.start, reading), curve)


def _done(reread: Fitted, settings: TrainSettings, stage: str) -> Stage[None]:
    for cost in reread.curve:
        yield EpochDone(stage, settings.epochs, settings.epochs, "the baseline, read anew", cost)


def _read(head: LinearHead, reading: Reading) -> LinearHead:
    bias = reading.sureness * head.bias + reading.bias
    return LinearHead((reading.sureness * head.weight).astype(np.float32), bias.astype(np.float32))


def _judged(lesson: Lesson, said: np.ndarray) -> Verdict:
    """What the lines say of an opinion of unseen faces against the baseline's."""
    evidence = lesson.opinions.certain_evidence().astype(np.float64)
    return judged_by_lines(lesson.opinions.image, said, evidence, lesson.group_of_item)
