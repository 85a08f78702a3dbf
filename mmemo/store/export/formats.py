"""The formats by name. Adding one is a function from Content to files, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mmemo.errors import InputError
from mmemo.progress import Stage
from mmemo.store.export.boxes import write_boxes
from mmemo.store.export.content import Content, Extent
from mmemo.store.export.film import write_film
from mmemo.store.export.label_studio import write_label_studio
from mmemo.store.export.labels_files import write_csv, write_jsonl
from mmemo.store.export.model_files import write_model, write_onnx
from mmemo.store.export.mood_subtitles import write_mood_subtitles
from mmemo.store.export.picture_folder import write_picture_folder
from mmemo.store.export.webdataset import write_webdataset

# What a format cannot do without.
RUN, VIDEO = "run", "video"
# Bytes of a packed data sheet, and bits that a pixel of a film takes at the quality of `write_film`, which
# differs much from film to film.
_SHEET, _FILM_BITS = 5_000, 0.07


@dataclass(frozen=True, slots=True)
class Format:
    """One format: a plain sentence, what it needs (RUN, VIDEO), its function, and about how many bytes its packed file
    has; 0 is unknown. With a `spread` of 2 it may as well be half or double of that."""

    name: str
    sentence: str
    write: Callable[[Content, Path], Stage[None]]
    bytes: Callable[[Extent], float]
    needs: tuple[str, ...] = ()
    spread: float = 1.0

    def lacks(self, *, run: bool, video: bool) -> str | None:
        """What this format needs and is not there; None when nothing is missing."""
        if RUN in self.needs and not run:
            return RUN
        return VIDEO if VIDEO in self.needs and not video else None


_ALL = (
    Format("csv", "A table for spreadsheets: a row a face picture, everybody's opinion in columns of its own.",
           write_csv, lambda e: _SHEET + 40 * e.pictures + 90 * e.tracks),
    Format("jsonl", "The same for programs: an object a face picture, with every word that people said.",
           write_jsonl, lambda e: _SHEET + 55 * e.pictures + 95 * e.tracks),
    Format("imagefolder", "Face pictures and a Parquet table, which the datasets library of Hugging Face loads.",
           write_picture_folder, lambda e: _SHEET + e.usable * (e.crop_bytes + 200)),
    Format("webdataset", "The same pictures as tar shards in the layout of WebDataset, for training on many at once.",
           write_webdataset, lambda e: _SHEET + e.usable * (e.crop_bytes + 2_800)),
    Format("label-studio", "Tasks for Label Studio with the machines' opinions; labels given there can come back.",
           write_label_studio, lambda e: _SHEET + e.usable_tracks * (e.crop_bytes + 300)),
    Format("boxes", "Frames with a face as pictures, and its boxes for COCO and for CVAT.",
           write_boxes, lambda e: (e.frame_bytes + 100) * e.frames if e.frame_bytes else 0, (VIDEO,)),
    Format("subtitles", "Subtitles (.srt, .vtt, .ass) in which each line has its speaker's emotion as colour and word.",
           write_mood_subtitles, lambda e: _SHEET + 95 * e.cues, (RUN,)),
    Format("film", "The episode as a video with a box around each face, the opinion on it as bars, and coloured subtitles.",
           write_film, lambda e: _FILM_BITS / 8 * e.film_pixels, (VIDEO,), 2.0),
    Format("model", "The student as model.safetensors with config.json and a model card.",
           write_model, lambda e: e.weights_bytes, (RUN,)),
    Format("onnx", "The student as one ONNX file for any program, checked number by number against the original.",
           write_onnx, lambda e: e.weights_bytes, (RUN,)),
)  # fmt: skip
FORMATS: Mapping[str, Format] = MappingProxyType({each.name: each for each in _ALL})


def format_named(name: str) -> Format:
    """The format of a name; an unknown one raises InputError with the choices."""
    if name not in FORMATS:
        raise InputError(f"there is no export format {name!r}", hint=f"choose one of {', '.join(FORMATS)}")
    return FORMATS[name]
