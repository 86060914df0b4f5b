"""Reports of fake runs, and what a reader of their HTML sees."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synthgen.shards.schema import WORD_SCHEMA
from tests.fake_words import noise_jpeg

VOID = ("img", "input", "meta", "link", "br", "hr")
LOADS = ("src", "href", "data", "poster", "srcset", "action", "formaction", "background", "cite")


@dataclass
class Seen(HTMLParser):
    """What stands in a page, and what is wrong with it."""

    open: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        given = dict(attrs)
        if len(given) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.ids.extend(value or "" for name, value in attrs if name == "id")
        self.loads.extend(value or "" for name, value in attrs if name in LOADS)
        if tag == "script":
            self.script = given.get("id") or "code"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing, or something else")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[self.script] = self.scripts.get(self.script, "") + data
        elif self.open and self.open[-1] != "style":
            self.text.append(data)

    def samples(self) -> dict[str, list[dict[str, object]]]:
        content = json.loads(self.scripts["samples"])
        assert isinstance(content, dict)
        return content


def seen_in(page: str) -> Seen:
    seen = Seen()
    seen.feed(page)
    seen.close()
    return seen


def words_of(texts: list[str], fonts: list[str], path: Path) -> Path:
    """Write a shard of words with these texts, each with square quads."""
    n = len(texts)
    columns = {
        "index": list(range(n)),
        "image": [{"bytes": noise_jpeg(0, row, 24), "path": None} for row in range(n)],
        "width": [24 + row for row in range(n)],
        "height": [16] * n,
        "text": texts,
        "char_quads": [[[2.0, 2, 12, 2, 12, 14, 2, 14]] * len(text) for text in texts],
        "font": fonts,
        "background": ["flat"] * n,
        "source": ["grammar"] * n,
        "split": ["train"] * n,
        "contrast": [(row % 10) / 10 for row in range(n)],
    }
    pq.write_table(pa.table(columns, schema=WORD_SCHEMA), path, row_group_size=7)
    return path
