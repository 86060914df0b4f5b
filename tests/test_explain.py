"""Samples explained: choices that are those the sample was made by, and the sample made again beside the stored one."""

import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from synthgen import explain_fields
from synthgen.assets.grammar import PLACEHOLDERS, lines_by_category
from synthgen.assets.line_category import category_of
from synthgen.assets.studio import Opened
from synthgen.cli import app
from synthgen.engine.local import LocalEngine
from synthgen.errors import SynthgenError
from synthgen.explain import as_json, as_lines, explain, open_engine, save_picture
from synthgen.explain_words import explain_word
from synthgen.held_out import HeldOut
from synthgen.job import Job, run
from synthgen.renderer import open_renderer
from synthgen.scene import pack_views
from synthgen.scene.plan import BENDS, BLENDS, LOOK, PANELS, plan_looks
from synthgen.scene.text_kernels import WILD
from synthgen.scene.text_origin import line_of, origin_of
from synthgen.scene.texts import plan_texts, text_draws
from synthgen.scene.words import Studio
from synthgen.shards.manifest import RUN
from synthgen.shards.read import read
from synthgen.shards.relabel import split_run
from synthgen.shards.row import stored_row
from synthgen.shards.storage import read_json
from tests.fake_runs import fake_job, render
from tests.studio_fixture import first

N, SEED = 24, 9


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "assets"


@pytest.fixture(scope="module")
def shards(opened: Opened, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(opened, cache, tmp_path_factory.mktemp("explained"))


def made(opened: Opened, cache: Path, out: Path, **other: object) -> Path:
    usual: dict[str, object] = {"n": N, "shard_size": 10, "seed": SEED, "recipe": opened.studio.recipe, "assets": opened.digests}
    job = Job(out=out, factory=open_renderer, cache=cache, **(usual | other))  # type: ignore[arg-type]  # a wrong type fails at once
    run(job, LocalEngine(1, inline=True), resume=False, progress=lambda part: None)
    return out


@pytest.fixture
def changed(shards: Path, tmp_path: Path) -> Path:
    """Return a copy of the run whose record can be changed."""
    for path in (path for path in shards.rglob("*") if path.is_file()):
        (tmp_path / path.relative_to(shards)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.relative_to(shards)).write_bytes(path.read_bytes())
    return tmp_path


def change(out: Path, **keys: object) -> None:
    (out / RUN).write_text(json.dumps(read_json(out / RUN) | keys), encoding="utf-8")


def test_every_planned_field_has_a_name_and_every_name_is_of_a_field() -> None:
    assert explain_fields.unnamed() == set()
    for name, numbers in (("bend", BENDS), ("panel", PANELS), ("blend", BLENDS)):
        assert len(explain_fields.NAMED[name]) == len(numbers)


@pytest.mark.parametrize("index", [0, 7, 23])
def test_choices_are_those_of_the_plan_and_the_stored_sample_is_made_again(shards: Path, opened: Opened, cache: Path, index: int) -> None:
    found = explain(shards, "words", index, cache)
    row = [row for batch in read(shards) for row in batch.to_pylist()][index]
    assert found.differing == [] and found.stored.values.to_pylist() == [row]
    told = as_json(found)
    choices = told["choices"]
    assert isinstance(choices, dict) and told["equal"] is True and told["file"] == f"words/words-0000{index // 10}.parquet"
    assert (choices["text"]["text"], choices["font"]["face"], choices["text"]["source"]) == (row["text"], row["font"], row["source"])
    look = plan_looks(opened.studio.recipe, opened.studio.tile_weights, SEED, np.array([index], dtype=np.uint64))[0]
    for part, fields in explain_fields.LOOKS.items():
        for name in fields:
            if name not in explain_fields.NAMED and name not in ("tile", "spacing"):
                np.testing.assert_allclose(choices[part][name], look[name].tolist(), rtol=1e-5, err_msg=name)
    assert choices["ground"]["tile"].startswith(f"{row['background']} (tile")
    assert (choices["outcome"]["contrast"], choices["layout"]["width"]) == (pytest.approx(row["contrast"], rel=1e-5), row["width"])
    assert any(f"  font_px          {choices['layout']['font_px']:g}  (px an em" in line for line in as_lines(found))


def test_a_font_size_is_that_of_the_picture(shards: Path, opened: Opened, cache: Path) -> None:
    """Of words set plainly, the ink of capitals is as high as the face's capitals are at this size."""
    plain, record = 0, read_json(shards / RUN)
    engine = open_engine(str(shards), record, "words", cache)
    for index in range(N):
        sections = explain_word(engine.opened, engine.renderer, engine.seed, index)
        choices = {part: {name: value for name, (value, _) in own.items()} for part, own in sections.items()}
        text, shape = str(choices["text"]["text"]), choices["shape"]
        level = shape["bend"] == "none" and not any(shape[name] for name in ("tilt_deg", "shear", "depth_x", "depth_y"))
        if text.isalpha() and text.isupper() and level:
            face = [one.name for one in opened.faces].index(str(choices["font"]["face"]))
            high = float(opened.studio.atlas.metrics[face, 3]) / 48 * float(str(choices["layout"]["font_px"]))
            quads = stored_row(shards, record, "words", index).values["char_quads"].flatten().flatten().to_numpy().reshape(-1, 4, 2)
            assert np.ptp(quads[:, :, 1]) == pytest.approx(high, rel=0.25)
            plain += 1
    assert plain > 0


def test_origins_are_those_of_the_labels(studio: Studio) -> None:
    words, rules, index = studio.texts.words, studio.rules.sample, first(400)
    texts, draws = plan_texts(studio.texts, studio.rules, 3, index), text_draws(3, index)
    seen = 0
    for row, (a, b) in enumerate(pairwise(texts.offsets.tolist())):
        origin = origin_of(words, rules, draws[row])
        assert origin.source == texts.source[row]
        low, high = origin.line
        assert words.first[origin.source] <= low <= origin.row < high <= words.first[origin.source + 1]
        assert line_of(words, low) == origin.line and words.last[high - 1] and not words.last[low : high - 1].any()
        codes = words.codes[words.start[origin.row] : words.start[origin.row + 1]]
        if not origin.phrase and not origin.rare and (codes < WILD).all():
            assert studio.alphabet.decode(texts.codes[a:b]).casefold() == studio.alphabet.decode(codes).casefold()
            seen += 1
    assert seen > 100


@pytest.mark.parametrize("category", ["brand", "net weight", "storage"])
def test_a_line_is_of_the_category_that_it_was_expanded_from(studio: Studio, category: str) -> None:
    every = lines_by_category()
    line = next(
        text for text in every[category] if text.isascii() and not any(text in others for name, others in every.items() if name < category)
    )
    assert category_of(" ".join(line.split()), studio.alphabet) in {name for name, texts in every.items() if line in texts}
    assert category_of("no line says this" + PLACEHOLDERS[0], studio.alphabet) == "unknown"


def test_tfrecord_and_a_run_that_was_split_are_explained_too(opened: Opened, cache: Path, tmp_path: Path) -> None:
    out = made(opened, cache, tmp_path / "records", format="tfrecord", n=12)
    assert explain(out, "words", 11, cache).differing == []
    split_run(out, HeldOut(("font",), 0.5))
    rows = [row["split"] for batch in read(out) for row in batch.to_pylist()]
    found = explain(out, "words", rows.index("validation"), cache)
    assert found.differing == [] and found.stored.values["split"].to_pylist() == ["validation"]


def test_the_picture_shows_both_and_their_difference(shards: Path, cache: Path, tmp_path: Path) -> None:
    found = explain(shards, "words", 4, cache)
    save_picture(found, tmp_path / "same.png")
    picture = cv2.imread(str(tmp_path / "same.png"))
    assert picture is not None and picture.shape[0] >= 3 * 4 * 32
    assert picture.shape[1] == 4 * found.stored.values["width"][0].as_py() + 16


def test_what_is_not_equal_is_named_and_ends_with_1(changed: Path, cache: Path, tmp_path: Path) -> None:
    change(changed, seed=SEED + 1)
    answer = CliRunner().invoke(app, ["explain", str(changed), "5", "--cache", str(cache), "--out", str(tmp_path / "other.png")])
    assert answer.exit_code == 1 and "rendered again, not what is stored: image" in answer.stdout
    bands = np.vsplit(cv2.imread(str(tmp_path / "other.png"))[:, :, :], [10])  # type: ignore[index]  # it was written
    assert bands[1].any()
    answer = CliRunner().invoke(app, ["explain", str(changed), "5", "--cache", str(cache), "--json"])
    assert answer.exit_code == 1 and "image" in json.loads(answer.stdout)["differing"]


def test_other_versions_are_told(changed: Path, cache: Path) -> None:
    change(changed, versions={"numpy": "1.0"})
    found = explain(changed, "words", 0, cache)
    assert found.versions["numpy"][0] == "1.0" and any(line.startswith("numpy: 1.0 made the run, ") for line in as_lines(found))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"assets": {"fonts": "0" * 32}},
            r"got backgrounds of digest \w+ in place of none; fonts of digest \w+ in place of 0{32}; put it back",
        ),
        (
            {"recipe": {"fonts": {"folder": "gone"}}},
            r"need the assets that the run was made from: fonts gone: .*; put it back, and start from",
        ),
        ({"recipe": {"text": {"corpora": [{"path": "gone.txt"}]}}}, r"run\.json: need the assets that the run was made from: .*gone\.txt"),
        ({"recipe": {"inc": {}}}, r"run\.json: recipe: inc: no such key; the nearest known one is 'ink'"),
        ({"seed": None}, r"need recipe, seed and assets of a run, got a record without"),
        ({"shard_sizes": {}}, r"run\.json: need the record of a run, got one without 'words'"),
        ({"shard_sizes": {"words": 0}}, r"need the record of a run, got one without shards of 1 row or more, but of 0; restore it"),
        ({"seed": -1}, r"need recipe, seed and assets of a run, got a record without"),
        ({"split": {"by": ["font"]}}, r"run\.json: split: need what is held out and its share, got \{'by': \['font'\]\}; restore it"),
        ({"scenes": 0, "n": 0}, r"need a run with words, got one without; explain one of the others"),
        ({"shard_sizes": {"words": 4}}, r"words-00001\.parquet: row 1: need sample 5, got 11; `synthgen verify"),
    ],
)
def test_what_is_not_at_hand_or_another_is_named(changed: Path, cache: Path, keys: dict[str, object], message: str) -> None:
    change(changed, **keys)
    with pytest.raises(SynthgenError, match=message):
        explain(changed, "words", 5, cache)


def test_a_sample_that_is_not_there_is_named(tmp_path: Path) -> None:
    render(fake_job(tmp_path, n=12, scenes=3))
    record = read_json(tmp_path / RUN)
    with pytest.raises(SynthgenError, match=r"INDEX: need 0 to 11, as there are 12 words in .*, got 12; give one of those"):
        stored_row(tmp_path, record, "words", 12)
    with pytest.raises(SynthgenError, match=r"words-00001\.parquet: need row 5, got 2 rows; `synthgen verify"):
        stored_row(tmp_path, record | {"n": 20}, "words", 15)
    assert stored_row(tmp_path, record, "scenes", 2).values["index"].to_pylist() == [2]
    (tmp_path / "words" / "words-00001.parquet").unlink()
    with pytest.raises(SynthgenError, match=r"words-00001\.parquet: need a shard, got no file"):
        stored_row(tmp_path, record, "words", 11)


def test_a_stored_picture_that_is_none_is_named(shards: Path, cache: Path, tmp_path: Path) -> None:
    found = explain(shards, "words", 0, cache)
    row = found.stored.values.to_pylist()[0] | {"image": {"bytes": b"none", "path": None}}
    broken = type(found.stored)(found.stored.file, 0, type(found.stored.values).from_pylist([row], schema=found.stored.values.schema))
    with pytest.raises(SynthgenError, match=r"words-00000\.parquet: row 0: need a picture, got bytes that are none"):
        save_picture(type(found)(**vars(found) | {"stored": broken}), tmp_path / "none.png")


def test_a_folder_that_is_no_run_and_an_ending_that_is_no_picture_are_told_at_once(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(SynthgenError, match=r"need the folder of a run, got one without run\.json; name one that `synthgen render`"):
            explain(place, "words", 0)
    answer = CliRunner().invoke(app, ["explain", str(tmp_path), "0", "--out", "x.gif"])
    assert answer.exit_code == 1 and "--out x.gif: need a file ending in .png or .jpg, got '.gif'" in answer.stderr


@pytest.mark.slow  # scenes
def test_scenes_are_explained_and_made_again(opened: Opened, cache: Path, tmp_path: Path) -> None:
    out = made(opened, cache, tmp_path / "scenes", n=0, scenes=8)
    kinds = set()
    for index in range(8):
        found = explain(out, "scenes", index, cache)
        told, row = as_json(found), found.stored.values.to_pylist()[0]
        assert found.differing == [] and told["equal"] is True
        words, lines = found.rows["words"], found.rows["lines"]
        assert [(word["text"], word["font"], word["ignore"]) for word in words] == [
            (w["text"], w["font"], w["ignore"]) for w in row["words"]
        ]
        known = [word for word in words if word["text"]]
        assert all(str(word["text"]) in str(lines[int(str(word["line"]))]["text"]) for word in known)
        for word in known:  # a quad is about as high as its letters
            assert 0.1 * float(str(lines[int(str(word["line"]))]["font_px"])) < np.ptp(np.array(word["quad"])[:, 1]) + 4
        kinds.add(str(found.sections["scene"]["kind"][0]))
        assert bool(found.rows["packs"]) == (found.sections["scene"]["kind"][0] == "packs")
        assert list(as_lines(found))[-1] == "rendered again: every column is equal to the stored one, pictures byte for byte"
    assert kinds == {"packs", "text on a photo"}
    assert len(pack_views.KINDS) == 6 and len(pack_views.SCENES) == 4 and LOOK.names
    answer = CliRunner().invoke(app, ["explain", str(out), "2", "--scene", "--cache", str(cache), "--out", str(tmp_path / "scene.png")])
    assert answer.exit_code == 0 and (tmp_path / "scene.png").stat().st_size > 10_000
