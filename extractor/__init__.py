"""From a product photo to its text: the detector, the reader, and what joins them.

    from extractor import extract

    page = extract(image)  # uint8 RGB (h, w, 3), upright
    print(page.text)

Names are imported when they are first used, so that `import extractor` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractor.opened import extract as extract
    from extractor.opened import open_extractor as open_extractor
    from extractor.options import Options as Options
    from extractor.page import Line as Line
    from extractor.page import Maps as Maps
    from extractor.page import Page as Page
    from extractor.page import Word as Word
    from extractor.reading import Extractor as Extractor

HOMES = {
    "Extractor": "extractor.reading",
    "Line": "extractor.page",
    "Maps": "extractor.page",
    "Options": "extractor.options",
    "Page": "extractor.page",
    "Word": "extractor.page",
    "extract": "extractor.opened",
    "open_extractor": "extractor.opened",
}
__all__ = ["Extractor", "Line", "Maps", "Options", "Page", "Word", "extract", "open_extractor"]


def __getattr__(name: str) -> object:
    """Return a public name from the module it lives in."""
    if name not in HOMES:
        raise AttributeError(f"module 'extractor' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
