"""Which arithmetic the embedded text network runs in on this machine."""

from __future__ import annotations

import torch


def inference_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it in hardware, float32 elsewhere.

    Emulated bfloat16 is slower than float32, so only real instructions count.
    """
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    in_hardware = any(bool(getattr(torch.cpu, check, bool)()) for check in checks)
    return torch.bfloat16 if in_hardware else torch.float32
