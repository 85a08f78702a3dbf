"""Options that several commands share, each with the words that teach it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TeacherOption = Annotated[
    str,
    typer.Option(
        "--teacher",
        help="embedded; or a folder with a transformers sequence classifier; or its hub id, such as ORG/NAME.",
    ),
]
ContextOption = Annotated[
    int, typer.Option("--context-lines", help="How many spoken lines before a line the teacher may see.")
]
SentencesOption = Annotated[
    bool,
    typer.Option("--whole-sentences", help="Read a sentence that runs over several cues whole, for each of them."),
]
RecipeOption = Annotated[
    str,
    typer.Option(
        "--recipe",
        help="How training targets are made: anchored_em (default: estimates on this show how far text and image can "
        "be trusted), anchored_em_ce, fused, teacher_soft, teacher_hard (the last two are naive rivals).",
    ),
]
BackboneOption = Annotated[
    str,
    typer.Option(
        "--backbone",
        help="Face network of the student: embedded, timm:NAME, timm:local-dir:FOLDER, open_clip:ARCH/PRETRAINED "
        "or facenet:vggface2.",
    ),
]
FinetuneOption = Annotated[
    bool, typer.Option("--finetune", help="Train the whole network, not the head alone: minutes instead of seconds.")
]
AnchorOption = Annotated[
    str,
    typer.Option(
        "--anchor",
        help="Labelled text that says how far the teacher can be trusted: auto (meld_dev), meld_dev, meld_test or "
        "goemotions_test. Choose text like your show's (the first two are TV dialogue) that shares no lines with what "
        "you evaluate on.",
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of splits, initial order and dropout.")]
FoldsOption = Annotated[
    int,
    typer.Option("--folds", help="Every face is judged by a student that never saw its scene; this many students."),
]
EpochsOption = Annotated[int, typer.Option("--epochs", help="Most epochs of a head; it stops earlier by itself.")]
GoldOption = Annotated[
    Path | None,
    typer.Option(
        "--gold",
        help="CSV with the columns cue,start_ms,end_ms,emotion. Used to compare, never to train the student.",
    ),
]
FacesOption = Annotated[
    Path | None,
    typer.Option("--faces", help="Folder with one folder of face pictures a class, to judge the student on as well."),
]
GroupOption = Annotated[
    str | None,
    typer.Option(
        "--group-pattern",
        help="With --faces: regular expression whose match in a file name is its film, such as '^[^_]+'. "
        "The interval is then over films and not over pictures.",
    ),
]
