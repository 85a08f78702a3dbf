"""Which dataset a folder or file is, told from what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from mmemo.datasets import (
    bt4sa,
    captions,
    ckplus,
    cut_episodes,
    emorynlp,
    emotic,
    fer2013,
    ferplus,
    flat_table,
    folder,
    goemotions,
    iemocap,
    labelled_lines,
    meld,
    mosei,
    msctd,
    tier,
)
from mmemo.datasets.mme2e import SPLITS as MME2E_SPLITS
from mmemo.datasets.mme2e import find_arrangement
from mmemo.datasets.paired import PairedSet
from mmemo.datasets.tables import first_line
from mmemo.errors import InputError


@dataclass(frozen=True, slots=True)
class Format:
    """A form of a dataset: which splits a path holds of it (none: it is another), and how one is read.

    `published` is how many samples its authors name a split, to hold against what is there.
    """

    name: str
    title: str
    splits: Callable[[Path], tuple[str, ...]]
    read: Callable[[Path, str], PairedSet]
    published: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """A path and what it is."""

    path: Path
    form: Format
    splits: tuple[str, ...]

    def read(self, split: str) -> PairedSet:
        """One split; an unknown one raises InputError with the choices."""
        if split not in self.splits:
            raise InputError(
                f"{self.path} has no split {split!r}",
                hint=f"it has {', '.join(filter(None, self.splits)) or 'no splits'}",
            )
        return self.form.read(self.path, split)


def _which(names: Iterable[str], there: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(name for name in names if there(name))


def _msctd(path: Path) -> tuple[str, ...]:
    return _which(
        msctd.SPLITS, lambda split: (path / f"sentiment_{split}.txt").is_file() and bool(_language(path, split))
    )


def _language(path: Path, split: str) -> str | None:
    return next((name for name in msctd.LANGUAGES if (path / f"{name}_{split}.txt").is_file()), None)


def _emotic(path: Path) -> tuple[str, ...]:
    if emotic.mat_file(path).is_file():
        return emotic.SPLITS
    head = ",".join(emotic.CSV_COLUMNS)
    return _which(
        emotic.SPLITS,
        lambda split: (path / f"{split}_cat_arr.npy").is_file() or _begins(path / f"{split}.csv", head),
    )


def _begins(path: Path, head: str) -> bool:
    return path.is_file() and first_line(path) == head


def _mme2e(name: str) -> Callable[[Path], tuple[str, ...]]:
    def splits(path: Path) -> tuple[str, ...]:
        place = find_arrangement(path, name)
        return _which(MME2E_SPLITS, lambda split: place is not None and (place.lists / f"{split}_split.txt").is_file())

    return splits


def _ferplus(path: Path) -> tuple[str, ...]:
    if path.is_dir() and _votes(path / "label.csv"):
        return ("",)
    return _which(ferplus.SPLITS, lambda split: _votes(path / ferplus.SPLITS[split] / "label.csv"))


def _votes(path: Path) -> bool:
    return path.is_file() and first_line(path).count(",") >= len(ferplus.VOTES) + 1


def _read_ferplus(path: Path, split: str) -> PairedSet:
    return ferplus.folder_set(path / ferplus.SPLITS[split] if split else path, split)


def _holds(path: Path, *names: str) -> bool:
    """Whether a file of arrays has these, told from its table of contents."""
    try:
        with ZipFile(path) as archive:
            return {f"{name}.npy" for name in names} <= set(archive.namelist())
    except (OSError, BadZipFile):
        return False


def _ferplus_arrays(path: Path) -> tuple[str, ...]:
    if path.is_file():
        return ("",) if _holds(path, "images", "votes") else ()
    return _which(ferplus.SPLITS, lambda split: _holds(path / f"{split}.npz", "images", "votes"))


def _read_ferplus_arrays(path: Path, split: str) -> PairedSet:
    return ferplus.array_set(path / f"{split}.npz" if split else path, split)


def _fer2013_file(path: Path) -> Path | None:
    files = [path] if path.is_file() else [path / "fer2013.csv", path / "icml_face_data.csv"]
    return next((file for file in files if file.is_file() and fer2013.is_fer2013(file)), None)


def _whole(there: Callable[[Path], bool]) -> Callable[[Path], tuple[str, ...]]:
    """The splits of a form that has none: "" where it is there."""
    return lambda path: ("",) if there(path) else ()


def _goemotions(path: Path) -> tuple[str, ...]:
    if not (path / goemotions.LABELS_FILE).is_file():
        return ()
    return _which(goemotions.SPLITS, lambda split: (path / f"{split}.tsv").is_file())


def _tier(path: Path) -> tuple[str, ...]:
    files = {"images": "image_labels.csv", "texts": "text_labels.csv"}
    return _which(tier.SPLITS, lambda split: (path / files[split]).is_file())


def _iemocap_raw(path: Path) -> bool:
    return any(path.glob("Session*/dialog/EmoEvaluation"))


# The first that fits is taken: those that are told surely stand before those that nearly anything could be.
FORMATS: tuple[Format, ...] = (
    Format("workspace", "a workspace of mmemo", cut_episodes.episodes_of, cut_episodes.workspace_set),
    Format(
        "msctd", "MSCTD", _msctd,
        lambda path, split: msctd.msctd_set(path, split, _language(path, split) or "english"), msctd.PUBLISHED,
    ),
    Format(
        "meld", "MELD", lambda path: _which(meld.SPLITS, lambda s: (path / f"{s}_sent_emo.csv").is_file()),
        meld.meld_set, meld.PUBLISHED,
    ),
    Format(
        "emorynlp", "EmoryNLP",
        lambda path: _which(emorynlp.SPLITS, lambda s: emorynlp.emorynlp_file(path, s).is_file()), emorynlp.emorynlp_set,
    ),
    Format("emotic", "EMOTIC", _emotic, emotic.emotic_set, emotic.PUBLISHED),
    Format("iemocap", "IEMOCAP as MME2E arranges it", _mme2e("IEMOCAP"), iemocap.iemocap_set, iemocap.PUBLISHED),
    Format("iemocap_raw", "IEMOCAP, raw release", _whole(_iemocap_raw), lambda path, _: iemocap.raw_set(path)),
    Format("mosei", "CMU-MOSEI as MME2E arranges it", _mme2e("MOSEI"), mosei.mosei_set, mosei.PUBLISHED),
    Format(
        "mosei_raw", "CMU-MOSEI, raw release",
        _whole(lambda path: any((path / "Labels").glob("*.csv")) and (path / "Transcript").is_dir()),
        lambda path, _: mosei.raw_set(path),
    ),
    Format(
        "bt4sa", "B-T4SA", lambda path: _which(bt4sa.SPLITS, lambda s: bt4sa.bt4sa_file(path, s).is_file()),
        bt4sa.bt4sa_set, bt4sa.PUBLISHED,
    ),
    Format("tier", "Image-Text_EmoRec (TIER)", _tier, tier.tier_set),
    Format("ferplus", "FER+, folders of pictures", _ferplus, _read_ferplus, ferplus.PUBLISHED),
    Format("ferplus_arrays", "FER+, arrays", _ferplus_arrays, _read_ferplus_arrays, ferplus.PUBLISHED),
    Format(
        "fer2013", "FER2013", lambda path: tuple(fer2013.SPLITS) if _fer2013_file(path) else (),
        lambda path, split: fer2013.fer2013_set(_fer2013_file(path) or path, split), fer2013.PUBLISHED,
    ),
    Format(
        "ckplus", "CK+", _whole(lambda path: path.is_file() and _holds(path, "images", "label", "subject")),
        lambda path, _: ckplus.ckplus_set(path),
    ),
    Format("goemotions", "GoEmotions", _goemotions, goemotions.goemotions_set, goemotions.PUBLISHED),
    Format(
        "captions", "captions, as in Flickr8k", _whole(lambda path: captions.captions_file(path) is not None),
        lambda path, _: captions.captions_set(path),
    ),
    Format(
        "table", "a table of pictures and labels",
        lambda path: flat_table.splits_of(path) if path.is_file() and flat_table.is_flat_table(path) else (),
        flat_table.flat_set,
    ),
    Format(
        "lines", "a CSV of lines and emotions",
        _whole(lambda path: path.is_file() and labelled_lines.is_lines(path)),
        lambda path, _: labelled_lines.lines_set(path),
    ),
    Format(
        "folder", "a folder of classes", lambda path: folder.splits_of(path) if path.is_dir() else (), folder.folder_set,
    ),
)  # fmt: skip


def find_dataset(path: Path) -> Found:
    """What the path is; InputError says what it might have been, and names folders inside that are datasets."""
    if not path.exists():
        raise InputError(f"there is no {path}", hint="check the path")
    found = _recognised(path)
    if found is not None:
        return found
    inner = []
    if path.is_dir():
        inner = [p.name for p in sorted(path.iterdir())[:50] if not p.name.startswith(".") and _recognised(p)]
    known = ", ".join(form.title for form in FORMATS)
    hint = f"inside it these are: {', '.join(inner)}" if inner else f"known are {known}; see docs/datasets.md"
    raise InputError(f"{path} is no dataset that is known", hint=hint)


def _recognised(path: Path) -> Found | None:
    for form in FORMATS:
        splits = form.splits(path)
        if splits:
            return Found(path, form, splits)
    return None
