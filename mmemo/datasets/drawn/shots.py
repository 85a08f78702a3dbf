"""What is on screen and who speaks: shots in a row, and the state of every face at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmemo.datasets.drawn.characters import CAST, Character
from mmemo.datasets.drawn.expressions import Muscles, expression
from mmemo.datasets.drawn.features import Pose
from mmemo.datasets.drawn.speech import Syllables, syllables
from mmemo.errors import InputError
from mmemo.labels import EKMAN7

FRAME_MS = 80  # 12.5 frames a second: a whole number of ms, fast enough for lips
BLEND_MS = 200  # one expression turns into the next in this time
BLINK_MS = 200
Sound = Literal["", "thud", "tune"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A face on screen, with an Ekman-7 emotion of an intensity from 0 to 1."""

    name: str
    emotion: str = "neutral"
    intensity: float = 0.8

    def __post_init__(self) -> None:
        if self.name not in CAST:
            raise InputError(f"nobody in the cast is called {self.name!r}", hint=f"choose from {', '.join(CAST)}")
        EKMAN7.index(self.emotion)


@dataclass(frozen=True, slots=True)
class Shot:
    """One stretch of the show; neighbours with the same `camera` go on without a cut.

    `voices` are heard during `speech_ms` (from the start of the shot; the whole shot when None);
    an actor's mouth moves when their name is among them. `view` is a backdrop, an object, or
    "behind:NAME" for the back of a head. `duration_ms` is a multiple of FRAME_MS.
    """

    duration_ms: int
    actors: tuple[Actor, ...] = ()
    voices: tuple[str, ...] = ()
    view: str = "stage"
    speech_ms: tuple[int, int] | None = None
    tone: str = "neutral"
    sound: Sound = ""
    camera: int | None = None

    def __post_init__(self) -> None:
        if self.duration_ms <= 0 or self.duration_ms % FRAME_MS:
            raise InputError(f"a shot of {self.duration_ms} ms does not fit", hint=f"use a multiple of {FRAME_MS} ms")
        if len(self.actors) > 2:
            raise InputError("a shot shows at most two faces", hint="split it into two shots")

    @property
    def sounding_ms(self) -> tuple[int, int]:
        """When voices or sounds are heard, from the start of the shot."""
        return self.speech_ms or (0, self.duration_ms)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a face is: centre between the eyes, pixels a face unit (half a head's width), tilt."""

    x_px: float
    y_px: float
    unit_px: float
    tilt_deg: float

    @property
    def box_xyxy_px(self) -> tuple[float, float, float, float]:
        """The box from forehead to chin."""
        u = self.unit_px
        return self.x_px - 0.95 * u, self.y_px - 0.95 * u, self.x_px + 0.95 * u, self.y_px + 1.3 * u


@dataclass(frozen=True, slots=True)
class Face:
    """One frontal face in one frame."""

    character: Character
    pose: Pose
    placement: Placement


class Timeline:
    """Shots in a row from 0 ms, with everything that chance decides drawn from one seed."""

    def __init__(self, shots: Sequence[Shot], seed: int = 0, size_px: tuple[int, int] = (640, 360)) -> None:
        if not shots:
            raise InputError("a clip needs at least one shot", hint="add a shot")
        self.shots = tuple(shots)
        self.seed = seed
        self.size_px = size_px
        self.starts_ms = [0]
        for shot in self.shots:
            self.starts_ms.append(self.starts_ms[-1] + shot.duration_ms)

    @property
    def duration_ms(self) -> int:
        """Length of all shots."""
        return self.starts_ms[-1]

    @property
    def frame_count(self) -> int:
        """Frames of the whole clip."""
        return self.duration_ms // FRAME_MS

    def shot_at(self, frame: int) -> int:
        """Index of the shot that a frame belongs to."""
        return int(np.searchsorted(self.starts_ms, frame * FRAME_MS, side="right")) - 1

    def camera_of(self, index: int) -> int:
        """Number of the camera set-up; shots without one have their own."""
        camera = self.shots[index].camera
        return index + 1_000_000 if camera is None else camera

    def rng(self, *key: int) -> np.random.Generator:
        """A generator that depends on the seed and the key alone."""
        return np.random.default_rng([self.seed, *key])

    def speech(self, index: int) -> Syllables:
        """The syllables spoken in a shot; none when nobody speaks."""
        shot = self.shots[index]
        start, end = shot.sounding_ms
        return syllables(start, end, self.rng(index, 1)) if shot.voices else syllables(0, 0, self.rng(index, 1))

    def faces(self, frame: int) -> list[Face]:
        """The frontal faces of a frame, from left to right."""
        index = self.shot_at(frame)
        return [self._face(index, k, frame * FRAME_MS) for k in range(len(self.shots[index].actors))]

    def _face(self, index: int, k: int, now_ms: int) -> Face:
        shot = self.shots[index]
        actor = shot.actors[k]
        since_ms = now_ms - self.starts_ms[index]
        speaking = actor.name in shot.voices
        talk = self.speech(index).openness(since_ms) if speaking else 0.0
        life = self.rng(self.camera_of(index), k, 2)
        seconds = now_ms / 1000
        sway = _sways(life, seconds)
        muscles = self._muscles(index, k, since_ms)
        pose = Pose(muscles, talk, self._blink(index, k, now_ms), yaw=float(sway[0]), pitch=float(sway[1]))
        return Face(CAST[actor.name], pose, self._placement(index, k, sway, talk))

    def _muscles(self, index: int, k: int, since_ms: int) -> Muscles:
        actor = self.shots[index].actors[k]
        rng = self.rng(index, k, 3)
        muscles = expression(actor.emotion, actor.intensity, rng)
        wave = 1.0 + 0.1 * np.sin(2 * np.pi * since_ms / 1000 * rng.uniform(0.4, 0.9) + rng.uniform(0, 6.28))
        muscles = Muscles().toward(muscles, float(wave))
        if since_ms < BLEND_MS and index and self._goes_on(index):
            before = self._muscles(index - 1, k, self.shots[index - 1].duration_ms)
            muscles = before.toward(muscles, since_ms / BLEND_MS)
        return muscles

    def _goes_on(self, index: int) -> bool:
        names = [tuple(a.name for a in self.shots[i].actors) for i in (index - 1, index)]
        return self.camera_of(index - 1) == self.camera_of(index) and names[0] == names[1]

    def _blink(self, index: int, k: int, now_ms: int) -> float:
        rng = self.rng(self.camera_of(index), k, 4)
        period, phase = int(rng.integers(2300, 4200)), int(rng.integers(0, 4000))
        into = (now_ms + phase) % period
        return float(0.95 * np.sin(np.pi * into / BLINK_MS)) if into < BLINK_MS else 0.0

    def _placement(self, index: int, k: int, sway: np.ndarray, talk: float) -> Placement:
        rng = self.rng(self.camera_of(index), k, 5)
        width, height = self.size_px
        if len(self.shots[index].actors) == 1:
            x, y, unit = rng.uniform(0.42, 0.58), rng.uniform(0.485, 0.51), rng.uniform(0.175, 0.205)
        else:
            x, y, unit = (0.28, 0.72)[k] + rng.uniform(-0.02, 0.02), rng.uniform(0.49, 0.54), rng.uniform(0.138, 0.152)
        return Placement(
            x_px=float(x * width + 0.010 * height * sway[2]),
            y_px=float(y * height + 0.007 * height * sway[3] + 0.004 * height * talk),
            unit_px=float(unit * height * (1 + 0.012 * sway[4])),
            tilt_deg=float(rng.normal(0, 1.5) + 2.2 * sway[5]),
        )


def _sways(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Six slow wanderings between -1 and 1: yaw, pitch, x, y, scale, tilt."""
    rates, phases = rng.uniform(0.1, 0.45, (2, 6)), rng.uniform(0, 2 * np.pi, (2, 6))
    waves: np.ndarray = np.sin(2 * np.pi * rates * seconds + phases).mean(0)
    return waves
