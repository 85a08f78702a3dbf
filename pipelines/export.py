"""Export labels, faces, subtitles or the student: `python -m pipelines.export FORMAT [--episode E] [--run R]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.flow.export.stage import ExportSettings, export_episode
from mmemo.store.export.data_sheet import Terms
from mmemo.store.export.formats import FORMATS
from mmemo.store.files import to_json
from mmemo.store.workspace import Workspace
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main, run_with_bar, say

_LISTED = "\n".join(f"      {each.name:<13}{each.sentence}" for each in FORMATS.values())


def export(
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help=f"One of: {', '.join(FORMATS)}.")],
    episode: Annotated[
        str | None, typer.Option("--episode", help="A folder name below episodes/. Default: the newest episode.")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            "--run", help="A folder name below runs/. Default: the run that answers by default, else the newest."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The folder to make. Default: exports/EPISODE/FORMAT-TIME in the workspace."),
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Mark it as to be published; then --consent and --licence must be given.")
    ] = False,
    consent: Annotated[str, typer.Option("--consent", help="Who agreed to be shown, and how that was asked.")] = "",
    licence: Annotated[
        str, typer.Option("--licence", help="Under which licence it may be used, such as CC-BY-4.0.")
    ] = "",
    archive: Annotated[bool, typer.Option("--zip", help="Pack the folder as a .zip file beside it, too.")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Write one format of one episode, with a data sheet that says where it comes from and what it is not good for."""
    terms = Terms(consent, licence, publish)
    settings = ExportSettings(format_name, episode, run, out, terms, archive)
    made = run_with_bar(export_episode(Workspace(workspace), settings))
    say(f"{made.files} files, {made.bytes:,} bytes")
    if not publish:
        say("not for publication: faces and lines are under the rights of others; see the data sheet")
    if as_json:
        print(to_json(made.to_contract()))
    else:
        print(made.archive or made.folder)


export.__doc__ = f"""{export.__doc__}

    Text opinion, image opinion, training target, student and what people said stay apart in every format. The faces of
    people and the lines of a film are under the rights of others: what is marked with --publish needs --consent and
    --licence, and names no annotators.

    \b
    Formats:
{_LISTED}

    \b
      python -m pipelines.export csv
      python -m pipelines.export imagefolder --episode pilot --out faces
      python -m pipelines.export model --run best_witness-0123456789abcdef --zip
    """

if __name__ == "__main__":
    main(export)
