"""A student as files that other programs load: weights, settings, card; and the same network as ONNX."""

from __future__ import annotations

import json
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.errors import InputError
from mmemo.progress import Progress, Stage
from mmemo.store.export.content import Content, ModelContent
from mmemo.store.files import to_json

WEIGHTS_FILE, CONFIG_FILE, CARD_FILE, ONNX_FILE = "model.safetensors", "config.json", "README.md", "model.onnx"
CHECK_FILE = "onnx-check.json"
# Float32 sums in another order; more than this is another network.
MAX_DIFFERENCE = 1e-3
_OPSET = 18


def write_model(content: Content, folder: Path) -> Stage[None]:
    """model.safetensors with all weights, config.json, and the model card."""
    yield Progress("write model", 0, 2, "reading the student")
    model = _model(content)
    _write_plain(model, folder)
    yield Progress("write model", 1, 2, "weights")
    _write_weights(model, folder)
    yield Progress("write model", 2, 2)


def write_onnx(content: Content, folder: Path) -> Stage[None]:
    """model.onnx for any number of pictures, checked against the network itself; also config.json and the card.

    Raises InputError when the packages for it are missing, or when the two do not say the same.
    """
    import io
    from contextlib import redirect_stderr, redirect_stdout

    yield Progress("write ONNX", 0, 3, "reading the student")
    _needs_onnx()
    import torch

    model = _model(content)
    _write_plain(model, folder)
    yield Progress("write ONNX", 1, 3, "translating the network")
    pixels, expected = model.example
    network = model.network().eval()
    with torch.no_grad(), warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.from_numpy(pixels),),
            str(folder / ONNX_FILE),
            input_names=["pixels"],
            output_names=["probs"],
            dynamic_shapes={"pixels": {0: torch.export.Dim("batch", min=1)}},
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    _strip_places(folder / ONNX_FILE)
    yield Progress("write ONNX", 2, 3, "checking the numbers")
    difference = onnx_difference(folder / ONNX_FILE, pixels, expected)
    if not difference <= MAX_DIFFERENCE:
        raise InputError(
            f"the ONNX file says something else than the student (up to {difference:.4f} apart)",
            hint="export the student as safetensors instead",
        )
    check = {"pictures": len(pixels), "largest_difference": difference, "allowed": MAX_DIFFERENCE}
    (folder / CHECK_FILE).write_text(to_json(check, indent=2) + "\n", encoding="utf-8")
    yield Progress("write ONNX", 3, 3, f"the same within {difference:.1e}")


def _strip_places(path: Path) -> None:
    """Take out where in which source file each step was made: it names folders of this machine."""
    onnx = import_module("onnx")
    model = onnx.load(str(path))
    parts = [model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]
    for function in model.functions:
        parts += [function, *function.node, *function.value_info]
    for part in [*parts, *model.graph.initializer]:
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, str(path))


def onnx_difference(path: Path, pixels: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference of the file's probabilities from the expected ones; also one picture alone, for its batch."""
    onnxruntime = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    together = session.run(["probs"], {"pixels": pixels})[0]
    alone = session.run(["probs"], {"pixels": pixels[:1]})[0]
    return float(max(np.abs(together - expected).max(), np.abs(alone - expected[:1]).max()))


def _model(content: Content) -> ModelContent:
    if content.model is None:
        raise InputError("there is no student to export", hint="choose a student run, or adapt to the episode first")
    return content.model()


def _write_plain(model: ModelContent, folder: Path) -> None:
    config = json.dumps(_jsonable(model.config), indent=2, ensure_ascii=False)
    (folder / CONFIG_FILE).write_text(config + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(model.card, encoding="utf-8")


def _jsonable(value: Any) -> Any:
    return json.loads(to_json(value))


def _write_weights(model: ModelContent, folder: Path) -> None:
    from safetensors.numpy import save_file

    tensors = {name: np.ascontiguousarray(value) for name, value in model.tensors.items()}
    save_file(tensors, folder / WEIGHTS_FILE, metadata={"format": "pt"})


def _needs_onnx() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise InputError(
            f"ONNX needs packages that are not installed: {', '.join(missing)}",
            hint="pip install onnx onnxscript onnxruntime",
        )
