"""The recipe of a run and the versions that made it, as tables."""

import json
from collections.abc import Iterator, Mapping

from synthgen.recipe import Recipe
from synthgen.report.about import About
from synthgen.report.markup import Markup, element, joined

MADE = ("seed", "n", "scenes", "format", "shard_sizes")


def recipe_section(about: About) -> Markup:
    """Return what decided how the run looks; what differs from the built-in recipe is marked."""
    run = about.run
    if not run:
        return element("p", "A shard alone does not say how it was made; the folder of its run does.", class_="note")
    usual = Recipe().model_dump(mode="json")
    tables = [_part(name, part, usual.get(name)) for name, part in _parts(run.get("recipe"))]
    changed = sum(table.count('class="changed"') for table in tables)
    told = "The built-in recipe, unchanged."
    if changed:
        told = f"{changed} value{'s' * (changed != 1)} differ{'s' * (changed == 1)} from the built-in recipe."
    made = {"digest": about.digest[:16], **{name: run[name] for name in MADE if name in run}}
    fixed = (("Run", made), ("Package versions", run.get("versions")), ("Digests of assets", run.get("assets")))
    small = [_part(name, part, part) for name, part in fixed if isinstance(part, Mapping) and part]
    folded = element("details", element("summary", "All values"), element("div", *tables, class_="columns"))
    top = (element("div", *small, class_="cards"), element("h3", "Recipe"), element("p", told, class_="note"))
    return joined(*top, *_changes(tables), folded)


def _changes(tables: list[Markup]) -> Iterator[Markup]:
    """Yield the tables with changed values once more, in sight."""
    changed = [table for table in tables if 'class="changed"' in table]
    if changed:
        yield element("div", *changed, class_="columns changes")


def _parts(recipe: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield name and values of each table of a recipe; what stands in none comes first."""
    values = recipe if isinstance(recipe, Mapping) else {}
    alone = {name: value for name, value in values.items() if not isinstance(value, Mapping)}
    if alone:
        yield "recipe", alone
    yield from ((name, value) for name, value in values.items() if isinstance(value, Mapping))


def _part(name: str, values: Mapping[str, object], usual: object) -> Markup:
    known = usual if isinstance(usual, Mapping) else {}
    rows = [_row(key, value, changed=key in known and known[key] != value, usual=known.get(key)) for key, value in values.items()]
    return element("div", element("h4", name), element("table", element("tbody", *rows), aria_label=name), class_="card")


def _row(key: str, value: object, *, changed: bool, usual: object) -> Markup:
    cell = [element("code", _told(value))]
    if changed:
        cell.append(element("small", f" built-in: {_told(usual)}"))
    row = (element("th", key, scope="row"), element("td", *cell))
    return element("tr", *row, class_="changed") if changed else element("tr", *row)


def _told(value: object) -> str:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(end, int | float) for end in value):
        return f"{value[0]:g} to {value[1]:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_told(part)}" for name, part in value.items())
    return "none" if value is None or value == [] else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
