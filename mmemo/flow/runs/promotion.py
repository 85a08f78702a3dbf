"""Which student is used without being asked for: a proven one, one that a person promoted, else an unmeasured one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from mmemo.errors import StorageError
from mmemo.evaluate.collapse import collapse_alarm
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.details import read_details
from mmemo.evaluate.rows import STUDENT
from mmemo.flow.runs.of_episode import runs_of
from mmemo.labels import EKMAN7
from mmemo.store.files import read_json, storage_errors
from mmemo.store.promotions import PromotionStore
from mmemo.store.workspace import LABELS_FILE, Workspace

Reason: TypeAlias = Literal["only", "newest", "best"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whether a run's student is used by default, who decided that, why in one sentence, and if anything was measured."""

    promoted: bool
    by_person: bool
    why: str
    measured: bool = True
    collapsed: bool = False

    @property
    def state(self) -> str:
        """What that means, to follow "the student is"."""
        if not self.promoted:
            return "not promoted, so the baseline stays the default"
        if not self.measured:
            return "not compared yet, and used as long as no other is promoted"
        return "promoted, so it is used by default"

    def to_contract(self) -> dict[str, Any]:
        """Plain values for --json."""
        return {"promoted": self.promoted, "by": "person" if self.by_person else "comparison", "why": self.why}


def promotion_of(workspace: Workspace, run_id: str) -> Promotion:
    """The state of one run: a person's last word, else what its comparison proves.

    A student is promoted by its comparison when the gain is proven and no collapse was seen, neither in training
    nor on gold. One that was never compared is used as long as there is none that proved itself: nobody knows
    whether it is any better, and its opinion stands beside the baseline's. Raises InputError for an unknown run.
    """
    return _decided(workspace, run_id, _said(workspace))


def in_use(workspace: Workspace, run_id: str) -> tuple[str, str]:
    """Whether a run's student answers by default, to follow "the student is", and why: a promoted one may stand behind
    another, which `chosen_run` prefers. Raises InputError for an unknown run."""
    promotion = promotion_of(workspace, run_id)
    other = other_in_use(workspace, run_id)
    if other is None:
        return promotion.state, promotion.why
    if not promotion.promoted:
        return f"not promoted; {other.run_id} answers by default", promotion.why
    return f"promoted, but {other.run_id} answers by default", f"{other.why}; of this one: {promotion.why}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The run that answers without being asked for, and why it is this one, in one sentence.

    `reason`: it is the only one, or a person's word decided ("only"); the newest proven one of several on other gold
    ("newest"); or the best of `among` on the same gold ("best").
    """

    run_id: str
    why: str
    reason: Reason = "only"
    among: int = 1


def promoted_run(workspace: Workspace, episode_id: str | None = None) -> str | None:
    """The run that answers by default of the workspace, or of one episode; see `chosen_run`. None when there is none."""
    chosen = chosen_run(workspace, episode_id)
    return chosen.run_id if chosen else None


def chosen_run(workspace: Workspace, episode_id: str | None = None) -> Chosen | None:
    """Which of the promoted runs answers by default, and why; None when there is none. Damaged runs are left out.

    A person's word on the newest promoted run decides. Else, of the runs that were measured on the same gold as the
    newest proven one, the one that gains most; gains on other gold cannot be compared with it, so there the newest
    counts. A run that was never compared answers only when no other is promoted. The best of several is chosen by the
    very labels that its gain was measured on, so that this gain is flattering: `why` says so.
    """
    promoted = _promoted(workspace, episode_id)
    measured = [(run_id, promotion) for run_id, promotion in promoted if promotion.measured]
    if not measured:
        return Chosen(promoted[0][0], promoted[0][1].why) if promoted else None
    newest, promotion = measured[0]
    if promotion.by_person or len(measured) == 1:
        return Chosen(newest, promotion.why)
    alike = [
        newest,
        *(run_id for run_id, other in measured[1:] if not other.by_person and _same_gold(workspace, newest, run_id)),
    ]
    if len(alike) == 1:
        return Chosen(
            newest,
            f"it is the newest proven one, and the others were measured on other gold; {promotion.why}",
            "newest",
        )
    best = max(alike, key=lambda run_id: _gain(workspace, run_id))  # the first of equals: the newest
    why = promotion_of(workspace, best).why
    return Chosen(
        best,
        f"of {len(alike)} proven students on the same gold it gains most, and as the best of {len(alike)} chosen after "
        f"the fact on these labels its gain is flattering; {why}",
        "best",
        len(alike),
    )


def other_in_use(workspace: Workspace, run_id: str) -> Chosen | None:
    """The run that answers by default in place of this one; None when it is this one or there is none."""
    for episode_id in workspace.run_config(run_id).get("episodes", []):
        chosen = chosen_run(workspace, episode_id)
        if chosen is not None and chosen.run_id != run_id:
            return chosen
    return None


def _promoted(workspace: Workspace, episode_id: str | None) -> list[tuple[str, Promotion]]:
    """All promoted runs of the workspace or of one episode, the newest first."""
    said, found = _said(workspace), []
    for run_id, _ in runs_of(workspace, episode_id):
        try:
            promotion = _decided(workspace, run_id, said)
        except StorageError:
            continue
        if promotion.promoted:
            found.append((run_id, promotion))
    return found


def _same_gold(workspace: Workspace, first: str, second: str) -> bool:
    """Whether two runs were measured on the very same faces with the same gold; unknown counts as no."""
    keys = []
    for run_id in (first, second):
        details = read_details(workspace.report_folder(run_id))
        cuts = sorted((e, i.get("cut")) for e, i in workspace.run_config(run_id).get("inputs", {}).items())
        keys.append(None if details is None else (details.gold_key, cuts))
    return keys[0] is not None and keys[0] == keys[1]


def _gain(workspace: Workspace, run_id: str) -> tuple[float, float]:
    comparison = Comparison.from_contract(read_json(workspace.report_folder(run_id) / "comparison.json"))
    return comparison.gain.accuracy, comparison.gain.macro_f1


def promote(workspace: Workspace, run_id: str, promoted: bool = True, annotator: str = "local") -> Promotion:
    """Decide by hand: a person's word stands over the comparison until the next word. InputError for an unknown run."""
    workspace.run_config(run_id)
    with storage_errors(workspace.root), closing(PromotionStore(workspace.root / LABELS_FILE)) as store:
        store.add(run_id, promoted, annotator)
    return promotion_of(workspace, run_id)


def _said(workspace: Workspace) -> Mapping[str, bool]:
    path = workspace.root / LABELS_FILE
    if not path.is_file():  # looking leaves nothing behind
        return {}
    with storage_errors(workspace.root), closing(PromotionStore(path)) as store:
        return store.last_words()


def _decided(workspace: Workspace, run_id: str, said: Mapping[str, bool]) -> Promotion:
    config = workspace.run_config(run_id)
    if run_id in said:
        return Promotion(said[run_id], True, f"a person {'promoted it' if said[run_id] else 'took it back'}")
    path = workspace.report_folder(run_id) / "comparison.json"
    if not path.is_file():
        alarm = config.get("collapse")
        why = (
            f"in training, {alarm}"
            if alarm
            else "nothing speaks against it, but it was never compared with the baseline on gold"
        )
        return Promotion(not alarm, False, why, measured=False)
    comparison = Comparison.from_contract(read_json(path))
    # The two are counted on other faces, so they differ: those that trained against their targets, and those with gold.
    if alarm := config.get("collapse"):
        return Promotion(False, False, f"in training, {alarm}", collapsed=True)
    if alarm := _collapse_on_gold(comparison):
        return Promotion(False, False, f"on this gold, {alarm}", collapsed=True)
    verdict = comparison.verdict().rstrip(".")
    return Promotion(comparison.gain.proven, False, f"{verdict[:1].lower()}{verdict[1:]}")


def _collapse_on_gold(comparison: Comparison) -> str | None:
    row = comparison.row(STUDENT)
    if row is None:
        return None
    one_hot, confusion = np.eye(len(EKMAN7)), row.scores.confusion
    return collapse_alarm(np.repeat(one_hot, confusion.sum(0), axis=0), np.repeat(one_hot, confusion.sum(1), axis=0))
