"""All that pictures are made from, opened from a recipe: texts, faces, glyphs, backgrounds."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthgen.alphabet import Alphabet
from synthgen.arrays import F64, I32, Bools
from synthgen.assets import photos
from synthgen.assets.cache import digest, file_digest
from synthgen.assets.fonts import Face, Refusal, find_faces
from synthgen.assets.glyphs import Glyphs, build_glyphs
from synthgen.assets.shaping import Shaper
from synthgen.assets.sides import Sides, held_out
from synthgen.assets.stored_texts import StoredTexts, open_texts
from synthgen.assets.textures import make_textures
from synthgen.assets.tiles import Tiles, join
from synthgen.errors import SynthgenError
from synthgen.recipe import FontRecipe, GroundRecipe, Recipe, TextRecipe
from synthgen.scene.faces import FaceTable
from synthgen.scene.records import Atlas, Grounds, Lines
from synthgen.scene.words import Studio, noise_bank

PHOTOS = "photos"  # first part of a photo's name


@dataclass(frozen=True)
class Opened:
    """A studio, the names of what is in it, and what was left out on the way."""

    studio: Studio  # of training, where the recipe splits
    faces: tuple[Face, ...]
    backgrounds: tuple[str, ...]
    sources: tuple[str, ...]
    digests: dict[str, str]  # of all that was read, by kind
    refused_fonts: tuple[Refusal, ...]
    dropped: dict[str, dict[str, int]]  # lines by source and reason; photos by reason
    messages: tuple[str, ...]  # about photos that could not be read
    held_out: Studio | None = None  # of validation, where the recipe splits


def open_studio(recipe: Recipe, cache: Path) -> Opened:
    """Return everything the painter needs; slow parts are made once and kept in `cache`.

    Raises:
        SynthgenError: a corpus, font or photo folder cannot be used, or no face draws the whole alphabet.
    """
    alphabet = Alphabet.read(recipe.text.alphabet) if recipe.text.alphabet else Alphabet()
    texts = open_texts(recipe.text, alphabet, cache)
    faces, refused = find_faces(recipe.fonts.packages, recipe.fonts.folder, recipe.fonts.faces_per_family)
    glyphs, kept, undrawn = build_glyphs(faces, alphabet, cache)
    tiles, counts, messages = _tiles(recipe.ground, cache)
    studio = Studio(
        recipe=recipe,
        alphabet=alphabet,
        texts=texts.table,
        rules=texts.rules,
        faces=_face_table(recipe.fonts, kept, glyphs, alphabet),
        atlas=Atlas(glyphs.fields, glyphs.start, glyphs.size, glyphs.origin, glyphs.ink, glyphs.metrics),
        tiles=Grounds(tiles.pixels, tiles.start, tiles.size, tiles.channels),
        tile_weights=tile_weights(recipe.ground, tiles),
        bank=noise_bank(),
        shape=_shaping(Shaper(kept, glyphs)),
    )
    kept_out = None
    if recipe.split.validation_share > 0:
        sides = Sides(held_out(recipe.split), tuple(face.name for face in kept), cache)
        studio, kept_out = sides.studios(studio, tiles.names)
    return Opened(
        studio=studio,
        faces=tuple(kept),
        backgrounds=tiles.names,
        sources=texts.table.names,
        digests=_digests(recipe.text, texts, kept, tiles),
        refused_fonts=(*refused, *undrawn),
        dropped={**texts.table.dropped, PHOTOS: counts},
        messages=tuple(messages),
        held_out=kept_out,
    )


def _shaping(shaper: Shaper) -> Callable[[I32, Sequence[str]], tuple[Lines, Bools]]:
    """Return the shaper as the painter calls it: glyphs as its named tuple, and which texts came out with a glyph missing."""

    def shape(face: I32, texts: Sequence[str]) -> tuple[Lines, Bools]:
        runs = shaper.shape(face, texts)
        return Lines(runs.glyph, runs.cluster, runs.x, runs.y, runs.advance, runs.offsets), runs.missing

    return shape


def _tiles(recipe: GroundRecipe, cache: Path) -> tuple[Tiles, dict[str, int], list[str]]:
    textures = make_textures(cache)
    if recipe.folder is None:
        return textures, {}, []
    pictures, counts, messages = photos.read_photos(recipe.folder, cache)
    return join([textures, pictures], cache), counts, messages


def _face_table(recipe: FontRecipe, faces: list[Face], glyphs: Glyphs, alphabet: Alphabet) -> FaceTable:
    """Return the table from which faces are drawn: the weight of a category goes to its families, theirs to their faces."""
    whole = glyphs.covers[:, 1:].all(axis=1)
    if not whole.any():
        best = int(glyphs.covers.sum(axis=1).argmax())
        missing = "".join(c for c, k in alphabet.classes.items() if not glyphs.covers[best, k])
        raise SynthgenError(
            f"fonts: need one face that draws all {len(alphabet.characters)} characters of the alphabet; the best, {faces[best].name}, "
            f"lacks {missing!r}; add such a font, keep the packages, or leave those characters out with text.alphabet"
        )
    per_family = Counter(face.family for face in faces)
    weights = np.array([getattr(recipe, face.category) / per_family[face.family] for face in faces])
    if not weights[whole].sum() > 0:
        raise SynthgenError(
            "fonts: need a weight above 0 for a category with faces that draw the whole alphabet; raise fonts.sans or fonts.user"
        )
    joined = np.array([face.category == "hand" for face in faces])
    return FaceTable(covers=glyphs.covers, caps_only=glyphs.caps_only, joined=joined, weights=weights, upper=alphabet.upper)


def tile_weights(recipe: GroundRecipe, tiles: Tiles) -> F64:
    """Return how likely each tile is: photos alike take `photo_share`, texture families the rest by their weights."""
    family = np.array(tiles.families)[tiles.family]
    photo = tiles.channels == 3
    by_family = {name: getattr(recipe, name) for name in tiles.families if name in GroundRecipe.model_fields}
    textures = np.array([by_family.get(name, 0.0) for name in family]) / _times(family)
    textures[photo] = 0
    pictures = photo / _times(np.array(tiles.names))
    if textures.sum() == 0 and not photo.any():
        raise SynthgenError("ground: need a texture family with a weight above 0, or photos; raise ground.flat or give --backgrounds")
    share = recipe.photo_share if photo.any() else 0.0
    if textures.sum() == 0 or (share == 1 and photo.any()):
        return np.asarray(pictures / pictures.sum())
    spread = textures / textures.sum() * (1 - share)
    return np.asarray(spread + (pictures / pictures.sum() * share if share > 0 else 0.0))


def _times(names: Bools) -> F64:
    """Return how often each name stands in the whole list."""
    _, row, count = np.unique(names, return_inverse=True, return_counts=True)
    return count[row].astype(np.float64)


def _digests(recipe: TextRecipe, texts: StoredTexts, faces: list[Face], tiles: Tiles) -> dict[str, str]:
    """Return a digest of all that was read, by kind, so that a run is only ever resumed with the same."""
    read = {path: file_digest(path) for path in {face.path for face in faces}}
    fonts = [f"{face.name} {face.number} {face.location} {read[face.path]}" for face in faces]
    found = {"fonts": digest(*fonts), "backgrounds": tiles.digest, **{f"corpus {name}": own for name, own in texts.digests.items()}}
    if recipe.alphabet:
        found["alphabet"] = file_digest(recipe.alphabet)
    return found
