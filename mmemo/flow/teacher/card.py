"""The model card of a trained text teacher, made of its record alone."""

from __future__ import annotations

from collections.abc import Mapping

from mmemo.flow.teacher.asked import TrainTeacherReport, TrainTeacherSettings
from mmemo.teacher.training import TrainingSettings

_TERMS = {
    "GoEmotions": "GoEmotions CC BY 4.0 (its code Apache-2.0)",
    "MELD": "MELD, published in a GPL-3 repository, with dialogue that belongs to its makers",
    "MSCTD": "MSCTD, published in an MIT repository",
}


def teacher_card(
    name: str, start: str, settings: TrainTeacherSettings, lines: Mapping[str, int], report: TrainTeacherReport
) -> str:
    """Markdown: what it is, what it was trained on and how, how it reads held-out lines, limits and terms."""
    sources = settings.sources
    around = f"{sources.context_lines} lines before and {sources.next_lines} after it"
    terms = [text for word, text in _TERMS.items() if any(part.startswith(word) for part in lines)]
    return "\n".join(
        [
            f"# Text teacher `{name}`",
            "",
            f"Reads one line of dialogue with the {around}, and gives the probability of each of seven emotions and of",
            "three sentiments. mmemo uses them as noisy opinions, never as labels. Made by `pipelines.train_teacher`;",
            "`training.json` beside this card holds all settings, the curve and the figures.",
            "",
            "## How it was trained",
            "",
            f"Start: `{start}`. Lines:",
            "",
            *[f"- {part}: {count:,}" for part, count in lines.items()],
            "",
            _recipe(settings.training),
            _chosen(report),
            "",
            "## How well it reads",
            "",
            "In percent; held-out lines. The majority always says the most frequent label.",
            "",
            *_table(report),
            "",
            "## Limits",
            "",
            "- It knows the language and the kinds of text that it was trained on, and no others.",
            "- It reads words, not voices. An opinion is evidence, not a label; do not use it to judge people.",
            "- Its certainty is not corrected: `pipelines.combine_teachers OUT FOLDER --meld DIR` does that.",
            "",
            "## Terms",
            "",
            f"The weights carry the terms of the start and of {'; '.join(terms)}.",
            "",
        ]
    )


def _recipe(training: TrainingSettings) -> str:
    part = {None: "all weights", 0: "the two heads alone"}.get(
        training.layers, f"the heads and the last {training.layers} layers"
    )
    return (
        f"{training.steps:,} steps of {training.batch_size} lines on {part}: AdamW, one cycle up to "
        f"{training.learning_rate:g} (heads {training.head_factor:g} times that), weight decay "
        f"{training.weight_decay:g}, label smoothing {training.smoothing:g}, dropout {training.dropout:g} before the "
        f"heads, classes weighted by the inverse square root of their counts, no context in every "
        f"{training.bare_batch}th batch, seed {training.seed}."
    )


def _chosen(report: TrainTeacherReport) -> str:
    if not any("weighted_f1" in entry for entry in report.curve):
        return "The last state is stored: there were no development lines to choose by."
    return f"The state of step {report.best_step:,} is stored: it has the best weighted F1 on MELD's development part."


def _table(report: TrainTeacherReport) -> list[str]:
    rows = [
        "| text | n | majority | who | accuracy | weighted F1 | macro-F1 | log loss |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for text, score in report.trained.items():
        for who, one in (("this teacher", score), ("its start", report.started.get(text))):
            if one is not None:
                rows.append(
                    f"| {text} | {one.n:,} | {100 * report.majority[text]:.1f} | {who} | {100 * one.accuracy:.1f} "
                    f"| {100 * one.weighted_f1:.1f} | {100 * one.macro_f1:.1f} | {one.log_loss:.3f} |"
                )
    return rows
