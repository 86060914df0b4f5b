"""Reports of fake runs: every figure equal to brute force, nothing that stands in a text is markup, nothing is loaded."""

import json
import re
import shutil
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen.alphabet import PRINTABLE_92
from synthgen.errors import SynthgenError
from synthgen.report import charts_of
from synthgen.report import tally as tallies
from synthgen.report.about import about
from synthgen.report.charts_of import char_name, charts_section
from synthgen.report.findings import look
from synthgen.report.inspect import inspect
from synthgen.report.markup import Markup, data, element
from synthgen.report.page import page
from synthgen.report.plots import Chart, rows, svg
from synthgen.report.samples import wall
from synthgen.report.spread import spread
from synthgen.report.tally import Tally, tally
from synthgen.shards.groups import open_groups
from synthgen.shards.read import read
from tests.fake_runs import job_of, render
from tests.planted import put
from tests.report_page import seen_in, words_of

HOSTILE = ['</script><b id="x">', "<!--<script>", "a & b", "\"quoted\" 'twice'", "&lt;", "$title ${x}", "]]>", "http://x.example/"]
FORMATS = ("parquet", "tfrecord")


@pytest.fixture(scope="module")
def report(run: Path) -> str:
    return page(look(run, 20, seed=0))


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing them takes most of a page's time."""
    monkeypatch.setattr(charts_of, "svg", lambda chart: Markup("<svg></svg>"))


@pytest.fixture
def hostile(tmp_path_factory: pytest.TempPathFactory, no_charts: None) -> str:
    fonts = [f"<i>Font</i> {row}" for row in range(len(HOSTILE))]
    shard = words_of(HOSTILE, fonts, tmp_path_factory.mktemp("hostile") / "words-00000.parquet")
    return page(look(shard, 50, seed=0))


def test_of_more_rows_than_a_minute_reads_row_groups_are_drawn_and_the_report_says_so(
    run: Path, no_charts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tallies.NEAR_ROWS, "words", 20)
    found = look(run, 4, seed=3)
    assert found.tables["words"].tally.rows == 20
    assert "Figures of 20 of 40 word images, in row groups drawn over the whole run." in " ".join(seen_in(page(found)).text)


def test_all_92_characters_are_listed_those_never_seen_too(run: Path, no_charts: None) -> None:
    shown = seen_in(charts_section("words", tally(open_groups(run), seed=0), PRINTABLE_92)).text
    for char in PRINTABLE_92:
        assert char_name(char) in shown
    assert "\u20ac (not in the alphabet)" in shown
    assert any("92 in the alphabet" in text for text in shown)


def test_a_large_alphabet_is_listed_whole_and_its_rarest_are_drawn() -> None:
    found = Tally("words", characters=Counter({"b": 3}))
    alphabet = "".join(chr(0x4E00 + k) for k in range(300)) + "b"
    for name in ("length", "width", "height", "contrast"):
        found.count(name, np.array([3], dtype=np.int64))
    section = charts_section("words", found, alphabet)
    assert "Drawn: the 120 rarest." in section
    assert section.count("<title>") == 120
    assert section.count(f'<th scope="row">{alphabet[299]}<') == 1


def test_what_stands_in_texts_and_fonts_is_shown_and_never_markup(hostile: str) -> None:
    seen = seen_in(hostile)
    assert seen.faults == []
    assert [sample["text"] for sample in seen.samples()["words"]] == HOSTILE
    assert "x" not in seen.ids
    assert {"b", "i"} & set(seen.names) == set()
    shown = "".join(seen.text)
    assert all(text in shown for text in HOSTILE)
    assert "<i>Font</i> 3" in shown


def test_a_page_is_whole_html_with_names_of_its_own(report: str, hostile: str) -> None:
    for text in (report, hostile):
        seen = seen_in(text)
        assert seen.faults == []
        assert seen.open == []
        assert len(seen.ids) == len(set(seen.ids))


def test_a_page_loads_nothing(report: str) -> None:
    seen = seen_in(report)
    assert all(load.startswith("#") for load in seen.loads), seen.loads
    assert "default-src 'none'" in report
    assert not re.search(r"url\((?!#|'?#)|@import|https?://|fetch\(|XMLHttpRequest|import\(", report)


def test_every_chart_has_a_name_and_its_figures(report: str) -> None:
    charts = re.findall(r'<svg role="img"[^>]*>', report)
    assert len(charts) >= 8
    assert all('aria-label="' in chart and "viewBox" in chart and "width=" not in chart for chart in charts)
    assert report.count("<summary>Figures") == len(charts)
    assert not re.search(r"#0[1-4]0[1-4]0[1-4]", report), "a stand-in for a colour of the page is left"


def test_the_same_run_and_seed_give_the_same_page(run: Path, no_charts: None) -> None:
    first, again, other = (page(look(run, 20, seed=seed)) for seed in (0, 0, 1))
    assert first == again
    assert seen_in(first).samples() != seen_in(other).samples()


def test_a_chart_shows_names_as_they_are_and_is_drawn_the_same_again() -> None:
    names = [*HOSTILE, 'id="x"', "fill: #010101", "\u6f22\u5b57", "$x^2$"]
    chart = Chart("c", "a & b", partial(rows, names, np.arange(len(names))), (340, 300), [f"{name}: 1" for name in names])
    drawn = svg(chart)
    seen = seen_in(drawn)
    assert (seen.faults, seen.open) == ([], [])
    assert len(seen.ids) == len(set(seen.ids))
    assert set(seen.names) <= {"svg", "g", "path", "text", "title", "defs", "use", "clippath", "rect"}
    shown = [text.strip() for text in seen.text]
    assert all(shown.count(name) == shown.count(f"{name}: 1") == 1 for name in names)
    assert svg(chart) == drawn


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("table", ["words", "scenes"])
def test_samples_are_rows_of_the_run_with_their_pictures(tmp_path: Path, table: str, form: str) -> None:
    render(job_of(table, tmp_path / "shards", 23, format=form))
    rows = {row["index"]: row for batch in read(tmp_path / "shards", table=table) for row in batch.to_pylist()}
    shown = wall(open_groups(tmp_path / "shards", table), 9, seed=1, most_bytes=10**8)
    assert [sample["index"] for sample in shown.samples] == spread(23, 9, seed=1).tolist()
    for sample in shown.samples:
        row = rows[sample["index"]]
        assert sample["width"] == row["width"]
        assert str(sample["picture"]).startswith("data:image/jpeg;base64,")
        quads = [char["quad"] for char in row["chars"]] if table == "scenes" else row["char_quads"]
        layers = {layer["kind"]: layer["outlines"] for layer in sample["layers"]}  # type: ignore[attr-defined]  # a list of dicts
        assert layers["chars"] == [[round(value, 1) for value in quad] for quad in quads]
        assert [str(url)[:22] for url in sample["maps"].values()] == ["data:image/png;base64,"] * (2 * (table == "scenes"))  # type: ignore[attr-defined]


def test_a_page_that_would_grow_too_large_leaves_samples_out_and_says_so(run: Path, no_charts: None) -> None:
    found = look(run, 40, seed=0, most_bytes=40_000)
    one = found.tables["words"].wall
    assert 0 < len(one.samples) < 40
    assert one.left_out == 40 - len(one.samples)
    assert f"{one.left_out} word images more were drawn and left out" in "".join(seen_in(page(found)).text)


def test_counts_recipe_and_versions_of_the_run_are_on_the_page(run: Path, report: str) -> None:
    told = about(run)
    shown = seen_in(report).text
    assert told.tables["words"] is not None
    assert told.tables["words"].counts == {"redrawn": 4, "refused": 40}
    versions = told.run["versions"]
    assert isinstance(versions, dict)
    assert all(version in shown for version in versions.values())
    assert all(text in shown for text in ("tilt_deg", "-12 to 12", "redrawn", "refused", "curved_share"))


def test_a_shard_alone_is_shown_without_its_run(run: Path, no_charts: None) -> None:
    text = page(look(run / "scenes" / "scenes-00001.parquet", 20, seed=0))
    assert "A shard alone does not say how it was made" in text
    assert list(seen_in(text).samples()) == ["scenes"]


@given(st.text(max_size=30))
def test_escaped_text_reads_as_it_was(text: str) -> None:
    kept = text.replace("\r", "").replace("\x00", "")
    seen = seen_in(element("p", kept, title=kept))
    assert "".join(seen.text) == kept
    assert seen.names == ["p"]


def test_only_markup_is_not_escaped_and_data_cannot_end_its_element() -> None:
    assert element("b", Markup("<i>x</i>"), "<i>") == "<b><i>x</i>&lt;i&gt;</b>"
    assert "</script>" not in data("x", ["</script>", "<!--"]).removesuffix("</script>")
    with pytest.raises(ValueError, match="Out of range float"):
        data("x", [float("nan")])


def test_faults_of_the_user_are_told_with_a_cure(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SynthgenError, match=r"--out .*report.pdf: need a file ending in .html in a folder that exists.*name it report"):
        inspect(run, tmp_path / "report.pdf", 4, seed=0)
    with pytest.raises(SynthgenError, match=r"need a file ending in .html in a folder that exists"):
        inspect(run, tmp_path / "nowhere" / "report.html", 4, seed=0)
    with pytest.raises(SynthgenError, match=r"^s3://bucket/r\.html: need a folder or file of this machine, got a URL"):
        inspect(run, Path("s3://name:key@bucket/r.html"), 4, seed=0)
    with pytest.raises(SynthgenError, match=r"--seed: need 0 <= seed < 2\*\*64, got 18446744073709551616"):
        inspect(run, tmp_path / "report.html", 4, seed=2**64)
    with pytest.raises(SynthgenError, match=r"need manifest.json, which a finished run has, found none; name a folder"):
        inspect(tmp_path, tmp_path / "report.html", 4, seed=0)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SynthgenError, match=r"need the manifest of a run, got one without 'run'; restore it"):
        about(tmp_path)
    (tmp_path / "words-00000.parquet").write_bytes(b"no")
    with pytest.raises(SynthgenError, match=r"cannot be read as Parquet.*name a shard"):
        about(tmp_path / "words-00000.parquet")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SynthgenError, match=r"need matplotlib to draw charts, found none; pip install 'synthgen\[inspect\]'"):
        inspect(run, tmp_path / "report.html", 4, seed=0)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("keys", "value", "told"),
    [
        (("words", "rows"), "many", "got another: rows, bytes and counts that are not all whole numbers; restore it"),
        (("words", "counts"), [3], "got another: "),
        (("words", "shards"), {"a": 1}, "got another: "),
        (("run",), "text", "got another: "),
        (("words", "shards", 0, "file"), "../words-00000.parquet", "need a run with words, got one without, or with damaged records"),
    ],
)
def test_a_damaged_manifest_is_told(run: Path, tmp_path: Path, keys: tuple[str | int, ...], value: object, told: str) -> None:
    content = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    (tmp_path / "manifest.json").write_text(json.dumps(put(content, keys, value)), encoding="utf-8")
    with pytest.raises(SynthgenError, match=told):
        inspect(tmp_path, tmp_path / "report.html", 4, seed=0)
    (tmp_path / "manifest.json").write_text(json.dumps({"run": content["run"], "digest": "x"}), encoding="utf-8")
    with pytest.raises(SynthgenError, match="need the manifest of a run, got one without"):
        about(tmp_path)


def test_a_run_whose_record_says_little_is_shown(run: Path, tmp_path: Path, no_charts: None) -> None:
    shutil.copytree(run, tmp_path / "run")
    content = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    content["run"] = {"alphabet": "abc"}
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    assert "seed unknown, unknown" in "".join(seen_in(page(look(tmp_path / "run", 4, seed=0))).text)


def test_a_shard_without_rows_is_shown_and_one_without_a_value_is_told(run: Path, tmp_path: Path, table: str) -> None:
    shard = tmp_path / f"{table}-00000.parquet"
    whole = pq.read_table(run / table / f"{table}-00000.parquet")
    pq.write_table(whole.slice(0, 0), shard)
    text = page(look(shard, 20, seed=0))
    assert f"Figures of all: 0 {'word images' if table == 'words' else 'scenes'}." in text and seen_in(text).faults == []
    split = whole.schema.get_field_index("split")
    pq.write_table(whole.set_column(split, "split", pa.array([None, *whole["split"].to_pylist()[1:]], pa.string())), shard)
    with pytest.raises(SynthgenError, match=rf"{table}-00000.parquet: need a value in every cell of 'split', got one without"):
        look(shard, 20, seed=0)


def test_the_command_says_what_it_made_and_what_is_next(run: Path, tmp_path: Path, no_charts: None) -> None:
    from typer.testing import CliRunner

    from synthgen.cli import app

    result = CliRunner().invoke(app, ["inspect", str(run), "--out", str(tmp_path / "report.html"), "--samples", "10"])
    assert result.exit_code == 0, result.output
    assert "report.html: 10 of 40 words and 1 of 20 scenes," in result.output
    assert f"Next: synthgen verify {run}" in result.output
    assert seen_in((tmp_path / "report.html").read_text(encoding="utf-8")).faults == []
