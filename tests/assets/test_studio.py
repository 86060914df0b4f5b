"""The studio: the same from a cold and a warm cache, and never from a stale one."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numba
import numpy as np
import pytest

from synthgen import renderer
from synthgen.alphabet import PRINTABLE_92, Alphabet
from synthgen.assets import stored_texts, textures
from synthgen.assets.corpora import load_texts
from synthgen.assets.mapped import release
from synthgen.assets.stored_texts import StoredTexts, open_texts
from synthgen.assets.studio import Opened, open_studio
from synthgen.errors import SynthgenError
from synthgen.job import Job
from synthgen.recipe import CorpusRecipe, FontRecipe, GroundRecipe, Recipe, TextRecipe
from synthgen.renderer import open_renderer
from synthgen.scene import texts as texts_module
from synthgen.scene.text_kernels import RuleArrays, WordArrays
from synthgen.scene.texts import TextRules, TextTable, prepare_rules
from synthgen.scene.words import render_words
from tests.assets.made_fonts import letters, make_font

LINES = ["Sea Salt & Vinegar", "Net Wt 15 OZ (425g)", "Zero Sugar", "Aloe Vera Gel 250ml", "quick jazz"]


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_module, "TRIALS", 500)
    monkeypatch.setattr(textures, "FAMILIES", {name: textures.FAMILIES[name] for name in ("flat", "paper")})
    monkeypatch.setattr(textures, "PER_FAMILY", 1)


@pytest.fixture(name="corpus")
def _corpus(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(LINES), encoding="utf-8")
    return path


@pytest.fixture(name="recipe")
def _recipe(tmp_path: Path, corpus: Path) -> Recipe:
    (tmp_path / "faces").mkdir()
    make_font(tmp_path / "faces" / "made.ttf", letters(PRINTABLE_92))
    return Recipe(
        text=texts_of(corpus), fonts=FontRecipe(packages=False, folder=tmp_path / "faces"), ground=GroundRecipe(flat=1.0, paper=1.0)
    )


def texts_of(*paths: Path, weight: float = 1.0, phrase_share: float = 0.12) -> TextRecipe:
    corpora = tuple(CorpusRecipe(path=path, weight=weight) for path in paths)
    return TextRecipe(grammar=0.0, english=0.0, corpora=corpora, phrase_share=phrase_share)


def no_making(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("made anew")

    monkeypatch.setattr(stored_texts, "load_texts", fail)
    monkeypatch.setattr(stored_texts, "prepare_rules", fail)


def values(*records: TextTable | TextRules) -> list[object]:
    parts = [getattr(record, field.name) for record in records for field in fields(record)]
    flat = [value for part in parts for value in (part if isinstance(part, tuple) else (part,))]
    return [(value.dtype.str, value.tolist()) if isinstance(value, np.ndarray) else (type(value), value) for value in flat]


def parts(rules: TextRules) -> tuple[RuleArrays, RuleArrays]:
    return rules.sample, rules.neighbour


def kinds(*records: WordArrays | RuleArrays) -> list[list[str]]:
    """Return what the compiler sees of each field: arrays that can be written are of another kind than those that cannot."""
    return [[str(numba.typeof(value)) for value in record] for record in records]  # type: ignore[no-untyped-call]


def painted(opened: Opened) -> list[bytes]:
    block = render_words(opened.studio, 3, np.arange(12, dtype=np.uint64))
    return [block.pixels.tobytes(), block.labels.tobytes(), block.quads.tobytes(), block.quality.tobytes()]


def test_pixels_from_a_cold_and_a_warm_cache_are_equal(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    cold = open_studio(recipe, tmp_path / "cache")
    no_making(monkeypatch)
    warm = open_studio(recipe, tmp_path / "cache")
    assert painted(warm) == painted(cold)
    assert (warm.digests, warm.sources, warm.dropped) == (cold.digests, cold.sources, cold.dropped)


def test_stored_texts_are_those_that_were_made(tmp_path: Path, corpus: Path) -> None:
    recipe, alphabet = TextRecipe(grammar=0.0, english=1.0, corpora=(CorpusRecipe(path=corpus),)), Alphabet()
    table = load_texts(recipe, alphabet)
    rules = prepare_rules(recipe, alphabet, table)
    for _ in ("cold", "warm"):
        stored = open_texts(recipe, alphabet, tmp_path / "cache")
        assert values(stored.table, stored.rules) == values(table, rules)


def test_kernels_compiled_for_a_cold_cache_serve_a_warm_one(tmp_path: Path, corpus: Path) -> None:
    cold, warm = (open_texts(texts_of(corpus), Alphabet(), tmp_path / "cache") for _ in range(2))
    assert kinds(cold.table.words, *parts(cold.rules)) == kinds(warm.table.words, *parts(warm.rules))
    assert kinds(*parts(cold.rules)) == kinds(*parts(prepare_rules(texts_of(corpus), Alphabet(), cold.table)))


@pytest.mark.parametrize(
    "change",
    [
        lambda path: open_texts(texts_of(path, phrase_share=0.5), Alphabet(), path.parent / "cache"),
        lambda path: open_texts(texts_of(path, weight=2.0), Alphabet(), path.parent / "cache"),
        lambda path: open_texts(texts_of(path), Alphabet(PRINTABLE_92[::-1]), path.parent / "cache"),
        lambda path: open_texts(texts_of(path.rename(path.with_name("other.txt"))), Alphabet(), path.parent / "cache"),
        lambda path: path.write_text("One more", encoding="utf-8") and open_texts(texts_of(path), Alphabet(), path.parent / "cache"),
    ],
    ids=["recipe", "weight", "alphabet", "name", "contents"],
)
def test_texts_are_made_anew_when_what_they_depend_on_changes(
    corpus: Path, change: Callable[[Path], StoredTexts], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_texts(texts_of(corpus), Alphabet(), corpus.parent / "cache")
    no_making(monkeypatch)
    with pytest.raises(AssertionError, match="made anew"):
        change(corpus)


def test_texts_are_made_anew_when_another_version_makes_them(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_texts(texts_of(corpus), Alphabet(), corpus.parent / "cache")
    monkeypatch.setattr(stored_texts, "version", lambda name: f"{name} 99")
    no_making(monkeypatch)
    with pytest.raises(AssertionError, match="made anew"):
        open_texts(texts_of(corpus), Alphabet(), corpus.parent / "cache")


def test_a_corpus_that_moves_to_another_folder_is_the_same(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_texts(texts_of(corpus), Alphabet(), corpus.parent / "cache")
    (corpus.parent / "there").mkdir()
    moved = corpus.rename(corpus.parent / "there" / corpus.name)
    no_making(monkeypatch)
    after = open_texts(texts_of(moved), Alphabet(), corpus.parent / "cache")
    assert values(after.table, after.rules) == values(before.table, before.rules)


def test_each_corpus_of_one_name_has_its_own_digest(corpus: Path) -> None:
    (corpus.parent / "b").mkdir()
    other = corpus.parent / "b" / corpus.name
    other.write_text("Other words", encoding="utf-8")
    stored = open_texts(texts_of(corpus, other), Alphabet(), corpus.parent / "cache")
    assert tuple(stored.digests) == stored.table.names
    assert len(set(stored.digests.values())) == 2


def test_a_corpus_that_is_gone_is_named_though_its_words_are_stored(corpus: Path) -> None:
    open_texts(texts_of(corpus), Alphabet(), corpus.parent / "cache")
    corpus.unlink()
    with pytest.raises(SynthgenError, match=r"texts\.txt: no such file"):
        open_texts(texts_of(corpus), Alphabet(), corpus.parent / "cache")


def test_a_corpus_of_weight_0_need_not_be_there(corpus: Path) -> None:
    idle = CorpusRecipe(path=corpus.with_name("gone.txt"), weight=0.0)
    stored = open_texts(
        TextRecipe(grammar=0.0, english=0.0, corpora=(CorpusRecipe(path=corpus), idle)), Alphabet(), corpus.parent / "cache"
    )
    assert stored.table.names == ("texts.txt",)


def test_a_worker_refuses_assets_that_changed_since_the_run_began(tmp_path: Path, recipe: Recipe, corpus: Path) -> None:
    opened = open_studio(recipe, tmp_path / "cache")
    job = Job(recipe=recipe, seed=0, n=1, out=tmp_path / "out", factory=open_renderer, assets=opened.digests, cache=tmp_path / "cache")
    assert open_renderer(job).names.sources == ("texts.txt",)
    corpus.write_text("Changed words", encoding="utf-8")
    with pytest.raises(SynthgenError, match=r"corpus texts\.txt: need what the run began with.*--resume"):
        open_renderer(job)


def resident_bytes(name: str) -> int:
    """Return how much of the files of this name this process has mapped in."""
    maps = Path("/proc/self/smaps").read_text(encoding="utf-8").split("\n")
    heads = [row for row, line in enumerate(maps) if line.endswith(name)]
    return sum(int(next(line for line in maps[row:] if line.startswith("Rss:")).split()[1]) * 1024 for row in heads)


def test_released_pages_leave_the_process_and_come_back(tmp_path: Path) -> None:
    whole = np.arange(1 << 20, dtype=np.int64)
    np.save(tmp_path / "released.npy", whole)
    mapped = np.asarray(np.load(tmp_path / "released.npy", mmap_mode="r"))[1:]
    assert (mapped == whole[1:]).all()
    assert resident_bytes("released.npy") > 4 << 20
    release(mapped)
    assert resident_bytes("released.npy") == 0
    assert (mapped == whole[1:]).all()


def test_an_array_in_memory_is_left_alone_by_release() -> None:
    array = np.arange(10)
    release(array[2:])
    assert array.tolist() == list(range(10))


def test_tiles_beyond_the_bound_are_released_every_few_blocks(tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[int] = []
    monkeypatch.setattr(renderer, "release", lambda array: released.append(array.nbytes))
    monkeypatch.setattr(renderer, "BLOCK", 4)
    monkeypatch.setattr(renderer, "BLOCKS_HELD", 2)
    samples = renderer.Renderer(open_studio(recipe, tmp_path / "cache"), 0)
    assert [rows.index.tolist() for rows, _ in samples.words(3, 10)] == [[3, 4, 5, 6], [7, 8, 9]]
    assert released == []
    monkeypatch.setattr(renderer, "MOST_MAPPED_BYTES", 1000)
    list(samples.words(3, 20))  # five blocks
    assert released == [2 * 512 * 512] * 2
