"""What a page says of a product: net weight or volume, price, percent claims, dates; guessed by patterns."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from extractor.dates import find_dates
from extractor.page import Page
from extractor.prices import find_claims, find_prices
from extractor.quantities import find_quantities
from extractor.written import Found, written

FINDERS: tuple[Callable[[str], Iterator[Found]], ...] = (find_dates, find_prices, find_quantities, find_claims)


@dataclass(frozen=True)
class Field:
    """A guess, and where it comes from."""

    kind: str  # weight, volume, price, percent, date
    text: str  # as read, a space between words
    value: float | str  # in `unit`; of a date as in ISO 8601, see `find_dates`
    unit: str  # g, ml, %, the sign or code of a currency; "" for a date
    words: tuple[int, ...]  # indices into `Page.words`, in reading order
    note: str = ""  # what else is to be known of the value: a pack of several, several ways to read a date

    def to_json(self) -> dict[str, object]:
        """Return the field as plain values."""
        return asdict(self) | {"words": list(self.words)}


def find_fields(page: Page) -> list[Field]:
    """Return the product fields that can be told from a page's text, in reading order; no word's part is in two of them.

    A field may go on in the next line. Letters that readers take for digits (O, l, I, S) count as such beside a true digit, where the
    rest is a unit, a sign or a date's. Amounts of nutrients and servings, and shares of daily values, are none.
    """
    whole = written(page)
    found: list[Found] = []
    for finder in FINDERS:
        for new in finder(whole.text):
            if all(new.last <= old.first or old.last <= new.first for old in found):
                found.append(new)
    return [
        Field(
            one.kind, whole.text[one.first : one.last].replace("\n", " "), one.value, one.unit, whole.words(one.first, one.last), one.note
        )
        for one in sorted(found, key=lambda one: one.first)
    ]
