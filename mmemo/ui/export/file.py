"""The packed file of an export over HTTP: where people sign in for leads alone, since it holds what everybody said."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI
from gradio.utils import get_upload_folder
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from mmemo.errors import InputError, MmemoError
from mmemo.flow.export.stage import Exported, find_export
from mmemo.ui.context import AppContext
from mmemo.ui.words import sentences

_ROUTE = "/exports/{episode}/{name}"
_ENDING = ".zip"


def download_url(made: Exported) -> str:
    """Address of the packed file, relative to the page, so that it holds behind a proxy too."""
    return f"exports/{quote(made.episode_id, safe='')}/{quote(made.folder.name, safe='')}{_ENDING}"


def serve_exports(app: FastAPI, context: AppContext) -> None:
    """Answer these addresses; the folder itself is not among those that a browser may read."""

    def answer(request: Request) -> Response:
        try:
            context.people.lead(request)
        except InputError as error:
            return PlainTextResponse(sentences(error), 403)
        try:
            name = request.path_params["name"].removesuffix(_ENDING)
            made = find_export(context.workspace, request.path_params["episode"], name)
        except MmemoError as error:
            return PlainTextResponse(sentences(error), 404)
        if made.archive is None:
            return PlainTextResponse("", 404)
        return FileResponse(made.archive, media_type="application/zip", filename=made.archive.name)

    app.router.routes.insert(0, Route(_ROUTE, answer))


def copy_to_give(archive: Path) -> Path:
    """The file once more where nobody can guess it and gradio may take it from."""
    folder = Path(get_upload_folder()) / secrets.token_hex(16)
    folder.mkdir(parents=True)
    try:
        os.link(archive, folder / archive.name)
    except OSError:  # another disk, or one that knows no second names
        shutil.copyfile(archive, folder / archive.name)
    return folder / archive.name
