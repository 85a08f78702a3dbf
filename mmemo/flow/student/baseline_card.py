"""The model card of a baseline that was trained here: what it is, what it learned from, how it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmemo.labels import EKMAN7


def baseline_card(name: str, config: Mapping[str, Any]) -> str:
    """Markdown; every figure comes from `config`, that is, from the run itself."""
    lines = [
        f"# {name}",
        "",
        "A face-emotion network of mmemo: an image-only baseline, trained with `python -m pipelines.train_baseline`.",
        "",
        "| | |",
        "|---|---|",
        "| Files | `model.safetensors` (weights in half precision), `confusion.json` (how it errs on the first part "
        "below), `config.json` (settings, curve, figures) |",
        "| Network | EfficientNet-Lite0 as in timm (`tf_efficientnet_lite0`), 1280 features, 7 classes |",
        f"| Classes, in order | {', '.join(EKMAN7.labels)} |",
        f"| Identity | {config['identity']} |",
        "",
        "## Input",
        "",
        "A square around the face, its side the longer edge of the MTCNN box; grey, 112 x 112, values in 0..1, then",
        "(x - 0.5) / 0.25, in three channels. The answer is the mean of the softmax over the face and its mirror "
        "image.",
        "",
        "## Training",
        "",
        *_training(config),
        "",
        "## Figures",
        "",
        f"| part | faces | accuracy | macro-F1 | {' | '.join(EKMAN7.labels)} |",
        "|" + "---|" * (4 + len(EKMAN7)),
        *(_row(part, scores) for part, scores in config["scores"].items()),
        "",
        "The columns of emotions are recalls.",
        "",
        "## Terms and limits",
        "",
        "FER+ labels: MIT; the FER2013 images behind them: research. CK+: research. ImageNet weights: Apache-2.0. The",
        "network names the expression that people see in a picture, not what a person feels, and must not be used to "
        "judge",
        "people. How it errs for groups of people was not measured.",
        "",
    ]
    return "\n".join(lines)


def _training(config: Mapping[str, Any]) -> list[str]:
    train = config["train"]
    drawn = "1 / faces of their class" if train["lab"] else "1 / sqrt(faces of their class)"
    restyled = ", other styles of picture" if train["lab"] else ""
    return [
        f"- Start: {config['start']}.",
        f"- Data: {config['data']}. Label smoothing 0.05.",
        f"- {config['steps']} steps of {train['batch_size']} faces, seed {train['seed']}; AdamW, one cycle up to 1e-3,"
        f" weight decay 0.02, faces drawn with weight {drawn}, moving average of the weights up to 0.999.",
        f"- Augmentation: rotation, scale, shift, mirror, gamma, contrast, blur, erasing{restyled}.",
        *([f"- Learned from the lab alone: {train['lab']}."] if train["lab"] else []),
    ]


def _row(part: str, scores: Mapping[str, Any]) -> str:
    recall = [scores["recall"].get(label) for label in EKMAN7.labels]
    cells = ["-" if value is None else f"{value:.2f}" for value in recall]
    figures = [part, str(scores["n"]), f"{100 * scores['accuracy']:.1f} %", f"{scores['macro_f1']:.3f}", *cells]
    return f"| {' | '.join(figures)} |"
