"""The two sides of a split, each a studio or a stock of its own: the painter draws from what it is given, and knows of no split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from synthgen.arrays import F64, I64, U16, Bools
from synthgen.assets.stored_texts import open_texts
from synthgen.errors import SynthgenError
from synthgen.held_out import SPLITS, TRAIN, VALIDATION, HeldOut
from synthgen.scene.faces import FaceTable
from synthgen.scene.own_texts import Keeps
from synthgen.scene.words import Studio, strings
from synthgen.split_recipe import SplitRecipe

PHOTOS = "photos/"  # begins the names of photos


@dataclass(frozen=True)
class Sides:
    """What the sides of a split are made of."""

    held: HeldOut
    faces: tuple[str, ...]  # names of all faces
    cache: Path

    def studios(self, whole: Studio, backgrounds: Sequence[str]) -> tuple[Studio, Studio]:
        """Return the studios of training and validation; `backgrounds` are the names of the tiles.

        Raises:
            SynthgenError: a side has no face that draws the alphabet, no background, or no word of a source.
        """
        return self._studio(whole, backgrounds, TRAIN), self._studio(whole, backgrounds, VALIDATION)

    def _studio(self, whole: Studio, backgrounds: Sequence[str], side: int) -> Studio:
        table, rules, keeps = whole.texts, whole.rules, None
        if "text" in self.held.by:
            stored = open_texts(whole.recipe.text, whole.alphabet, self.cache, (self.held, side))
            table, rules, keeps = stored.table, stored.rules, self._keeps(whole, side)
        faces, weights = self._own_faces(whole.faces, side), own_weights(self.held, whole.tile_weights, backgrounds, side)
        return replace(whole, texts=table, rules=rules, faces=faces, tile_weights=weights, side=side, keeps=keeps)

    def _keeps(self, whole: Studio, side: int) -> Keeps:
        held, alphabet = self.held, whole.alphabet

        def keeps(codes: U16, offsets: I64) -> Bools:
            return np.array([held.text(text) == side for text in strings(alphabet, codes, offsets)], dtype=np.bool_)

        return keeps

    def _own_faces(self, table: FaceTable, side: int) -> FaceTable:
        """Return the table with faces of the other side drawing nothing, so that no text falls to them."""
        own = np.array([self.held.font(face) in (None, side) for face in self.faces])
        covers = table.covers & own[:, None]
        covers.flags.writeable = table.covers.flags.writeable  # else kernels are compiled a second time
        if not (covers[:, 1:].all(axis=1) & (table.weights > 0)).any():
            raise _lacking(self.held, "a family of fonts that draws the whole alphabet", side, "font")
        return replace(table, covers=covers, weights=np.where(own, table.weights, 0.0))


def held_out(recipe: SplitRecipe) -> HeldOut:
    """Return what a recipe holds out."""
    return HeldOut(recipe.by, recipe.held_out_share)


def own_weights(held: HeldOut, weights: F64, names: Sequence[str], side: int) -> F64:
    """Return the weights of tiles with those of the other side at 0; photos, and textures, have the share that they had.

    Raises:
        SynthgenError: no background is left that the other side has not; it must be a photo where there are some.
    """
    sides = [held.background(name) for name in names]
    own, split = weights * [found in (None, side) for found in sides], np.array([found is not None for found in sides])
    photos = np.array([name.startswith(PHOTOS) for name in names])
    for group in (photos & split, ~photos & split):
        if own[group].sum() > 0:
            own[group] *= weights[group].sum() / own[group].sum()
        elif weights[group].sum() > 0 and (photos[group].any() or not weights[photos].sum() > 0):
            raise _lacking(held, "a photo" if photos[group].any() else "a texture", side, "background")
    return np.asarray(own)


def _lacking(held: HeldOut, what: str, side: int, kind: str) -> SynthgenError:
    cure = f"change it, add some, or take {kind!r} out of split.by"
    return SynthgenError(f"split.held_out_share: need {what} for {SPLITS[side]}, got none at {held.share:g}; {cure}")
