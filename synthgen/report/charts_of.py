"""Which charts a table gets, each with its figures in words and in a table."""

from collections import Counter
from dataclasses import dataclass
from functools import partial

import numpy as np

from synthgen.arrays import I64
from synthgen.report.markup import Markup, element, heading
from synthgen.report.plots import Chart, binned, characters, column_chart, rows, svg
from synthgen.report.tally import Tally

TITLES = {"words": "Words", "scenes": "Scenes"}
NUMBERS = {  # what was counted: title, unit
    "words": {
        "length": ("Characters a word", ""),
        "width": ("Width", " px"),
        "height": ("Height", " px"),
        "contrast": ("Contrast of ink and ground", " %"),
    },
    "scenes": {
        "words": ("Words a scene", ""),
        "word height": ("Height of a word", " px"),
        "length": ("Characters a word", ""),
        "visible": ("Share of a word that is seen", " %"),
        "width": ("Width", " px"),
        "height": ("Height", " px"),
    },
}
NAMES = {"font": "Fonts", "background": "Backgrounds", "source": "Sources of texts", "split": "Split", "readable": "Words to be read"}
BINS = 40  # of a histogram at most
NAMES_SHOWN = 14  # in a chart
NAMES_LISTED = 400  # in the table under it: photos may be many
DRAWN = 120  # characters that have room in a chart
WIDE_PX = (1120, 190)
BAR_PX, AROUND_PX = 19, 36  # height of a lying bar, and of what stands above and below them
CARD_PX = 340
NEVER = np.zeros(0, dtype=np.int64)  # of a table without rows
LETTER_PX = 6.4  # width of most letters in a chart, about


@dataclass(frozen=True)
class Same:
    """What is the same in all rows, and needs no chart."""

    title: str
    value: str


def charts_section(table: str, tally: Tally, alphabet: str) -> Markup:
    """Return all charts of a table."""
    title = element("h3", TITLES[table])
    numbers = [_numbers(f"{table}-{key.replace(' ', '-')}", *told, tally.numbers.get(key, NEVER)) for key, told in NUMBERS[table].items()]
    names = [_names(f"{table}-{key}", NAMES[key], counts) for key, counts in tally.names.items()]
    cards = element("div", *(card for card in (*numbers, *names) if isinstance(card, Markup)), class_="cards")
    same = "; ".join(f"{said.title} {said.value}" for said in (*numbers, *names) if isinstance(said, Same))
    always = (element("p", f"The same in all: {same}.", class_="same"),) if same else ()
    return element("section", title, _characters(table, tally, alphabet), cards, *always)


def _characters(table: str, tally: Tally, alphabet: str) -> Markup:
    """Return the chart of all characters of the alphabet, and of any that are not in it."""
    counts = np.array([tally.characters[char] for char in alphabet], dtype=np.int64)
    total = int(counts.sum())
    never = int((counts == 0).sum())
    strange = {char: count for char, count in sorted(tally.characters.items()) if char not in alphabet}
    told = f"{len(alphabet)} in the alphabet, {never or 'none'} never seen; {total:,} seen in all, on a logarithmic axis."
    drawn = np.sort(np.argsort(counts, kind="stable")[:DRAWN])
    if len(alphabet) > DRAWN:
        told += f" Drawn: the {DRAWN} rarest."
    if strange:
        told += f" Outside the alphabet: {sum(strange.values()):,}."
    letters = "".join(alphabet[row] for row in drawn)
    notes = [f"{char_name(char)}: {count:,}" for char, count in zip(letters, counts[drawn].tolist(), strict=True)]
    draw = partial(characters, letters, counts[drawn])
    chart = Chart(f"{table}-characters", f"How often each character occurs: {told}", draw, WIDE_PX, notes)
    every = {char_name(char): count for char, count in zip(alphabet, counts.tolist(), strict=True)}
    every |= {f"{char_name(char)} (not in the alphabet)": count for char, count in strange.items()}
    wide = element("div", svg(chart), class_="scroll", tabindex="0", role="region", aria_label="Chart of characters")
    return element("figure", _caption("Characters", told), wide, _table("Character", every, total), class_="card wide")


def _numbers(name: str, title: str, unit: str, seen: I64) -> "Markup | Same":
    """Return the chart of a histogram, or the only value there is."""
    found = np.flatnonzero(seen)
    if len(found) < 2:
        return Same(title.lower(), f"{found[0]}{unit}" if len(found) else "none")
    bins = binned(seen, BINS, unit)
    told = f"{found[0]} to {found[-1]}{unit}, median {_median(seen)}{unit}."
    chart = column_chart(name, f"{title}: {told}", bins)
    table = _table(title, {bins.span(row): count for row, count in enumerate(bins.counts.tolist())}, int(seen.sum()))
    return element("figure", _caption(title, told), svg(chart), table, class_="card")


def _names(name: str, title: str, counts: Counter[str]) -> "Markup | Same":
    """Return the chart of the commonest names, or the only one there is."""
    ranked = {key or "(none)": count for key, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))}
    total = sum(counts.values())
    if len(ranked) < 2:
        return Same(title.lower(), next(iter(ranked), "none"))
    top = dict(list(ranked.items())[:NAMES_SHOWN])
    least = next(reversed(ranked.values()))
    told = f"{len(ranked)} in all, each {100 * least / total:.2g} to {100 * max(ranked.values()) / total:.2g} %."
    if len(ranked) > NAMES_SHOWN:
        told += f" Shown: the {NAMES_SHOWN} commonest."
    size = (CARD_PX, BAR_PX * len(top) + AROUND_PX)
    notes = [f"{key}: {count:,}" for key, count in top.items()]
    short = _shortened(top)
    draw = partial(rows, short, np.array([*top.values()], dtype=np.int64))
    chart = Chart(name, f"{title}: {told}", draw, size, notes, int(LETTER_PX * max(map(len, short))) + 14)
    listed = dict(list(ranked.items())[:NAMES_LISTED])
    if len(ranked) > len(listed):
        listed[f"{len(ranked) - len(listed):,} others"] = total - sum(listed.values())
    return element("figure", _caption(title, told), svg(chart), _table(title, listed, total), class_="card")


def _shortened(names: dict[str, int]) -> list[str]:
    """Return names that leave room for bars."""
    return [name if len(name) <= 24 else f"{name[:11]}\u2026{name[-12:]}" for name in names]


def _median(seen: I64) -> int:
    return int(np.searchsorted(np.cumsum(seen), (int(seen.sum()) + 1) // 2))


def _caption(title: str, told: str) -> Markup:
    return element("figcaption", element("h4", title), element("p", told))


def _table(title: str, counts: dict[str, int], total: int) -> Markup:
    """Return the figures of a chart, folded."""
    body = [
        element(
            "tr",
            element("th", name, scope="row"),
            element("td", f"{count:,}", class_="number"),
            element("td", f"{100 * count / max(total, 1):.2f} %", class_="number"),
        )
        for name, count in counts.items()
    ]
    table = element("table", element("thead", heading(title, "Count", "Share")), element("tbody", *body))
    inner = element("div", table, class_="scroll tall", tabindex="0", role="region", aria_label=f"Figures: {title}")
    return element("details", element("summary", "Figures", element("span", f" of {title}", class_="unseen")), inner)


def char_name(char: str) -> str:
    """Return a character so that it can be seen."""
    return "space" if char == " " else char if char.isprintable() else f"U+{ord(char):04X}"
