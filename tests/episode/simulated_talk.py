"""Simulated cues with drawn faces: whose mouth moves, what is heard, and the frames that a cut would look at.

Everything is drawn by a program; nothing here is a film of real people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from mmemo.datasets.drawn.backdrops import backdrop
from mmemo.datasets.drawn.characters import CAST
from mmemo.datasets.drawn.expressions import Muscles, expression
from mmemo.datasets.drawn.features import Pose
from mmemo.datasets.drawn.head import ORIGIN_PX, UNIT_PX
from mmemo.datasets.drawn.portrait import portrait
from mmemo.episode.sampling import SamplingSettings
from mmemo.episode.sound_frames import FRAME_MS
from mmemo.episode.speech_activity import SpeechActivity
from mmemo.episode.tracks import SeenFace, Track

SIZE_PX = (640, 360)
VIDEO_FRAME_MS = 40
LISTENERS = ("still", "nod", "smile", "chew", "laugh")
_HOW_OFTEN = (0.3, 0.3, 0.15, 0.15, 0.1)
_REDUCE = 4
_TALK_STEPS, _SMILE_STEPS, _BLINK_STEPS = 12, 4, 3
# Eyes, nose and corners of the mouth in units of a drawn face.
_POINTS = np.array([[-0.42, 0], [0.42, 0], [0, 0.46], [-0.28, 0.78], [0.28, 0.78]], np.float64)
_AROUND_MS = 6000


@dataclass(frozen=True, slots=True)
class Plan:
    """Who does what in a cue: "talk" or one of LISTENERS for each face; `sound` is speech, noisy, song or music."""

    faces: tuple[str, ...]
    sound: str = "speech"

    @property
    def speaker(self) -> int | None:
        """Index of the face that talks."""
        return self.faces.index("talk") if "talk" in self.faces else None


@dataclass(frozen=True, slots=True)
class Scene:
    """One cue as a cut sees it: grey frames at their times, one track for each face, the sound around it."""

    plan: Plan
    span_ms: tuple[int, int]
    times_ms: list[int]
    greys: list[np.ndarray]
    tracks: list[Track]
    speech: SpeechActivity


def plans(rng: np.random.Generator, count: int) -> list[Plan]:
    """Two-person cues: seven in ten have a speaker on screen, the others a voice from off screen, or music alone."""
    made = []
    for _ in range(count):
        kind = rng.random()
        others = [str(rng.choice(LISTENERS, p=_HOW_OFTEN)) for _ in range(2)]
        if kind < 0.7:
            faces = ("talk", others[0]) if rng.random() < 0.5 else (others[0], "talk")
            made.append(Plan(faces, str(rng.choice(["speech", "noisy", "song"], p=[0.6, 0.25, 0.15]))))
        elif kind < 0.88:
            made.append(Plan((others[0], others[1]), str(rng.choice(["speech", "noisy"]))))
        else:
            made.append(Plan((others[0], others[1]), "music"))
    return made


def scene(
    plan: Plan, rng: np.random.Generator, motion_fps: float = 8.0, frames: int = 24, cast: Sequence[str] = tuple(CAST)
) -> Scene:
    """Draw one cue; the same plan, generator and rate give the same cue."""
    spoken_ms = int(np.clip(rng.lognormal(7.5, 0.45), 900, 5000))
    start = _AROUND_MS
    span = start - int(rng.integers(0, 100)), start + spoken_ms + int(rng.integers(80, 600))
    words = _words(start, start + spoken_ms, rng)
    speech, heard = _sound(words, plan.sound, span[1] + _AROUND_MS, rng)
    settings = SamplingSettings(motion_fps=motion_fps, max_motion_frames=frames)
    asked = sorted({*settings.face_times(*span), *settings.motion_times(*span)})
    shown = [t // VIDEO_FRAME_MS * VIDEO_FRAME_MS for t in asked]
    times = sorted(set(shown))
    names = rng.choice(list(cast), len(plan.faces), replace=False)
    actors = [
        _Actor(str(n), does, k, len(names), words, span, rng)
        for k, (n, does) in enumerate(zip(names, plan.faces, strict=True))
    ]
    camera = _Camera(rng)
    greys = [_frame(actors, camera, t - span[0], t) for t in times]
    face_times = [t // VIDEO_FRAME_MS * VIDEO_FRAME_MS for t in settings.face_times(*span)]
    seen = sorted({times.index(t) for t in face_times})
    tracks = [_track(actor, camera, [(i, times[i]) for i in seen], span[0], rng) for actor in actors]
    return Scene(plan, span, times, greys, tracks, SpeechActivity(speech, level_db=heard))


@dataclass(frozen=True, slots=True)
class _Words:
    """Syllables: their centres and half widths in ms, how loud each is, and how far the mouth opens for it."""

    centres: np.ndarray
    halves: np.ndarray
    loud: np.ndarray
    wide: np.ndarray

    def curve(self, times: np.ndarray, strengths: np.ndarray, shift_ms: float = 0.0) -> np.ndarray:
        apart = (times[:, None] + shift_ms - self.centres) / self.halves
        bumps = strengths * np.where(np.abs(apart) < 1, 0.5 + 0.5 * np.cos(np.pi * apart), 0)
        return bumps.max(axis=1) if len(self.centres) else np.zeros(len(times))


def _words(start: float, end: float, rng: np.random.Generator) -> _Words:
    """Phrases of syllables with pauses between them; loudness and opening of a syllable are alike, not the same."""
    edges, at = [], start
    phrase = rng.integers(3, 9)
    while at < end - 120:
        width = rng.uniform(130, 290)
        edges.append((at, min(at + width, end)))
        at += width
        phrase -= 1
        if phrase <= 0:
            at, phrase = at + rng.uniform(150, 600), rng.integers(2, 9)
    spans = np.array(edges)
    both = rng.normal(0, 1, len(spans))
    loud = np.clip(0.6 + 0.18 * both + 0.15 * rng.normal(0, 1, len(spans)), 0.2, 1)
    wide = np.clip(0.62 + 0.18 * both + 0.18 * rng.normal(0, 1, len(spans)), 0.05, 1)
    wide[rng.random(len(spans)) < 0.1] = 0.05
    centres = spans.mean(axis=1)
    return _Words(centres, (spans[:, 1] - spans[:, 0]) / 2 + 15, loud, wide)


def _sound(words: _Words, kind: str, end_ms: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(N,) speech probability and (N,) level in dB; talk goes on before and after the cue."""
    times = (np.arange(int(end_ms / FRAME_MS)) + 0.5) * FRAME_MS
    before = _words(0, _AROUND_MS - rng.uniform(150, 900), rng)
    after = _words(end_ms - _AROUND_MS + rng.uniform(0, 600), end_ms, rng)
    power = np.full(len(times), 10 ** (rng.uniform(-5.2, -4.2) if kind != "noisy" else rng.uniform(-3.8, -3.2)))
    speech = rng.uniform(0, 0.15, len(times))
    if kind != "music":
        for line in (before, words, after):
            voice = line.curve(times, line.loud)
            power += 0.02 * voice**2
            said = np.convolve(voice > 0.1, np.ones(3), "same") > 0
            speech = np.where(said, np.clip(rng.normal(0.9, 0.1, len(times)), 0, 1), speech)
    if kind in ("song", "music"):
        beat = rng.uniform(280, 520)
        tune = (
            np.exp(-((times + rng.uniform(0, 500)) % beat) / rng.uniform(80, 300))
            * np.repeat(rng.uniform(0.4, 1, len(times) // 8 + 1), 8)[: len(times)]
        )
        power += (0.02 if kind == "music" else 0.004) * tune**2
        speech = np.maximum(speech, np.where(rng.random(len(times)) < 0.04, 0.6, 0))
    for i in range(1, len(power)):  # a room
        power[i] = max(power[i], 0.35 * power[i - 1])
    level = 10 * np.log10(power) + rng.normal(0, 1.2, len(times))
    return speech.astype(np.float32), level.astype(np.float32)


class _Camera:
    """A backdrop wider than the frame, and how the camera moves and what it does to the picture."""

    def __init__(self, rng: np.random.Generator) -> None:
        pan = rng.random() < 0.4
        self.speed = rng.uniform(-40, 40, 2) * (1, 0.3) if pan else np.zeros(2)  # px a second
        self.shake = rng.uniform(0, 0.8)
        self.grain, self.quality = rng.uniform(1, 4), int(rng.integers(45, 90))
        self.light = rng.uniform(0, 0.02)
        self.seed = int(rng.integers(1 << 30))
        self.ground = _ground(int(rng.integers(4)))

    def offset(self, now_ms: int, at_ms: int) -> np.ndarray:
        return self.speed * now_ms / 1000 + np.random.default_rng([self.seed, at_ms]).normal(0, self.shake, 2)


class _Actor:
    """One face: where it is and what its head, eyes and mouth do at a time."""

    def __init__(
        self, name: str, does: str, k: int, of: int, words: _Words, span: tuple[int, int], rng: np.random.Generator
    ) -> None:
        self.name, self.does, self.words, self.span = name, does, words, span
        self.unit = rng.uniform(28, 62)
        across = SIZE_PX[0] * (k + 0.5) / of
        self.at = np.array([across + rng.uniform(-40, 40), SIZE_PX[1] * rng.uniform(0.4, 0.52)])
        self.waves = rng.uniform(0.1, 0.5, 5), rng.uniform(0, 2 * np.pi, 5)
        self.sway = rng.uniform(0.02, 0.1) * (1.6 if does == "talk" else 1)
        self.nod = (rng.uniform(0.8, 1.8), rng.uniform(0.05, 0.12)) if does == "nod" else (1.0, 0.0)
        self.lead_ms, self.amount = rng.normal(30, 25) + rng.uniform(-40, 40), rng.uniform(0.55, 1.0)
        self.own = rng.uniform(1.1, 1.9), rng.uniform(0, 6.28), rng.uniform(0.25, 0.6)
        self.moment = rng.uniform(0, 0.7) * (span[1] - span[0])
        self.blinks = rng.uniform(0, span[1] - span[0], rng.integers(1, 3))
        self.bank = _bank(name)

    def mouth(self, now_ms: float) -> tuple[float, float]:
        """Opening by speech or food, and smile."""
        t = now_ms / 1000
        since = now_ms - self.moment
        if self.does == "talk":
            line = self.words.curve(np.array([now_ms + self.span[0]]), self.words.wide, self.lead_ms)
            return float(line[0]) * self.amount, 0.0
        if self.does == "chew":
            rate, phase, amount = self.own
            return amount * max(0.0, np.sin(2 * np.pi * rate * t + phase + 0.6 * np.sin(1.7 * t))), 0.0
        if self.does == "smile":
            return 0.0, float(np.clip(since / 400, 0, 1))
        if self.does == "laugh":
            on = float(np.clip(since / 200, 0, 1) * np.clip((1200 - since) / 300, 0, 1))
            return on * (0.35 + 0.3 * np.sin(2 * np.pi * (3 + self.own[0]) * t + self.own[1])), on
        return 0.0, 0.0

    def map(self, now_ms: float) -> tuple[np.ndarray, float, float]:
        """Centre in px, px a unit, tilt in radians."""
        rates, phases = self.waves
        w = np.sin(2 * np.pi * rates * now_ms / 1000 + phases)
        nod = self.nod[1] * np.sin(2 * np.pi * self.nod[0] * now_ms / 1000 + phases[4])
        return (
            self.at + self.unit * (self.sway * w[:2] * 2 + (0, nod)),
            self.unit * (1 + 0.02 * w[2]),
            0.04 * float(w[3]),
        )

    def picture(self, now_ms: float) -> Image.Image:
        talk, smile = self.mouth(now_ms)
        blink = max((max(0.0, 1 - abs(now_ms - b) / 120) for b in self.blinks), default=0.0)
        talking, smiling, blinking = self.bank
        low = _between(smiling, smile) if smile > 0 and talk <= 0 else _between(talking, talk)
        if smile > 0 and talk > 0:
            low = Image.blend(low, _between(smiling, smile), 0.3)
        if blink <= 0:
            return low
        split = round((ORIGIN_PX[1] + 0.28 * UNIT_PX) / _REDUCE)
        high = _between(blinking, blink)
        both = low.copy()
        both.paste(high.crop((0, 0, high.width, split)), (0, 0))
        return both


def _between(steps: Sequence[Image.Image], value: float) -> Image.Image:
    at = float(np.clip(value, 0, 1)) * (len(steps) - 1)
    below = min(int(at), len(steps) - 2)
    return Image.blend(steps[below], steps[below + 1], at - below)


@cache
def _bank(name: str) -> tuple[tuple[Image.Image, ...], ...]:
    """Small grey portraits with alpha: more and more open, more and more smiling, more and more blinking."""
    smile = expression("joy", 0.8, np.random.default_rng(0))
    talk = [Pose(talk=i / (_TALK_STEPS - 1)) for i in range(_TALK_STEPS)]
    smiles = [Pose(Muscles().toward(smile, i / (_SMILE_STEPS - 1))) for i in range(_SMILE_STEPS)]
    blinks = [Pose(blink=0.95 * i / (_BLINK_STEPS - 1)) for i in range(_BLINK_STEPS)]
    return tuple(
        tuple(portrait(CAST[name], pose).reduce(_REDUCE).convert("LA") for pose in poses)
        for poses in (talk, smiles, blinks)
    )


@cache
def _grain() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (SIZE_PX[1] + 400, SIZE_PX[0] + 400)).astype(np.float32)


@cache
def _ground(number: int) -> Image.Image:
    kind = ("stage", "workshop", "foyer", "workshop")[number]
    return backdrop(kind, (SIZE_PX[0] + 480, SIZE_PX[1] + 160), np.random.default_rng(number)).convert("LA")


def _frame(actors: Sequence[_Actor], camera: _Camera, now_ms: int, at_ms: int) -> np.ndarray:
    """(H, W) uint8: grain, light and the coding of a JPEG on it."""
    shift = camera.offset(now_ms, at_ms)
    left, top = (240, 80) - shift
    picture = camera.ground.transform(
        SIZE_PX, Image.Transform.AFFINE, (1, 0, left, 0, 1, top), Image.Resampling.BILINEAR
    )
    for actor in actors:
        centre, unit, tilt = actor.map(now_ms)
        zoom = UNIT_PX / _REDUCE / unit
        cos, sin = np.cos(tilt) * zoom, np.sin(tilt) * zoom
        small = actor.picture(now_ms)
        x, y = centre + shift
        ox, oy = ORIGIN_PX[0] / _REDUCE, ORIGIN_PX[1] / _REDUCE
        if zoom > 1.6:
            small = small.reduce(2)
            cos, sin, ox, oy = cos / 2, sin / 2, ox / 2, oy / 2
        half = (int(small.width * unit * 2 / UNIT_PX * _REDUCE), SIZE_PX[1])
        x0 = int(np.clip(x - half[0] / 2, 0, SIZE_PX[0] - 1))
        inverse = (cos, sin, ox - cos * (x - x0) - sin * y, -sin, cos, oy + sin * (x - x0) - cos * y)
        face = small.transform(
            (min(half[0], SIZE_PX[0] - x0), half[1]), Image.Transform.AFFINE, inverse, Image.Resampling.BILINEAR
        )
        picture.paste(face, (x0, 0), face)
    rng = np.random.default_rng([camera.seed, at_ms, 1])
    lit = np.asarray(picture.getchannel("L"), np.float32) * (1 + rng.normal(0, camera.light))
    down, right = rng.integers(0, 400, 2)
    grain = camera.grain * _grain()[down : down + SIZE_PX[1], right : right + SIZE_PX[0]]
    noisy = np.clip(lit + grain, 0, 255).astype(np.uint8)
    coded = BytesIO()
    Image.fromarray(noisy).save(coded, "JPEG", quality=camera.quality)
    return np.asarray(Image.open(coded))


def _track(
    actor: _Actor, camera: _Camera, seen: Sequence[tuple[int, int]], start_ms: int, rng: np.random.Generator
) -> Track:
    """The face as a detector finds it: landmarks that are off by a few per cent of the distance between the eyes."""
    faces = []
    for index, at_ms in seen:
        centre, unit, tilt = actor.map(at_ms - start_ms)
        turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        points = centre + camera.offset(at_ms - start_ms, at_ms) + _POINTS @ turn * unit
        points = points + rng.normal(0, 0.02 * unit, points.shape)
        box = np.concatenate([points.mean(axis=0) - 1.1 * unit, points.mean(axis=0) + 1.1 * unit])
        faces.append(SeenFace(index, at_ms, box.astype(np.float32), 0.99, points.astype(np.float32)))
    return Track(tuple(faces), 0)
