"""The whole job from a program, over the API of a running app: adapt, wait, read a picture, export, download.

    python app.py                                    # in one terminal
    python scripts/api_example.py                    # in another: takes the bundled sample
    python scripts/api_example.py VIDEO SUBTITLES --picture FACE.jpg --export imagefolder

Needs gradio_client, which comes with gradio; the app may run on another machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from gradio_client import Client, handle_file

SAMPLE = Path(__file__).resolve().parent.parent / "assets" / "sample"


def wait_for(client: Client, job: dict[str, Any], every_s: float) -> dict[str, Any]:
    """Ask how far a job is until it has ended; tells each new step."""
    told = ""
    while job["state"] in ("queued", "running", "cancelling"):
        step = f"job {job['job']} {job['state']}: {job['stage'] or ''}"
        if step != told:
            print(told := step, file=sys.stderr)
        time.sleep(every_s)
        job = client.predict(job["job"], api_name="/job")
    if job["state"] != "done":
        raise SystemExit(f"job {job['job']} is {job['state']}: {job['message']}")
    return job


def main() -> None:
    """Adapt to an episode, read a picture with its student, and save an export of it."""
    given = arguments()
    client = Client(given.url, verbose=False)

    job = client.predict(
        video=handle_file(str(given.video)),
        subtitles=handle_file(str(given.subtitles)) if given.subtitles else None,
        gold=handle_file(str(given.gold)) if given.gold else None,
        recipe=given.recipe,
        api_name="/adapt",
    )
    adapted = wait_for(client, job, given.every)

    picture = handle_file(str(given.picture or given.video))
    seen = client.predict(pictures=[picture], line=given.line, run=adapted["run"], api_name="/predict")

    job = client.predict(
        format=given.export,
        episode=adapted["episode"],
        run=adapted["run"],
        publish=False,
        consent="",
        licence="",
        api_name="/export",
    )
    exported = wait_for(client, job, given.every)
    packed = given.out / f"{exported['export']}.zip"
    given.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(client.predict(exported["job"], api_name="/exported"), packed)

    faces = [face for picture in seen["pictures"] for face in picture["faces"]]
    print(json.dumps({"run": adapted["run"], "faces": faces, "export": str(packed)}))


def arguments() -> argparse.Namespace:
    """The command line; the sample stands in for whatever is not given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("video", nargs="?", type=Path, help="the episode; without it the bundled sample")
    add("subtitles", nargs="?", type=Path, help="its subtitles, unless the video holds them")
    add("--gold", type=Path, help="CSV with cue,start_ms,end_ms,emotion to measure against")
    add("--picture", type=Path, help="a picture or clip with faces; without it the episode, a frame a second")
    add("--line", default="", help="what is said with the face")
    add("--recipe", default="best_witness", help="how training targets are made")
    add("--export", default="csv", metavar="FORMAT", help="see python -m pipelines.export --help")
    add("--out", type=Path, default=Path("exported"), help="folder for the exported file")
    add("--url", default="http://127.0.0.1:7860", help="where the app answers")
    add("--every", type=float, default=2.0, help="seconds between two looks at a job")
    given = parser.parse_args()
    if given.video is None:
        given.video, given.subtitles = SAMPLE / "episode.mp4", given.subtitles or SAMPLE / "episode.srt"
        given.gold = given.gold or SAMPLE / "gold.csv"
    return given


if __name__ == "__main__":
    main()
