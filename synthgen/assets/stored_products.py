"""The products of a recipe, made once and then mapped from the cache."""

import json
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.assets.cache import cached, digest
from synthgen.assets.products import load_products
from synthgen.assets.stored_texts import Arrays, made_from
from synthgen.assets.tiles import to_bytes
from synthgen.recipe import TextRecipe
from synthgen.scene.copywriting import ProductTable
from synthgen.scene.texts import TextTable

MAKERS = {  # what products come out of beside that of texts: hashed, so that no edit of it leaves a stale cache in use
    "synthgen.assets": ("products.py", "stored_products.py", "data/products.toml"),
    "synthgen.scene": ("copywriting.py",),
}


def open_products(recipe: TextRecipe, alphabet: Alphabet, texts: TextTable, cache: Path) -> ProductTable:
    """Return what `load_products` does, the same from a cold and a warm cache; `texts` are those of the recipe in this alphabet.

    Raises:
        SynthgenError: see `load_products`, or the cache cannot be written.
    """
    sources = [(files(package) / name).read_bytes() for package, names in MAKERS.items() for name in names]
    name = f"products-{digest(made_from(recipe, alphabet), *sources)}"
    return _table(cached(cache, name, lambda: _arrays(load_products(recipe, alphabet, texts))))


def _arrays(table: ProductTable) -> Arrays:
    values = {field.name: getattr(table, field.name) for field in fields(table)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    return {**arrays, "told": to_bytes({name: value for name, value in values.items() if name not in arrays})}


def _table(arrays: Arrays) -> ProductTable:
    values: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items() if name != "told"}  # mapped, but no np.memmap
    return ProductTable(**values, **json.loads(arrays["told"].tobytes()))
