"""`python -m pipelines.benchmark NAME`: repeatable experiments, each with its table and what was asked beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmemo.benchmark.outcome import Outcome
from mmemo.errors import InputError
from mmemo.progress import Stage
from mmemo.store.files import to_json
from pipelines._command import DEFAULT_WORKSPACE, JsonOption, WorkspaceOption, main_group, run_with_bar

if TYPE_CHECKING:
    from mmemo.benchmark.weak.lab2wild import Lab2WildBenchmark


def cut(
    data: Annotated[Path, typer.Option("--data", help="Folder that holds episode_dev/episode.mp4 and episode.srt.")],
    quick: Annotated[bool, typer.Option("--quick", help="Three minutes of each video, no two-hour film.")] = False,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Where the made videos are kept. [default: tmp in the workspace]")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Speed and memory of the cut: against the naive way, against the limit of the machine, and against real time.

    The film-like video is made once, out of the stills of episode_dev: a moving camera, grain, 1280x720. It is
    synthetic. All figures are ratios of one run.
    """
    from mmemo.benchmark.cutting.cut import CutBenchmark, benchmark_cut

    tell(run_with_bar(benchmark_cut(CutBenchmark(data, _cache(cache, workspace), quick))), as_json)


DataOption = Annotated[
    Path, typer.Option("--data", help="Folder with the public data, in the forms of docs/weak-supervision.md.")
]
QuickOption = Annotated[bool, typer.Option("--quick", help="One seed only: minutes, and no figure to report.")]
CacheOption = Annotated[
    Path | None, typer.Option("--cache", help="Where features and opinions are kept. [default: tmp in the workspace]")
]
RecipesOption = Annotated[
    list[str] | None, typer.Option("--recipe", help="Only this recipe; may be given several times. [default: all]")
]


def film(
    data: DataOption,
    quick: QuickOption = False,
    recipe: RecipesOption = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Every recipe on film faces without labels, judged on other films, with and without 100 corrections.

    Reads DIR/film_faces_train and DIR/meld. Five pairings of faces with lines of the same emotion: synthetic.
    """
    from mmemo.benchmark.weak.film import FilmBenchmark, benchmark_film

    settings = FilmBenchmark(data, _cache(cache, workspace), (0,) if quick else (0, 1, 2, 3, 4), tuple(recipe or ()))
    tell_table(run_with_bar(benchmark_film(settings)), as_json)


def episode(
    data: DataOption,
    quick: QuickOption = False,
    recipe: RecipesOption = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """The whole pipeline on DIR/episode_dev with its gold: every recipe, two anchors, three seeds.

    Real film stills with real lines of the same emotion: the pairing is synthetic.
    """
    from mmemo.benchmark.weak.episode import benchmark_episode
    from mmemo.benchmark.weak.sample import episode_benchmark

    settings = episode_benchmark(data, _cache(cache, workspace), (0,) if quick else (0, 1, 2), tuple(recipe or ()))
    tell_table(run_with_bar(benchmark_episode(settings)), as_json)


def sample(
    data: Annotated[Path | None, typer.Option("--data", help="Not needed: the sample comes with mmemo.")] = None,
    quick: QuickOption = False,
    recipe: RecipesOption = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """The whole pipeline on the bundled episode: every recipe, three seeds. Drawn faces, so synthetic."""
    from mmemo.benchmark.weak.episode import benchmark_episode
    from mmemo.benchmark.weak.sample import sample_benchmark

    settings = sample_benchmark(_cache(cache, workspace), (0,) if quick else (0, 1, 2), tuple(recipe or ()))
    tell_table(run_with_bar(benchmark_episode(settings)), as_json)


def lab2wild(
    data: DataOption,
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
    """A baseline trained on posed faces alone (CK+) adapts to unlabelled faces of FER+ train; judge: FER+ test.

    Reads DIR/ck48.npz, DIR/ferplus and DIR/meld. Lines of the same emotion, drawn at random: synthetic pairings.
    With --finetune or --whole only the default recipe and the ceiling run, unless --recipe names others; each student
    is kept.
    """
    from mmemo.benchmark.weak.lab2wild import SIZES, Lab2WildBenchmark

    if finetune and whole:
        raise InputError("--finetune and --whole name two students", hint="choose one of them")
    chosen = tuple(sizes or ((1000,) if quick else SIZES))
    settings = Lab2WildBenchmark(
        data, _cache(cache, workspace), tuple(range(1 if quick else seeds)), chosen, tuple(recipe or ()), start
    )
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
    """How fast corrections pay off on 20,000 faces, and what 25 to 200 of them bring in two orders.

    The timed features are made up, of the right size; the curve is on film faces with synthetic pairings.
    """
    from mmemo.benchmark.weak.corrections import SEEDS, CorrectionsBenchmark, benchmark_corrections

    seeds = (0,) if quick else SEEDS
    tell(run_with_bar(benchmark_corrections(CorrectionsBenchmark(data, _cache(cache, workspace), seeds))), as_json)


def sessions(
    sessions: Annotated[int, typer.Option("--sessions", help="How many people label at once.")] = 20,
    browsers: Annotated[
        int, typer.Option("--browsers", help="How many of them in a real browser; the others send what a page sends.")
    ] = 4,
    seconds: Annotated[float, typer.Option("--seconds", help="For how long.")] = 120,
    every: Annotated[float, typer.Option("--every", help="Seconds between two keys of one person, on average.")] = 1.5,
    faces: Annotated[int, typer.Option("--faces", help="How many made-up faces there are.")] = 2000,
    chromium: Annotated[
        Path | None, typer.Option("--chromium", help="The browser's program. [default: the system's, or playwright's]")
    ] = None,
    cache: CacheOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    as_json: JsonOption = False,
) -> None:
    """Many people sign in and label at once: how long a save takes, and whether any label is lost.

    Browsers and app share this machine, so it is their load together. Needs playwright: requirements-dev.txt.
    """
    from mmemo.benchmark.labelling.sessions import SessionsBenchmark, benchmark_sessions

    asked = SessionsBenchmark(_cache(cache, workspace), sessions, browsers, seconds, every, faces, chromium)
    tell(run_with_bar(benchmark_sessions(asked)), as_json)


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
    main_group(cut, film, episode, sample, lab2wild, corrections, sessions)
