"""The moving parts of a face: eyes, brows, nose, mouth and the folds between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmemo.datasets.drawn.brush import Brush, Colour, lerp, ribbon, shade
from mmemo.datasets.drawn.characters import Character
from mmemo.datasets.drawn.expressions import Muscles

_EYE_X, _EYE_Y = 0.42, 0.0
_BROW_Y, _NOSE_Y, _MOUTH_Y = -0.36, 0.46, 0.78
_TALK = 0.55  # how far speech alone opens the jaw


_RELAXED = Muscles()


@dataclass(frozen=True, slots=True)
class Pose:
    """What a face does at one moment: muscles, speech and blink (0 to 1), and the turn of the head (-1 to 1)."""

    muscles: Muscles = _RELAXED
    talk: float = 0.0
    blink: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0

    @property
    def jaw(self) -> float:
        """How far the mouth is open, 0 to 1."""
        opening = max(0.0, self.muscles.jaw)
        return float(min(1.0, opening * (1 - 0.3 * self.talk) + _TALK * self.talk))


def paint_features(brush: Brush, character: Character, pose: Pose) -> None:
    """Paint everything that moves on a head; the brush's origin is the face's."""
    front = brush.moved(0.06 * pose.yaw, 0.05 * pose.pitch)
    _folds(front, character, pose.muscles)
    for side in (-1, 1):
        _eye(front, character, pose, side)
        _brow(front, character, pose.muscles, side)
    _mouth(front, character, pose)
    _nose(brush.moved(0.1 * pose.yaw, 0.08 * pose.pitch), character, pose.muscles)


def _eye(brush: Brush, character: Character, pose: Pose, side: int) -> None:
    m, skin = pose.muscles, character.skin
    half = 0.235 * character.eye
    openness = max(0.0, (1.0 + 0.62 * m.lid) * (1 - pose.blink))
    t = np.linspace(-1, 1, 25)
    inner_to_outer = t * side
    slant = -0.018 * inner_to_outer
    sad = 0.05 * max(0.0, -m.brow_outer) * np.clip(inner_to_outer, 0, 1)
    top = 0.155 * character.eye * openness * (1 - np.abs(t) ** 2.3)
    bottom = 0.085 * character.eye * (1 - 0.6 * max(0.0, m.lower_lid)) * (1 - np.abs(t) ** 2.0)
    bottom = bottom * (0.35 + 0.65 * min(1.0, openness))
    x = side * _EYE_X + t * half
    upper = np.stack([x, _EYE_Y + slant + sad - top + 0.06 * pose.blink * (1 - t**2)], axis=1)
    lower = np.stack([x, _EYE_Y + slant + sad + np.maximum(bottom, 0.06 * pose.blink * (1 - t**2))], axis=1)
    opening = np.concatenate([upper, lower[::-1]])
    crease = np.stack([x, np.minimum(upper[:, 1] - 0.05, _EYE_Y - 0.1 * (1 - t**2) - 0.06)], axis=1)
    brush.polygon(np.concatenate([crease, upper[::-1]]), shade(skin, 0.86), 0.75, 0.015)
    brush.polygon(ribbon(crease, 0.02 * (1.05 - t**2)), shade(skin, 0.5), 0.55, 0.008)
    if openness > 0.08:
        brush.polygon(opening, (246, 243, 240), 1.0, 0.004)
        _eyeball(brush.inside(opening), character, m, side, upper)
    lash = (34, 24, 24)
    thick = (0.03 + 0.026 * character.lashes) * (1.0 - 0.45 * np.abs(t) ** 3)
    brush.polygon(ribbon(upper, thick), lash, 0.95, 0.005)
    brush.polygon(ribbon(lower, 0.014 * (1.05 - t**2)), shade(skin, 0.42), 0.7, 0.006)
    if character.lashes > 0.6:
        out = upper[-1] if side > 0 else upper[0]
        brush.stroke(out + np.array([(0, 0), (side * 0.05, -0.035), (side * 0.09, -0.075)]), 0.03, lash, 0.9, 0.005)
    bag = _moved(lower, 0.055)
    brush.polygon(ribbon(bag, 0.03 * (1.02 - t**2)), shade(skin, 0.62), 0.22 + 0.35 * max(0.0, m.lower_lid), 0.014)


def _eyeball(brush: Brush, character: Character, m: Muscles, side: int, upper: np.ndarray) -> None:
    x = side * _EYE_X + 0.075 * float(np.clip(m.gaze_x, -1, 1))
    y = _EYE_Y - 0.03 + 0.05 * float(np.clip(m.gaze_y, -1, 1))
    r = 0.122 * character.eye
    brush.ellipse(side * _EYE_X - side * 0.2, _EYE_Y + 0.02, 0.045, 0.05, (226, 170, 160), 0.7, 0.015)
    brush.ellipse(x, y, r, r, shade(character.iris, 0.45), 1.0, 0.006)
    brush.ellipse(x, y, r * 0.86, r * 0.86, character.iris, 1.0, 0.012)
    brush.ellipse(x + 0.01, y + 0.045, r * 0.55, r * 0.4, shade(character.iris, 1.5), 0.65, 0.02)
    brush.ellipse(x, y, r * 0.47, r * 0.47, (12, 10, 12), 1.0, 0.006)
    shadow = ribbon(_moved(upper, 0.02), np.full(len(upper), 0.085))
    brush.polygon(shadow, (70, 56, 60), 0.5, 0.018)
    brush.ellipse(x - 0.04, y - 0.045, 0.03, 0.03, (255, 255, 255), 0.95, 0.005)
    brush.ellipse(x + 0.045, y + 0.05, 0.014, 0.014, (255, 255, 255), 0.55, 0.005)


def _brow(brush: Brush, character: Character, m: Muscles, side: int) -> None:
    t = np.linspace(0, 1, 24)
    squeeze = 0.07 * m.brow_squeeze
    inner, outer = 0.17 - squeeze, 0.74 - 0.3 * squeeze
    lift = 0.17 * (m.brow_inner * (1 - t) ** 1.3 + m.brow_outer * t**1.1)
    arch = 0.085 * np.sin(np.pi * np.clip(t * 1.05, 0, 1)) * (1 - 0.4 * max(0.0, -m.brow_inner))
    line = np.stack([side * (inner + (outer - inner) * t), _BROW_Y - arch - lift + 0.05 * t**3], axis=1)
    widths = 0.105 * character.brow * (1 - 0.72 * t**1.6) * np.minimum(1.0, 0.55 + 4 * t)
    # Hair as light as the skin would leave no brow to see.
    colour = shade(character.hair, 0.72 if sum(character.hair) < 420 else 0.55)
    brush.polygon(ribbon(line, widths * 1.25), colour, 0.45, 0.018)
    brush.polygon(ribbon(line, widths * 0.9), shade(colour, 0.85), 0.85, 0.008)


def _nose(brush: Brush, character: Character, m: Muscles) -> None:
    skin, size = character.skin, character.nose
    dark, light = shade(skin, 0.56), lerp(skin, (255, 244, 228), 0.62 * sum(skin) / 600)
    wrinkle = max(0.0, m.nose)
    y = _NOSE_Y - 0.05 * wrinkle
    half = 0.15 * size * (1 + 0.16 * wrinkle)
    bridge = np.array([(0.085, -0.16), (0.075, 0.1), (0.11 * size, y - 0.1), (half * 0.95, y)])
    brush.stroke(bridge, 0.1, dark, 0.34, 0.035, 0.4)
    brush.stroke(bridge * (-1, 1), 0.06, dark, 0.22, 0.035, 0.4)
    brush.stroke([(-0.015, -0.14), (-0.02, 0.12), (-0.02, y - 0.08)], 0.075, light, 0.5, 0.025, 0.3)
    brush.ellipse(-0.02, y - 0.06, 0.075 * size, 0.06, light, 0.6, 0.025)
    brush.stroke([(-half * 0.8, y + 0.03), (0, y + 0.075), (half * 0.8, y + 0.03)], 0.05, dark, 0.5, 0.02, 0.5)
    for side in (-1, 1):
        wing = np.array([(half * 0.8, y - 0.1), (half * 1.12, y - 0.02), (half * 0.9, y + 0.045)]) * (side, 1)
        brush.stroke(wing, 0.035, dark, 0.5 + 0.25 * wrinkle, 0.012)
        brush.ellipse(side * half * 0.5, y + 0.028, 0.046 * size, 0.023, shade(skin, 0.3), 0.85, 0.008)


def _folds(brush: Brush, character: Character, m: Muscles) -> None:
    skin = character.skin
    line, light = shade(skin, 0.52), lerp(skin, (255, 236, 220), 0.5)
    raised = max(0.0, min(m.brow_inner, m.brow_outer + 0.8))
    worried = max(0.0, m.brow_inner)
    for k, y in enumerate((-0.92, -0.79, -0.66)):
        wide = 0.34 + 0.2 * max(0.0, m.brow_outer) + 0.03 * k
        curve = [(-wide, y + 0.05), (-wide / 2, y), (0, y + 0.015), (wide / 2, y), (wide, y + 0.05)]
        brush.stroke(curve, 0.028, line, 0.42 * max(raised, 0.7 * worried) ** 1.3, 0.014)
    frown = max(0.0, m.brow_squeeze) * (1.0 if m.brow_inner < 0 else 0.45)
    for side in (-1, 1):
        brush.stroke(
            [(side * 0.05, -0.52), (side * 0.075, -0.38), (side * 0.06, -0.26)], 0.035, line, 0.6 * frown, 0.012
        )
        nose = max(0.0, m.nose)
        for k in range(3):
            y = -0.14 + 0.085 * k
            brush.stroke([(0, y), (side * 0.07, y + 0.03), (side * 0.13, y - 0.015)], 0.026, line, 0.62 * nose, 0.01)
        fold = max(0.0, m.cheek * 0.8, nose, m.corner * 0.6)
        reach = 0.46 + 0.09 * m.wide + 0.05 * m.corner
        curve = [(side * 0.2, 0.36), (side * (reach - 0.06), 0.54), (side * reach, 0.74)]
        brush.stroke(curve, 0.05, line, 0.5 * fold, 0.02)
        cheek = max(0.0, m.cheek)
        brush.ellipse(side * 0.56 - 0.03, 0.3, 0.2, 0.12, light, 0.4 * cheek, 0.05)
        brush.stroke([(side * 0.3, 0.17), (side * 0.48, 0.2), (side * 0.64, 0.13)], 0.03, line, 0.32 * cheek, 0.015)


def _mouth(brush: Brush, character: Character, pose: Pose) -> None:
    m = pose.muscles
    jaw = pose.jaw
    narrow = max(0.0, -m.wide)
    half = 0.33 * character.mouth * (1 + 0.3 * m.wide - 0.35 * narrow - 0.1 * pose.talk)
    t = np.linspace(-1, 1, 41)
    round_ = (1 - np.abs(t) ** (2.0 + 4.0 * max(0.0, m.square))) ** (0.75 - 0.25 * max(0.0, m.square))
    # Corners move against the middle of the mouth, so that a smile sags and a frown arches.
    line = _MOUTH_Y - 0.03 * m.pout + m.corner * (0.055 - 0.17 * np.abs(t) ** 1.7)
    skew = 0.03 * max(0.0, m.nose) * t
    up = ((0.015 + 0.1 * narrow) * jaw + 0.09 * max(0.0, m.lip_up) * (1 - 0.35 * np.abs(t))) * round_
    down = (0.36 * jaw + 0.035 * max(0.0, m.lip_up)) * round_
    x = t * half
    inner_top, inner_low = line - up + skew, line + down + skew
    full = character.lip_fullness * (1 - 0.55 * float(np.clip(m.press, 0, 1))) * (1 - 0.18 * jaw)
    bow = 0.72 + 0.28 * np.exp(-(((np.abs(t) - 0.26) / 0.2) ** 2)) - 0.1 * np.exp(-((t / 0.1) ** 2))
    taper = (1 - np.abs(t) ** 2.2) ** 0.8
    outer_top = inner_top - 0.085 * full * bow * taper
    outer_low = inner_low + (0.115 + 0.03 * max(0.0, m.pout)) * full * taper * (0.8 + 0.2 * np.cos(t * 1.6))
    curves = [np.stack([x, y], axis=1) for y in (outer_top, inner_top, inner_low, outer_low)]
    if character.beard or character.moustache:
        _moustache(brush, character, curves[0])
    _lips(brush, character, curves, float(half))
    if float(np.max(inner_low - inner_top)) > 0.03:
        _cavity(brush, curves, m, jaw)
    _mouth_line(brush, character, curves, m)


def _lips(brush: Brush, character: Character, curves: list[np.ndarray], half: float) -> None:
    outer_top, inner_top, inner_low, outer_low = curves
    lips, skin = character.lips, character.skin
    brush.polygon(np.concatenate([outer_top, outer_low[::-1]]), shade(skin, 0.7), 0.35, 0.03)
    brush.polygon(np.concatenate([outer_top, inner_top[::-1]]), shade(lips, 0.84), 0.95, 0.008)
    brush.polygon(np.concatenate([inner_low, outer_low[::-1]]), lips, 0.95, 0.008)
    middle = (inner_low + outer_low) / 2
    gloss = _moved(middle[14:27], -0.005)
    thickness = float(np.max(outer_low[:, 1] - inner_low[:, 1]))
    brush.polygon(ribbon(gloss, np.full(len(gloss), 0.4 * thickness)), lerp(lips, (255, 235, 228), 0.6), 0.5, 0.015)
    under = _moved(outer_low[10:31], 0.05)
    brush.polygon(ribbon(under, np.full(len(under), 0.05)), shade(skin, 0.6), 0.35, 0.025)
    for side in (-1, 1):
        end = inner_top[-1] if side > 0 else inner_top[0]
        brush.ellipse(float(end[0]), float(end[1]), 0.035, 0.03, shade(skin, 0.45), 0.6, 0.015)
    del half


def _cavity(brush: Brush, curves: list[np.ndarray], m: Muscles, jaw: float) -> None:
    _, top, low, _ = curves
    opening = np.concatenate([top, low[::-1]])
    brush.polygon(opening, (62, 18, 22), 1.0, 0.005)
    inside = brush.inside(opening)
    depth = float(np.max(low[:, 1] - top[:, 1]))
    centre = float(low[20, 1])
    inside.ellipse(0.0, centre + 0.03, 0.2, 0.4 * depth, (188, 84, 86), 0.9, 0.03)
    teeth: Colour = (244, 240, 232)
    shown = 0.055 + 0.05 * max(0.0, m.lip_up) + 0.03 * max(0.0, m.corner) + 0.03 * max(0.0, m.square)
    if m.wide < -0.25:
        shown *= 0.45
    inside.polygon(np.concatenate([_moved(top, -0.02), _moved(top, min(shown, 0.6 * depth))[::-1]]), teeth, 0.97, 0.006)
    if m.square > 0.3:
        inside.polygon(
            np.concatenate([_moved(low, 0.02), _moved(low, -min(0.06, 0.3 * depth))[::-1]]), teeth, 0.9, 0.006
        )
    inside.polygon(ribbon(top, np.full(len(top), 0.035)), (50, 14, 18), 0.5, 0.012)
    for k in (-2, -1, 0, 1, 2):
        x = 0.075 * k
        inside.stroke(
            [(x, float(top[20, 1]) - 0.05), (x, float(top[20, 1]) + shown)], 0.008, (150, 130, 124), 0.35, 0.003
        )
    del jaw


def _mouth_line(brush: Brush, character: Character, curves: list[np.ndarray], m: Muscles) -> None:
    _, top, low, _ = curves
    t = np.linspace(-1, 1, len(top))
    dark = lerp(shade(character.lips, 0.4), (30, 8, 10), 0.3)
    seam = (top + low) / 2 if float(np.max(low[:, 1] - top[:, 1])) <= 0.03 else top
    brush.polygon(ribbon(seam, (0.02 + 0.008 * max(0.0, m.press)) * (1.1 - 0.5 * np.abs(t))), dark, 0.9, 0.004)


def _moustache(brush: Brush, character: Character, outer_top: np.ndarray) -> None:
    middle = outer_top[len(outer_top) // 2]
    for side in (-1, 1):
        tip = outer_top[-1] if side > 0 else outer_top[0]
        x, y = float(tip[0]) + side * 0.06, float(tip[1]) + 0.03
        upper = np.array([(0.0, _NOSE_Y + 0.12), (side * 0.2, _NOSE_Y + 0.13), (side * 0.33, _NOSE_Y + 0.2), (x, y)])
        low = np.array([(x, y), (side * 0.22, float(middle[1]) - 0.03), (0.0, float(middle[1]) - 0.005)])
        shape = np.concatenate([upper, low])
        brush.polygon(shape, shade(character.hair, 0.7), 0.96, 0.012)
        inside = brush.inside(shape)
        for k in np.linspace(0.02, 0.36, 12):
            hair = [(side * k, _NOSE_Y + 0.12), (side * (k + 0.06), float(middle[1]))]
            inside.stroke(hair, 0.012, shade(character.hair, 1.0 + 0.25 * ((k * 50) % 2)), 0.6, 0.003)


def _moved(points: np.ndarray, dy: float) -> np.ndarray:
    """Points lowered by dy units."""
    lowered: np.ndarray = points + np.array([0.0, dy])
    return lowered
