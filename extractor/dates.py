"""Dates in a text, such as best-before dates: whole ones, a month with its year, or less where words announce a date."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date

from extractor.written import DIGIT, Found, digits

YEARS = range(2000, 2060)  # a pack has no other
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
ENDINGS = ("UARY", "RUARY", "CH", "IL", "", "E", "Y", "UST", "T(?:EMBER)?", "OBER", "EMBER", "EMBER")
GERMAN = {"MAI": "MAY", "OKT": "OCT", "DEZ": "DEC"}  # that differ in their first letters
GERMAN_ENDINGS = ("", "OBER", "EMBER")
MONTH = "|".join(
    f"{month}(?:{rest})?".replace("O", "[O0]") for month, rest in zip((*MONTHS, *GERMAN), (*ENDINGS, *GERMAN_ENDINGS), strict=True)
)
ANNOUNCED = re.compile(  # what stands before a date
    r"(?<![A-Za-z0-9])(?:BEST[ \n]?(?:BY|BEF[O0]RE(?:[ \n]END)?|IF[ \n]?USED[ \n]?(?:BY|BEF[O0]RE))|(?:USE|SELL|ENJ[O0]Y|FREEZE)[ \n]?BY|"
    r"EXP(?:IR(?:ES|Y|ATI[O0]N))?|BBE?|MHD|HA[L1]TBAR[ \n]BIS(?:[ \n]ENDE)?|AVANT(?:[ \n](?:LE|FIN))?|"
    r"MF[GD]|PACKED|PKD|PR[O0]D(?:UCED)?)[.:]?(?:[ \n]?DATE)?(?:[ \n]?[O0]N)?[.:]?[ \n]?$",
    re.IGNORECASE,
)
LOOKED_BACK = 40  # characters before a date, at most, that may announce it
PAIR, YEAR = rf"{DIGIT}{{1,2}}", rf"(?:{DIGIT}{{4}}|{DIGIT}{{2}})"
ALONE = r"(?:(?<![\w$€£.,/-])|(?i:(?<=EXP)|(?<=BB)|(?<=BBE)|(?<=BY)))"  # not within a longer number or word, unless it announces a date
ENDED = r"(?![\w%]|[./,-][0-9])"
THREE = re.compile(rf"{ALONE}({DIGIT}{{4}}|{PAIR})([ ./-])({PAIR})\2({YEAR}){ENDED}")
TWO = re.compile(rf"{ALONE}({YEAR}|{DIGIT})([./-])({YEAR}|{DIGIT}){ENDED}")
NTH, NEAR = r"(?:ST|ND|RD|TH)?", r"[.,]?[ \n]?[/'-]?"
EIGHT = re.compile(rf"{ALONE}([0-9]{{4}})([0-9]{{2}})([0-9]{{2}}){ENDED}")
APART = r"(?:[.,]?[ \n][/'-]?|[.,/'-][ \n]?)"
DAY_FIRST = re.compile(rf"{ALONE}(?i:({DIGIT}{{4}}|{PAIR}){NTH}{NEAR}({MONTH}){NEAR})({YEAR}|{DIGIT}){ENDED}")
MONTH_FIRST = re.compile(rf"{ALONE}(?<![0-9][ \n])(?i:({MONTH}){NEAR}(?:({PAIR}){NTH}{APART})?)({YEAR}|{DIGIT}){ENDED}")
DAY_AND_MONTH = re.compile(rf"{ALONE}(?i:({PAIR}){NTH}{NEAR}({MONTH})){ENDED}")
AMBIGUOUS = "may be read in several ways"
Parts = tuple[int | None, int, int | None]  # year, month, day


def find_dates(text: str) -> Iterator[Found]:
    """Yield the dates in a text, their values as in ISO 8601: "2026-11-26", "2026-12", "XXXX-11-26" where no year is told.

    A date that may be read in several ways stays so: "[2026-05-06,2026-06-05]", one of a set as ISO 8601-2 writes it, with a note. Where
    words such as BEST BY announce a date, less of it is enough: two numbers of two digits, or a month without a year.
    """
    for pattern, read in READERS:
        for match in pattern.finditer(text):
            words = ANNOUNCED.search(text, max(match.start() - LOOKED_BACK, 0), match.start())
            parts = [digits(part) or part for part in match.groups(default="")]
            values = sorted({_iso(*found) for found in read(parts, announced=words is not None) if _is_date(*found)})
            if values:
                first, value = (words or match).start(), values[0] if len(values) == 1 else f"[{','.join(values)}]"
                yield Found(first, match.end(), "date", value, "", AMBIGUOUS if len(values) > 1 else "")


def _eight(parts: Sequence[str], *, announced: bool) -> list[Parts]:
    """Return what an announced 20271126 may be; other numbers of eight digits are those of lots."""
    year, month, day = map(int, parts)
    return [(year, month, day)] if announced else []


def _three(parts: Sequence[str], *, announced: bool) -> list[Parts]:
    """Return what 26/11/2026, 2026-11-26 and their like may be; the last or the first is the year, days stand before months or after."""
    (a, sign, b, c) = parts
    if not announced and (sign == " " or (len(a + c) < 5 and (sign == "-" or len(a + b + c) < 6))):
        return []  # sizes, telephone and lot numbers
    one, two, three = _number(a), _number(b), _number(c)
    if len(a) == 4:
        return [(one, two, three)]
    found: list[Parts] = [(_century(c), two, one), (_century(c), one, two)]
    return found + ([(_century(a), two, three)] if len(a) == len(c) == 2 else [])


def _two(parts: Sequence[str], *, announced: bool) -> list[Parts]:
    """Return what 12/2026 and 2026-12 may be, and, announced, 12/26."""
    (a, sign, b) = parts
    one, two = _number(a), _number(b)
    if 4 in (len(a), len(b)) and (announced or sign != "."):
        return [(two, one, None)] if len(b) == 4 else [(one, two, None)]
    return [(_century(b), one, None), (None, one, two), (None, two, one)] if announced and max(len(a), len(b)) == 2 else []


def _day_first(parts: Sequence[str], *, announced: bool) -> list[Parts]:
    """Return what 05 JAN 27 and 2027 JAN 05 may be."""
    (a, month, b) = parts
    if len(a) == 4:
        return [(_number(a), _month(month), _number(b))]
    return [(_century(b), _month(month), _number(a))] if announced or len(b) == 4 or len(a) == 2 else []


def _month_first(parts: Sequence[str], *, announced: bool) -> list[Parts]:
    """Return what JAN 05 2027 and JAN 2027 may be, and, announced, JAN 27."""
    (month, a, b) = parts
    if a:
        return [(_century(b), _month(month), _number(a))] if len(b) > 1 else []
    if len(b) == 4:
        return [(_number(b), _month(month), None)]
    return [(_century(b), _month(month), None), (None, _month(month), _number(b))] if announced else []


def _day(parts: Sequence[str], *, announced: bool) -> list[Parts]:
    """Return what an announced 26 NOV may be."""
    return [(None, _month(parts[1]), _number(parts[0]))] if announced else []


def _number(text: str) -> int:
    """Return a number as its pattern gave it; 0, which is no part of a date, where no character is a true digit."""
    return int(text) if text.isdecimal() else 0


def _century(text: str) -> int:
    number = _number(text)
    return 2000 + number if len(text) == 2 and text.isdecimal() else number


def _month(text: str) -> int:
    first = text[:3].upper().replace("0", "O")
    return MONTHS.index(GERMAN.get(first, first)) + 1


def _is_date(year: int | None, month: int, day: int | None) -> bool:
    if year is not None and year not in YEARS:
        return False
    with suppress(ValueError):
        date(year or YEARS[0], month, day or 1)  # of years that are not told, a leap year
        return day is None or day > 0
    return False


def _iso(year: int | None, month: int, day: int | None) -> str:
    return "-".join([f"{year:04d}" if year is not None else "XXXX", f"{month:02d}", *([f"{day:02d}"] if day is not None else [])])


READERS = (
    (THREE, _three),
    (DAY_FIRST, _day_first),
    (MONTH_FIRST, _month_first),
    (DAY_AND_MONTH, _day),
    (TWO, _two),
    (EIGHT, _eight),
)
