"""The page: one HTML file with all that it needs in it."""

from collections.abc import Mapping
from importlib.resources import files
from string import Template

from synthgen.report.about import TableAbout
from synthgen.report.charts_of import charts_section
from synthgen.report.findings import Findings, TableFindings
from synthgen.report.markup import Markup, data, element, heading, joined
from synthgen.report.overlay import filters, legend, palette, style_sheet
from synthgen.report.recipe_table import recipe_section
from synthgen.report.text_tables import texts_section

UNITS = {"words": "word images", "scenes": "scenes"}


def page(found: Findings) -> str:
    """Return the report; it loads nothing, and says so to the browser."""
    here = files("synthgen.report")
    read = {name: (here / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")}
    parts = {
        "title": joined(found.about.name),
        "summary": joined(_summary(found)),
        "style": palette() + read["page.css"].replace("/* layers */", style_sheet()),
        "script": read["page.js"],
        "tiles": joined(*(_tile(*tile) for tile in _tiles(found))),
        "counts": _counts(found.about.tables),
        "read": joined(*(element("p", _read(table, one), class_="note") for table, one in found.tables.items())),
        "shown": joined(*(element("p", text, class_="note") for text in _left_out(found))),
        "charts": joined(*(charts_section(table, one.tally, found.about.alphabet) for table, one in found.tables.items())),
        "texts": joined(*(texts_section(table, one.texts) for table, one in found.tables.items())),
        "recipe": recipe_section(found.about),
        "filters": filters(),
        "looks": data("looks", legend()),
        "samples": data("samples", {table: one.wall.samples for table, one in found.tables.items()}),
    }
    return Template(read["page.html"]).substitute(parts)


def _summary(found: Findings) -> str:
    made = [_amount(one.rows, table) for table, one in found.tables.items()]
    run = found.about.run
    return ", ".join(made) + (
        f"; seed {run.get('seed', 'unknown')}, {run.get('format', 'unknown')}" if run else "; one shard, without its run"
    )


def _tile(name: str, figure: str, more: str) -> Markup:
    return element("div", element("dt", name), element("dd", figure), element("dd", more))


def _tiles(found: Findings) -> list[tuple[str, str, str]]:
    """Return name, figure and explanation of each headline figure."""
    tables = {table: told for table, told in found.about.tables.items() if told}
    shards = {table: f"{told.shards:,} shard{'s' * (told.shards != 1)}" for table, told in tables.items()}
    tiles = [(UNITS[table].capitalize(), f"{one.rows:,}", shards.get(table, "one shard")) for table, one in found.tables.items()]
    if tables:
        each = ", ".join(f"{_size(told.bytes / told.rows)} a {table[:-1]}" for table, told in tables.items() if told.rows)
        tiles.append(("Size", _size(sum(told.bytes for told in tables.values())), each))
    for table, told in tables.items():
        if told.per_second:
            tiles.append((f"{UNITS[table].capitalize()} a second", f"{told.per_second:,.0f}", "by the files' times; pauses count"))
    for ending in ("redrawn", "refused"):
        counts = {name: count for told in tables.values() for name, count in told.counts.items() if name.endswith(ending)}
        if counts:
            more = ", ".join(_told(name, count, found.tables) for name, count in counts.items())
            tiles.append((ending.capitalize(), f"{sum(counts.values()):,}", more))
    return tiles


def _told(name: str, count: int, tables: Mapping[str, TableFindings]) -> str:
    """Return what a count such as `scene_lines_redrawn` is of; of words, their share."""
    kind = name.rpartition("_")[0].replace("_", " ")
    if kind or "words" not in tables:
        return f"{count:,} {kind}".rstrip()
    return f"{100 * count / max(tables['words'].rows, 1):.2g} % of words"


def _counts(tables: Mapping[str, TableAbout | None]) -> Markup:
    """Return the table of all that a run counted: nothing is left out in silence."""
    rows = [(table, name, count, told.rows) for table, told in tables.items() if told for name, count in told.counts.items()]
    if not rows:
        return joined()
    body = [
        element(
            "tr",
            element("th", name.replace("_", " "), scope="row"),
            element("td", UNITS[table]),
            element("td", f"{count:,}", class_="number"),
            element("td", f"{1000 * count / max(total, 1):,.1f}", class_="number"),
        )
        for table, name, count, total in rows
    ]
    table_ = element("table", element("thead", heading("Counted while rendering", "of", "Count", "Per 1,000")), element("tbody", *body))
    return element("div", table_, class_="scroll", tabindex="0", role="region", aria_label="Counts of the run")


def _read(table: str, one: TableFindings) -> str:
    """Return which rows the statistics are of."""
    outside = ", ".join(f"{count:,} of {name}" for name, count in one.tally.outside.items() if count)
    odd = f" Values that cannot be, left out of the charts: {outside}; synthgen verify finds them." if outside else ""
    if one.tally.rows == one.rows:
        return f"Figures of all: {_amount(one.rows, table)}.{odd}"
    return f"Figures of {one.tally.rows:,} of {_amount(one.rows, table)}, in row groups drawn over the whole run.{odd}"


def _amount(rows: int, table: str) -> str:
    return f"{rows:,} {UNITS[table][: -1 if rows == 1 else None]}"


def _left_out(found: Findings) -> list[str]:
    cut = {table: one.wall for table, one in found.tables.items() if one.wall.left_out}
    return [f"{_amount(one.left_out, table)} more were drawn and left out to keep this page small." for table, one in cut.items()]


def _size(size_bytes: float) -> str:
    """Return a size as people say it."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.3g} {unit}"
    return f"{size_bytes:.0f} bytes"
