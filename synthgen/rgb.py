"""Pictures of any mode as RGB."""

import numpy as np
from PIL import Image


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a picture of any mode in RGB, itself if it is so already: 16 bits become 8, what is clear is laid on white.

    Raises:
        ValueError: its pixels are floating-point, which have no known white.
    """
    if image.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion cuts off at 255
        image = Image.fromarray(np.clip(np.asarray(image) >> 8, 0, 255).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known white")
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return image if image.mode == "RGB" else image.convert("RGB")  # which would copy it
