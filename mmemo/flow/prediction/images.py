"""Pictures from people: upright, RGB, 8 bits, whatever the file held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmemo.errors import InputError

# A picture takes three bytes a pixel here; beyond this a small file may be a bomb that fills the memory.
MAX_PIXELS = 80_000_000
_KINDS = "choose a .jpg, .png, .webp, .bmp, .gif or .tiff file that opens elsewhere"


def read_image(path: Path) -> np.ndarray:
    """Read a picture as (H, W, 3) uint8 RGB, turned as its EXIF record says, transparency over white.

    Of an animation the first picture counts. Raises InputError when the file is missing, empty, damaged, no
    picture, or larger than MAX_PIXELS.
    """
    if not path.is_file():
        raise InputError(f"there is no picture {path}", hint="check the path")
    if path.stat().st_size == 0:
        raise InputError(f"the picture {path} is empty", hint=_KINDS)
    try:
        with Image.open(path) as opened:
            _check_size(path, *opened.size)
            upright = ImageOps.exif_transpose(opened)
            return np.ascontiguousarray(_rgb(upright))
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except PermissionError as error:
        raise InputError(f"the picture {path} may not be read", hint="check its rights") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        # Pillow's decoders answer damaged files with all of these.
        raise InputError(f"{path} is no picture or is damaged", hint=_KINDS) from error


def _check_size(path: Path, width_px: int, height_px: int) -> None:
    if width_px * height_px > MAX_PIXELS:
        raise _too_large(path, f" ({width_px} x {height_px})")


def _too_large(path: Path, size: str = "") -> InputError:
    return InputError(
        f"the picture {path} has too many pixels{size}",
        hint=f"reduce it to at most {MAX_PIXELS // 1_000_000} megapixels",
    )


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_grey(np.asarray(image).astype(np.float32), whole=image.mode != "F")
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), with_alpha)
    return np.asarray(image.convert("RGB"))


def _from_deep_grey(values: np.ndarray, *, whole: bool) -> np.ndarray:
    """(H, W) grey of 16 or 32 bits -> (H, W, 3) uint8. Whole numbers reach to 65535; fractions to 1, 255 or 65535."""
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    brightest = float(values.max())
    full = 65535.0 if whole else next((f for f in (1.0, 255.0) if brightest <= f), 65535.0)
    grey = np.clip(np.rint(values * (255.0 / full)), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
