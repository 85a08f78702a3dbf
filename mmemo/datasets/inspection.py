"""What is in a dataset: samples, groups, priors and problems of every split, with a look at the pictures themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.datasets.alignment import Alignment, check_alignment
from mmemo.datasets.catalog import Found, find_dataset
from mmemo.datasets.paired import PairedSet, Rows, present_rows
from mmemo.datasets.problems import CORRUPT, LEFT_OUT, ODD, ProblemLog, merged
from mmemo.progress import Progress, Stage

# Without being asked for all, so many samples of a split are opened.
SPOTS = 40


@dataclass(frozen=True, slots=True, eq=False)
class SplitReport:
    """One split: what it has, and what was found when `opened` of its samples were read."""

    data: PairedSet
    published: int | None
    opened: int
    alignments: tuple[Alignment, ...]

    @property
    def differs(self) -> bool:
        """Whether there are more or fewer samples than published, with and without those that are left out here."""
        left_out = sum(problem.count for problem in self.data.problems if problem.kind == LEFT_OUT)
        return self.published not in (None, len(self.data), len(self.data) + left_out)

    def to_contract(self) -> dict[str, Any]:
        """Plain values for --json."""
        data, priors = self.data, self.data.priors()
        return {
            "split": data.split,
            "samples": len(data),
            "published": self.published,
            "groups": len(set(data.groups)),
            "priors": None if priors is None else dict(zip(data.vocabulary.labels, priors.tolist(), strict=True)),
            "several_labels": data.several,
            "with_text": None if data.texts is None else sum(bool(text.strip()) for text in data.texts),
            "with_pictures": {name: int(present_rows(source).sum()) for name, source in data.pictures.items()},
            "with_sound": None if data.audio is None else int(present_rows(data.audio).sum()),
            "dimensions": list(data.dimension_names),
            "opened": self.opened,
            "alignment": [
                {"source": a.source, "pairs": a.pairs, "alike": a.alike, "aligned": a.aligned} for a in self.alignments
            ],
            "problems": [
                {"kind": p.kind, "what": p.what, "count": p.count, "examples": list(p.examples)} for p in data.problems
            ],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What a path is, its splits, and warnings that are about several of them."""

    found: Found
    splits: tuple[SplitReport, ...]
    warnings: tuple[str, ...] = field(default=())

    def to_contract(self) -> dict[str, Any]:
        """The object that the command prints."""
        return {
            "path": str(self.found.path),
            "format": self.found.form.name,
            "title": self.found.form.title,
            "vocabulary": list(self.splits[0].data.vocabulary.labels) if self.splits else [],
            "splits": [report.to_contract() for report in self.splits],
            "problems": [
                {"kind": p.kind, "what": p.what, "count": p.count, "examples": list(p.examples)}
                for p in merged(p for report in self.splits for p in report.data.problems)
            ],
            "warnings": list(self.warnings),
        }


def inspect(path: Path, read_all: bool = False, find: Callable[[Path], Found] = find_dataset) -> Stage[Inspection]:
    """Name the dataset and read all its splits; `read_all` opens every picture and sound, not only some.

    `find` tells what the path is. InputError when the path is no known dataset, or a split is damaged.
    """
    found = find(path)
    reports = []
    for number, split in enumerate(found.splits):
        yield Progress("read", number, len(found.splits), split)
        data = found.read(split)
        log = ProblemLog()
        rows = np.arange(len(data)) if read_all else _spots(len(data))
        yield from _open(data, rows, log)
        alignments = tuple(check_alignment(data, name) for name in data.pictures)
        for alignment in alignments:
            if alignment.aligned is False:
                log.add(ODD, "sources of pictures that may have been shuffled against their rows", alignment.source)
        data = replace(data, problems=(*data.problems, *log.problems()))
        reports.append(SplitReport(data, found.form.published.get(split), len(rows), alignments))
    yield Progress("read", len(found.splits), len(found.splits))
    return Inspection(found, tuple(reports), tuple(_warnings(reports)))


def _spots(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, SPOTS)).round().astype(int))


def _open(data: PairedSet, rows: np.ndarray, log: ProblemLog) -> Stage[None]:
    """Read samples that should have something; nothing to be had is counted as damage."""
    sources: dict[str, Rows[Any]] = {f"{name} pictures": source for name, source in data.pictures.items()}
    if data.audio is not None:
        sources["sounds"] = data.audio
    for what, source in sources.items():
        there = present_rows(source)
        for done, row in enumerate(rows.tolist()):
            if there[row] and not len(source[row]):
                log.add(CORRUPT, f"unreadable {what}", data.ids[row])
            if done % 20 == 0:
                yield Progress(f"open {what} {data.split}".strip(), done, len(rows))


def _warnings(reports: list[SplitReport]) -> list[str]:
    """Groups and texts that are in more than one split: a model would be judged on what it learned."""
    said = []
    for i, first in enumerate(reports):
        for second in reports[i + 1 :]:
            names = f"{first.data.split} and {second.data.split}"
            shared = _own_groups(first.data) & _own_groups(second.data)
            if shared:
                said.append(f"{len(shared)} groups are in both {names}, such as {min(shared)}")
            same = _long_texts(first.data) & _long_texts(second.data)
            if same:
                said.append(f"{len(same)} texts of five words or more are in both {names}, such as {min(same)[:60]!r}")
    return said


def _own_groups(data: PairedSet) -> set[str]:
    """Groups with a name of their own: those that are a sample or a number within the split say nothing of others."""
    own = {group for group, name in zip(data.groups, data.ids, strict=True) if group != name}
    return {group for group in own if not (data.split and group.startswith(f"{data.split}/"))}


def _long_texts(data: PairedSet) -> set[str]:
    return {text.strip().casefold() for text in data.texts or () if len(text.split()) >= 5}


def counts_line(report: SplitReport) -> str:
    """Samples by label, the most first: "joy 163 (15%), fear 40 (4%)"."""
    priors = report.data.priors()
    if priors is None:
        return "no labels"
    order = np.argsort(-priors, kind="stable")
    labels, count = report.data.vocabulary.labels, len(report.data)
    return ", ".join(f"{labels[i]} {round(priors[i] * count)} ({priors[i]:.0%})" for i in order.tolist())
