"""The texts of a recipe and the rules to set them by, made once in a few seconds and then mapped from the cache."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthgen.alphabet import Alphabet
from synthgen.assets.cache import cached, digest, file_digest
from synthgen.assets.corpora import load_texts
from synthgen.assets.own_words import own_words
from synthgen.assets.tiles import to_bytes
from synthgen.held_out import SALT, HeldOut
from synthgen.recipe import CorpusRecipe, TextRecipe
from synthgen.scene.text_kernels import RuleArrays, WordArrays
from synthgen.scene.texts import TextRules, TextTable, prepare_rules

MAKERS = {  # what texts and rules come out of: hashed, so that no edit of it leaves a stale cache in use
    "synthgen": ("alphabet.py", "chance.py", "held_out.py"),
    "synthgen.assets": ("columns.py", "corpora.py", "grammar.py", "own_words.py", "stored_texts.py", "data/grammar.toml"),
    "synthgen.scene": ("text_kernels.py", "texts.py"),
}
PARTS = ("sample", "neighbour")  # of TextRules that are RuleArrays

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class StoredTexts:
    """The texts of a recipe."""

    table: TextTable  # its words are mapped from the cache
    rules: TextRules
    digests: dict[str, str]  # of each corpus file, by its name in `table`


def open_texts(recipe: TextRecipe, alphabet: Alphabet, cache: Path, own: tuple[HeldOut, int] | None = None) -> StoredTexts:
    """Return the words and rules of a recipe, the same from a cold and a warm cache; `own`: those of one side of a split.

    Raises:
        SynthgenError: see `load_texts`, or the cache cannot be written.
    """
    read = _read(recipe, alphabet)
    known = _known(recipe, alphabet, read)
    table = _table(cached(cache, f"texts-{known}", lambda: _table_arrays(load_texts(recipe, alphabet))))
    if own is not None:
        whole, known = table, digest(known, SALT, repr((own[0].share, own[1])))
        table = _table(cached(cache, f"texts-{known}", lambda: _table_arrays(own_words(whole, alphabet, *own))))
    rules = _rules(cached(cache, f"rules-{digest(known, _asked(recipe))}", lambda: _rule_arrays(prepare_rules(recipe, alphabet, table))))
    return StoredTexts(table, rules, dict(zip(table.names[len(table.names) - len(read) :], read, strict=True)))


def made_from(recipe: TextRecipe, alphabet: Alphabet) -> str:
    """Return a digest of all that the words of a recipe depend on: its corpora, the alphabet, our own sources.

    Raises:
        SynthgenError: a corpus cannot be read.
    """
    return _known(recipe, alphabet, _read(recipe, alphabet))


def _corpora(recipe: TextRecipe) -> list[CorpusRecipe]:
    return [corpus for corpus in recipe.corpora if corpus.weight > 0]


def _read(recipe: TextRecipe, alphabet: Alphabet) -> list[str]:
    """Return the digest of each corpus file."""
    try:
        return [file_digest(corpus.path) for corpus in _corpora(recipe)]
    except OSError:
        load_texts(recipe, alphabet)  # raises, and says what is wrong with the file
        raise


def _known(recipe: TextRecipe, alphabet: Alphabet, read: list[str]) -> str:
    return digest(*_makers(), alphabet.characters, repr((recipe.grammar, recipe.english)), *map(_named, _corpora(recipe), read))


def _makers() -> list[str | bytes]:
    """Return all but the recipe and the corpora that texts depend on."""
    sources = [(files(package) / name).read_bytes() for package, names in MAKERS.items() for name in names]
    return [*sources, version("wordfreq"), unicodedata.unidata_version]


def _named(corpus: CorpusRecipe, read: str) -> str:
    """Return what is known of a corpus but its folder: moved elsewhere it is the same."""
    return repr((corpus.path.name, corpus.column, corpus.weight, read))


def _asked(recipe: TextRecipe) -> str:
    return recipe.model_dump_json(exclude={"alphabet", "corpora"})


def _table_arrays(table: TextTable) -> Arrays:
    return {**table.words._asdict(), "weight": table.weight, "told": to_bytes({"names": table.names, "dropped": table.dropped})}


def _table(arrays: Arrays) -> TextTable:
    told = json.loads(arrays["told"].tobytes())
    words: dict[str, Any] = {name: np.asarray(arrays[name]) for name in WordArrays._fields}  # asarray drops np.memmap, and maps on
    return TextTable(WordArrays(**words), np.array(arrays["weight"], dtype=np.float64), tuple(told["names"]), told["dropped"])


def _rule_arrays(rules: TextRules) -> Arrays:
    arrays: dict[str, NDArray[np.generic]] = {"shares": rules.shares}
    numbers: dict[str, dict[str, float]] = {}
    for part in PARTS:
        fields = getattr(rules, part)._asdict()
        numbers[part] = {name: value for name, value in fields.items() if not isinstance(value, np.ndarray)}
        arrays |= {f"{part}.{name}": value for name, value in fields.items() if isinstance(value, np.ndarray)}
    return {**arrays, "numbers": to_bytes(numbers)}


def _rules(arrays: Arrays) -> TextRules:
    """Return rules whose arrays are copies: mapped ones, which cannot be written, would have every kernel compiled a second time."""
    numbers = json.loads(arrays["numbers"].tobytes())
    parts = {part: {name.partition(".")[2]: np.array(array) for name, array in arrays.items() if name.startswith(part)} for part in PARTS}
    sample, neighbour = (RuleArrays(**{**numbers[part], **parts[part]}) for part in PARTS)
    return TextRules(sample, neighbour, np.array(arrays["shares"], dtype=np.float64))
