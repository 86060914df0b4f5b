"""Product fields: what labels say is found with its value, and the words it stands in; what is no field is none."""

import json
import string
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.fields import Field, find_fields
from extractor.quantities import rounded
from extractor.units import UNITS, Unit
from tests.extractor.pages_fixture import page_of, page_of_words

LABELS = [  # text, and of each field: kind, text, value, unit
    ("KRAFT\nSandwich Spread\n15 FL OZ (443 mL)", [("volume", "15 FL OZ (443 mL)", 443, "ml")]),
    ("15 FL OZ", [("volume", "15 FL OZ", 443, "ml")]),
    ("NET WT 12 OZ (340g)", [("weight", "NET WT 12 OZ (340g)", 340, "g")]),
    ("NET WT. 12 OZ. (340 g)", [("weight", "NET WT. 12 OZ. (340 g)", 340, "g")]),
    ("NET WT\n12 OZ\n(340g)", [("weight", "NET WT 12 OZ (340g)", 340, "g")]),
    ("NETWT12OZ(340g)", [("weight", "NETWT12OZ(340g)", 340, "g")]),
    ("Net Weight: 500 g", [("weight", "Net Weight: 500 g", 500, "g")]),
    ("2 x 250 g", [("weight", "2 x 250 g", 500, "g")]),
    ("6X1.5L", [("volume", "6X1.5L", 9000, "ml")]),
    ("1,5 L", [("volume", "1,5 L", 1500, "ml")]),
    ("1 1/2 LB", [("weight", "1 1/2 LB", 680, "g")]),
    ("1½ LB", [("weight", "1½ LB", 680, "g")]),
    ("3/4 OZ", [("weight", "3/4 OZ", 21, "g")]),
    ("16.9FLOZ", [("volume", "16.9FLOZ", 500, "ml")]),
    ("16.9 FL OZ (500 mL)", [("volume", "16.9 FL OZ (500 mL)", 500, "ml")]),
    ("12 FL OZ (355 mL)", [("volume", "12 FL OZ (355 mL)", 355, "ml")]),
    ("12 OZ (355 mL)", [("volume", "12 OZ (355 mL)", 355, "ml")]),
    ("16 fl oz/1 PT/473 mL", [("volume", "16 fl oz/1 PT/473 mL", 473, "ml")]),
    ("1.36 kg/48 oz/3 lbs", [("weight", "1.36 kg/48 oz/3 lbs", 1360, "g")]),
    ("2 L/67.6 fl oz", [("volume", "2 L/67.6 fl oz", 2000, "ml")]),
    ("1 LB 8 OZ (680g)", [("weight", "1 LB 8 OZ (680g)", 680, "g")]),
    ("24 OZ (1 LB 8 OZ) 680 g", [("weight", "24 OZ (1 LB 8 OZ) 680 g", 680, "g")]),
    ("1 LB 8 OZ", [("weight", "1 LB 8 OZ", 680, "g")]),
    ("HALF GALLON 64 FL OZ (1.89 L)", [("volume", "64 FL OZ (1.89 L)", 1890, "ml")]),
    ("1 GAL", [("volume", "1 GAL", 3780, "ml")]),
    ("1 QT", [("volume", "1 QT", 946, "ml")]),
    ("10.5 OZ", [("weight", "10.5 OZ", 298, "g")]),
    ("75 cl e", [("volume", "75 cl", 750, "ml")]),
    ("1,500 g", [("weight", "1,500 g", 1500, "g")]),
    ("1,500 kg", [("weight", "1,500 kg", 1500, "g")]),
    ("0,250 kg", [("weight", "0,250 kg", 250, "g")]),
    ("1.000 g", [("weight", "1.000 g", 1000, "g")]),
    (".75 L", [("volume", ".75 L", 750, "ml")]),
    ("500 mg", [("weight", "500 mg", 0.5, "g")]),
    ("0.5 L 500 ml", [("volume", "0.5 L 500 ml", 500, "ml")]),
    ("1/2 LB 8 OZ", [("weight", "1/2 LB 8 OZ", 227, "g")]),
    ("2 pints 1.136 litres", [("volume", "2 pints 1.136 litres", 1136, "ml")]),
    ("568ml (1 pint)", [("volume", "568ml (1 pint)", 568, "ml")]),
    ("100ml/3.4 US FL OZ", [("volume", "100ml/3.4 US FL OZ", 100, "ml")]),
    ("$.99", [("price", "$.99", 0.99, "$")]),
    ("1.299,00 €", [("price", "1.299,00 €", 1299, "€")]),
    ("12.5¢ per oz", [("price", "12.5¢ per oz", 0.125, "$")]),
    ("40 g 250 g", [("weight", "40 g", 40, "g"), ("weight", "250 g", 250, "g")]),
    ("12 OZ 1 L", [("weight", "12 OZ", 340, "g"), ("volume", "1 L", 1000, "ml")]),
    ("SUGAR 1 KG", [("weight", "1 KG", 1000, "g")]),
    ("SEA SALT 500 g", [("weight", "500 g", 500, "g")]),
    ("l5 FL 0Z (443 m1)", [("volume", "l5 FL 0Z (443 m1)", 443, "ml")]),
    ("NET WT 1O OZ (283g)", [("weight", "NET WT 1O OZ (283g)", 283, "g")]),
    ("S0g", [("weight", "S0g", 50, "g")]),
    ("1l g", [("weight", "1l g", 11, "g")]),
    ("1l", [("volume", "1l", 1000, "ml")]),
    (
        "2 x 250 g 100% JUICE 3.99 €",
        [("weight", "2 x 250 g", 500, "g"), ("percent", "100% JUICE", 100, "%"), ("price", "3.99 €", 3.99, "€")],
    ),
    ("$ 3.99", [("price", "$ 3.99", 3.99, "$")]),
    ("$3.99", [("price", "$3.99", 3.99, "$")]),
    ("$3\n99", [("price", "$3 99", 3.99, "$")]),
    ("$3 12 OZ", [("price", "$3", 3, "$"), ("weight", "12 OZ", 340, "g")]),
    ("3,99 €", [("price", "3,99 €", 3.99, "€")]),
    ("EUR 1,49", [("price", "EUR 1,49", 1.49, "€")]),
    ("£2", [("price", "£2", 2, "£")]),
    ("$1,299.00", [("price", "$1,299.00", 1299, "$")]),
    ("99¢", [("price", "99¢", 0.99, "$")]),
    ("2 for $5", [("price", "2 for $5", 2.5, "$")]),
    ("2/$5", [("price", "2/$5", 2.5, "$")]),
    ("$2.49/lb", [("price", "$2.49/lb", 2.49, "$")]),
    ("€1.99 / 100 g", [("price", "€1.99 / 100 g", 1.99, "€")]),
    ("$3.9O", [("price", "$3.9O", 3.9, "$")]),
    ("100% WHOLE GRAIN", [("percent", "100% WHOLE GRAIN", 100, "%")]),
    ("100%\nWHOLE GRAIN\nBREAD", [("percent", "100% WHOLE GRAIN", 100, "%")]),
    ("100%Juice.", [("percent", "100%Juice", 100, "%")]),
    ("SAVE 20%", [("percent", "SAVE 20%", 20, "%")]),
    ("2% MILKFAT 1 QT", [("percent", "2% MILKFAT", 2, "%"), ("volume", "1 QT", 946, "ml")]),
    ("99.9 % PURE", [("percent", "99.9 % PURE", 99.9, "%")]),
    ("1OO% COTTON", [("percent", "1OO% COTTON", 100, "%")]),
    ("BEST BY 12/2026", [("date", "BEST BY 12/2026", "2026-12", "")]),
    ("BEST\nBY 26 NOV 2026", [("date", "BEST BY 26 NOV 2026", "2026-11-26", "")]),
    ("2026-11-26", [("date", "2026-11-26", "2026-11-26", "")]),
    ("EXP 05 JAN 27", [("date", "EXP 05 JAN 27", "2027-01-05", "")]),
    ("EXP05JAN27", [("date", "EXP05JAN27", "2027-01-05", "")]),
    ("EXP. DATE: O5JAN2O27", [("date", "EXP. DATE: O5JAN2O27", "2027-01-05", "")]),
    ("USE BY JAN 5, 2027", [("date", "USE BY JAN 5, 2027", "2027-01-05", "")]),
    ("BEST BEFORE END 0CT 2027", [("date", "BEST BEFORE END 0CT 2027", "2027-10", "")]),
    ("2027 JUN 30", [("date", "2027 JUN 30", "2027-06-30", "")]),
    ("SELL BY 26 NOV", [("date", "SELL BY 26 NOV", "XXXX-11-26", "")]),
    ("26/11/2026", [("date", "26/11/2026", "2026-11-26", "")]),
    ("11/26/2026", [("date", "11/26/2026", "2026-11-26", "")]),
    ("05.05.27", [("date", "05.05.27", "[2005-05-27,2027-05-05]", "")]),
    ("05/06/2027", [("date", "05/06/2027", "[2027-05-06,2027-06-05]", "")]),
    ("BB 29/02/28", [("date", "BB 29/02/28", "[2028-02-29,2029-02-28]", "")]),
    ("EXP 12/26", [("date", "EXP 12/26", "[2026-12,XXXX-12-26]", "")]),
    ("EXP 12/48", [("date", "EXP 12/48", "2048-12", "")]),
    ("MHD 12. Mai 2027", [("date", "MHD 12. Mai 2027", "2027-05-12", "")]),
    ("mindestens haltbar bis Ende 05.2027", [("date", "haltbar bis Ende 05.2027", "2027-05", "")]),
    ("Dezember 2027", [("date", "Dezember 2027", "2027-12", "")]),
    ("EXP 20270512", [("date", "EXP 20270512", "2027-05-12", "")]),
    ("EXP JAN 27", [("date", "EXP JAN 27", "[2027-01,XXXX-01-27]", "")]),
    (
        "BEST BY 12/2026 NET WT 5 OZ $2",
        [("date", "BEST BY 12/2026", "2026-12", ""), ("weight", "NET WT 5 OZ", 142, "g"), ("price", "$2", 2, "$")],
    ),
]
PLAIN = [
    "Total Fat 8g 10%",
    "Sodium 200mg 9%",
    "Protein 5g",
    "12g sugars",
    "10 g of added sugars",
    "Serving Size 1 Cup (240mL)",
    "Amount per 100 g",
    "about 8 servings per container",
    "Vitamin C 100%",
    "SAVE $1.00",
    "$1 OFF",
    "SO g",
    "lO oz",
    "0 g",
    "12/26",
    "1/2",
    "JAN 27",
    "5 1",
    "5 o z",
    "32/13/2026",
    "30 FEB 2027",
    "01-02-03",
    "+49 30 123456",
    "555-12-2026",
    "LOT 20261126",
    "H2O",
    "B12",
    "4.0.1",
    "MAY CONTAIN NUTS",
    "12345678 g",
    "12 pieces",
    "$",
    "%",
    "NET WT",
    "BEST BY",
]


def told(field: Field) -> tuple[str, str, object, str]:
    return field.kind, field.text, field.value, field.unit


@pytest.mark.parametrize(("text", "expected"), LABELS, ids=[text.replace("\n", "|") for text, _ in LABELS])
def test_what_labels_say_is_found(text: str, expected: list[tuple[str, str, object, str]]) -> None:
    assert [told(field) for field in find_fields(page_of(text))] == expected


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_field_is_none(text: str) -> None:
    assert [told(field) for field in find_fields(page_of(text))] == []


def test_what_else_is_to_be_known_of_a_value_is_noted() -> None:
    notes = {text: find_fields(page_of(text))[0].note for text in ("2 x 250 g", "2 for $5", "$2.49/lb", "05/06/2027", "15 FL OZ")}
    assert notes == {
        "2 x 250 g": "2 x 250 g",
        "2 for $5": "2 for 5",
        "$2.49/lb": "per lb",
        "05/06/2027": "may be read in several ways",
        "15 FL OZ": "",
    }


def test_a_field_names_the_words_it_stands_in() -> None:
    page = page_of("KRAFT Sandwich\nNET WT 12\nOZ (340g) 100% REAL\nFOOD")
    assert [field.words for field in find_fields(page)] == [(2, 3, 4, 5, 6), (7, 8)]


def test_words_with_spaces_in_them_are_read_like_single_ones() -> None:
    page = page_of_words([["Spread"], ["15 FL OZ", "(443 mL)"]])
    (field,) = find_fields(page)
    assert (field.value, field.words, field.text) == (443, (1, 2), "15 FL OZ (443 mL)")


def test_a_field_is_json() -> None:
    (field,) = find_fields(page_of("2 for $5"))
    expected = {"kind": "price", "text": "2 for $5", "value": 2.5, "unit": "$", "words": [0, 1, 2], "note": "2 for 5"}
    assert json.loads(json.dumps(field.to_json())) == expected


def test_a_page_without_words_has_no_fields() -> None:
    assert find_fields(page_of("")) == []


NAMES = {  # each unit as labels write it
    "fl oz": ("FL OZ", "fl. oz.", "FLOZ", "Fluid Ounces"),
    "oz": ("OZ", "oz.", "ounces"),
    "lb": ("LB", "lbs", "Pounds"),
    "pt": ("PT", "pint"),
    "qt": ("QT", "Quarts"),
    "gal": ("GAL", "Gallon"),
    "kg": ("kg", "KG", "Kilograms"),
    "g": ("g", "G", "grams"),
    "mg": ("mg",),
    "l": ("L", "l", "Liters", "LITRE"),
    "cl": ("cl",),
    "ml": ("mL", "ml", "ML"),
}


@st.composite
def quantities(draw: st.DrawFn) -> tuple[str, Fraction, Unit]:
    """Return a quantity as text, its size in g or ml, unrounded, and its unit."""
    unit = draw(st.sampled_from(UNITS))
    whole, tenths = draw(st.integers(1, 999)), draw(st.sampled_from(("", "5", "25")))
    sign = draw(st.sampled_from(".,")) if tenths else ""
    times = draw(st.sampled_from((1, 1, 2, 6)))
    pack = draw(st.sampled_from(("{} x ", "{}x", "{} X "))).format(times) if times > 1 else ""
    gap = draw(st.sampled_from(("", " ", "\n")))
    text = f"{pack}{whole}{sign}{tenths}{gap}{draw(st.sampled_from(NAMES[unit.name]))}"
    return text, Fraction(f"{whole}.{tenths or 0}") * times * unit.factor, unit


@given(quantities(), st.sampled_from(("", "NET WT ", "Net Contents: ", "Real Food ")), st.sampled_from(("", " Keep cool", "\nEnjoy")))
def test_a_quantity_is_found_in_whatever_style_it_is_written(quantity: tuple[str, Fraction, Unit], before: str, after: str) -> None:
    text, size, unit = quantity
    (field,) = find_fields(page_of(before + text + after))
    assert (field.kind, field.unit) == (unit.kind, {"weight": "g", "volume": "ml"}[unit.kind])
    if unit.metric:
        assert field.value == pytest.approx(float(size), rel=1e-12)
    else:
        assert isinstance(field.value, int | float) and abs(field.value - float(size)) <= 0.01 * float(size) + (size < 100)
    assert field.text.endswith(text.replace("\n", " ").removesuffix("."))


@given(quantities(), quantities())
def test_two_quantities_are_one_field_or_two_and_no_part_is_in_both(
    one: tuple[str, Fraction, Unit], other: tuple[str, Fraction, Unit]
) -> None:
    page = page_of(f"{one[0]} and {other[0]}")
    fields = find_fields(page)
    assert len(fields) == 2 and not set(fields[0].words) & set(fields[1].words)


@given(st.lists(st.text(string.ascii_letters + "'&-!.", min_size=1, max_size=9), max_size=12), st.integers(1, 4))
def test_there_is_no_field_in_plain_words(words: list[str], width: int) -> None:
    assert find_fields(page_of_words([words[k : k + width] for k in range(0, len(words), width)])) == []


@given(st.lists(st.text("0123456789OolIS.,/-x%$€¢() gGmMlLkKoOzZbBfFNETWTJAN", max_size=8), max_size=14), st.integers(1, 5))
def test_the_words_of_a_field_contain_its_text_and_it_is_a_plain_value(words: list[str], width: int) -> None:
    page = page_of_words([words[k : k + width] for k in range(0, len(words), width)])
    for field in find_fields(page):
        assert field.text in " ".join(page.words[k].text for k in field.words)
        assert list(field.words) == sorted(set(field.words)) and field.words
        assert isinstance(field.value, str if field.kind == "date" else int | float)
        json.dumps(field.to_json())


@given(st.fractions(min_value=1, max_value=10**7))
def test_converted_amounts_have_three_digits_and_are_less_than_a_step_off(size: Fraction) -> None:
    found = rounded(size)
    step = Fraction(10) ** (len(str(int(size))) - 3) if not 10 <= size < 100 else Fraction(1)
    assert (found / step).denominator == 1 and -Fraction(35, 100) * step <= size - found < Fraction(65, 100) * step
