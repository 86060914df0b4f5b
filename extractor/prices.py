"""Prices and percent claims in a text."""

import re
from collections.abc import Iterator
from fractions import Fraction

from extractor.quantities import LOOKED_BACK, NUTRIENT, OF_A_SHARE
from extractor.units import number_of
from extractor.written import DIGIT, Found, plain

CODES = {"EUR": "€", "GBP": "£", "USD": "$", "US$": "$"}  # otherwise a sign is taken as it stands: a dollar may be anyone's
SIGN = r"(?:US\$|[$€£¥]|(?:USD|EUR|GBP|CHF)(?![A-Za-z]))"
MONEY = (  # 1,299.00, 1.299,00, 2.99, .99
    rf"(?:{DIGIT}{{1,3}}(?:,{DIGIT}{{3}})+(?:\.{DIGIT}{{2}})?|{DIGIT}{{1,3}}(?:\.{DIGIT}{{3}})+,{DIGIT}{{2}}|"
    rf"{DIGIT}{{1,5}}(?:[.,]{DIGIT}{{2}})?|[.,]{DIGIT}{{2}})"
)
SPLIT = rf"{DIGIT}{{1,3}}[ \n]{DIGIT}{{2}}(?=[ ]?(?:\n|$|ea\b|each\b))"  # cents set small beside the dollars, read as a word of their own
MANY = r"(?:(?P<many>[1-9][0-9]?)[ \n]?(?:for|/)[ \n]?)?"  # 2 for $5
ENDED = r"(?![\w%]|[.,]?[0-9])"
SIGN_FIRST = re.compile(rf"(?<![\w$€£¥.,])(?i:{MANY})(?P<sign>{SIGN})[ \n]?(?P<number>{SPLIT}|{MONEY}){ENDED}")
SIGN_LAST = re.compile(rf"(?<![\w$€£¥.,-])(?i:{MANY})(?P<number>{MONEY})[ ]?(?P<sign>{SIGN}){ENDED}")
CENTS = re.compile(rf"(?<![\w$€£¥.,-])(?i:{MANY})(?P<number>{DIGIT}{{1,2}}(?:[.,]{DIGIT})?)[ ]?(?P<sign>¢){ENDED}")
EACH = re.compile(r"[ ]?(?:/|\bper\b)[ ]?(?P<of>(?:[0-9]+[ ]?)?[A-Za-z]{1,5})\b", re.IGNORECASE)  # $2.49/lb
LESS_BEFORE = re.compile(r"\b(?:save|win)[ \n](?:up[ ]to[ ])?$", re.IGNORECASE)  # what one does not pay
LESS_AFTER = re.compile(r"[ \n](?:off|less|discount|coupon|cash|rebate|savings)\b", re.IGNORECASE)

WORD = r"[A-Za-z][A-Za-z'’&-]*(?![\w%$])"
CLAIM = rf"(?:[ \n]?{WORD}(?:[ ]{WORD}){{0,3}})?"  # what it is a claim about, on the same line or the next, up to a sign or number
LED = r"(?:(?i:save|up[ ]to|only|contains|extra|now|over|less[ ]than|with|min\.?|approx\.?)[ \n]){0,2}"
PERCENT = re.compile(rf"(?<![\w.,$€£/-])(?P<led>{LED})(?P<number>{DIGIT}{{1,3}}(?:[.,]{DIGIT}{{1,2}})?)[ ]?%{CLAIM}(?![A-Za-z0-9%])")
NUTRIENT_NEAR = re.compile(rf"\b(?:{NUTRIENT})\b[^\nA-Za-z]*(?:m?g\b[^\nA-Za-z]*)?$", re.IGNORECASE)  # "Total Fat 8 g 10%"
MOST = 1000  # percent


def find_prices(text: str) -> Iterator[Found]:
    """Yield the prices in a text, in the unit of their sign, for one where several are sold together; what is to be saved is none."""
    for pattern in (SIGN_FIRST, CENTS, SIGN_LAST):
        for match in pattern.finditer(text):
            amount = _money(match["number"])
            if amount is None or LESS_BEFORE.search(text, 0, match.start()) or LESS_AFTER.match(text, match.end()):
                continue
            cents, many, each = match["sign"] == "¢", int(match["many"] or 1), EACH.match(text, match.end())
            note = f"per {each['of']}" if each else f"{many} for {plain(amount):g}" if many > 1 else ""
            unit = "$" if cents else CODES.get(match["sign"].upper(), match["sign"].upper())  # nobody writes the euro's cents so
            value = round(amount / many / (100 if cents else 1), 4)
            yield Found(match.start(), (each or match).end(), "price", plain(value), unit, note)


def _money(text: str) -> Fraction | None:
    """Return an amount of money; dollars and cents may be parted by a space, or a line end."""
    number = re.sub(r"[.,](?=.{3}(?:[.,]|$))", "", re.sub(r"[ \n]", ".", text))
    return number_of(number, large=True)


def find_claims(text: str) -> Iterator[Found]:
    """Yield percentages with what they are claimed of, as "100% WHOLE GRAIN"; shares of daily values are left out."""
    for match in PERCENT.finditer(text):
        before = text[max(match.start() - LOOKED_BACK, 0) : match.start()]
        number = number_of(match["number"], large=True)
        if number is not None and number < MOST and not NUTRIENT_NEAR.search(before) and not OF_A_SHARE.search(before):
            yield Found(*match.span(), "percent", plain(number), "%")
