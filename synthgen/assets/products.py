"""Products to print on packs: records of the built-in grammar and of the user's files, as one table of texts by role."""

import csv
import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import cycle, islice
from pathlib import Path
from unicodedata import normalize

import numpy as np

from synthgen.alphabet import READER_STEPS, Alphabet
from synthgen.arrays import I32, I64, U16
from synthgen.assets import grammar
from synthgen.assets.columns import read_lines
from synthgen.assets.corpora import END, FOREIGN, GAP, Folder
from synthgen.assets.grammar import Category, Template
from synthgen.chance import Stream, uniforms
from synthgen.recipe import CorpusRecipe, TextRecipe
from synthgen.scene.copywriting import (
    BADGE,
    BRAND,
    CLAIM,
    DATE,
    FLAVOUR,
    HEADING,
    INGREDIENTS,
    LOT,
    NAME,
    ORIGIN,
    RECORD_ROLES,
    ROLES,
    STORAGE,
    WEIGHT,
    ProductTable,
)
from synthgen.scene.texts import WILD_SETS, TextTable

COLUMNS = {  # what columns are called that hold a role, the first that is there
    BRAND: ("brand", "brand_name", "brandname", "brand_owner", "manufacturer"),
    NAME: ("name", "product_name", "title", "product", "description"),
    FLAVOUR: ("flavour", "flavor", "variant", "scent", "style"),
    WEIGHT: ("weight", "package_weight", "net_weight", "size", "quantity"),
    INGREDIENTS: ("ingredients", "ingredient_list"),
}
MOST_CHARACTERS = (28, 48, 28, 36, 260)  # of a record's texts: more would be print too small to read
MOST_RECORDS = 100_000  # of a file
MADE = 6_000  # records of the grammar
LINES = 1_200  # texts of each of its pools
SHORT = 14  # characters that a badge can carry
KINDS = (  # category of the name, of what stands under it, and of the small print; weight
    ("food name", "flavor", "ingredients", 6),
    ("personal care", "personal care", "cosmetic ingredients", 2),
    ("household", "household", "warning", 1),
    ("electronics", "electronics", "warning", 1),
)
POOLS = {CLAIM: ("claim",), DATE: ("date",), LOT: ("lot code",), ORIGIN: ("origin", "web", "recycling"), STORAGE: ("storage", "warning")}
SEED = 20_150_718  # of the built-in products; another one is another set, so "Changed pixels" in the CHANGELOG
BORROWED = 400  # texts of the corpora that stand in for a role of which this alphabet leaves nothing

Texts = dict[int, list[str]]  # by role


@dataclass(frozen=True)
class Source:
    """Records of one source: column r holds the texts of role r, "" where there is none."""

    name: str
    weight: float
    columns: Texts  # all of one length


def load_products(recipe: TextRecipe, alphabet: Alphabet, texts: TextTable) -> ProductTable:
    """Return the texts of packs in this alphabet; where it leaves a role nothing, words of `texts` take its place.

    Raises:
        SynthgenError: a corpus cannot be read.
    """
    pools, made = built_in()
    sources = [Source("grammar", max(recipe.grammar, 1e-6), made)]  # never 0: it stands in where all files are empty
    sources += [_read(corpus) for corpus in recipe.corpora if corpus.weight > 0]
    return _joined(pools, [source for source in sources if any(map(len, source.columns.values()))], alphabet, texts)


def built_in() -> tuple[Texts, Texts]:
    """Return the pools of all roles and the records of the grammar, always the same; wild slots stand as grammar.PLACEHOLDERS."""
    known = {category.name: category for category in grammar.categories()}
    made = _made(known)
    pools = {role: list(dict.fromkeys(filter(None, texts))) for role, texts in made.items()}
    for number, (role, names) in enumerate(POOLS.items()):
        pools[role] = [text for name in names for text in _expanded(known[name].templates, LINES, 100 + number)]
    pools[BADGE] = [text for text in pools[CLAIM] if len(text) <= SHORT]
    fixed = tomllib.loads((files("synthgen.assets") / "data" / "products.toml").read_text(encoding="utf-8"))
    for role in range(HEADING, len(ROLES)):
        pools[role] = [_marked(text) for text in fixed[ROLES[role]]]
    return pools, made


def _made(known: dict[str, Category]) -> Texts:
    """Return the grammar's records: names, flavours and small print of one kind of product."""
    brands = _plain(known["brand"].templates)
    columns: Texts = {role: [] for role in range(RECORD_ROLES)}
    whole = sum(kind[3] for kind in KINDS)
    for number, (name, under, small, weight) in enumerate(KINDS):
        count = MADE * weight // whole
        thing = known[name].templates[0].slots[0]
        named = [t for t in known[name].templates if _speaks_of(t, thing) and not _speaks_of(t, brands[0].slots[0])]
        rest = [t for t in known[under].templates if not _speaks_of(t, thing) and not _speaks_of(t, brands[0].slots[0])]
        for role, chosen in ((BRAND, brands), (NAME, named), (FLAVOUR, rest), (INGREDIENTS, known[small].templates)):
            columns[role] += _expanded(chosen, count, 10 * number + role)
        columns[WEIGHT] += _expanded(known["net weight"].templates, count, 10 * number + WEIGHT)
    return columns


def _plain(templates: Sequence[Template]) -> list[Template]:
    """Return those that are one slot and nothing else."""
    return [template for template in templates if template.literals == ("", "")]


def _speaks_of(template: Template, entries: object) -> bool:
    return any(slot is entries for slot in template.slots)


def _expanded(templates: Sequence[Template], count: int, number: int) -> list[str]:
    index = np.arange(count, dtype=np.uint64) + (np.uint64(number) << np.uint64(32))
    rows = uniforms(SEED, Stream.GRAMMAR, index, grammar.DRAWS).tolist()
    return [templates[int(row[0] * len(templates))].expand(islice(cycle(row), 1, None)) for row in rows]


def _marked(text: str) -> str:
    for mark, char in grammar.MARKS.items():
        text = text.replace(f"{{{mark}}}", char)
    return text


def _read(corpus: CorpusRecipe) -> Source:
    """Return the records of a file: of the columns whose names say what they hold, else its lines as names of products."""
    found = {role: column for role, names in COLUMNS.items() if (column := _first(names, column_names(corpus.path)))}
    if NAME not in found and BRAND not in found:
        return Source(corpus.path.name, corpus.weight, {NAME: list(_shortened(read_lines(corpus), NAME))})
    columns = {role: list(_shortened(read_lines(CorpusRecipe(path=corpus.path, column=column)), role)) for role, column in found.items()}
    return Source(corpus.path.name, corpus.weight, columns)


def _first(names: Sequence[str], columns: Sequence[str]) -> str | None:
    there = {column.strip().lower().replace(" ", "_"): column for column in columns}
    return next((there[name] for name in names if name in there), None)


def column_names(path: Path) -> list[str]:
    """Return the names of a file's columns; none where it has no columns, or cannot be read (`read_lines` says why)."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            import pyarrow.parquet as pq  # here: it takes 0.1 s to import, and few corpora are Parquet

            return list(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig") as file:
            if suffix == ".jsonl":
                return list(dict.fromkeys(name for line in islice(file, 200) if line.strip() for name in json.loads(line)))
            return next(csv.reader(file, delimiter="," if suffix == ".csv" else "\t"), []) if suffix in (".csv", ".tsv") else []
    except (OSError, ValueError, TypeError):
        return []


def _shortened(lines: Iterable[str], role: int) -> Iterator[str]:
    """Yield the texts as a pack carries them: the part before a comma or the end of a word that is short enough."""
    most = MOST_CHARACTERS[role]
    for line in islice(lines, MOST_RECORDS):
        text = " ".join(line[: 2 * most].split())
        if len(text) > most:
            cut = text[:most]
            text = cut.rsplit("," if "," in cut else " ", 1)[0]
        yield text


def _joined(pools: Texts, sources: Sequence[Source], alphabet: Alphabet, texts: TextTable) -> ProductTable:
    folder = _folder(alphabet)
    space = alphabet.classes.get(" ", 0)
    dropped: dict[str, dict[str, int]] = {source.name: {} for source in sources}
    codes: list[U16] = []
    sizes: list[I64] = []
    first, pool, begin = [0], [], 0
    columns: dict[tuple[int, int], I32] = {}
    for role in range(len(ROLES)):
        found, size = _encoded(pools[role], folder, space)
        if not size.any():
            found, size = _borrowed(texts, space)
        codes, sizes, begin = [*codes, found], [*sizes, size[size > 0]], begin + int((size > 0).sum())
        pool.append(begin - first[role])
        for number, source in enumerate(sources):
            if role in source.columns:
                found, size = _encoded(source.columns[role], folder, space)
                columns[number, role] = np.where(size > 0, np.cumsum(size > 0) - 1 + begin, -1).astype(np.int32)
                codes, sizes, begin = [*codes, found], [*sizes, size[size > 0]], begin + int((size > 0).sum())
                dropped[source.name][f"{ROLES[role]}_left_out"] = sum(map(bool, source.columns[role])) - int((size > 0).sum())
        first.append(begin)
    records, source_first, weights = _records(sources, columns)
    return ProductTable(
        codes=np.concatenate(codes),
        offsets=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.concatenate(sizes))]),
        first=np.array(first, dtype=np.int64),
        pool=np.array(pool, dtype=np.int64),
        records=records,
        foods=max(1, min(len(records), MADE * KINDS[0][3] // sum(kind[3] for kind in KINDS))),
        source_first=source_first,
        source_edges=np.cumsum(weights) / sum(weights),
        dropped=dropped,
    )


def _records(sources: Sequence[Source], columns: dict[tuple[int, int], I32]) -> tuple[I32, I64, list[float]]:
    """Return the records that have a brand or a name, where each source's begin, and the sources' weights, 0 where none is left."""
    parts, weights = [], []
    for number, source in enumerate(sources):
        length = len(next(iter(source.columns.values())))
        rows = np.full((length, RECORD_ROLES), -1, dtype=np.int32)
        for role in range(RECORD_ROLES):
            rows[:, role] = columns.get((number, role), np.int32(-1))
        parts.append(rows[(rows[:, [BRAND, NAME]] >= 0).any(axis=1)])
        weights.append(source.weight if len(parts[-1]) else 0.0)
    if sum(weights) == 0:  # all from the pools
        parts[0], weights[0] = np.full((1, RECORD_ROLES), -1, dtype=np.int32), 1.0
    return np.concatenate(parts), np.cumsum([0, *map(len, parts)]).astype(np.int64), weights


def _folder(alphabet: Alphabet) -> Folder:
    known = [all(c in alphabet.classes for c in letters) for letters in WILD_SETS]
    return Folder(alphabet, {char: code for (char, code), there in zip(grammar.PLACEHOLDER_CODES.items(), known, strict=True) if there})


def _encoded(lines: Sequence[str], folder: Folder, space: int) -> tuple[U16, I64]:
    """Return the classes of the lines that are left, one after the other, and the size of every line, 0 of those left out.

    Left out are lines with a foreign character, with a word that the reader's steps cannot carry, or, where the alphabet has no
    space, of two words.
    """
    text = normalize("NFC", "".join([line.replace("\n", " ").strip() + "\n" for line in lines])).translate(folder)
    classes = folder.classes[np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)]
    line = np.cumsum(classes == END) - (classes == END)
    within = classes != END
    longest = _longest_words(classes, line, len(lines))
    bad = np.bincount(line[(classes == FOREIGN) | ((classes == GAP) & (space == 0))], minlength=len(lines)) > 0
    kept = within & ~(bad | (longest > READER_STEPS))[line]
    codes = np.where(classes == GAP, space, classes)[kept].astype(np.uint16)
    return codes, np.bincount(line[kept], minlength=len(lines)).astype(np.int64)


def _longest_words(classes: U16, line: I64, lines: int) -> I64:
    """Return the characters of the longest word of each line."""
    ends = np.flatnonzero((classes == GAP) | (classes == END))
    length = np.diff(np.concatenate([[-1], ends])) - 1
    longest = np.zeros(lines, dtype=np.int64)
    np.maximum.at(longest, line[ends], length)
    return longest


def _borrowed(texts: TextTable, space: int) -> tuple[U16, I64]:
    """Return texts of one or two words of the corpora, spread over all of them."""
    words = texts.words
    count = len(words.start) - 1
    rows = np.unique(np.arange(BORROWED) * count // BORROWED)
    parts: list[U16] = []
    for k, row in enumerate(rows.tolist()):
        own = words.codes[words.start[row] : words.start[row + 1]]
        pair = k % 2 and space and row + 1 < count
        other = words.codes[words.start[row + 1] : words.start[row + 2]] if pair else own[:0]
        parts.append(np.concatenate([own, np.array([space] * bool(pair), dtype=np.uint16), other]))
    return np.concatenate(parts), np.array([len(part) for part in parts], dtype=np.int64)
