"""Synthetic training data for reading text off product photos: what other programs may use.

    from synthgen import Recipe, stream

    for block in stream(Recipe(), range(0, 10_000), seed=1):
        ...  # block.picture(row), block.text(row), block.quads

Names are imported when they are first used, so that `import synthgen` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthgen.alphabet import Alphabet as Alphabet
    from synthgen.draw import Layer as Layer
    from synthgen.draw import contact_sheet as contact_sheet
    from synthgen.draw import drawn as drawn
    from synthgen.errors import SynthgenError as SynthgenError
    from synthgen.heatmaps import heat_maps as heat_maps
    from synthgen.pictures import read_picture as read_picture
    from synthgen.recipe import Recipe as Recipe
    from synthgen.renderer import BlockRenderer as BlockRenderer
    from synthgen.renderer import SceneRenderer as SceneRenderer
    from synthgen.renderer import stream as stream
    from synthgen.scene.words import WordBlock as WordBlock
    from synthgen.shards.groups import ShardGroups as ShardGroups
    from synthgen.shards.groups import open_groups as open_groups
    from synthgen.shards.read import read as read

HOMES = {
    "Alphabet": "synthgen.alphabet",
    "BlockRenderer": "synthgen.renderer",
    "Layer": "synthgen.draw",
    "Recipe": "synthgen.recipe",
    "SceneRenderer": "synthgen.renderer",
    "ShardGroups": "synthgen.shards.groups",
    "SynthgenError": "synthgen.errors",
    "WordBlock": "synthgen.scene.words",
    "contact_sheet": "synthgen.draw",
    "drawn": "synthgen.draw",
    "heat_maps": "synthgen.heatmaps",
    "open_groups": "synthgen.shards.groups",
    "read": "synthgen.shards.read",
    "read_picture": "synthgen.pictures",
    "stream": "synthgen.renderer",
}
__all__ = [
    "Alphabet",
    "BlockRenderer",
    "Layer",
    "Recipe",
    "SceneRenderer",
    "ShardGroups",
    "SynthgenError",
    "WordBlock",
    "contact_sheet",
    "drawn",
    "heat_maps",
    "open_groups",
    "read",
    "read_picture",
    "stream",
]


def __getattr__(name: str) -> object:
    """Return a public name from the module it lives in."""
    if name not in HOMES:
        raise AttributeError(f"module 'synthgen' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
