"""The runs of an episode as people choose among them: what was done, what came of it, and which one is in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmemo.errors import StorageError
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.statistics import Gain
from mmemo.flow.runs.choice import trained_ms
from mmemo.flow.runs.notes import notes_of
from mmemo.flow.runs.of_episode import runs_of
from mmemo.flow.runs.promotion import Chosen, Promotion, chosen_run, promotion_of
from mmemo.store.files import read_json
from mmemo.store.run_notes import RunNote
from mmemo.store.workspace import Workspace

# What of the face network a run trained.
HEAD, UPPER_BLOCKS, NETWORK = "head", "upper_blocks", "network"
EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class RunCard:
    """One run: when it was trained in ms since 1970, with what, on how much, what it gained, and a person's note.

    `gain` is None for a run that was never measured. `in_use`: its student answers by default.
    """

    run_id: str
    trained_ms: int
    seconds: float | None
    recipe: str
    backbone: str
    part: str
    upper_blocks: int
    seed: int
    tracks: int | None
    corrections: int | None
    gain: Gain | None
    promotion: Promotion
    in_use: bool
    note: RunNote | None


def run_cards(workspace: Workspace, episode_id: str) -> list[RunCard]:
    """A card a run that was trained on an episode, the newest first; damaged runs are left out."""
    notes, cards = notes_of(workspace), []
    chosen = chosen_run(workspace, episode_id)
    for run_id, config in runs_of(workspace, episode_id):
        try:
            cards.append(_card(workspace, run_id, config, chosen, notes.get(run_id)))
        except StorageError:
            continue
    return cards


def run_card(workspace: Workspace, run_id: str) -> RunCard:
    """The card of one run. Raises InputError when it is unknown."""
    config = workspace.run_config(run_id)
    episodes = config.get("episodes", [])
    chosen = chosen_run(workspace, episodes[0]) if episodes else None
    return _card(workspace, run_id, config, chosen, notes_of(workspace).get(run_id))


def last_trained(workspace: Workspace, episode_id: str) -> str | None:
    """Of the runs of an episode the one that knew most of what people said of it; of equals the newest.

    What was said since then has taught nobody yet, whichever run is looked at. None without a run.
    """
    found = [
        (int(config.get("last_words", {}).get(episode_id, -1)), run_id)
        for run_id, config in runs_of(workspace, episode_id)
    ]
    return max(found, key=lambda one: one[0])[1] if found else None  # the first of equals


def part_of_network(train: Mapping[str, Any]) -> str:
    """Which part of the face network the settings of a run train."""
    if train.get("finetune"):
        return NETWORK
    return UPPER_BLOCKS if train.get("upper_blocks") else HEAD


def _card(
    workspace: Workspace, run_id: str, config: Mapping[str, Any], chosen: Chosen | None, note: RunNote | None
) -> RunCard:
    train = config.get("train", {})
    path = workspace.report_folder(run_id) / "comparison.json"
    gain = Comparison.from_contract(read_json(path)).gain if path.is_file() else None
    return RunCard(
        run_id=run_id,
        trained_ms=trained_ms(workspace, run_id),
        seconds=config.get("seconds"),
        recipe=str(train.get("recipe", run_id)),
        backbone=str(train.get("backbone", EMBEDDED)),
        part=part_of_network(train),
        upper_blocks=int(train.get("upper_blocks", 0)),
        seed=int(train.get("seed", 0)),
        tracks=config.get("tracks"),
        corrections=config.get("human_labels"),
        gain=gain,
        promotion=promotion_of(workspace, run_id),
        in_use=chosen is not None and chosen.run_id == run_id,
        note=note,
    )
