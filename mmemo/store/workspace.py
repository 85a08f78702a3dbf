"""Where everything of one user lives: episodes, runs, reports and the label database.

    workspace/
      labels.db                              what people said: labels, and names of characters; and the table of jobs
      worker.lock                            held by the process that works off the jobs
      episodes/EPISODE/episode.json          the source files, their hashes, and the current cut
      episodes/EPISODE/speech-KEY/           speech.parquet (what is heard, every 32 ms), settings.json
      episodes/EPISODE/sync-KEY/             sync.json: how the cues fit the speech
      episodes/EPISODE/cut-KEY/              cues, faces, shots, speech, qa (.parquet), account.json, settings.json,
                                             subtitles.json (every repair and refusal), crops/, scenes/
      episodes/EPISODE/identities-KEY/       embeddings.npy (one row a track), settings.json
      episodes/EPISODE/characters-KEY/       characters.parquet, settings.json
      episodes/EPISODE/opinions-KEY/         opinions.parquet (teacher), settings.json
      episodes/EPISODE/image-KEY/            image_opinions.parquet (baseline), settings.json
      transcripts/VIDEO-KEY/                 transcript.srt of a video without subtitles, settings.json
      runs/RUN/                              config.json, weights.safetensors, curves.parquet, predictions...
      reports/RUN/                           comparison.json, report.html
      reports/EPISODE/                       cut.html: the account of a cut, with examples
      tmp/                                   uploads, scratch and worker.log; may be emptied at any time

KEY is a hash of the inputs and the settings, so the same work is never done twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from mmemo.errors import InputError, StorageError
from mmemo.store.files import damaged, read_json, read_table, storage_errors, write_json
from mmemo.store.label_pins import pin_labels
from mmemo.store.labels import LabelStore

# A file of this name beside a video says in words that its material is not real. It is kept with the episode,
# and its words stand wherever the episode's numbers stand.
SYNTHETIC_FILE = "SYNTHETIC.txt"
LABELS_FILE = "labels.db"


@dataclass(frozen=True, slots=True)
class Episode:
    """One source video with its subtitles, and the key of the cut that is in use."""

    episode_id: str
    video: str
    subtitles: str
    video_hash: str
    subtitles_hash: str
    duration_ms: int
    cut_key: str


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths of a workspace and the small records in it; holds no state of its own."""

    root: Path

    def episode_folder(self, episode_id: str) -> Path:
        """Folder of an episode; the id must be a plain name."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", episode_id):
            raise InputError(f"{episode_id!r} is no episode id", hint="see the folder names below episodes/")
        return self.root / "episodes" / episode_id

    def stage_folder(self, episode_id: str, stage: str, key: str) -> Path:
        """Folder of one stage's output, for example stage "cut"."""
        return self.episode_folder(episode_id) / f"{stage}-{key}"

    def run_folder(self, run_id: str) -> Path:
        """Folder of one student run."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", run_id):
            raise InputError(f"{run_id!r} is no run id", hint="see the folder names below runs/")
        return self.root / "runs" / run_id

    def report_folder(self, run_id: str) -> Path:
        """Folder of the comparison and report of a run."""
        return self.root / "reports" / self.run_folder(run_id).name

    @property
    def scratch(self) -> Path:
        """Folder for uploads and temporary files."""
        return self.root / "tmp"

    def labels(self) -> LabelStore:
        """Open the database of human labels."""
        with storage_errors(self.root):
            return LabelStore(self.root / LABELS_FILE)

    def has_labels(self) -> bool:
        """Whether anybody ever said anything here."""
        return (self.root / LABELS_FILE).is_file()

    def pin_labels(self, episode: Episode) -> None:
        """Pin what people said by numbers alone to the faces that the cut of this record has under these numbers.

        Of words that do not fit it, to those of an older cut that is still here. Does nothing where all have a place.
        """

        def faces_of(cut_key: str) -> pd.DataFrame:
            return self.faces(replace(episode, cut_key=cut_key))

        folders = self.episode_folder(episode.episode_id).glob("cut-*")
        known = sorted(folders, key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
        cut_keys = dict.fromkeys([episode.cut_key, *(folder.name.removeprefix("cut-") for folder in known)])
        with closing(self.labels()) as store:
            pin_labels(store, episode.episode_id, [*cut_keys], faces_of)

    def save_episode(self, episode: Episode) -> None:
        """Write or move forward an episode's record; words on the faces of the cut that was in use are pinned first.

        A damaged record is replaced: it no longer says which cut that was.
        """
        path = self.episode_folder(episode.episode_id) / "episode.json"
        if path.is_file() and self.has_labels():
            try:
                before = _read_episode(path)
            except StorageError:
                before = episode
            if before.cut_key != episode.cut_key:
                self.pin_labels(before)
        write_json(path, episode)

    def episode(self, episode_id: str) -> Episode:
        """Record of one episode; an unknown one raises InputError with the choices."""
        path = self.episode_folder(episode_id) / "episode.json"
        if not path.is_file():
            known = ", ".join(e.episode_id for e in self.episodes()) or "none yet: run pipelines.cut first"
            raise InputError(f"no episode {episode_id!r} in {self.root}", hint=f"known episodes: {known}")
        return _read_episode(path)

    def episodes(self) -> list[Episode]:
        """All episodes, the one that was cut last first."""
        return [_read_episode(path) for path in _newest_first(self.root / "episodes", "episode.json")]

    def episode_of_run(self, config: Mapping[str, Any], episode_id: str) -> Episode:
        """Record of an episode with the cut that a run was trained on, which may be an older one."""
        episode = self.episode(episode_id)
        used = config.get("inputs", {}).get(episode_id, {})
        return replace(episode, cut_key=used.get("cut", episode.cut_key))

    def cut_folder(self, episode: Episode) -> Path:
        """Folder of the cut that is in use."""
        return self.stage_folder(episode.episode_id, "cut", episode.cut_key)

    def cues(self, episode: Episode) -> pd.DataFrame:
        """All cues of the current cut, CUE_COLUMNS."""
        return read_table(self.cut_folder(episode) / "cues.parquet")

    def faces(self, episode: Episode) -> pd.DataFrame:
        """All faces of the current cut, FACE_COLUMNS."""
        return read_table(self.cut_folder(episode) / "faces.parquet")

    def runs(self) -> list[str]:
        """Ids of all student runs, the newest first."""
        return [path.parent.name for path in _newest_first(self.root / "runs", "config.json")]

    def run_config(self, run_id: str) -> Mapping[str, Any]:
        """What a run was asked to do, as it was saved; an unknown run raises InputError with the choices."""
        path = self.run_folder(run_id) / "config.json"
        if not path.is_file():
            known = ", ".join(self.runs()[:10]) or "none yet: run pipelines.train first"
            raise InputError(f"no run {run_id!r} in {self.root}", hint=f"known runs: {known}")
        config: Mapping[str, Any] = read_json(path)
        return config


def _newest_first(folder: Path, name: str) -> list[Path]:
    """The records of all finished folders; those that are still being written have a hidden name."""
    paths = [path for path in folder.glob(f"*/{name}") if not path.parent.name.startswith(".")]
    return sorted(paths, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _read_episode(path: Path) -> Episode:
    try:
        return Episode(**read_json(path))
    except TypeError as error:
        raise damaged(path) from error
