"""What a training run is asked to do; saved beside its output."""

from __future__ import annotations

from dataclasses import dataclass

from mmemo.errors import InputError


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Settings of one student run.

    recipe: name in `mmemo.student.recipes.RECIPES`. backbone: see `load_backbone`. finetune: train the whole
    backbone too, not the head alone. upper_blocks: train its last so many blocks, on cached looks; 0 for none.
    folds: every face is predicted by a student that never saw its group.
    anchor: which labelled text calibrates the teacher ("auto" = the one that the show's lines are like).
    validation_share: part of the groups that decides when to stop. human_weight: how much more a face that a
    person labelled counts than one that only the machine labelled.
    """

    recipe: str = "best_witness"
    backbone: str = "embedded"
    finetune: bool = False
    upper_blocks: int = 0
    anchor: str = "auto"
    seed: int = 0
    folds: int = 5
    epochs: int = 40
    patience: int = 10
    batch_size: int = 64
    learning_rate: float = 5e-4
    finetune_epochs: int = 6
    finetune_learning_rate: float = 5e-5
    weight_decay: float = 0.01
    dropout: float = 0.3
    validation_share: float = 0.15
    human_weight: float = 3.0

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise InputError(f"--folds is {self.folds}", hint="use at least 2, or faces would be judged by themselves")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed is {self.seed}", hint="use a whole number from 0 to 4294967295")
        if self.upper_blocks < 0:
            raise InputError(f"--upper-blocks is {self.upper_blocks}", hint="use 0 for none, or the number of blocks")
        if self.finetune and self.upper_blocks:
            raise InputError("--finetune trains all blocks, --upper-blocks some", hint="choose one of them")
        if self.epochs < 1 or self.finetune_epochs < 1:
            raise InputError("--epochs must be at least 1")
        if not 0.0 <= self.validation_share < 0.5:
            raise InputError(f"the validation share is {self.validation_share}", hint="use 0 to below 0.5")
        if not 0.0 <= self.dropout < 1.0:
            raise InputError(f"dropout is {self.dropout}", hint="use 0 to below 1")
