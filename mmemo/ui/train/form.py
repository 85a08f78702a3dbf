"""What a training is asked to do: the last layer anew by one button, or recipe, network and seed by choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.flow.jobs.kinds import RETRAIN, RetrainSettings
from mmemo.flow.runs.choice import recipe_name
from mmemo.flow.runs.listing import EMBEDDED, HEAD, NETWORK, UPPER_BLOCKS, RunCard
from mmemo.student.recipes import RECIPES, recipe_named
from mmemo.student.settings import TrainSettings
from mmemo.ui.context import AppContext
from mmemo.ui.text import label, say, words

_TRAIN = TrainSettings()
_PARTS = (HEAD, UPPER_BLOCKS, NETWORK)
# The built-in network has seven blocks; one must stay as it is.
_MOST_BLOCKS, _BLOCKS = 6, 2


@dataclass(frozen=True, slots=True)
class Wish:
    """What the fields hold, as they come; None and blank text stand for what the run did."""

    recipe: str | None = None
    part: str | None = None
    backbone: str | None = None
    upper_blocks: float | None = None
    seed: float | None = None


@dataclass(frozen=True, slots=True)
class TrainForm:
    """The fields in the order of `Wish`, and the button."""

    recipe: gr.Dropdown
    part: gr.Radio
    backbone: gr.Dropdown
    upper_blocks: gr.Number
    seed: gr.Number
    train: gr.Button

    @property
    def fields(self) -> list[Any]:
        """Components in the order of the fields of `Wish`."""
        return [self.recipe, self.part, self.backbone, self.upper_blocks, self.seed]


def train_form() -> TrainForm:
    """Build the fields; `fill` gives them what a run did."""
    offered = [name for name, recipe in RECIPES.items() if recipe.offered]
    recipe = gr.Dropdown(
        [(f"{recipe_name(name)}: {label(f'episode.recipe_{name}')}", name) for name in offered],
        value=_TRAIN.recipe,
        label=label("train.recipe"),
        info=label("train.recipe_why"),
        allow_custom_value=True,
        elem_id="mm-train-recipe",
    )
    part = gr.Radio(
        [(str(label(f"train.part.{part}")), part) for part in _PARTS],
        value=HEAD,
        label=label("train.part"),
        info=label("train.part_why"),
        elem_id="mm-train-part",
    )
    with gr.Row():
        blocks = gr.Number(
            _BLOCKS,
            label=label("train.blocks"),
            info=label("train.blocks_why"),
            minimum=1,
            maximum=_MOST_BLOCKS,
            precision=0,
            min_width=160,
            elem_id="mm-train-blocks",
        )
        seed = gr.Number(
            _TRAIN.seed,
            label=label("train.seed"),
            info=label("train.seed_why"),
            minimum=0,
            maximum=2**32 - 1,
            precision=0,
            min_width=160,
            elem_id="mm-train-seed",
        )
    backbone = gr.Dropdown(
        [(str(label("train.backbone.embedded")), EMBEDDED)],
        value=EMBEDDED,
        label=label("train.backbone"),
        info=label("train.backbone_why"),
        allow_custom_value=True,
        elem_id="mm-train-backbone",
    )
    train = gr.Button(label("train.train"), variant="secondary", elem_id="mm-train-other")
    return TrainForm(recipe, part, backbone, blocks, seed, train)


def fill(card: RunCard) -> Wish:
    """What a run did, for the fields."""
    return Wish(card.recipe, card.part, card.backbone, card.upper_blocks or _BLOCKS, card.seed)


def start_head(context: AppContext, run_id: str | None) -> int:
    """Queue the training of the last layer alone, with everything said since; returns the job's number."""
    settings = RetrainSettings(_of_run(run_id), finetune=False, upper_blocks=0)
    return context.jobs.submit(RETRAIN, say("train.job.head"), settings)


def start_other(context: AppContext, run_id: str | None, wish: Wish) -> int:
    """Queue a training with other settings. InputError for what cannot be trained, before a job is made of it."""
    settings = RetrainSettings(
        _of_run(run_id),
        recipe=_text(wish.recipe),
        backbone=_text(wish.backbone),
        finetune=wish.part == NETWORK,
        upper_blocks=int(wish.upper_blocks or _BLOCKS) if wish.part == UPPER_BLOCKS else 0,
        seed=None if wish.seed is None else int(wish.seed),
    )
    settings.on(_TRAIN)  # refuses what does not go together
    recipe = recipe_named(settings.recipe or _TRAIN.recipe)
    return context.jobs.submit(RETRAIN, say("train.job.other", recipe=recipe_name(recipe.name)), settings)


def recipe_words(name: str) -> str:
    """What a recipe is called and does, as where an episode is adapted to; of one that is not offered its name."""
    key = f"episode.recipe_{name}"
    return f"{recipe_name(name)}: {say(key)}" if key in words() else recipe_name(name)


def network_words(card: RunCard) -> str:
    """Which part of which face network a run trained."""
    network = say("train.embedded") if card.backbone == EMBEDDED else card.backbone
    return say(f"train.did.{card.part}", network=network, n=card.upper_blocks)


def _of_run(run_id: str | None) -> str:
    if run_id is None:
        raise InputError(say("train.no_run"), hint=say("train.no_run_hint"))
    return run_id


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None
