"""A network with YuNet's inputs and outputs that takes every bright square of 32 px for a face, written as ONNX."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

SIZE = 64
_FLOAT, _INT64 = 1, 7
# The five points around the middle of a cell, in cells of 32 px: (x, y) of eyes, nose, corners of the mouth.
POINTS = [(0.1, 0.2), (0.9, 0.2), (0.5, 0.5), (0.2, 0.8), (0.8, 0.8)]


def tiny_yunet() -> bytes:
    """The bytes of the model: 12 outputs, of which those with stride 32 answer to brightness."""
    nodes, weights, outputs = b"", b"", b""
    for stride in (8, 16, 32):
        nodes += _node("AveragePool", ["input"], [f"mean_{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2)
        for kind, bias in _biases(stride).items():
            name, channels = f"{kind}_{stride}", len(bias)
            looks = stride == 32 and kind in ("cls", "obj")
            weights += _tensor(f"w_{name}", [channels, 3, 1, 1], _FLOAT, [1 / 765 if looks else 0.0] * 3 * channels)
            weights += _tensor(f"b_{name}", [channels], _FLOAT, bias)
            weights += _tensor(f"s_{name}", [3], _INT64, [1, -1, channels])
            nodes += _node("Conv", [f"mean_{stride}", f"w_{name}", f"b_{name}"], [f"c_{name}"], kernel_shape=[1, 1])
            nodes += _node("Transpose", [f"c_{name}"], [f"t_{name}"], perm=[0, 2, 3, 1])
            nodes += _node("Reshape", [f"t_{name}", f"s_{name}"], [name])
            outputs += _field(12, _value(name, [1, (SIZE // stride) ** 2, channels]))
    graph = nodes + _field(2, b"tiny") + weights + _field(11, _value("input", [1, 3, SIZE, SIZE])) + outputs
    return _number(1, 8) + _field(8, _field(1, b"") + _number(2, 13)) + _field(7, graph)


def _biases(stride: int) -> dict[str, list[float]]:
    """What every cell answers apart from brightness: a box of two cells around its middle, and the points."""
    del stride
    points = [value for point in POINTS for value in point]
    return {"cls": [0.0], "obj": [0.0], "bbox": [0.5, 0.5, math.log(2), math.log(2)], "kps": points}


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _node(kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Sequence[int]) -> bytes:
    body = b"".join(_field(1, name.encode()) for name in inputs)
    body += b"".join(_field(2, name.encode()) for name in outputs)
    body += _field(3, f"n_{outputs[0]}".encode()) + _field(4, kind.encode())
    for name, values in attributes.items():
        numbers = b"".join(_number(8, value) for value in values)
        body += _field(5, _field(1, name.encode()) + numbers + _number(20, 7))
    return _field(1, body)


def _tensor(name: str, dims: Sequence[int], kind: int, values: Sequence[float]) -> bytes:
    letter = "f" if kind == _FLOAT else "q"
    raw = struct.pack(f"<{len(values)}{letter}", *values)
    return _field(
        5, b"".join(_number(1, d) for d in dims) + _number(2, kind) + _field(8, name.encode()) + _field(9, raw)
    )


def _value(name: str, dims: Sequence[int]) -> bytes:
    shape = b"".join(_field(1, _number(1, dim)) for dim in dims)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, shape)))
