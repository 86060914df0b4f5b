"""Compiled choice and setting of the words of a label; one label at a time, in place, in a row of classes."""

from typing import NamedTuple

from synthgen.arrays import F64, I32, I64, U16, Bools
from synthgen.compiled import kernel

WILD = 4097  # classes from here on are wild slots: WILD + k is filled from the k-th set of RuleArrays.wild

# The columns of a sample's draws
SOURCE, PHRASE, WORDS, CASE, BALANCE, HOW, ROW, WAY, PLACE = range(9)
CANDIDATES = 4
FILLS = 4
CANDIDATE = 9  # and 3 more: the words tried, and the words joined to them
FILL = CANDIDATE + CANDIDATES  # and 3 more: what fills the wild slots, FILLS_A_DRAW places of the label each
DRAWS = FILL + FILLS
FILLS_A_DRAW = 8  # six bits on each: the last then has 11 of the 53 left, enough for one of 26 letters
BY_WORD = 0.6  # of the samples that get a rare character, those that show a real word with it rather than have it worked in
AROUND_ALL = 0.7  # of the brackets, around the label rather than its last word
MARGIN = 2  # characters that may stand past the reader's steps until a label is shortened: a pair of brackets

# Rows of RuleArrays.of: what belongs to a class; brackets and quotes stand in pairs, any other class is a pair with itself
CAPITAL_OF, SMALL_OF, KIND, WAYS, OPENING, CLOSING = range(6)

# Kinds of classes
OTHER, DIGIT, CAPITAL, SMALL, LETTER, APOSTROPHE = range(6)

# Ways to work a character in, bits of the row WAYS
WRAP, BEFORE, AFTER, BETWEEN, NUMBER, INSTEAD = 1, 2, 4, 8, 16, 32
PLACES = 4  # the first four bits say where; NUMBER and INSTEAD how

AS_IT_IS, UPPER, TITLE, LOWER = range(4)


class WordArrays(NamedTuple):
    """The words of all sources; see TextTable."""

    codes: U16
    start: I32
    last: Bools
    first: I64
    cumulative: F64
    cumulative_first: I64


class RuleArrays(NamedTuple):
    """How words become labels; tables by class have `classes + 1` rows."""

    sources: F64  # (sources,) cumulative shares
    cases: F64  # (4,) cumulative shares of AS_IT_IS, UPPER, TITLE, LOWER
    phrase_share: float
    phrase_words: int
    of: U16  # (6, classes + 1), see CAPITAL_OF and on; one array, for each one more costs 5 ns in every call
    wild: U16  # the sets of the wild slots, one after the other
    wild_first: I64  # (slots + 1,)
    space: int  # class of the space, 0 where the alphabet has none
    steps: int  # of the reader
    balance: F64  # (classes + 1,) cumulative chance of a class to be worked in
    rows: I64  # words that hold a class, class by class
    rows_first: I64  # (classes + 2,)


@kernel
def first_above(cumulative: F64, low: int, high: int, u: float) -> int:
    """Return the first k in [low, high) with `cumulative[k] > u`, or `high - 1`."""
    end = high - 1
    while low < end:
        middle = (low + end) // 2
        if cumulative[middle] > u:
            end = middle
        else:
            low = middle + 1
    return low


@kernel
def pick_word(words: WordArrays, source: int, u: float) -> int:
    """Return the row of the word that `u` draws from `source`."""
    low, high = words.cumulative_first[source], words.cumulative_first[source + 1]
    if high > low:
        return int(words.first[source] + first_above(words.cumulative, low, high, u) - low)
    count = words.first[source + 1] - words.first[source]
    return int(words.first[source] + min(int(u * count), count - 1))


@kernel
def source_of(words: WordArrays, row: int) -> int:
    """Return the source that a word is of."""
    source = 0
    while words.first[source + 1] <= row:
        source += 1
    return source


@kernel
def fits(label: U16, size: int, steps: int) -> bool:
    """Return whether CTC can carry the first `size` classes of `label` in `steps` steps."""
    needed = size
    for k in range(1, size):
        needed += label[k] == label[k - 1]
    return needed <= steps


@kernel
def fill_wild(code: int, rules: RuleArrays, draws: F64, at: int) -> int:
    """Return `code`, or for a wild slot the class drawn for place `at` of the label."""
    if code < WILD:
        return code
    low, high = rules.wild_first[code - WILD], rules.wild_first[code - WILD + 1]
    u = draws[FILL + at // FILLS_A_DRAW % FILLS] * (1 << 6 * (at % FILLS_A_DRAW))
    return int(rules.wild[low + int((u - int(u)) * (high - low))])


@kernel
def add_word(words: WordArrays, rules: RuleArrays, row: int, draws: F64, label: U16, size: int) -> int:
    """Append a word (after a space if `size` > 0) and return the new size; `size` itself where it does not fit."""
    low, high = words.start[row], words.start[row + 1]
    at = size
    if at > 0:
        if at < len(label):
            label[at] = rules.space
        at += 1
    if at + high - low > rules.steps:
        return size
    for k in range(low, high):
        label[at] = fill_wild(int(words.codes[k]), rules, draws, at)
        at += 1
    return at if fits(label, at, rules.steps) else size


@kernel
def cut_word(words: WordArrays, rules: RuleArrays, row: int, draws: F64, label: U16) -> int:
    """Set as much of a word as fits, at least one character, and return its size."""
    size = 0
    for k in range(words.start[row], words.start[row + 1]):
        if size == rules.steps:
            break
        label[size] = fill_wild(int(words.codes[k]), rules, draws, size)
        if not fits(label, size + 1, rules.steps):
            break
        size += 1
    return size


@kernel
def add_phrase(words: WordArrays, rules: RuleArrays, source: int, row: int, draws: F64, label: U16) -> tuple[int, int]:
    """Set the words after `row` in its line too, up to the number drawn; return size and whether one did not fit.

    A source with frequencies is a list of words, not of lines: there the further candidates are joined.
    """
    listed = words.cumulative_first[source + 1] > words.cumulative_first[source]
    wanted = 2 + int(draws[WORDS] * (rules.phrase_words - 1))
    if not listed and words.last[row] and row > words.first[source] and not words.last[row - 1]:
        row -= 1  # the last word of a line is read with the one before it
    size = add_word(words, rules, row, draws, label, 0)
    if size == 0:
        return 0, 1
    for k in range(1, wanted):
        if (listed and k == CANDIDATES) or (not listed and words.last[row]):
            break
        row = pick_word(words, source, draws[CANDIDATE + k]) if listed else row + 1
        longer = add_word(words, rules, row, draws, label, size)
        if longer == size:
            return size, 1
        size = longer
    return size, 0


@kernel
def set_case(label: U16, size: int, rules: RuleArrays, case: int) -> None:
    """Set the label in capitals, small letters, or Each Word So; an apostrophe does not begin a word ("Don't")."""
    inside = False
    for k in range(size):
        code = label[k]
        kind = rules.of[KIND, code]
        if case == UPPER or (case == TITLE and not inside):
            label[k] = rules.of[CAPITAL_OF, code]
        elif case in (LOWER, TITLE):
            label[k] = rules.of[SMALL_OF, code]
        inside = DIGIT <= kind <= LETTER or (inside and kind == APOSTROPHE)


@kernel
def holds(label: U16, size: int, code: int) -> bool:
    """Return whether `code` is in the label."""
    found = False
    for k in range(size):
        found |= label[k] == code
    return found


@kernel
def set_word_with(words: WordArrays, rules: RuleArrays, code: int, draws: F64, label: U16) -> tuple[int, int]:
    """Set a word of the corpora that holds `code`, in capitals or small letters if need be; return size and row, size 0 without one."""
    low, high = rules.rows_first[code], rules.rows_first[code + 1]
    if high == low:
        return 0, 0
    row = int(rules.rows[low + int(draws[ROW] * (high - low))])
    size = add_word(words, rules, row, draws, label, 0)
    if size > 0 and not holds(label, size, code):
        set_case(label, size, rules, UPPER if rules.of[KIND, code] == CAPITAL else LOWER)
    return (size, row) if holds(label, size, code) and fits(label, size, rules.steps) else (0, 0)


@kernel
def insert(label: U16, size: int, at: int, code: int) -> int:
    """Put `code` before place `at` and return the new size; the row is longer than the reader's steps by what may be put in."""
    for k in range(size, at, -1):
        label[k] = label[k - 1]
    label[at] = code
    return size + 1


@kernel
def shorten(label: U16, size: int, space: int) -> int:
    """Return the size without the last character, and without a space that would then end the label."""
    size -= 1
    while size > 0 and label[size - 1] == space:
        size -= 1
    return size


@kernel
def pick_way(ways: int, u: float) -> int:
    """Return one of the places in `ways`, drawn by `u`; 0 where there are none."""
    count = 0
    for place in range(PLACES):
        count += ways >> place & 1
    nth = int(u * count)
    for place in range(PLACES):
        if ways >> place & 1:
            if nth == 0:
                return 1 << place
            nth -= 1
    return 0


@kernel
def set_number(label: U16, size: int, rules: RuleArrays, draws: F64) -> int:
    """Set one to three digits in place of a label that neither begins nor ends with one ("#7", "35%"); return the size."""
    if rules.wild_first[1] == 0 or rules.of[KIND, label[0]] == DIGIT or rules.of[KIND, label[size - 1]] == DIGIT:
        return size
    size = min(1 + int(draws[PLACE] * 3), rules.steps)
    for k in range(size):
        label[k] = fill_wild(WILD, rules, draws, k)
    return size


@kernel
def count_kind(label: U16, size: int, rules: RuleArrays, kind: int) -> int:
    """Return how many of the label's characters are of `kind`."""
    count = 0
    for k in range(size):
        count += rules.of[KIND, label[k]] == kind
    return count


@kernel
def replace_kin(label: U16, size: int, rules: RuleArrays, code: int, u: float) -> bool:
    """Put `code` in place of a character of its kind, the label set in that case if it has none; return whether it could."""
    kind = rules.of[KIND, code]
    if count_kind(label, size, rules, kind) == 0 and kind in (SMALL, CAPITAL):
        set_case(label, size, rules, LOWER if kind == SMALL else TITLE)
    nth = int(u * count_kind(label, size, rules, kind))
    for k in range(size):
        if rules.of[KIND, label[k]] == kind:
            if nth == 0:
                label[k] = code
                return fits(label, size, rules.steps)
            nth -= 1
    return False


@kernel
def put(label: U16, size: int, rules: RuleArrays, code: int, way: int, u: float) -> int:
    """Put `code` at the place `way` says and return the new size; a bracket comes with its partner, around the label or its last word."""
    if way == WRAP:
        begin = size if u >= AROUND_ALL else 0
        while begin > 0 and label[begin - 1] != rules.space:
            begin -= 1
        size = insert(label, size, begin, int(rules.of[OPENING, code]))
        return insert(label, size, size, int(rules.of[CLOSING, code]))
    if way == BEFORE:
        return insert(label, size, 0, code)
    if way == BETWEEN and size > 1:
        return put_between(label, size, rules, code, u)
    return insert(label, size, size, code)


@kernel
def put_between(label: U16, size: int, rules: RuleArrays, code: int, u: float) -> int:
    """Put `code` in place of a space if there is one, else within the word; return the new size."""
    for k in range(size):
        if label[k] == rules.space:
            label[k] = code
            return size
    return insert(label, size, 1 + int(u * (size - 1)), code)


@kernel
def copy_label(source: U16, size: int, target: U16) -> None:
    """Copy the first `size` classes; a loop, for the compiler spends 4 s on a slice assignment and the text of its error."""
    for k in range(size):
        target[k] = source[k]


@kernel
def work_in(label: U16, size: int, rules: RuleArrays, code: int, draws: F64) -> int:
    """Work `code` into the label as print would, shortening it until it fits; return the new size."""
    ways = int(rules.of[WAYS, code])
    base = label.copy()
    if ways & INSTEAD and replace_kin(label, size, rules, code, draws[PLACE]):
        return size
    if ways & NUMBER:
        size = set_number(base, size, rules, draws)
    way = pick_way(ways, draws[WAY])
    while True:
        copy_label(base, size, label)
        grown = put(label, size, rules, code, way, draws[PLACE])
        if size == 0 or fits(label, grown, rules.steps):
            return grown
        size = shorten(base, size, rules.space)


@kernel
def add_space(words: WordArrays, rules: RuleArrays, source: int, draws: F64, label: U16, size: int) -> int:
    """Return the size with a further word after a space, or with the word cut in two where none fits."""
    for k in range(1, CANDIDATES):
        longer = add_word(words, rules, pick_word(words, source, draws[CANDIDATE + k]), draws, label, size)
        if longer > size:
            return longer
    if size == 1:
        return size
    return insert(label, min(size, rules.steps - 1), size // 2, rules.space)


@kernel
def balance(words: WordArrays, rules: RuleArrays, source: int, code: int, draws: F64, label: U16, size: int) -> int:
    """Return the size of the label once `code` is in it."""
    if code == 0 or holds(label, size, code):
        return size
    if code == rules.space:
        return add_space(words, rules, source, draws, label, size)
    return work_in(label, size, rules, code, draws)


@kernel
def set_words(words: WordArrays, rules: RuleArrays, source: int, draws: F64, label: U16) -> tuple[int, int]:
    """Set a word or phrase of `source` as it stands there; return the size, at least 1, and how many candidates did not fit."""
    row = pick_word(words, source, draws[CANDIDATE])
    if draws[PHRASE] < rules.phrase_share:
        size, refused = add_phrase(words, rules, source, row, draws, label)
    else:
        size, refused = add_word(words, rules, row, draws, label, 0), 0
        refused += size == 0
    for k in range(1, CANDIDATES):
        if size > 0:
            return size, refused
        size = add_word(words, rules, pick_word(words, source, draws[CANDIDATE + k]), draws, label, 0)
        refused += size == 0
    return (size if size > 0 else cut_word(words, rules, row, draws, label)), refused


@kernel
def set_label(words: WordArrays, rules: RuleArrays, draws: F64, label: U16) -> tuple[int, int, int]:
    """Set one label; return size, source and how many candidates did not fit."""
    source = first_above(rules.sources, 0, len(rules.sources), draws[SOURCE])
    code = 0
    if draws[BALANCE] < rules.balance[-1]:
        code = first_above(rules.balance, 0, len(rules.balance), draws[BALANCE])
        if draws[HOW] < BY_WORD:
            size, row = set_word_with(words, rules, code, draws, label)
            if size > 0:
                return size, source_of(words, row), 0
    size, refused = set_words(words, rules, source, draws, label)
    case = first_above(rules.cases, 0, len(rules.cases), draws[CASE])
    if case != AS_IT_IS:
        set_case(label, size, rules, case)
    while not fits(label, size, rules.steps):  # "Aa" in capitals takes a step more
        size, refused = shorten(label, size, rules.space), refused + 1
    return balance(words, rules, source, code, draws, label, size), source, refused


@kernel
def set_labels(words: WordArrays, rules: RuleArrays, draws: F64, labels: U16, sizes: I64, source: I32) -> int:
    """Set a label in each row of `labels` `(n, steps + MARGIN)`, with its size and source; return how many candidates did not fit."""
    refused = 0
    for i in range(len(draws)):
        sizes[i], source[i], more = set_label(words, rules, draws[i], labels[i])
        refused += more
    return refused
