"""`python -m pipelines.benchmark NAME`: repeatable experiments, each with its table and what was asked beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmemo.benchmark.outcome import Outcome
from mmemo.errors import InputError
from mmemo.progress import Stage
from mmemo.store.files import to_json
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main_group, run_with_bar
from pipelines._sparsity import sparsity

if TYPE_CHECKING:
    from mmemo.benchmark.weak.lab2wild import Lab2WildBenchmark

_ABOUT = """Measurements that can be repeated, each with its table and, beside it, what was asked for.

    \b
      python -m pipelines.benchmark sample --quick     some minutes, and no data to fetch
      python -m pipelines.benchmark film --help        what one of them reads, does and takes
      python -m pipelines.benchmark film --data DIR    docs/weak-supervision.md says where the data come from

    Several take hours: --quick shows in minutes that all is there. Exit 2: a name or the data is wrong.
    """
_WHERE_FROM = "docs/weak-supervision.md says where the data come from; the benchmark `sample` needs none"
_EPISODE = ("episode_dev/episode.mp4", "episode_dev/episode.srt")
_FILM = ("film_faces_train", "meld")


def cut(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder that holds episode_dev/episode.mp4 and episode.srt; needed.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Three minutes of each video, no two-hour film.")] = False,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Where the made videos are kept. [default: tmp in the workspace]")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Speed and memory of the cut.

    Measured against the naive way, against the limit of the machine, and against real time. The film-like video is made once, out of the stills of episode_dev: a moving camera, grain, 1280x720. It is
    synthetic. All figures are ratios of one run.
    """
    from mmemo.benchmark.cutting.cut import CutBenchmark, benchmark_cut

    tell(
        run_with_bar(benchmark_cut(CutBenchmark(needed("cut", data, *_EPISODE), _cache(cache, workspace), quick))),
        as_json,
    )


DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder with the public data, in the forms of docs/weak-supervision.md; needed."),
]
QuickOption = Annotated[bool, typer.Option("--quick", help="One seed only: minutes, and no figure to report.")]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", help="Where features and opinions are kept. [default: tmp in the workspace]")
]
RecipesOption = Annotated[
    list[str] | None, typer.Option("--recipe", help="Only this recipe; may be given several times. [default: all]")
]


def film(
    data: DataOption = None,
    quick: QuickOption = False,
    recipe: RecipesOption = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Every recipe on faces of films, judged on other films.

    Trained without labels, with and without 100 corrections. Reads DIR/film_faces_train and DIR/meld. Five pairings of faces with lines of the same emotion: synthetic.
    """
    from mmemo.benchmark.weak.film import FilmBenchmark, benchmark_film

    data, seeds = needed("film", data, *_FILM), (0,) if quick else (0, 1, 2, 3, 4)
    settings = FilmBenchmark(data, _cache(cache, workspace), seeds, known_recipes(recipe))
    tell_table(run_with_bar(benchmark_film(settings)), as_json)


def episode(
    data: DataOption = None,
    quick: QuickOption = False,
    recipe: RecipesOption = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """The whole pipeline on an episode with gold labels.

    Every recipe, two anchors, three seeds on DIR/episode_dev. Real film stills with real lines of the same emotion: the pairing is synthetic.
    """
    from mmemo.benchmark.weak.episode import benchmark_episode
    from mmemo.benchmark.weak.sample import episode_benchmark

    data, seeds = needed("episode", data, *_EPISODE), (0,) if quick else (0, 1, 2)
    settings = episode_benchmark(data, _cache(cache, workspace), seeds, known_recipes(recipe))
    tell_table(run_with_bar(benchmark_episode(settings)), as_json)


def sample(
    data: Annotated[Path | None, typer.Option("--data", help="Not needed: the sample comes with mmemo.")] = None,
    quick: QuickOption = False,
    recipe: RecipesOption = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """The whole pipeline on the bundled episode; no data needed.

    Every recipe, three seeds. Drawn faces, so synthetic.
    """
    from mmemo.benchmark.weak.episode import benchmark_episode
    from mmemo.benchmark.weak.sample import sample_benchmark

    settings = sample_benchmark(_cache(cache, workspace), (0,) if quick else (0, 1, 2), known_recipes(recipe))
    tell_table(run_with_bar(benchmark_episode(settings)), as_json)


def lab2wild(
    data: DataOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="1,000 target faces and one seed only.")] = False,
    recipe: RecipesOption = None,
    sizes: Annotated[
        list[int] | None, typer.Option("--faces", help="Target faces, 0 is all; may be given several times.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="How many pairings.")] = 3,
    start: Annotated[
        str, typer.Option("--start", help="What the baseline starts from: see train_baseline.")
    ] = "imagenet",
    finetune: Annotated[
        bool, typer.Option("--finetune", help="Train the upper blocks too, not the head alone.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Train the whole network: hours without an accelerator.")
    ] = False,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps", help="Steps of fine-tuning; without it two passes, at least 150, or 400 of the whole network."
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", help="Faces a step; for the whole network 256.", show_default="128"),
    ] = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """From posed faces (CK+) to faces as they come (FER+).

    A baseline trained on posed faces alone adapts to unlabelled faces of FER+ train; judge: FER+ test. Reads DIR/ck48.npz, DIR/ferplus and DIR/meld. Lines of the same emotion, drawn at random: synthetic pairings.
    With --finetune or --whole only the default recipe and the ceiling run, unless --recipe names others; each student
    is kept.
    """
    from mmemo.benchmark.weak.lab2wild import SIZES, Lab2WildBenchmark

    if finetune and whole:
        raise InputError("--finetune and --whole name two students", hint="choose one of them")
    chosen = tuple(sizes or ((1000,) if quick else SIZES))
    data, pairings = needed("lab2wild", data, "ck48.npz", "ferplus", "meld"), tuple(range(1 if quick else seeds))
    settings = Lab2WildBenchmark(data, _cache(cache, workspace), pairings, chosen, known_recipes(recipe), start)
    given = {"steps": steps, "batch_size": batch_size}
    how = {name: value for name, value in given.items() if value is not None}
    tell_table(run_with_bar(_lab2wild_stage(settings, finetune, whole, how)), as_json)


def _lab2wild_stage(settings: Lab2WildBenchmark, finetune: bool, whole: bool, how: Mapping[str, int]) -> Stage[Outcome]:
    """The student that was asked for; `how`: what was said of its training."""
    if whole:
        from mmemo.benchmark.weak.lab2wild_network import Lab2WildNetwork, benchmark_lab2wild_network

        return benchmark_lab2wild_network(Lab2WildNetwork(settings, **how))
    if finetune:
        from mmemo.benchmark.weak.lab2wild_upper import Lab2WildUpper, benchmark_lab2wild_upper
        from mmemo.student.top_blocks import TopBlocks

        return benchmark_lab2wild_upper(Lab2WildUpper(settings, TopBlocks(**how)))
    from mmemo.benchmark.weak.lab2wild import benchmark_lab2wild

    return benchmark_lab2wild(settings)


def _cache(cache: Path | None, workspace: Path) -> Path:
    return cache if cache is not None else workspace / "tmp" / "benchmark"


def tell_table(outcome: Outcome, as_json: bool) -> None:
    """Print one table (for each anchor or part, where there are several), the settings, and what is asked."""
    from mmemo.benchmark.weak.table import lines_of_rows

    for part in dict.fromkeys(map(_part, outcome.rows)):
        print(f"\n{outcome.benchmark}" + (f", {part}" if part else ""))
        print("\n".join(lines_of_rows([row for row in outcome.rows if _part(row) == part])))
    print(f"\n{to_json(outcome.settings)}")
    _tell_checks(outcome)
    if as_json:
        print(to_json(outcome.to_contract()))


def _part(row: Mapping[str, Any]) -> str:
    anchor = row.get("anchor")
    return f"anchor {anchor}" if anchor else str(row.get("part", ""))


def corrections(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with film_faces_train and meld. Without it only the time.")
    ] = None,
    quick: QuickOption = False,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """How fast corrections pay off, and what they bring.

    The time is that of 20,000 faces; 25 to 200 corrections in two orders. The timed features are made up, of the right size; the curve is on film faces with synthetic pairings.
    """
    from mmemo.benchmark.weak.corrections import SEEDS, CorrectionsBenchmark, benchmark_corrections

    if data is not None:
        data = needed("corrections", data, *_FILM)
    seeds = (0,) if quick else SEEDS
    tell(run_with_bar(benchmark_corrections(CorrectionsBenchmark(data, _cache(cache, workspace), seeds))), as_json)


def fusion(
    data: Annotated[
        Path, typer.Option("--data", help="Folder with film_faces_train, meld, ferplus, msctd and episode_dev.")
    ],
    quick: Annotated[bool, typer.Option("--quick", help="At most 400 pairs a part: no figure to report.")] = False,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="Only this row; may be given several times. [default: all]")
    ] = None,
    part: Annotated[
        list[str] | None, typer.Option("--part", help="Only this part; may be given several times. [default: all]")
    ] = None,
    clip: Annotated[
        Path | None, typer.Option("--clip", help="Folder with the weights of an image-text model, for the rows clip_*.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="How many pairings and trainings; one takes ten minutes.")] = 1,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Every fusion model beside text or image alone.

    Also what each costs, and whether it beats the better one of the two. Four parts: MELD lines with film faces, MSCTD
    lines with FER+ faces, the bundled sample, and episode_dev. Which line meets which face is drawn within the same
    class: synthetic.
    """
    from mmemo.benchmark.fusion.fusion import PARTS, FusionBenchmark, benchmark_fusion
    from mmemo.benchmark.fusion.table import lines_of_rows

    asked = FusionBenchmark(
        data,
        _cache(cache, workspace),
        tuple(range(seeds)),
        quick,
        models=tuple(model or ()),
        parts=tuple(part or PARTS),
        clip=clip,
    )
    outcome = run_with_bar(benchmark_fusion(asked))
    for name in dict.fromkeys(map(_part, outcome.rows)):
        print(f"\nfusion, {name}: {outcome.settings['parts'][name]}")
        print("\n".join(lines_of_rows([row for row in outcome.rows if _part(row) == name])))
    print(f"\n{to_json(outcome.settings)}")
    if as_json:
        print(to_json(outcome.to_contract()))


def robustness(
    data: DataOption = None,
    quick: QuickOption = False,
    part: Annotated[list[str] | None, typer.Option("--part", help="evasion, pixels, poison or collision.")] = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Attacked, damaged and poisoned, and what helps.

    Reads DIR/film_faces_train, DIR/meld and DIR/ferplus. Each film face gets a line of its emotion: synthetic pairings.
    """
    from mmemo.benchmark.robustness.robustness import PARTS, RobustnessBenchmark, benchmark_robustness, table_lines

    data, kept = needed("robustness", data, *_FILM, "ferplus"), _cache(cache, workspace)
    outcome = run_with_bar(benchmark_robustness(RobustnessBenchmark(data, kept, quick, tuple(part or PARTS))))
    print("\n".join(table_lines(outcome)))
    if as_json:
        print(to_json(outcome.to_contract()))


def sessions(
    sessions: Annotated[int, typer.Option("--sessions", help="How many people label at once.")] = 20,
    browsers: Annotated[
        int | None,
        typer.Option(
            "--browsers",
            help="How many of them in a real browser; the others send what a page sends. [default: all]",
            show_default=False,
        ),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", help="For how long.")] = 120,
    every: Annotated[
        float,
        typer.Option("--every", help="Seconds between two keys of one person, on average; 1.5 is a quick person."),
    ] = 1.5,
    faces: Annotated[int, typer.Option("--faces", help="How many made-up faces there are.")] = 2000,
    chromium: Annotated[
        Path | None, typer.Option("--chromium", help="The browser's program. [default: the system's, or playwright's]")
    ] = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Many people label at once: how long a save takes.

    Also whether any label is lost. They all sign in, each in a real browser; with --browsers 0 in none.

    Browsers and app share this machine, so it is their load together; without browsers it is what the app alone
    answers. Needs playwright: requirements-dev.txt.
    """
    from mmemo.benchmark.labelling.sessions import SessionsBenchmark, benchmark_sessions

    drawn = sessions if browsers is None else browsers
    asked = SessionsBenchmark(_cache(cache, workspace), sessions, drawn, seconds, every, faces, chromium)
    tell(run_with_bar(benchmark_sessions(asked)), as_json)


def needed(name: str, data: Path | None, *parts: str) -> Path:
    """The folder with the data, all parts of which a benchmark reads; said before anything is computed.

    InputError where no folder was given, or one that lacks a part.
    """
    listed = " and ".join((", ".join(parts[:-1]), parts[-1]) if len(parts) > 1 else parts)
    if data is None:
        raise InputError(f"{name} needs --data DIR, a folder that holds {listed}", hint=_WHERE_FROM)
    missing = [str(data / part) for part in parts if not (data / part).exists()]
    if not data.is_dir() or missing:
        gone = str(data) if not data.is_dir() else " and no ".join(missing)
        raise InputError(f"there is no {gone}, but {name} reads {listed} in --data", hint=_WHERE_FROM)
    return data


def known_recipes(asked: Sequence[str] | None) -> tuple[str, ...]:
    """The recipes that were asked for, none for all; InputError for one that is not there, before a long run."""
    if not asked:
        return ()
    from mmemo.student.recipes import recipe_named

    return tuple(recipe_named(name).name for name in asked)


def check_name(given: Sequence[str], known: Sequence[Callable[..., None]]) -> None:
    """One sentence and exit 2 for a benchmark that is not there; options are left to the command itself."""
    names = [command.__name__ for command in known]
    if given and not given[0].startswith("-") and given[0] not in names:
        print(f"error: there is no benchmark {given[0]!r} (there are {', '.join(names)})", file=sys.stderr)
        raise SystemExit(2)


def tell(outcome: Outcome, as_json: bool) -> None:
    """Print the rows, then each figure that is asked for beside the one that was measured."""
    for row in outcome.rows:
        print(f"\n{row['name']}")
        for key, value in row.items():
            if key != "name":
                print(f"  {key:<40}{value}")
    _tell_checks(outcome)
    if as_json:
        print(to_json(outcome.to_contract()))


def _tell_checks(outcome: Outcome) -> None:
    if not outcome.checks:
        return
    print("\nasked and measured")
    for check in outcome.checks:
        print(f"  {check.line()}")
    missed = [check for check in outcome.checks if not check.met]
    print(f"\n{len(outcome.checks) - len(missed)} of {len(outcome.checks)} figures are reached.")


if __name__ == "__main__":
    commands = (sample, cut, film, episode, lab2wild, corrections, fusion, sparsity, robustness, sessions)
    check_name(sys.argv[1:], commands)
    main_group(*commands, about=_ABOUT)
