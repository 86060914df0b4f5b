"""Net weights and volumes in a text: alone, as a pack of several, or told again in other units as "15 FL OZ (443 mL)"."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from extractor.units import BASES, FLUID_OUNCE, IMPERIAL, NUMBER, OUNCE, PARTS, UNITS, VOLUME, WEIGHT, Unit, number_of
from extractor.written import SPACE, Found, plain

UNIT = "|".join(f"(?P<u{n}>{unit.pattern})" for n, unit in enumerate(UNITS))
TIMES = rf"(?:(?P<times>[0-9]{{1,2}}){SPACE}[xX*\u00d7]{SPACE})?"
ALONE = r"(?:(?<![\w$€£¢%-])(?<![0-9][.,])|(?i:(?<=NET)|(?<=WT)))"  # not within a longer number or word, "NETWT12OZ" excepted
QUANTITY = re.compile(rf"{ALONE}{TIMES}(?P<number>{NUMBER})[ \n-]?(?i:{UNIT})(?![A-Za-z0-9])")
NET = r"NETT?[ \n]?(?:WE?I?GH?T|WT|V[O0]L(?:UME)?|C[O0]NT(?:ENTS?)?)?|C[O0]NTENTS|WT"
NET_BEFORE = re.compile(rf"(?<![A-Za-z0-9])(?:{NET})[.:]?[ \n]?\(?$", re.IGNORECASE)
JOINT = re.compile(r"[ .()/|,;:=~-]{0,3}\n?[ ()/|=~-]{0,2}")  # between two that tell the same amount
SUM_JOINT = re.compile(r"[.,]?[ \n]?")  # between pounds and their ounces
LOOKED_BACK = 32  # characters before a quantity, at most, that may say what it is of
SHARE_OF = r"per|servings?|serv|portions?|dose|daily"
NUTRIENT = (  # what is in it, not how much there is of it
    r"fat|carbs?|carbohydrates?|proteins?|sugars?|fib(?:er|re)|salt|sodium|cholesterol|potassium|calcium|iron|magnesium|zinc|caffeine|"
    r"saturate[sd]|trans|polyunsaturated|monounsaturated|starch|vitamin(?:[ ][A-Z][0-9]{0,2})?|omega|alcohol"
)
OF_A_SHARE = re.compile(rf"\b(?:{SHARE_OF})\b[^\n]*$", re.IGNORECASE)
NUTRIENT_BEFORE = re.compile(rf"\b(?:{NUTRIENT})\b[ .:<(]*$", re.IGNORECASE)
NUTRIENT_AFTER = re.compile(rf"[ ](?:of[ ])?(?:(?:total|added|whole|dietary|less)[ ])?(?:{NUTRIENT})\b", re.IGNORECASE)
MOST_OF_NUTRIENT = 100  # g; "SUGAR 1 KG" and "SEA SALT 500 G" are what is sold
ALIKE = Fraction(3, 100)  # by which labels' roundings of one amount differ at most; more apart, they are two amounts
DIGITS = 3  # of converted amounts
# Labels round down or to the nearest: 15 FL OZ are 443.6 ml, printed (443 mL), 12 FL OZ are 354.9, printed (355 mL). Of 2,147 labels in the
# US that tell both, this gives the printed number for 70 %, as .5 does; 1, always down, for 55 %.
UP_FROM = Fraction(65, 100)


@dataclass(frozen=True)
class Amount:
    """A number with its unit, or several that add up."""

    first: int  # characters of the text
    last: int
    size: Fraction  # g or ml, unrounded
    unit: Unit  # of its last part
    note: str = ""


def find_quantities(text: str) -> Iterator[Found]:
    """Yield the net weights and volumes in a text, in g and ml, one for each amount however often it is told in a row.

    Metric numbers are taken as printed, and rather than others that tell the same; others are converted, see `rounded`.
    """
    for row in _rows(_sums(list(_amounts(text)), text), text):
        kind = VOLUME if any(amount.unit.kind == VOLUME for amount in row) else WEIGHT  # "12 OZ (355 mL)" are fluid ounces
        fit = [amount for amount in row if amount.unit.kind == kind]
        told = next((amount for amount in fit if amount.unit.metric), fit[0])
        first = net.start() if (net := NET_BEFORE.search(text, max(row[0].first - LOOKED_BACK, 0), row[0].first)) else row[0].first
        last = row[-1].last + ("(" in text[first : row[-1].last] and text[row[-1].last :].startswith(")"))
        size = told.size if told.unit.metric else rounded(told.size)
        yield Found(first, last, kind, plain(size), BASES[kind], told.note)


def rounded(size: Fraction) -> Fraction:
    """Return a converted amount as a label would print it: three digits, no tenths above 10, from UP_FROM of the last one on rounded up."""
    step = Fraction(10) ** (len(str(floor(size))) - DIGITS)
    if size >= 10:
        step = max(step, Fraction(1))
    return floor(size / step + 1 - UP_FROM) * step


def _amounts(text: str) -> Iterator[Amount]:
    for match in QUANTITY.finditer(text):
        unit = next(unit for n, unit in enumerate(UNITS) if match[f"u{n}"])
        number, times = number_of(match["number"], large=unit.large), int(match["times"] or 1)
        if not number or not times:
            continue
        amount = Amount(*match.span(), number * times * unit.factor, unit)
        if match["times"]:
            amount = replace(amount, note=f"{times} x {plain(number):g} {unit.name}")
        if not _is_of_contents(amount, text):
            yield amount


def _is_of_contents(amount: Amount, text: str) -> bool:
    """Return whether the words around it say that it is how much of something is in a serving, or in the whole."""
    before = text[max(amount.first - LOOKED_BACK, 0) : amount.first]
    if NET_BEFORE.search(before):
        return False
    nutrient = NUTRIENT_BEFORE.search(before) or NUTRIENT_AFTER.match(text, amount.last)
    small = amount.unit.name in ("g", "mg") and amount.size < MOST_OF_NUTRIENT
    return bool(OF_A_SHARE.search(before) or (small and nutrient))


def _sums(amounts: Iterable[Amount], text: str) -> list[Amount]:
    """Return amounts, those that continue the one before, as ounces do pounds, added to it."""
    summed: list[Amount] = []
    for amount in amounts:
        before = summed[-1] if summed else None
        if (
            before is not None
            and amount.unit.name in PARTS.get(before.unit.name, ())
            and amount.size < before.unit.factor
            and not _alike(before, amount)  # "0.5 L 500 ml"
            and SUM_JOINT.fullmatch(text, before.last, amount.first)
        ):
            summed[-1] = replace(amount, first=before.first, size=before.size + amount.size, note=before.note)
        else:
            summed.append(amount)
    return summed


def _rows(amounts: Sequence[Amount], text: str) -> Iterator[list[Amount]]:
    """Yield amounts that tell the same one after the other; a price's "/ 100 g" is none."""
    row: list[Amount] = []
    for amount in amounts:
        if row and JOINT.fullmatch(text, row[-1].last, amount.first) and _alike(row[0], amount):
            row.append(amount)
        elif not text[: amount.first].rstrip(" ").endswith("/"):
            if row:
                yield row
            row = [amount]
    if row:
        yield row


def _alike(one: Amount, other: Amount) -> bool:
    """Return whether two amounts may be the same: ounces beside a volume taken for fluid ones, pints for British ones if those fit."""
    a, b = ((_fluid(x) if y.unit.kind == VOLUME else x) for x, y in ((one, other), (other, one)))
    if a.unit.kind != b.unit.kind:
        return False
    pairs = ((a.size, b.size), (_imperial(a), b.size), (a.size, _imperial(b)))
    return any(abs(x - y) <= ALIKE * max(x, y) for x, y in (pairs if a.unit.metric != b.unit.metric else pairs[:1]))


def _imperial(amount: Amount) -> Fraction:
    """Return the size of an amount if its unit is the British one."""
    return amount.size / amount.unit.factor * IMPERIAL.get(amount.unit.name, amount.unit.factor)


def _fluid(amount: Amount) -> Amount:
    if amount.unit is not OUNCE:
        return amount
    return replace(amount, size=amount.size / OUNCE.factor * FLUID_OUNCE.factor, unit=FLUID_OUNCE)
