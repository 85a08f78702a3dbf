"""`python -m pipelines.fusion train|evaluate|predict DATASET`: models that read text, pictures and sound together."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmemo.errors import InputError
from mmemo.store.files import to_json, write_json
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main_group, run_with_bar, say

if TYPE_CHECKING:
    from mmemo.datasets.paired import PairedSet

DatasetArgument = Annotated[
    Path, typer.Argument(help="Folder or file of a dataset; see docs/datasets.md for the forms.")
]
ModelFolder = Annotated[Path, typer.Option("--model", help="Folder that train wrote with --out.")]
SplitOption = Annotated[str | None, typer.Option("--split", help="Which part of the dataset. [default: see above]")]
PairsOption = Annotated[
    list[str] | None, typer.Option("--encoder", help="MODALITY=NAME, such as text=bilstm:glove.txt; several times.")
]


def train(
    dataset: DatasetArgument,
    model: Annotated[str, typer.Option("--model", help="Name of the model; a wrong one lists all.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the trained model.")],
    split: SplitOption = None,
    validation: Annotated[
        str | None,
        typer.Option("--validation", help="Split to stop by; 'none' holds groups out of the training part instead."),
    ] = None,
    encoder: PairsOption = None,
    modality: Annotated[
        list[str] | None,
        typer.Option("--modality", help="Only these: text, face, body, context, audio. [default: all]"),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of the model or its training, such as epochs=20.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first samples, to try something.")] = None,
    logs: Annotated[Path | None, typer.Option("--logs", help="Folder for TensorBoard.")] = None,
    ckpt: Annotated[
        Path | None, typer.Option("--ckpt", help="Folder of a trained model to begin with: all weights that fit.")
    ] = None,
    ckpt_modality: Annotated[
        list[str] | None,
        typer.Option("--ckpt-modality", help="Only what reads these of it; several times. [default: all]"),
    ] = None,
    on_demand: Annotated[
        bool, typer.Option("--on-demand", help="Read pictures again for every batch: slower, for large datasets.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Train a model on DATASET and keep it; cancelled, the same call goes on.

    It learns from the split train, or from everything where DATASET has no splits; --split names another one.
    A split dev, val, valid or validation is used to stop in time; without one, whole groups (films, dialogues,
    speakers) of the training part are held out.
    """
    from mmemo.fusion.runs import FusionRun, train_on
    from mmemo.fusion.training import FusionTraining

    found, held = _training_sets(dataset, split, validation, limit)
    given = dict(_pair(one, "--set") for one in setting or ())
    of_training = {field.name for field in fields(FusionTraining)}
    asked = FusionRun(
        model,
        dict(_pair(one, "--encoder", plain=True) for one in encoder or ()),
        tuple(modality or ()),
        {name: value for name, value in given.items() if name not in of_training},
        FusionTraining(**{name: value for name, value in given.items() if name in of_training}),
        _cache(workspace),
        logs,
        out / "checkpoint.pt",
        on_demand,
        ckpt,
        tuple(ckpt_modality or ()),
    )
    trained, figures = run_with_bar(train_on(found, held, asked, out))
    say(f"trained {model} on {found.title}, {len(found)} samples, in {trained.seconds:.0f} s of processor time: {out}")
    _tell({"model": str(out), "trained_on": found.title, "seconds": trained.seconds, "validation": figures}, as_json)


def evaluate(
    dataset: DatasetArgument,
    model: ModelFolder,
    split: SplitOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for evaluation.json.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first samples.")] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """All figures of a trained model on DATASET: its split test, or all of it where it has no splits.

    Samples that training has seen are judged with a warning that says so.
    """
    from mmemo.fusion.runs import evaluate_on
    from mmemo.fusion.saving import load_model, told_of

    found, loaded = _read(dataset, split, ("test", ""), limit), load_model(model)
    figures = run_with_bar(evaluate_on(found, loaded, told_of(model), _cache(workspace)))
    if out is not None:
        write_json(out / "evaluation.json", {"dataset": found.title, "model": str(model), **figures})
    _tell({"dataset": found.title, "model": str(model), **figures}, as_json)


def predict(
    dataset: DatasetArgument,
    model: ModelFolder,
    out: Annotated[Path, typer.Option("--out", help="Folder for predictions.csv.")],
    split: SplitOption = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first samples.")] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """What a trained model says of every sample of DATASET: its split test, or all of it where it has no splits.

    Labels are not needed.
    """
    from mmemo.fusion.runs import predict_on
    from mmemo.fusion.saving import load_model, told_of
    from mmemo.store.files import publish_file

    found, loaded = _read(dataset, split, ("test", ""), limit), load_model(model)
    table = run_with_bar(predict_on(found, loaded, told_of(model), _cache(workspace)))
    with publish_file(out / "predictions.csv") as temporary:
        table.to_csv(temporary, index=False)
    named = table["labels"].str.split(";").explode() if "labels" in table else table["label"]
    counts = {str(label) or "none": int(count) for label, count in named.value_counts().items()}
    _tell({"dataset": found.title, "predictions": str(out / "predictions.csv"), "said": counts}, as_json)


def _training_sets(
    dataset: Path, split: str | None, validation: str | None, limit: int | None
) -> tuple[PairedSet, PairedSet | None]:
    from mmemo.flow.student.episode_set import find_material

    found = _read(dataset, split, ("train", ""), limit)
    splits = find_material(dataset).splits
    named = validation or next((name for name in ("dev", "val", "valid", "validation") if name in splits), "none")
    return found, None if named in ("none", found.split) else _read(dataset, named, (), limit)


def _read(dataset: Path, split: str | None, wanted: tuple[str, ...], limit: int | None) -> PairedSet:
    from mmemo.flow.student.episode_set import find_material

    found = find_material(dataset)
    name = split if split is not None else next((one for one in wanted if one in found.splits), None)
    if name is None:
        raise InputError(f"{dataset} has no split {wanted[0]}", hint=f"give --split: {', '.join(found.splits)}")
    data = found.read(name)
    for problem in data.problems:
        say(f"{data.title}: {problem}")
    return data if limit is None else data.subset(range(min(limit, len(data))))


def _pair(text: str, option: str, plain: bool = False) -> tuple[str, Any]:
    """NAME=VALUE; a value that reads as Python's number, truth or tuple is one, anything else is text."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise InputError(f"{option} {text!r} is not NAME=VALUE", hint=f"such as {option} epochs=20")
    if plain:
        return name, value
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _cache(workspace: Path) -> Path:
    return workspace / "tmp" / "fusion"


def _tell(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(to_json(figures))
        return
    for name, value in figures.items():
        print(f"{name:<24}{value:.4f}" if isinstance(value, float) else f"{name:<24}{value}")


if __name__ == "__main__":
    main_group(train, evaluate, predict)
