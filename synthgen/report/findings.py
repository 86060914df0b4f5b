"""All that a report shows, and how it comes about."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synthgen.report.about import About, about
from synthgen.report.samples import Wall, wall
from synthgen.report.tally import Tally, tally
from synthgen.report.texts import Texts, texts_of
from synthgen.shards.groups import open_groups

MOST_BYTES = 24_000_000  # of samples in a page, which with all else in it stays below 25 MB, what most mail lets through
WORDS_A_SCENE = 10  # on the wall


@dataclass(frozen=True)
class TableFindings:
    """What was found in one table."""

    rows: int
    tally: Tally
    texts: Texts
    wall: Wall


@dataclass(frozen=True)
class Findings:
    """What was found in a run."""

    about: About
    tables: Mapping[str, TableFindings]  # in the order of TABLES


def look(place: Path | str, samples: int, seed: int, most_bytes: int = MOST_BYTES) -> Findings:
    """Return what is found at `place`, a run or a shard: statistics, and `samples` words and a tenth as many scenes to show.

    Raises:
        SynthgenError: there is no finished run, or a shard is missing, changed or damaged.
    """
    told = about(place)
    tables = {}
    for table in told.tables:
        groups = open_groups(place, table)
        found = tally(groups, seed)
        wanted = samples if table == "words" else -(-samples // WORDS_A_SCENE)
        shown = wall(groups, wanted, seed, most_bytes // len(told.tables))
        tables[table] = TableFindings(sum(groups.sizes), found, texts_of(found, told.alphabet), shown)
    return Findings(told, tables)
