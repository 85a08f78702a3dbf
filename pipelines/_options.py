"""Options that several commands share, each with the words that teach it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmemo.flow.cutting.cut import SyncMode
from mmemo.teacher.sources import EMBEDDED

VideoArgument = Annotated[Path, typer.Argument(help="The episode: .mp4, .mkv or any file that FFmpeg reads.")]
SubtitlesArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[SRT]",
        help="Its subtitles: .srt, .vtt, .ass, .ssa, or a video that holds them; "
        "default: the file beside the video, else the text inside it.",
    ),
]
LanguageOption = Annotated[
    str | None,
    typer.Option("--subtitle-language", help="Of several subtitles in the video take this one: en, eng, pt-BR."),
]
SplitVoicesOption = Annotated[
    bool,
    typer.Option("--split-voices/--no-split-voices", help="Make a cue with dashes for two speakers two cues."),
]
TranscribeOption = Annotated[
    str | None,
    typer.Option(
        "--transcribe",
        metavar="MODEL",
        help="There is no subtitle: write the speech down with faster-whisper. MODEL is a size such as small, the id "
        "of a model on the hub (both fetched on first use), or a folder. --subtitle-language says what is spoken. "
        "Needs `pip install faster-whisper`.",
    ),
]
CharactersOption = Annotated[
    str,
    typer.Option(
        "--characters",
        metavar="WEIGHTS",
        help="Who is who, told by a face network: auto (only when its weights were fetched before), "
        "facenet:vggface2 (fetched on first use, 107 MB), a .pt or .safetensors file, or off.",
    ),
]
YuNetOption = Annotated[
    Path | None,
    typer.Option(
        "--yunet",
        metavar="FILE",
        help="Find faces with YuNet, whose .onnx file you have, and not with the detector that ships; "
        "needs `pip install opencv-python-headless`.",
    ),
]
SyncOption = Annotated[
    SyncMode,
    typer.Option(
        "--sync",
        help="Hold the subtitles against the speech: move them when they are surely off and refuse them when they "
        "are hopeless (auto), only tell (report), or do nothing (off).",
    ),
]
MarginOption = Annotated[
    float,
    typer.Option(
        "--margin",
        help="Of several faces the speaker's mouth must move this many times as much as any other; "
        "a larger margin drops more cues as several_speakers.",
    ),
]
TeachersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--teacher",
        metavar="NAME",
        help="Who reads the lines: embedded (default); a folder with a transformers sequence classifier, or made by "
        "pipelines.combine_teachers (one teacher calibrated on labelled lines, or several); or a hub id, such as "
        "ORG/NAME. Given several times, or as NAME=WEIGHT,NAME: they vote, as sure as they are of themselves; combine "
        "them first to correct that.",
    ),
]
ContextOption = Annotated[
    int, typer.Option("--context-lines", help="How many spoken lines before a line the teacher may see.")
]
NextLinesOption = Annotated[
    int,
    typer.Option("--next-lines", help="How many spoken lines after a line the teacher may see."),
]
SentencesOption = Annotated[
    bool,
    typer.Option("--whole-sentences", help="Read a sentence that runs over several cues whole, for each of them."),
]
RecipeOption = Annotated[
    str,
    typer.Option(
        "--recipe",
        help="How training targets are made: best_witness (default: image and text opinion together; where the lines "
        "show nothing more to learn than how often each emotion occurs, only that; where they show that the face "
        "network does not know the show, students of the lines speak in its place), "
        "calibrated_fusion (image and text opinion together, always), anchored_em (estimates on this show how far both "
        "can be trusted), fused, teacher_soft, teacher_hard (the last two are naive rivals), and more that an unknown "
        "name lists.",
    ),
]
BackboneOption = Annotated[
    str,
    typer.Option(
        "--backbone",
        help="Face network of the student: embedded, timm:NAME, timm:local-dir:FOLDER, open_clip:ARCH/PRETRAINED, "
        "facenet:vggface2 or facenet:FILE.",
    ),
]
FinetuneOption = Annotated[
    bool, typer.Option("--finetune", help="Train the whole network, not the head alone: minutes instead of seconds.")
]
UpperBlocksOption = Annotated[
    int,
    typer.Option(
        "--upper-blocks",
        help="Train the last so many blocks of the face network too: about a minute a student, for thousands of faces "
        "that it hardly knows. 0 trains the head alone.",
    ),
]
AnchorOption = Annotated[
    str,
    typer.Option(
        "--anchor",
        help="Labelled text that says how far the teacher can be trusted: auto (told from what the "
        "teacher says of the show's own lines), meld_dev or meld_test (TV dialogue), meld_dev_alone (the same, read "
        "without context) or goemotions_test (comments). A named one should share no lines with what you evaluate on.",
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


def teacher_named(given: list[str] | None) -> str:
    """The one name that stands for all teachers given with --teacher; the embedded one when there is none."""
    return ",".join(given or [EMBEDDED])
