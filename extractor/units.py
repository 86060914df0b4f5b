"""Units of mass and volume on labels, and numbers as labels write them."""

import re
from dataclasses import dataclass
from fractions import Fraction

from extractor.written import DIGIT, digits

WEIGHT, VOLUME = "weight", "volume"
BASES = {WEIGHT: "g", VOLUME: "ml"}


@dataclass(frozen=True)
class Unit:
    """A unit of mass or volume."""

    name: str
    kind: str
    factor: Fraction  # g or ml
    pattern: str  # in either case; 0 and 1 are what a reader makes of O and l
    metric: bool = True
    large: bool = True  # so that thousands are hardly meant: "1,500 kg" is 1.5 kg, "1,500 g" is 1500 g


# Source of the factors: NIST Special Publication 811, appendix B; pound and inch are defined, the US gallon is 231 cubic inches.
FLUID_OUNCE = Unit(
    "fl oz", VOLUME, Fraction("29.5735295625"), r"(?:U\.?S\.?[ \n]?)?(?:F[L1I]\.?[ \n]?[O0]Z|F[L1]UID[ \n]?OUNCES?)", metric=False
)
OUNCE = Unit("oz", WEIGHT, Fraction("28.349523125"), r"[O0]ZS?|[O0]UNCES?", metric=False)
UNITS = (
    FLUID_OUNCE,
    OUNCE,
    Unit("lb", WEIGHT, Fraction("453.59237"), r"[L1I]BS?|P[O0]UNDS?", metric=False),
    Unit("pt", VOLUME, Fraction("473.176473"), r"PT|PINTS?", metric=False),
    Unit("qt", VOLUME, Fraction("946.352946"), r"QTS?|QUARTS?", metric=False),
    Unit("gal", VOLUME, Fraction("3785.411784"), r"GA[L1]S?|GA[L1]{2}[O0]NS?", metric=False),
    Unit("kg", WEIGHT, Fraction(1000), r"KGS?|KI[L1][O0]GRAM(?:ME)?S?"),
    Unit("g", WEIGHT, Fraction(1), r"GR?|GMS?|GRAM(?:ME)?S?", large=False),
    Unit("mg", WEIGHT, Fraction(1, 1000), r"MG", large=False),
    Unit("l", VOLUME, Fraction(1000), r"L|[L1]TR?S?|[L1]IT(?:ER|RE)S?"),
    Unit("cl", VOLUME, Fraction(10), r"C[L1]"),
    Unit("ml", VOLUME, Fraction(1), r"M[L1I]S?|MI[L1]{2}I[L1]IT(?:ER|RE)S?", large=False),
)
# The same in Britain, ml; taken where a metric amount beside them agrees. Source: the Weights and Measures Act 1985, schedule 1.
IMPERIAL = {"fl oz": Fraction("28.4130625"), "pt": Fraction("568.26125"), "qt": Fraction("1136.5225"), "gal": Fraction("4546.09")}
PARTS = {"lb": ("oz",), "gal": ("qt", "pt", "fl oz"), "qt": ("pt", "fl oz"), "pt": ("fl oz",), "kg": ("g",), "l": ("cl", "ml")}  # 1 LB 8 OZ

SHARES = {"½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3)}
DECIMAL = rf"(?:{DIGIT}{{1,3}}(?:[.,]{DIGIT}{{3}})+|{DIGIT}{{1,5}}(?:[.,]{DIGIT}{{1,3}})?|[.,]{DIGIT}{{1,3}})"
NUMBER = rf"(?:(?:[0-9]{{1,2}}[ -])?[0-9]/[0-9]{{1,2}}|(?:[0-9]{{1,2}}[ ]?)?[{''.join(SHARES)}]|{DECIMAL})"
MIXED = re.compile(r"(?:(\d+)[ -])?(\d)/(\d+)")


def number_of(text: str, *, large: bool) -> Fraction | None:
    """Return the number that `text`, which NUMBER matches, is; None where no character is a true digit, or it divides by 0.

    A sign before three digits parts thousands, "1,500 g", but not where those are hardly meant (`large`), nor after a 0.
    """
    if text[-1] in SHARES:
        return int(text[:-1] or 0) + SHARES[text[-1]]
    if mixed := MIXED.fullmatch(text):
        whole, over, under = (int(part or 0) for part in mixed.groups())
        return whole + Fraction(over, under) if under else None
    mended = digits(text)
    if mended is None:
        return None
    parts = re.split("[.,]", mended)
    thousands = len(parts) > 2 or (len(parts) == 2 and len(parts[1]) == 3 and not large and bool(parts[0].strip("0")))
    return Fraction("".join(parts) if thousands else ".".join(part or "0" for part in parts))
