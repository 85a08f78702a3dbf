"""A small ready workspace of drawn faces, made by the tests: what cut, label, train and evaluate would leave."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pandas as pd
from PIL import Image

from mmemo.datasets.drawn.characters import CAST
from mmemo.datasets.drawn.portrait import draw_face
from mmemo.evaluate.comparison import compare
from mmemo.labels import EKMAN7
from mmemo.store.files import hash_file, write_json, write_table
from mmemo.store.tables import with_probs
from mmemo.store.workspace import Episode, Workspace
from mmemo.student.model import save_weights

EPISODE_ID = "harbour-lights"
RUN_IDS = ("anchored_em-0000000000000001", "teacher_soft-0000000000000002")  # the newest first
LINES = (
    "I can't believe you found it after all these years!",
    "Get out of my sight.",
    "The ferry leaves at nine.",
    "He never wrote back, not once.",
    "Did you hear that?",
    "Ugh, what is that smell?",
    "<b>We won</b> the regatta & everything!",
    "Sure. Why not. ${alert(1)} {{value}} `x` </script><script>alert(2)</script>",
)
_DROPPED = ("no_face", "several_speakers", "off_screen", "music", "not_speech", "out_of_video")
CHARACTERS = 3
_CLASSES = len(EKMAN7)


def ready_workspace(root: Path, tracks: int = 40) -> Workspace:
    """One episode with `tracks` face tracks in kept cues, six dropped cues, two runs with reports."""
    workspace, rng = Workspace(root), np.random.default_rng(0)
    episode = _episode(workspace, 2 * (tracks + len(_DROPPED)))
    cut = workspace.cut_folder(episode)
    cues = _with_scenes(_cues(tracks), cut)
    write_table(cut / "cues.parquet", cues)
    write_table(cut / "faces.parquet", _faces(cut, tracks, rng))
    for name, table in looked_over(cues).items():
        write_table(cut / f"{name}.parquet", table)
    _characters(workspace, episode, tracks)
    ids = pd.DataFrame({"episode_id": EPISODE_ID, "track_id": np.arange(1, tracks + 1)})
    for run_id, accuracy in zip(reversed(RUN_IDS), (0.2, 0.7), strict=True):
        _run(workspace, run_id, ids, accuracy, rng)
    return workspace


def looked_over(cues: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables beside the cues: shots of four lines, speech at every line, and three suspicious places."""
    end_ms = int(cues["end_ms"].max())
    starts = np.arange(0, end_ms, 8000)
    shots = pd.DataFrame(
        {"shot_id": np.arange(1, len(starts) + 1), "start_ms": starts, "end_ms": np.append(starts[1:], end_ms)}
    )
    speech = pd.DataFrame({"start_ms": cues["start_ms"] + 100, "end_ms": cues["end_ms"] - 100})
    rows = [
        ("short_cue", 4000, 5600, 3, "stands for 0.30 s, shorter than 0.83 s"),
        ("short_cue", 12000, 13600, 7, "stands for 0.20 s, shorter than 0.83 s"),
        ("speech_without_cue", 15700, 18000, 0, "2.3 s of speech, and <i>no</i> cue within 1.5 s of it"),
    ]
    checks = pd.DataFrame(rows, columns=["kind", "start_ms", "end_ms", "cue_id", "what"])
    return {"shots": shots, "speech": speech, "qa": checks}


def label_of(track_id: int) -> str:
    """The expression that a track was drawn with."""
    return EKMAN7.labels[track_id % _CLASSES]


def tiny_video(path: Path, seconds: int, size_px: tuple[int, int] = (320, 240), fps: int = 5) -> None:
    """A silent .mp4 of drawn faces, a new face and expression every two seconds."""
    width, height = size_px
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for second in range(seconds):
            frame = np.full((height, width, 3), 90, np.uint8)
            left = (width - height) // 2
            frame[:, left : left + height] = _face(second // 2, height)
            for _ in range(fps):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def camera_picture(path: Path) -> None:
    """A Motion JPEG of one drawn face, as Chromium's fake camera wants it."""
    frame = np.full((480, 640, 3), 90, np.uint8)
    frame[:, 80:560] = _face(1, 480)
    with path.open("wb") as stream:
        for _ in range(5):
            Image.fromarray(frame).save(stream, format="JPEG", quality=90)


def subtitles_text(cues: int) -> str:
    """An .srt with one line every two seconds."""
    blocks = []
    for number in range(cues):
        start, end = _stamp(2 * number), _stamp(2 * number + 1)
        blocks.append(f"{number + 1}\n{start},200 --> {end},800\n{LINES[number % len(LINES)]}\n")
    return "\n".join(blocks)


def _stamp(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _face(number: int, size_px: int) -> np.ndarray:
    character = list(CAST.values())[number % len(CAST)]
    return draw_face(character, label_of(number), 1.0, np.random.default_rng(number), size_px)


def _episode(workspace: Workspace, seconds: int) -> Episode:
    video = workspace.root / "sources" / "0123" / f"{EPISODE_ID}.mp4"
    video.parent.mkdir(parents=True)
    tiny_video(video, min(seconds, 20), (160, 120), 2)
    episode = Episode(EPISODE_ID, str(video), "", hash_file(video), "0" * 32, 1000 * seconds, "made")
    workspace.save_episode(episode)
    return episode


def _cues(tracks: int) -> pd.DataFrame:
    n = tracks + len(_DROPPED)
    texts = [LINES[i % len(LINES)] for i in range(n)]
    return pd.DataFrame(
        {
            "cue_id": np.arange(1, n + 1),
            "start_ms": 2000 * np.arange(n),
            "end_ms": 2000 * np.arange(n) + 1600,
            "text": texts,
            "raw_text": texts,
            "speaker": None,
            "source_line": 1,
            "drop_reason": [*[None] * tracks, *_DROPPED],
        }
    )


def _with_scenes(cues: pd.DataFrame, cut: Path) -> pd.DataFrame:
    """The lines with a small picture of each, but for the last two."""
    (cut / "scenes").mkdir(parents=True)
    names = []
    for cue_id in cues["cue_id"]:
        names.append(f"scenes/{cue_id}.jpg")
        wide = np.full((144, 256, 3), 90, np.uint8)
        wide[:, 56:200] = _face(int(cue_id), 144)
        Image.fromarray(wide).save(cut / names[-1])
    return cues.assign(scene=[*names[:-2], None, None], speaker_margin=np.float32(2.0))


def _faces(cut: Path, tracks: int, rng: np.random.Generator) -> pd.DataFrame:
    (cut / "crops").mkdir()
    rows = []
    for track in range(1, tracks + 1):
        name = f"crops/{track}.jpg"
        Image.fromarray(_face(track, 120)[20:104, 18:102]).save(cut / name)
        face = {"face_id": f"f{track}", "cue_id": track, "track_id": track, "role": "speaker", "crop": name}
        rows.append(face | {"frame_ms": 2000 * (track - 1) + 800})
        if track % 5 == 0:  # somebody listens
            other = {"face_id": f"l{track}", "track_id": tracks + track // 5, "role": "listener"}
            rows.append(rows[-1] | other)
    boxes = {"x1": 38.0, "y1": 20.0, "x2": 122.0, "y2": 104.0, "sharpness": 1.0, "speaker_score": 1.0}
    return pd.DataFrame(rows).assign(detection_prob=rng.uniform(0.9, 1, len(rows)), quality=np.float32(1), **boxes)


def _characters(workspace: Workspace, episode: Episode, tracks: int) -> None:
    """Speaking faces belong to CHARACTERS people in turn, listening ones to nobody."""
    ids = np.arange(1, tracks + tracks // 5 + 1)
    whose = np.where(ids <= tracks, (ids - 1) % CHARACTERS + 1, 0)
    table = pd.DataFrame({"track_id": ids, "character_id": whose, "distance": np.float32(0.2)})
    folder = workspace.stage_folder(EPISODE_ID, "characters", "made")
    write_table(folder / "characters.parquet", table.astype({"track_id": np.int32, "character_id": np.int32}))
    write_json(folder / "settings.json", {"cut": episode.cut_key})


def _run(workspace: Workspace, run_id: str, ids: pd.DataFrame, accuracy: float, rng: np.random.Generator) -> None:
    folder = workspace.run_folder(run_id)
    gold = ids["track_id"].to_numpy() % _CLASSES
    opinions = {
        "teacher": _guesses(gold, 0.5, rng),
        "image": _guesses(gold, 0.2, rng),
        "targets": _guesses(gold, 0.8, rng),
        "predictions": _guesses(gold, accuracy, rng),
    }
    for name, probs in opinions.items():
        write_table(folder / f"{name}.parquet", with_probs(ids, probs))
    write_table(folder / "curves.parquet", _curves())
    save_weights(
        folder, {"head.weight": rng.normal(0, 0.1, (7, 1280)).astype(np.float32), "head.bias": np.zeros(7, np.float32)}
    )
    write_json(folder / "noise.json", {"T": np.full((7, 7), 0.07) + 0.51 * np.eye(7), "B": None, "pi": None})
    train = {"recipe": run_id.split("-")[0], "backbone": "embedded"}
    write_json(folder / "config.json", {"run_id": run_id, "episodes": [EPISODE_ID], "label": {}, "train": train})
    comparison = compare(
        gold,
        ids["track_id"].to_numpy(),
        {"image_only": opinions["image"], "teacher": opinions["teacher"], "student": opinions["predictions"]},
        "track",
    )
    write_json(workspace.report_folder(run_id) / "comparison.json", comparison.to_contract())
    (workspace.report_folder(run_id) / "report.html").write_text("<!doctype html><title>Report</title><h1>Report</h1>")


def _guesses(gold: np.ndarray, accuracy: float, rng: np.random.Generator) -> np.ndarray:
    """(N, 7) float32 opinions whose first choice is right about as often as asked."""
    top = np.where(rng.random(len(gold)) < accuracy, gold, rng.integers(0, _CLASSES, len(gold)))
    probs = rng.dirichlet(np.ones(_CLASSES), len(gold)) * 0.4
    probs[np.arange(len(gold)), top] += 0.6
    return probs.astype(np.float32)


def _curves() -> pd.DataFrame:
    rows = [
        {"fold": fold, "epoch": epoch, "train_loss": 0.9**epoch + 0.02 * fold, "val_loss": 0.9**epoch + 0.1}
        for fold in range(3)
        for epoch in range(15)
    ]
    return pd.DataFrame(rows)
