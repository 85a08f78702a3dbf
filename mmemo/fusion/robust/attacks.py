"""Changing a picture so that a system errs: two attacks by gradient, and one that changes a few pixels only.

All of them know the system's weights and the right class, and give pictures back as bytes, as a file would hold them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from mmemo.errors import InputError
from mmemo.fusion.robust.seeing import System, art_classifier, as_pictures, as_pixels
from mmemo.progress import Progress, Stage

# A network for B samples, their pixels (B, 3, S, S) in 0..1 and their classes (B,) -> changed pixels.
Attack = Callable[[nn.Module, np.ndarray, np.ndarray], np.ndarray]
_BATCH = 32
_FALLEN = -1e6  # below every log-probability: the search may end


def fgsm(eps: int) -> Attack:
    """One step of `eps` grey levels along the sign of the gradient (Goodfellow et al. 2015, section 4), by ART."""

    def change(network: nn.Module, pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
        from art.attacks.evasion import FastGradientMethod

        classifier = art_classifier(network, pixels.shape[2], _classes(network, pixels))
        found: np.ndarray = FastGradientMethod(classifier, eps=eps / 255, batch_size=len(pixels)).generate(
            pixels, labels
        )
        return found

    return change


def pgd(eps: int, steps: int) -> Attack:
    """Many small steps that stay within `eps` grey levels (Madry et al. 2018, section 2.1), by ART; starts at the face."""

    def change(network: nn.Module, pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
        from art.attacks.evasion import ProjectedGradientDescentPyTorch

        classifier = art_classifier(network, pixels.shape[2], _classes(network, pixels))
        attack = ProjectedGradientDescentPyTorch(
            classifier, eps=eps / 255, eps_step=eps / 255 / 4, max_iter=steps, batch_size=len(pixels), verbose=False
        )
        found: np.ndarray = attack.generate(pixels, labels)
        return found

    return change


def few_pixels(count: int, population: int = 100, generations: int = 9, seed: int = 0) -> Attack:
    """Other values for `count` pixels, searched by differential evolution without gradients (Su et al. 2019).

    It stops at the first change that the system falls for, after at most population * (generations + 1) looks a face.
    The paper takes 400 and 100, as ART does without a way to choose: 40,000 looks a face. SciPy's search is used here so
    that the number of looks can be said; what it finds is a lower bound of what the paper's would.
    """
    if min(count, population, generations) < 1:
        raise InputError("pixels, population and generations are above 0", hint="give larger ones")

    def change(network: nn.Module, pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
        assert len(pixels) == 1, "each face has a search of its own"
        if int(_said(network, pixels)[0].argmax()) != int(labels[0]):
            return pixels  # it errs already
        return _searched(network, pixels[0], int(labels[0]), count, (population, generations, seed))[None]

    change.one_by_one = True  # type: ignore[attr-defined]
    return change


def _searched(network: nn.Module, face: np.ndarray, label: int, count: int, looks: tuple[int, int, int]) -> np.ndarray:
    from scipy.optimize import differential_evolution

    population, generations, seed = looks
    side = face.shape[1]

    def believed(places: np.ndarray) -> np.ndarray:
        """(5 * count, P) places and colours -> (P,) log-probability of the right class, far below once it is not first."""
        log_probs = _said(network, with_pixels(face, places.T.reshape(-1, count, 5)))
        own = log_probs[:, label].copy()
        own[log_probs.argmax(1) != label] = _FALLEN
        return own

    found = differential_evolution(
        believed,
        [(0, side - 1e-6), (0, side - 1e-6), (0, 1), (0, 1), (0, 1)] * count,
        popsize=population,
        init=np.random.default_rng(seed).random((population, 5 * count))
        * np.tile([side - 1e-6, side - 1e-6, 1, 1, 1], count),
        maxiter=generations,
        callback=lambda intermediate_result: intermediate_result.fun == _FALLEN,
        vectorized=True,
        updating="deferred",
        polish=False,
        tol=0,
        rng=seed,
    )
    changed: np.ndarray = with_pixels(face, found.x.reshape(1, count, 5))[0]
    return changed


def with_pixels(face: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """(3, S, S) and (P, C, 5) rows of y, x and three colours in 0..1 -> (P, 3, S, S) copies with C pixels changed."""
    copies = np.repeat(face[None], len(changes), axis=0)
    y, x = changes[..., 0].astype(int), changes[..., 1].astype(int)
    colours = np.rint(255 * changes[..., 2:]) / 255  # what a file can hold
    for pixel in range(changes.shape[1]):
        copies[np.arange(len(copies)), :, y[:, pixel], x[:, pixel]] = colours[:, pixel]
    return copies


def attacked(
    system: System, pictures: np.ndarray, labels: np.ndarray, rows: np.ndarray, attack: Attack, name: str = "attack"
) -> Stage[np.ndarray]:
    """(N, S, S, 3) uint8 -> the same with each picture changed; `rows` (N,) are the samples' numbers in the system."""
    size = 1 if getattr(attack, "one_by_one", False) else _BATCH
    changed = [pictures[:0]]
    for start in range(0, len(pictures), size):
        yield Progress(name, start, len(pictures))
        part = slice(start, start + size)
        network = system.about(rows[part]).eval()
        changed.append(as_pictures(attack(network, as_pixels(pictures[part]), labels[part])))
    return np.concatenate(changed)


def cleaned(pictures: np.ndarray) -> np.ndarray:
    """(N, S, S, 3) uint8 after a median of 3 by 3 pixels and JPEG of quality 50, to wash small changes away.

    Xu et al. 2018 (feature squeezing), Guo et al. 2018 (input transformations), both by ART. An attacker who knows of
    it goes around it (Athalye et al. 2018): what it wins is won against those who do not.
    """
    from art.defences.preprocessor import JpegCompression, SpatialSmoothing

    if not len(pictures):
        return pictures
    pixels = as_pixels(pictures)
    smooth, _ = SpatialSmoothing(window_size=3, channels_first=True, clip_values=(0.0, 1.0))(pixels)
    again, _ = JpegCompression(clip_values=(0.0, 1.0), quality=50, channels_first=True)(smooth.astype(np.float32))
    return as_pictures(again)


def _said(network: nn.Module, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        said: np.ndarray = network(torch.from_numpy(pixels)).numpy()
    return said


def _classes(network: nn.Module, pixels: np.ndarray) -> int:
    return int(_said(network, pixels).shape[1])
