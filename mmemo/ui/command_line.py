"""The flags of the app; the environment gives their defaults."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmemo.errors import MmemoError
from mmemo.settings import read_environment
from mmemo.ui.sign_in import People, add_person_here


def arguments() -> argparse.Namespace:
    """What the app was told; `--add-person` is done at once, and the program ends."""
    env = read_environment()
    parser = argparse.ArgumentParser(description="Serve the mmemo app.")
    add = parser.add_argument
    add("--workspace", type=Path, default=env.workspace, help="folder for everything that is kept")
    add("--host", default=env.host, help="address to listen on")
    add("--port", type=int, default=env.port, help="port to listen on")
    add("--sample", action=argparse.BooleanOptionalAction, default=True, help="show the sample in an empty workspace")
    add("--media", type=Path, help="folder of this machine whose videos and subtitles the app may use; off by default")
    add(
        "--people", type=Path, default=env.people, metavar="FILE", help="list of people who may sign in; off by default"
    )
    add("--add-person", metavar="NAME", help="put a person into the list, or give a new password, and end")
    add("--lead", action="store_true", help="with --add-person: who hands out faces, sets gold and decides")
    given = parser.parse_args()
    if given.media is not None and not given.media.is_dir():
        parser.error(f"--media: {given.media} is no folder")
    try:
        if given.add_person:
            parser.exit(message=f"{add_person_here(given.people, given.add_person, given.lead)}\n")
        oauth = env.oauth and given.people is None
        if oauth and not env.on_space:  # the app would be open to everybody
            parser.error("MMEMO_OAUTH=1 works on Hugging Face Spaces alone: use --people FILE, or unset it")
        given.people = People(given.people, oauth, env.leads)
        given.people.known()
    except MmemoError as error:
        parser.error(str(error))
    return given
