"""What each sample says: words of the corpora as classes of the alphabet, set so that every character is seen."""

from dataclasses import dataclass

import numpy as np

from synthgen.alphabet import READER_STEPS, Alphabet
from synthgen.arrays import F64, I32, I64, U16, U64, Bools
from synthgen.chance import Stream, uniforms
from synthgen.recipe import TextRecipe
from synthgen.scene import text_kernels as kernels
from synthgen.scene.text_kernels import RuleArrays, WordArrays

WILD_DIGIT, WILD_NONZERO, WILD_UPPER, WILD_LOWER = range(kernels.WILD, kernels.WILD + 4)
WILD_SLOTS = (WILD_DIGIT, WILD_NONZERO, WILD_UPPER, WILD_LOWER)
WILD_SETS = ("0123456789", "123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

RETEXT_SEED = 0x7265_7465_7874  # "retext": times the attempt, mixed into the seed
NEIGHBOUR_SEED = 0x6E65_6967_6862_6F72  # "neighbor": mixed into the seed, so that neighbours never repeat the numbers of a sample
NEIGHBOUR_STEPS = 12  # a neighbour is cut off by the crop's edge; more characters would not be seen
NEIGHBOUR_PHRASES = 0.05
MOST_SIDES = 4  # of a sample that may have a neighbour

TRIALS = 40_000  # labels planned to measure the characters: one at the floor is then seen about 200 times
TRIAL_SEED = 0x6261_6C61_6E63_65  # any number but the user's: rules depend on recipe and corpora alone
EVEN = np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0])  # steps of the trials' first draws, SOURCE to CANDIDATE
ROUNDS = 6  # of measuring and mending; the third already changes little
HEADROOM = 1.2  # over the floor: the measurement errs by about 8 %, and caps-only faces take another 8 % of the small letters
MOST_ALL = 0.3  # of the characters may be asked for by all floors together: 92 x 0.00065 is 0.06, but alphabets can be large
MOST_WORKED = 0.9  # of the samples may get a character worked in
FEWEST_ROWS, MOST_ROWS = 12, 512  # words that hold a rare character; with fewer, the same word would be seen too often

PAIRS = ("()", "[]", "{}", "<>")
QUOTES = "\"'"  # close themselves
WRAP, BEFORE, AFTER, BETWEEN = kernels.WRAP, kernels.BEFORE, kernels.AFTER, kernels.BETWEEN
WAYS = {  # how a person would add the character: "#7", "35%", "A|B", "x_y", "C:", "(new)"
    **dict.fromkeys("()[]{}<>\"'", WRAP),
    **dict.fromkeys("#$", BEFORE | kernels.NUMBER),
    "%": AFTER | kernels.NUMBER,
    "+": BEFORE | AFTER | kernels.NUMBER,
    "=": BEFORE | BETWEEN | kernels.NUMBER,
    "*": BEFORE | AFTER,
    "@": BEFORE | BETWEEN,
    **dict.fromkeys("&-_|\\~`^", BETWEEN),
    "/": BETWEEN | BEFORE,
    **dict.fromkeys(".:", AFTER | BETWEEN),
    **dict.fromkeys(",;?!", AFTER),
}
BESIDE = BEFORE | AFTER


@dataclass(frozen=True)
class TextTable:
    """The words of all sources, one after the other.

    `words.codes` holds the classes of all words without separators, `words.start` `(w + 1,)` where each begins, `words.last` `(w,)` whether
    it is the last of its line, `words.first` `(sources + 1,)` the first word of each source. A source whose words are not equally likely
    has cumulative probabilities in `words.cumulative`, from `words.cumulative_first` `(sources + 1,)` on; the others have none.
    """

    words: WordArrays
    weight: F64  # (sources,), their sum above 0
    names: tuple[str, ...]
    dropped: dict[str, dict[str, int]]  # by source and reason


@dataclass(frozen=True)
class TextRules:
    """How words become labels, for samples and for their neighbours."""

    sample: RuleArrays
    neighbour: RuleArrays
    shares: F64  # (classes + 1,) of each class among the characters of labels, as measured


@dataclass(frozen=True)
class Texts:
    """Labels one after the other: label i is `codes[offsets[i]:offsets[i + 1]]`."""

    codes: U16
    offsets: I64  # (n + 1,)
    source: I32  # (n,), row of TextTable.names
    refused: int  # candidates that did not fit the reader's steps, and were shortened or drawn anew


def plan_texts(table: TextTable, rules: TextRules, seed: int, index: U64, attempt: int = 0) -> Texts:
    """Return the label of each sample; label i depends on (table, rules, seed, index[i], attempt) alone.

    Each `attempt` is another text of the same source: sources that are refused more often must not be seen less.
    """
    return _set(table.words, rules.sample, text_draws(seed, index, attempt))


def text_draws(seed: int, index: U64, attempt: int = 0) -> F64:
    """Return the numbers that decide the label of each sample, `(n, kernels.DRAWS)`."""
    draws = uniforms(seed ^ (RETEXT_SEED * attempt), Stream.TEXT, index, kernels.DRAWS)
    if attempt:
        draws[:, kernels.SOURCE] = uniforms(seed, Stream.TEXT, index, kernels.SOURCE + 1)[:, kernels.SOURCE]
    return draws


def plan_neighbours(table: TextTable, rules: TextRules, seed: int, index: U64, side: U64) -> Texts:
    """Return a short word for each pair of a sample and a side of it, `side` below MOST_SIDES, of the source that the sample draws.

    A pair's word does not depend on which others are asked for. Its numbers are those of the sample `index * MOST_SIDES + side` (wrapping)
    under another seed.
    """
    with np.errstate(over="ignore"):
        own = index * np.uint64(MOST_SIDES) + side
    draws = uniforms(seed ^ NEIGHBOUR_SEED, Stream.TEXT, own, kernels.DRAWS)
    draws[:, kernels.SOURCE] = uniforms(seed, Stream.TEXT, index, kernels.SOURCE + 1)[:, kernels.SOURCE]
    return _set(table.words, rules.neighbour, draws)


def _set(words: WordArrays, rules: RuleArrays, draws: F64) -> Texts:
    labels = np.zeros((len(draws), rules.steps + kernels.MARGIN), dtype=np.uint16)
    sizes, source = np.zeros(len(draws), dtype=np.int64), np.zeros(len(draws), dtype=np.int32)
    refused = int(kernels.set_labels(words, rules, draws, labels, sizes, source))
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    return Texts(labels[np.arange(labels.shape[1]) < sizes[:, None]], offsets, source, refused)


def prepare_rules(recipe: TextRecipe, alphabet: Alphabet, table: TextTable) -> TextRules:
    """Return the rules of a recipe, with the chance of each rare character to be worked in, such that each makes up the recipe's floor.

    Found by planning labels, measuring their characters and mending the chances. A floor that all characters together cannot reach
    (they may ask for MOST_ALL of the whole) is lowered.
    """
    rules = _unbalanced(recipe, alphabet, table)
    floor = min(recipe.balance_floor, MOST_ALL / len(alphabet.characters)) * HEADROOM
    draws = _trials()
    before = shares = _measure(table.words, rules, draws)[0]
    if (before[1:] < floor).any() and floor > 0:
        rows, rows_first = _rows_with(table.words, rules, before < floor)
        rules = rules._replace(rows=rows, rows_first=rows_first)
        rules, shares = _balanced(table.words, rules, draws, floor)
    phrases = min(rules.phrase_share, NEIGHBOUR_PHRASES)
    return TextRules(rules, rules._replace(steps=NEIGHBOUR_STEPS, phrase_share=phrases, balance=np.zeros(len(before))), shares)


def _trials() -> F64:
    """Return draws for labels to measure, spread more evenly than chance would: rare characters are then counted with half the error.

    Source: Kronecker sequences, Niederreiter, "Random Number Generation and Quasi-Monte Carlo Methods", 1992, chapter 3.
    """
    draws = uniforms(TRIAL_SEED, Stream.TEXT, np.arange(TRIALS, dtype=np.uint64), kernels.DRAWS)
    draws[:, : len(EVEN)] = np.arange(1, TRIALS + 1)[:, None] * EVEN % 1.0
    return draws


def _balanced(words: WordArrays, rules: RuleArrays, draws: F64, floor: float) -> tuple[RuleArrays, F64]:
    """Return the rules whose chances give each class its floor, and the shares then measured."""
    before, length = _measure(words, rules, draws)
    chance = np.where(before < floor, (floor - before) * length, 0.0)
    shares = before
    for _ in range(ROUNDS):
        chance[0] = 0.0
        total = np.cumsum(chance)
        rules = rules._replace(balance=total * min(1.0, MOST_WORKED / max(float(total[-1]), MOST_WORKED)))
        shares, length = _measure(words, rules, draws)
        chance = _mended(chance, before, shares, floor, length)
    return rules, shares


def _mended(chance: F64, before: F64, shares: F64, floor: float, length: float) -> F64:
    """Return chances nearer to the floor: scaled by wanted over gained share, a bracket also gains by its partner's chance."""
    gained, wanted = shares - before, floor - before
    scale = np.clip(np.where(gained > 0, wanted / np.where(gained > 0, gained, 1.0), 2.0), 0.25, 2.0)
    fresh = np.maximum(floor - shares, 0.0) * length  # a letter that lost its place to rarer ones
    return np.where(chance > 0, np.where(wanted > 0, chance * scale, chance + fresh), fresh)


def _measure(words: WordArrays, rules: RuleArrays, draws: F64) -> tuple[F64, float]:
    """Return the share of each class among the characters of the labels that `draws` give, and their mean length."""
    codes = _set(words, rules, draws).codes
    counts = np.bincount(codes, minlength=rules.of.shape[1]).astype(np.float64)
    return counts / len(codes), len(codes) / len(draws)


def _rows_with(words: WordArrays, rules: RuleArrays, rare: Bools) -> tuple[I64, I64]:
    """Return for each rare class the words that hold it in either case, spread evenly over the corpora; and the first of each class."""
    parts = [_rows_of(words, rules, code) if rare[code] else np.zeros(0, dtype=np.int64) for code in range(len(rare))]
    kept = [part if len(part) >= FEWEST_ROWS else part[:0] for part in parts]
    sizes = [0, *(len(part) for part in kept)]
    return np.concatenate(kept), np.cumsum(sizes, dtype=np.int64)


def _rows_of(words: WordArrays, rules: RuleArrays, code: int) -> I64:
    forms = {code, int(rules.of[kernels.CAPITAL_OF, code]), int(rules.of[kernels.SMALL_OF, code])}
    places = np.flatnonzero(np.logical_or.reduce([words.codes == form for form in forms]))
    spread = places[np.arange(min(MOST_ROWS, len(places))) * len(places) // max(min(MOST_ROWS, len(places)), 1)]
    return np.unique(np.searchsorted(words.start, spread, side="right") - 1).astype(np.int64)


def _unbalanced(recipe: TextRecipe, alphabet: Alphabet, table: TextTable) -> RuleArrays:
    classes = len(alphabet.characters) + 1
    sets = [[alphabet.classes[c] for c in letters if c in alphabet.classes] for letters in WILD_SETS]
    space = alphabet.classes.get(" ", 0)
    weight = np.cumsum(table.weight)
    return RuleArrays(
        sources=weight / weight[-1],
        cases=_cases(recipe),
        phrase_share=recipe.phrase_share if space else 0.0,
        phrase_words=recipe.phrase_words,
        of=_class_table(alphabet),
        wild=np.array([code for letters in sets for code in letters], dtype=np.uint16),
        wild_first=np.cumsum([0, *map(len, sets)], dtype=np.int64),
        space=space,
        steps=READER_STEPS,
        balance=np.zeros(classes),
        rows=np.zeros(0, dtype=np.int64),
        rows_first=np.zeros(classes + 1, dtype=np.int64),
    )


def _cases(recipe: TextRecipe) -> F64:
    """Return cumulative shares in the order of the kernels' AS_IT_IS, UPPER, TITLE, LOWER; shares above 1 together are scaled down."""
    turned = np.array([recipe.upper_share, recipe.title_share, recipe.lower_share])
    turned = turned / max(1.0, float(turned[0] + turned[1] + turned[2]))
    return np.cumsum([max(0.0, 1.0 - turned[0] - turned[1] - turned[2]), *turned])


def _class_table(alphabet: Alphabet) -> U16:
    """Return RuleArrays.of: capital, small letter, kind, ways, opening and closing bracket of each class, `(6, classes + 1)`."""
    opening = np.arange(len(alphabet.characters) + 1, dtype=np.uint16)
    closing = opening.copy()
    for first, second in map(tuple, PAIRS):
        if first in alphabet.classes and second in alphabet.classes:
            both = [alphabet.classes[first], alphabet.classes[second]]
            opening[both], closing[both] = both
    kinds = [kernels.OTHER, *map(_kind, alphabet.characters)]
    ways = [0, *(_ways(c, paired=bool(closing[k] != opening[k])) for c, k in alphabet.classes.items())]
    return np.array([alphabet.upper, alphabet.lower, kinds, ways, opening, closing], dtype=np.uint16)


def _kind(character: str) -> int:
    if character == "'":
        return kernels.APOSTROPHE
    if character.isdecimal():
        return kernels.DIGIT
    if character.isupper():
        return kernels.CAPITAL
    if character.islower():
        return kernels.SMALL
    return kernels.LETTER if character.isalpha() else kernels.OTHER


def _ways(character: str, *, paired: bool) -> int:
    if character.isalnum():
        return BESIDE | kernels.INSTEAD
    known = WAYS.get(character, BESIDE)
    return known if paired or known != WRAP or character in QUOTES else BESIDE
