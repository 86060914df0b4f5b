"""The recipe that a command line means: a file, flags over it, and the user's own assets where they lie by default."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synthgen.assets.columns import SUFFIXES as CORPUS_ENDINGS
from synthgen.assets.corpora import parse_corpus
from synthgen.assets.fontfile import SUFFIXES as FONT_ENDINGS
from synthgen.pictures import ENDINGS as PHOTO_ENDINGS
from synthgen.recipe import CorpusRecipe, Recipe


@dataclass(frozen=True)
class Flags:
    """What the command line says about a recipe; None and () leave it as it is."""

    recipe: Path | None = None
    corpora: Sequence[str] = ()
    fonts: Path | None = None
    backgrounds: Path | None = None


def find_recipe(flags: Flags, home: Path) -> tuple[Recipe, list[str]]:
    """Return the recipe, and a line about each of the folders `fonts`, `backgrounds` and `corpora` of `home` that is used unasked.

    Raises:
        SynthgenError: the recipe file or a flag is wrong.
    """
    recipe = Recipe.read(flags.recipe) if flags.recipe else Recipe()
    fonts = flags.fonts or recipe.fonts.folder or _own(home / "fonts", FONT_ENDINGS)
    photos = flags.backgrounds or recipe.ground.folder or _own(home / "backgrounds", PHOTO_ENDINGS)
    corpora = tuple(parse_corpus(text) for text in flags.corpora) or recipe.text.corpora or _own_corpora(home / "corpora")
    unasked = [
        f"using {folder}/: {what} found there"
        for folder, what, asked in (
            (fonts, "fonts", flags.fonts or recipe.fonts.folder),
            (photos, "photos", flags.backgrounds or recipe.ground.folder),
            (corpora[0].path.parent if corpora else None, f"{len(corpora)} corpora", flags.corpora or recipe.text.corpora),
        )
        if folder and not asked
    ]
    whole = recipe.model_copy(
        update={
            "fonts": recipe.fonts.model_copy(update={"folder": fonts}),
            "ground": recipe.ground.model_copy(update={"folder": photos}),
            "text": recipe.text.model_copy(update={"corpora": corpora}),
        }
    )
    return whole, unasked


def _own(folder: Path, endings: Sequence[str]) -> Path | None:
    return folder if any(path.suffix.lower() in endings for path in folder.rglob("*")) else None


def _own_corpora(folder: Path) -> tuple[CorpusRecipe, ...]:
    return tuple(CorpusRecipe(path=path) for path in sorted(folder.glob("*")) if path.suffix.lower() in CORPUS_ENDINGS)
