"""What this machine's processor can do."""

from __future__ import annotations

from functools import cache


@cache
def has_bfloat16() -> bool:
    """Whether it multiplies bfloat16 in hardware; emulated, it is slower than float32."""
    import torch

    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, check, bool)()) for check in checks)
