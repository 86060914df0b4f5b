"""Texts that stand out, as tables."""

from collections.abc import Sequence

from synthgen.report.charts_of import TITLES, char_name
from synthgen.report.markup import Markup, element, heading
from synthgen.report.texts import Texts


def texts_section(table: str, texts: Texts) -> Markup:
    """Return what stands out among the texts of a table."""
    total = max(texts.count, 1)
    repeats = (
        ("Texts", f"{texts.count:,}", ""),
        ("Different texts", f"{texts.different:,}", _share(texts.different, total)),
        ("Text seen earlier", f"{texts.repeats:,}", _share(texts.repeats, total)),
        ("Text seen earlier in the same font", f"{texts.repeats_in_font:,}", _share(texts.repeats_in_font, total)),
    )
    rare = [(_char(char, table), f"{count:,}", _text(text)) for char, count, text in texts.rarest]
    common = [(_text(text), f"{count:,}", _share(count, total)) for text, count in texts.commonest]
    cards = (
        _card("Duplicates", ("", "Count", "Share"), repeats),
        _card(
            "Rarest characters",
            ("", "Count", "For example"),
            rare,
        ),
        _card(
            "Commonest texts",
            ("", "Count", "Share"),
            common,
        ),
        _card("Longest texts", ("", "Characters"), [(_text(text), str(len(text))) for text in texts.longest]),
        _card("Shortest texts", ("", "Characters"), [(_text(text), str(len(text))) for text in texts.shortest]),
    )
    return element("section", element("h3", TITLES[table]), element("div", *cards, class_="cards"))


def _card(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    body = [element("tr", element("th", first, scope="row"), *map(_cell, rest)) for first, *rest in rows]
    table = element("table", element("thead", heading(*heads)), element("tbody", *body), aria_label=title)
    return element("div", element("h4", title), element("div", table, class_="scroll"), class_="card")


def _cell(value: str) -> Markup:
    return element("td", value) if isinstance(value, Markup) else element("td", value, class_="number")


def _text(text: str) -> Markup:
    return element("code", text)


def _char(char: str, table: str) -> Markup:
    """Return a character as a button that shows the samples with it."""
    name = char_name(char)
    about = {"class_": "char", "data_char": char, "data_of": table, "aria_label": f"Show {table} with {name}"}
    return element("button", name, type="button", **about)


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.2f} %"
