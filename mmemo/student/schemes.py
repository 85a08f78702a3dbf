"""Schemes: how a student is fitted to its targets, once or in rounds.

A scheme takes a lesson and a fitter and gives a fitted student. Adding one is one function and one line in SCHEMES.
Those that only choose targets and weights work with both fitters; those that touch the head itself work on cached
features alone and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from mmemo.errors import InputError
from mmemo.progress import Stage
from mmemo.student.fitters import Fitted, Fitter, HeadFitter
from mmemo.student.heads import LinearHead
from mmemo.student.lesson import Lesson, out_of_fold_opinion, part_of
from mmemo.student.settings import TrainSettings
from mmemo.student.witnesses import best_witness

Scheme = Callable[[Lesson, Fitter, TrainSettings, str], Stage[Fitted]]
_TINY = 1e-7


def plain(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """One fit to the targets as they are."""
    fitted = yield from fitter.fit(lesson.task(), settings, stage)
    return fitted


def averaged(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """The student's head and the baseline's, averaged: half the way, for less spread. Cached features only.

    Wortsman et al. 2022 (WiSE-FT), section 3, with a mixing coefficient of one half.
    """
    head_fitter = _on_features(fitter, "averaged")
    if head_fitter.start is None:
        raise InputError("this backbone has no head to average with", hint="use --backbone embedded or another recipe")
    fitted = yield from head_fitter.fit(lesson.task(), settings, stage)
    start = head_fitter.start
    head = LinearHead(
        (fitted.tensors["head.weight"] + start.weight) / 2, (fitted.tensors["head.bias"] + start.bias) / 2
    )
    return head_fitter.fitted(head, fitted.curve)


def mean_teacher(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """The moving average of the head over its steps is the student. Cached features only.

    Tarvainen and Valpola 2017, section 2: the averaged weights; the consistency cost is left out, since views of a
    frozen feature differ by the mirror alone, and both views are trained on anyway.
    """
    head_fitter = replace(_on_features(fitter, "mean_teacher"), averaging=0.98)
    fitted = yield from head_fitter.fit(lesson.task(), settings, stage)
    return fitted


def replayed(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """Faces that the baseline was trained on stay in the mix, at half of the weight. Cached features only.

    Rolnick et al. 2019 (experience replay), with the source's own labels; needs a fitter with `source` faces.
    """
    head_fitter = _on_features(fitter, "replayed")
    source = head_fitter.source
    if source is None:
        raise InputError("there are no source faces to replay", hint="use another recipe, or give the fitter a source")
    task = lesson.task()
    first = len(head_fitter.features)
    rows = np.concatenate([task.rows, np.arange(first, first + len(source.features))])
    share = task.weights.sum() / max(len(source.features), 1)
    targets = np.concatenate([task.targets, source.targets])
    weights = np.concatenate([task.weights, np.full(len(source.features), share)])
    own_groups = int(task.groups.max(initial=-1)) + 1 + np.arange(len(source.features))
    mixed = replace(task, rows=rows, targets=targets, weights=weights, groups=np.concatenate([task.groups, own_groups]))
    together = replace(head_fitter, features=np.concatenate([head_fitter.features, source.features]), source=None)
    fitted = yield from together.fit(mixed, settings, stage)
    return fitted


def self_training(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """A second round in which the student's own out-of-fold opinion takes the place of the image baseline's.

    The opinion of a student that never saw an item errs independently of the text of that item, as the noise model
    asks. After Lee 2013 (pseudo-labels) and Xie et al. 2020 (noisy student), with dropout as the noise.
    """
    said = yield from out_of_fold_opinion(lesson, fitter, settings, stage)
    opinions = replace(lesson.opinions, image=said)
    fitted = yield from fitter.fit(lesson.task(lesson.targets_of(opinions)), settings, stage)
    return fitted


def two_components(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """Items whose loss belongs to the lower of two Gaussians keep their target; the others get the student's view.

    Li et al. 2020 (DivideMix), section 3.1 and eq. 3; one network with out-of-fold losses in place of two networks,
    and no mixing of inputs. A person's word stays as it is.
    """
    said = yield from out_of_fold_opinion(lesson, fitter, settings, stage)
    probs = lesson.targets.probs
    losses = -(probs * np.log(np.maximum(said, _TINY))).sum(1)
    clean = np.where(lesson.opinions.known >= 0, 1.0, _clean_share(losses, settings.seed))
    refined = (clean[:, None] * probs + (1.0 - clean[:, None]) * said).astype(np.float32)
    refined /= refined.sum(1, keepdims=True)
    fitted = yield from fitter.fit(lesson.task(replace(lesson.targets, probs=refined)), settings, stage)
    return fitted


def co_teaching(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """Two students pick the faces of small loss for each other; the first of them is the student.

    Han et al. 2018, algorithm 1, in rounds of whole fits in place of batches: 15, then 30 % of the faces of each
    class are passed over.
    """
    twin = replace(settings, seed=(settings.seed + 1) % 2**32)
    fits, number = 6, 0
    pair: list[Fitted] = []
    weights: list[np.ndarray | None] = [None, None]
    for forgotten in (0.0, 0.15, 0.3):
        if pair:
            weights = [_small_loss(lesson, other, forgotten) for other in (pair[1], pair[0])]
        pair = []
        for own, weight in zip((settings, twin), weights, strict=True):
            task = lesson.task(face_weights=weight)
            fitted = yield from part_of(fitter.fit(task, own, stage), number, fits)
            pair.append(fitted)
            number += 1
    return pair[0]


def attentive_bags(lesson: Lesson, fitter: Fitter, settings: TrainSettings, stage: str) -> Stage[Fitted]:
    """The faces of a track that a first student finds to fit the target best count most in the second round.

    Ilse et al. 2018, eq. 7, with the first student's agreement as the attention in place of a trained one; a track
    with one face is not changed.
    """
    first = yield from part_of(fitter.fit(lesson.task(), settings, stage), 0, 2)
    agreement = (lesson.targets.probs[lesson.item] * first.probs(lesson.rows)).sum(1)
    total = np.maximum(lesson.by_item(agreement)[lesson.item], _TINY)
    task = lesson.task(face_weights=np.maximum(agreement / total, 1e-3))
    fitted = yield from part_of(fitter.fit(task, settings, stage), 1, 2)
    return fitted


def _on_features(fitter: Fitter, name: str) -> HeadFitter:
    if not isinstance(fitter, HeadFitter):
        raise InputError(f"the scheme {name!r} trains the head alone", hint="leave out --finetune, or choose a recipe")
    return fitter


def _clean_share(losses: np.ndarray, seed: int) -> np.ndarray:
    """(M,) losses -> (M,) probability of the component with the lower mean; 1 where there is too little to split."""
    if len(losses) < 10 or float(np.ptp(losses)) < _TINY:
        return np.ones(len(losses))
    from sklearn.mixture import GaussianMixture

    scaled = ((losses - losses.min()) / np.ptp(losses)).reshape(-1, 1)
    mixture = GaussianMixture(2, max_iter=50, reg_covar=5e-4, random_state=seed).fit(scaled)
    share: np.ndarray = mixture.predict_proba(scaled)[:, mixture.means_.ravel().argmin()]
    return share


def _small_loss(lesson: Lesson, fitted: Fitted, forgotten: float) -> np.ndarray:
    """(n,) 1, and 0 for the given share of the faces of each class that cost most; a person's word always stays."""
    probs = lesson.targets.probs[lesson.item]
    losses = -(probs * np.log(np.maximum(fitted.probs(lesson.rows), _TINY))).sum(1)
    weights = np.ones(len(losses))
    classes = probs.argmax(1)
    for label in np.unique(classes):
        faces = np.flatnonzero(classes == label)
        worst = faces[np.argsort(-losses[faces], kind="stable")[: int(forgotten * len(faces))]]
        weights[worst] = 0.0
    weights[lesson.known_faces] = 1.0
    return weights


SCHEMES: Mapping[str, Scheme] = {
    scheme.__name__: scheme
    for scheme in (
        plain, averaged, mean_teacher, replayed, self_training, best_witness, two_components, co_teaching, attentive_bags,
    )
}  # fmt: skip


def scheme_named(name: str) -> Scheme:
    """Scheme of that name; an unknown one raises InputError with the choices."""
    if name not in SCHEMES:
        raise InputError(f"unknown scheme {name!r}", hint=f"choose one of {', '.join(SCHEMES)}")
    return SCHEMES[name]
