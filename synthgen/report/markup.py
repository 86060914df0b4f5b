"""HTML that cannot be broken by what stands in it: text is escaped unless it is markup already."""

import html
import json

FIGURES = frozenset({"Count", "Share", "Characters", "Per 1,000"})  # columns of numbers
EMPTY = frozenset({"img", "input", "meta", "br", "hr"})  # elements without an end


class Markup(str):
    """HTML that may stand in a page as it is."""

    __slots__ = ()


def element(name: str, *inside: str, **attributes: str) -> Markup:
    """Return an element; `inside` is escaped where it is not Markup, attributes always: `class_` is class, `aria_label` aria-label."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for key, value in attributes.items())
    if name in EMPTY:
        return Markup(f"<{name}{told}>")
    return Markup(f"<{name}{told}>{joined(*inside)}</{name}>")


def heading(*names: str) -> Markup:
    """Return the first row of a table; a column without a name has no head."""
    heads = [
        element("th", name, scope="col", **({"class_": "number"} if name in FIGURES else {})) if name else element("td") for name in names
    ]
    return element("tr", *heads)


def joined(*parts: str) -> Markup:
    """Return the parts one after the other, escaped where they are not Markup."""
    return Markup("".join(part if isinstance(part, Markup) else html.escape(part) for part in parts))


def data(name: str, content: object) -> Markup:
    """Return a script element that only holds JSON, for the page's script to read."""
    told = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = told.replace("<", "\\u003c")  # nothing in it can end the element or begin a comment
    return Markup(f'<script type="application/json" id="{html.escape(name)}">{safe}</script>')
