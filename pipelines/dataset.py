"""`python -m pipelines.dataset inspect PATH`: what a dataset is, what is in it, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmemo.datasets.problems import LEFT_OUT, Problem
from mmemo.errors import InputError
from mmemo.store.files import publish_file, to_json
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main_group, run_with_bar, say

if TYPE_CHECKING:
    from mmemo.datasets.inspection import Inspection

_ABOUT = "Look at a public dataset on disk, or turn one form of it into another."


def inspect(
    path: Annotated[Path, typer.Argument(help="Folder or file of a dataset.")],
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="PNG", help="Write a contact sheet: examples of every label in one picture."),
    ] = None,
    read_all: Annotated[
        bool,
        typer.Option("--all", help="Open every picture, clip and sound, not only some of each split. Can take hours."),
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Name the format of a dataset, count its samples and labels, and list what is missing, damaged or odd.

    \b
      python -m pipelines.dataset inspect data/MELD                  counts, priors, missing and broken clips
      python -m pipelines.dataset inspect data/MELD --sheet meld.png and examples of every label in one picture

    Where rows and pictures are paired by number alone, the pictures are compared: in a dialogue, neighbours look
    alike. Nothing is changed, and nothing of the dataset is ever run: pickles with code in them are refused.
    """
    from mmemo.datasets.inspection import inspect as inspect_stage
    from mmemo.flow.student.episode_set import find_material

    if sheet is not None and sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InputError(f"--sheet {sheet} is no picture", hint="name it something.png")
    result = run_with_bar(inspect_stage(path, read_all, find_material))
    _tell(result)
    if sheet is not None:
        _write_sheet(result, sheet)
    if as_json:
        print(to_json({**result.to_contract(), "sheet": None if sheet is None else str(sheet)}))


def _tell(result: Inspection) -> None:
    from mmemo.datasets.inspection import counts_line

    print(f"\n{result.found.path}: {result.found.form.title}")
    for report in result.splits:
        data = report.data
        groups = "" if len(set(data.groups)) == len(data) else f" in {len(set(data.groups))} groups"
        print(f"\n{data.split or 'all'}: {len(data)} samples{groups}")
        if report.differs:
            print(f"  published are {report.published}")
        print(f"  labels: {counts_line(report)}" + (" (a sample may have several)" if data.several else ""))
        facts = report.to_contract()
        has = [f"{count} with {name} pictures" for name, count in facts["with_pictures"].items()]
        has += [
            f"{facts[key]} with {word}" for key, word in (("with_text", "text"), ("with_sound", "sound")) if facts[key]
        ]
        has += [", ".join(data.dimension_names)] if data.dimension_names else []
        print(f"  has: {'; '.join(has) or 'nothing but labels'}")
        if data.pictures or data.audio is not None:
            print(f"  opened: {report.opened} samples")
        for problem in data.problems:
            print(f"  {_shown(problem)}")
        for alignment in report.alignments:
            if alignment.pairs:
                print(f"  {alignment}")
    for warning in result.warnings:
        print(f"\nnote: {_printable(warning)}")


def _shown(problem: Problem) -> str:
    return _printable(f"left out: {problem}" if problem.kind == LEFT_OUT else str(problem))


def _printable(text: str) -> str:
    """What a table of strangers holds must not steer the terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _write_sheet(result: Inspection, path: Path) -> None:
    from mmemo.datasets.contact_sheet import contact_sheet

    picture = contact_sheet([report.data for report in result.splits if len(report.data)])
    with publish_file(path) as temporary:
        picture.save(temporary, format="PNG" if path.suffix.lower() == ".png" else "JPEG")
    say(f"contact sheet: {path}")


def convert(
    name: Annotated[str, typer.Argument(metavar="DATASET", help="emotic.")],
    folder: Annotated[Path, typer.Argument(help="Folder with Annotations/Annotations.mat and emotic/.")],
    out: Annotated[Path, typer.Argument(help="Folder for the files; those of the same name are replaced.")],
    to: Annotated[str, typer.Option("--to", help="csv: a table a split; npy: the arrays too, about 9 GB.")] = "csv",
    split: Annotated[
        list[str] | None, typer.Option("--split", help="Only this split; may be given several times.")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Write EMOTIC's MATLAB annotations as the CSV or npy files that its users expect, and read them back.

    \b
      python -m pipelines.dataset convert emotic data/emotic data/emotic_pre --to npy

    Every row that was written is held against the annotations before the command says done. Persons without
    categories or without valence, arousal and dominance are left out, as in the published counts.
    """
    from mmemo.datasets.emotic import SPLITS
    from mmemo.datasets.emotic_convert import convert_emotic

    if name != "emotic":
        raise InputError(f"{name!r} cannot be converted", hint="emotic can")
    result = run_with_bar(convert_emotic(folder, out, to, tuple(split or SPLITS)))
    print(f"\n{out}: " + ", ".join(f"{part} {count} persons" for part, count in result.rows.items()))
    for problem in result.problems:
        say(_shown(problem))
    if as_json:
        print(to_json(result))


if __name__ == "__main__":
    main_group(inspect, convert, about=_ABOUT)
