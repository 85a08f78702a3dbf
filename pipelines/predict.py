"""Read the faces of pictures: `python -m pipelines.predict IMAGE... [--run RUN]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.flow.prediction.files import save_predictions
from mmemo.flow.prediction.predict import FacePrediction, ImagePrediction
from mmemo.flow.prediction.said_line import predict_with_line
from mmemo.flow.runs.promotion import Chosen, chosen_run, promotion_of
from mmemo.labels import EKMAN7
from mmemo.store.files import to_json
from mmemo.store.workspace import Workspace
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say

_COLUMN = 9


def predict(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Picture files, or clips.")],
    run: Annotated[
        str | None,
        typer.Option("--run", help="Student to use: a folder name below runs/. Default: a promoted one; it says why."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
    line: Annotated[
        str, typer.Option("--line", help="What is said with the faces: they are also read as if in the run's show.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the pictures with numbered boxes, faces.csv and faces.json."),
    ] = None,
) -> None:
    """Find every face and print the probabilities of baseline and student side by side.

    \b
    A student is promoted by a proven gain, or by hand with pipelines.evaluate --promote; one that was never compared
    answers while there is no other; of several measured on the same gold, the one that gains most. Without a promoted
    one only the baseline answers, unless --run names a student. A file that is no picture, or more than 60 pictures in
    all, ends the command before anything is predicted. Faces are numbered from left to right, the upper ones first. Of
    a clip (.mp4, .mkv, .webm, .mov, .avi) a frame a second is read, at most 24 spread evenly.

    \b
      python -m pipelines.predict still.png
      python -m pipelines.predict *.jpg --json
      python -m pipelines.predict still.png --line "Get out of my sight!" --out seen
    """
    place = Workspace(workspace)
    chosen = None if run else chosen_run(place)
    run = chosen.run_id if chosen else run
    say(_who_answers(place, run, chosen))
    found = run_with_bar(predict_with_line(place, images, run, line))
    predictions = found.pictures
    if found.line is not None:
        say(found.line.why)
    if out is not None:
        save_predictions(out, found)
        say(f"saved in {out}")
    for prediction in predictions:
        if not prediction.faces:
            say(f"{prediction.image}: no face found; faces must look to the camera and be about 40 pixels wide or more")
    if as_json:
        print(to_json([prediction.to_contract() for prediction in predictions]))
    else:
        print("\n\n".join(_table(prediction) for prediction in predictions))


def _who_answers(workspace: Workspace, run: str | None, chosen: Chosen | None) -> str:
    if run is None:
        return _only_baseline(workspace)
    return f"student: {run}, {f'chosen by default: {chosen.why}' if chosen else 'as asked'}"


def _only_baseline(workspace: Workspace) -> str:
    runs = workspace.runs()
    if not runs:
        return f"no student in {workspace.root}: only the baseline answers; pipelines.adapt trains one"
    return (
        f"no student in {workspace.root} is promoted: only the baseline answers. The newest, {runs[0]}: "
        f"{promotion_of(workspace, runs[0]).why}. Look at it with --run {runs[0]}"
    )


def _table(prediction: ImagePrediction) -> str:
    count = len(prediction.faces)
    time = "" if prediction.time_ms is None else f" at {prediction.time_ms / 1000:.1f} s"
    lines = [f"{prediction.image}{time}: {count} {'face' if count == 1 else 'faces'}"]
    if count:
        lines.append(" " * 12 + "".join(f"{label:>{_COLUMN}}" for label in EKMAN7.labels))
    for number, face in enumerate(prediction.faces, start=1):
        lines.extend(_face_lines(number, face))
    return "\n".join(lines)


def _face_lines(number: int, face: FacePrediction) -> list[str]:
    x1, y1, x2, y2 = (round(float(v)) for v in face.box_xyxy_px)
    lines = [f"face {number}, x {x1}-{x2}, y {y1}-{y2}, found with {face.detection_prob:.3f}"]
    for name, probs in (("image-only", face.image_only), ("student", face.student), ("with line", face.with_line)):
        if probs is not None:
            lines.append(f"  {name:<10}" + "".join(f"{probs[label]:>{_COLUMN}.2f}" for label in EKMAN7.labels))
    return lines


if __name__ == "__main__":
    main(predict)
