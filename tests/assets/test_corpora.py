"""Corpora: what is read, what is dropped and counted, and what is said when a file is not what it should be."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordfreq import word_frequency

from synthgen.alphabet import READER_STEPS, Alphabet, steps_needed
from synthgen.assets import corpora, grammar
from synthgen.assets.corpora import load_texts, parse_corpus
from synthgen.errors import SynthgenError
from synthgen.recipe import CorpusRecipe, TextRecipe
from synthgen.scene.texts import TextTable, plan_texts, prepare_rules

ALPHABET = Alphabet()


def lines_of(table: TextTable, source: int = 0) -> list[str]:
    """Return the lines of a source, words joined by spaces again."""
    words, out, line = table.words, [], []
    for row in range(words.first[source], words.first[source + 1]):
        line.append(ALPHABET.decode(words.codes[words.start[row] : words.start[row + 1]]))
        if words.last[row]:
            out.append(" ".join(line))
            line = []
    assert not line
    return out


def load(path: Path, column: str | None = None, alphabet: Alphabet = ALPHABET) -> TextTable:
    return load_texts(TextRecipe(grammar=0, english=0, corpora=(CorpusRecipe(path=path, column=column),)), alphabet)


def written(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return path


def of_lines(lines: list[str], alphabet: Alphabet = ALPHABET) -> tuple[list[str], dict[str, int]]:
    """Return the lines kept of `lines`, and the counts of what was dropped."""
    words, dropped = corpora._encoded(lines, corpora.Folder(alphabet, {}))
    kept: list[list[str]] = [[] for _ in lines]
    edges = np.concatenate([[0], np.cumsum(words.size)])
    for (a, b), line in zip(pairwise(edges), words.line, strict=True):
        kept[line].append(alphabet.decode(words.codes[a:b]))
    return [" ".join(line) for line in kept], dict(dropped)


@given(st.lists(st.text(st.characters(exclude_characters="\ue000"), max_size=60), max_size=6))
@settings(deadline=None)
def test_a_whole_file_is_folded_as_each_of_its_lines_would_be(lines: list[str]) -> None:
    folded = [ALPHABET.fold(line.replace("\n", " ")) for line in lines]
    wanted = [" ".join(w for w in (line or "").split() if steps_needed(w) <= READER_STEPS) for line in folded]
    found, dropped = of_lines(lines)
    assert found == wanted
    assert dropped["foreign_lines"] == folded.count(None)
    assert dropped["empty_lines"] == sum(not line.split() for line in lines)
    assert dropped["long_words"] == sum(steps_needed(w) > READER_STEPS for line in folded for w in (line or "").split())


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"line {k} caf\u00e9" for k in range(50)]
    whole = of_lines(lines)
    monkeypatch.setattr(corpora, "CHUNK", 7)
    assert of_lines(lines) == whole


def test_a_text_file_gives_its_lines_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    text = (
        "\ufeffSea Salt\r\n\r\nJalape\u00f1o \u201cHot\u201d\nSea Salt\nSea  Salt\n\u4e2d\u6587 x\n"
        + "a" * 40
        + " ok "
        + "o" * 16
        + "\nSeaS alt\n"
    )
    table = load(written(tmp_path, "a.txt", text))
    assert lines_of(table) == ["Sea Salt", 'Jalapeno "Hot"', "ok " + "o" * 16, "SeaS alt"]
    assert table.names == ("a.txt",)
    assert table.dropped == {"a.txt": {"foreign_lines": 1, "empty_lines": 1, "long_words": 1, "repeated_lines": 2}}


def test_a_word_left_out_parts_its_line(tmp_path: Path) -> None:
    assert lines_of(load(written(tmp_path, "a.txt", f"net wt {'x' * 40} 15 OZ"))) == ["net wt", "15 OZ"]


def test_csv_cells_may_hold_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", '\ufeffid,name\n1,"Salt, ""fine"""\n2,"two\nlines"\n3\n4,last\n')
    assert lines_of(load(path)) == ['Salt, "fine"', "two lines", "last"]
    assert load(path).dropped["a.csv"]["empty_lines"] == 1


def test_tsv_jsonl_and_parquet_give_their_column(tmp_path: Path) -> None:
    rows: list[dict[str, int | str | None]] = [
        {"n": 1, "t": "one", "u": "x"},
        {"n": 2, "t": None, "u": "y"},
        {"n": 3, "t": "th ree", "u": "z"},
    ]
    tsv = written(tmp_path, "a.tsv", "n\tt\tu\n1\tone\tx\n2\t\ty\n3\tth ree\tz\n")
    jsonl = written(tmp_path, "a.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n\n")
    parquet = tmp_path / "a.parquet"
    pq.write_table(pa.table({key: [row[key] for row in rows] for key in "ntu"}), parquet)
    for path in (tsv, jsonl, parquet):
        table = load(path, "t")
        assert lines_of(table) == ["one", "th ree"], path
        assert table.names == (f"{path.name}:t",)
        assert table.dropped[f"{path.name}:t"]["empty_lines"] == 1


def test_the_only_text_column_is_found(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1], "t": pa.array(["one"]).dictionary_encode()}), tmp_path / "a.parquet")
    for path in (
        written(tmp_path, "a.csv", "n,t\n1,one\n"),
        written(tmp_path, "b.csv", "n\none\n"),
        written(tmp_path, "a.jsonl", '{"n": 1, "t": "one"}'),
        tmp_path / "a.parquet",
    ):
        assert lines_of(load(path)) == ["one"]


@pytest.mark.parametrize(
    ("name", "data", "column", "message"),
    [
        ("a.xlsx", "x", None, r"a\.xlsx: need a file ending in \.txt, .*got \.xlsx; save it"),
        ("a", "x", None, r"got no suffix"),
        ("a.txt", "x", "t", r"a \.txt file has no columns, got column 't'; leave the column out"),
        ("a.csv", "name,brand\na,b\n", "nmae", r"no column 'nmae', it has 'name', 'brand'; nearest is 'name'"),
        ("a.csv", "name,brand\na,b\n", None, r"need one text column, got 'name', 'brand'; choose one: a\.csv:name"),
        ("a.csv", "", None, r"no column at all"),
        ("a.csv", 'name\n"a"b\n', None, r"line 2 is not CSV: .*; quote"),
        ("a.jsonl", '{"a": "x"}\n{"a": \n', None, r"line 2 is not JSON: .*; need one object a line"),
        ("a.jsonl", '{"a": "x"}\n["y"]\n', None, r"line 2: need an object .*, got list"),
        ("a.jsonl", '{"a": ' + "1" * 5000 + "}", None, r"line 1 is not JSON: .*digits.*; need one object a line"),
        ("a.jsonl", '{"a": {"b": "x"}}', None, r"need texts or numbers in the column, got dict .*; choose another, or write it as text"),
        ("a.jsonl", '{"a": "x"}', "b", r"no column 'b', it has 'a'; nearest is 'a'"),
        ("a.txt", b"good\nb\xe4d\n", None, r"need UTF-8, got byte 0xe4 at offset 6; save the file as UTF-8"),
        ("a.txt", b"\xef\xbb\xbfb\xe4d\n", None, r"byte 0xe4 at offset 4"),
        ("a.txt", "", None, r"need at least one word in the alphabet, got no lines; set its weight to 0"),
        ("a.txt", "\u4e2d\n\n", None, r"need at least one word in the alphabet, got 1 foreign lines, 1 empty lines"),
        ("a.parquet", "PAR?", None, r"cannot be read as Parquet: .*; write it anew"),
    ],
)
def test_a_file_that_will_not_do_is_named_with_the_cure(
    tmp_path: Path, name: str, data: str | bytes, column: str | None, message: str
) -> None:
    path = written(tmp_path, name, data)
    with pytest.raises(SynthgenError, match=message) as caught:
        load(path, column)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("values", [[["red", "blue tin"], [], None], ["red", "blue tin", None, None]])
def test_a_list_in_a_cell_is_several_texts(tmp_path: Path, values: list[object]) -> None:
    pq.write_table(pa.table({"t": values}), tmp_path / "a.parquet")
    table = load(tmp_path / "a.parquet")
    assert lines_of(table) == ["red", "blue tin"]
    assert table.dropped["a.parquet"]["empty_lines"] == 2


def test_bytes_are_not_taken_for_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": [b"red"]}), tmp_path / "a.parquet")
    with pytest.raises(SynthgenError, match=r"a\.parquet: need texts or numbers in the column, got bytes b'red'; choose another"):
        load(tmp_path / "a.parquet")


def test_a_refused_file_is_closed_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'name\n"a"b\nc\n')
    with pytest.raises(SynthgenError, match="line 2 is not CSV") as caught:
        load(path)
    held = [value for at in caught.traceback for value in at.frame.f_locals.values() if hasattr(value, "gi_frame")]
    assert all(value.gi_frame is None for value in held)
    assert held


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"none\.txt: no such file; check the path"):
        load(tmp_path / "none.txt")


def test_all_weights_0_is_an_error() -> None:
    with pytest.raises(SynthgenError, match=r"text: need weights with a sum above 0, got \[0.0, 0.0\]"):
        load_texts(TextRecipe(grammar=0, english=0), ALPHABET)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a.txt", CorpusRecipe(path=Path("a.txt"))),
        ("x/b=c.csv:name=2.5", CorpusRecipe(path=Path("x/b=c.csv"), column="name", weight=2.5)),
        ("a.jsonl:t", CorpusRecipe(path=Path("a.jsonl"), column="t")),
        ("A.TXT=0", CorpusRecipe(path=Path("A.TXT"), weight=0)),
    ],
)
def test_the_short_form_of_a_corpus_is_understood(text: str, wanted: CorpusRecipe) -> None:
    assert parse_corpus(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [("a.doc", "need PATH"), ("", "need PATH"), ("a.txt=x", "got 'x'"), ("a.txt=-1", "at least 0"), ("a.txt=nan", "weight")],
)
def test_another_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(SynthgenError, match=message):
        parse_corpus(text)


def test_english_is_by_the_square_root_of_frequency_and_keeps_apostrophes() -> None:
    table = load_texts(TextRecipe(grammar=0, english=1), ALPHABET)
    words = lines_of(table)
    chance = dict(zip(words, np.diff(table.words.cumulative, prepend=0.0), strict=True))
    assert table.names == ("english",) and len(words) > 39_000
    assert "don't" in chance and table.words.cumulative[-1] == 1.0
    assert chance["the"] / chance["cream"] == pytest.approx((word_frequency("the", "en") / word_frequency("cream", "en")) ** 0.5)
    assert sum(sorted(chance.values())[-100:]) < 0.25


def test_sources_stand_one_after_the_other_with_names_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    paths = [written(tmp_path, "w.txt", "one"), written(tmp_path / "b", "w.txt", "two"), written(tmp_path, "no.txt", "no")]
    chosen = tuple(CorpusRecipe(path=path, weight=weight) for path, weight in zip(paths, (2.0, 1.0, 0.0), strict=True))
    table = load_texts(TextRecipe(grammar=0, english=1, corpora=chosen), ALPHABET)
    assert table.names == ("english", "w.txt", "w.txt#2") and set(table.dropped) == set(table.names)
    assert table.weight.tolist() == [1.0, 2.0, 1.0]
    assert lines_of(table, 1) == ["one"] and lines_of(table, 2) == ["two"]
    assert len(table.words.cumulative) == table.words.first[1] == table.words.cumulative_first[1] == table.words.cumulative_first[3]


def test_an_alphabet_of_capitals_reads_small_letters_and_needs_no_space() -> None:
    found, dropped = of_lines(["ab CD", "x1"], Alphabet("ABCD"))
    assert found == ["AB CD", ""] and dropped["foreign_lines"] == 1


def test_grammar_lines_with_slots_that_the_alphabet_cannot_fill_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "lines", lambda: ["OZ", f"{grammar.PLACEHOLDERS[0]} OZ", f"{grammar.PLACEHOLDERS[2]} OZ"])
    table = load_texts(TextRecipe(grammar=1, english=0), Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZ "))
    assert table.dropped == {"grammar": {"foreign_lines": 1, "empty_lines": 0, "long_words": 0}}
    assert len(table.words.last) == 3


def test_a_large_file_stays_small(tmp_path: Path) -> None:
    lines = [f"product {k:06d} with some more words" for k in range(40_000)]
    path = written(tmp_path, "a.txt", "\n".join(lines))
    words = load(path).words
    assert words.start.nbytes + words.codes.nbytes + words.last.nbytes + words.cumulative.nbytes < 3.2 * path.stat().st_size


def test_every_character_is_seen_by_the_default_recipe_and_wild_slots_do_not_repeat() -> None:
    table = load_texts(TextRecipe(), ALPHABET)
    texts = plan_texts(table, prepare_rules(TextRecipe(), ALPHABET, table), 11, np.arange(100_000, dtype=np.uint64))
    shares = np.bincount(texts.codes, minlength=93) / len(texts.codes)
    assert shares[0] == 0.0 and shares[1:].min() >= 1 / 2_000, ALPHABET.characters[shares[1:].argmin()]
    assert np.mean(texts.source == 0) == pytest.approx(0.625, abs=0.03)
    labels = [ALPHABET.decode(texts.codes[a:b]) for a, b in pairwise(texts.offsets[:20_001])]
    prices = [label for label in labels if label.startswith("$") and label[1:2].isdigit()]
    assert len(prices) > 60 and len(set(prices)) > 0.6 * len(prices)
