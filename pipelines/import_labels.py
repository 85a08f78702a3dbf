"""Take back labels that were given in Label Studio: `python -m pipelines.import_labels FILE.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.flow.review.import_labels import import_labels
from mmemo.store.files import to_json
from mmemo.store.workspace import Workspace
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main


def take_back(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The project, exported from Label Studio as JSON.")],
    annotator: Annotated[
        str | None,
        typer.Option("--annotator", help="Keep all labels under this name. Default: label-studio:WHO of each."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Add the labels of a Label Studio project that was made with `python -m pipelines.export label-studio`.

    They become words of people like those given in the app, under names of their own. Nothing is overwritten, and the
    same file again adds nothing; an answer that was changed since is a new word.
    """
    found = import_labels(Workspace(workspace), file, annotator)
    if as_json:
        print(to_json(found.to_contract()))
    else:
        people = ", ".join(found.people) or "nobody"
        print(f"{found.added} new labels of {people}; {found.known} were there, {found.unanswered} tasks unanswered")


if __name__ == "__main__":
    main(take_back)
