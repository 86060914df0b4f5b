import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognizer.crops import Target
from recognizer.options import ReaderOptions
from recognizer.sources import open_sources
from recognizer.train import Order, Surroundings, run
from recognizer.weights import load_reader
from synthgen import Alphabet, SynthgenError
from tests.fake_runs import job_of, render
from tests.recognizer.test_crops import folder_of
from training.chosen import Chosen, weights_of
from training.devices import Computing
from training.feeding import Feeding
from training.optimizers import Tuning

LETTERS = Alphabet("Zürich 5€")
OPTIONS = ReaderOptions(len(LETTERS.characters) + 1, width=48)  # 11 steps


def order(data: Path | str, samples: int = 96, **other: object) -> Order:
    usual: dict[str, object] = {
        "chosen": Chosen((str(data),)),
        "samples": samples,
        "batch": 8,
        "seed": 3,
        "options": OPTIONS,
        "alphabet": LETTERS,
        "tuning": Tuning(0, warm_up_steps=2),
        "aligned_share": 0.5,
        "aligned_until": 0.6,
        "init": None,
        "computing": Computing("float32", jit=False),
    }
    return Order(**(usual | other))  # type: ignore[arg-type]  # a test that gives a wrong type fails at once


def surroundings(out: Path, data: Path | str, *, resume: bool = False) -> Surroundings:
    return Surroundings(out, Feeding(), (str(data),), log_every=4, evaluate_every=48, checkpoint_every=32, resume=resume)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shards")
    render(job_of("words", out, samples=80))
    return out


@pytest.fixture(scope="module")
def finished(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    run(order(shards), surroundings(out, shards))
    return out


def test_a_run_leaves_curves_evaluations_a_sheet_and_a_reader(finished: Path) -> None:
    losses = np.genfromtxt(finished / "training.csv", delimiter=",", names=True)["loss"]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    (table,) = finished.glob("evaluation-*.csv")
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["samples"]) for row in rows] == [48, 96]
    assert 0 <= float(rows[-1]["cer"]) <= 1.5
    assert next(finished.glob("worst-*.png")).stat().st_size > 500
    reader = load_reader(finished / "reader.keras")
    assert reader.options == OPTIONS
    assert reader.alphabet == LETTERS
    assert reader.card["samples"] == 96


@pytest.mark.slow
def test_a_run_that_was_cut_off_ends_with_the_same_reader(
    shards: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("recognizer.examiner.Examiner.examine", cut_off)  # at step 6; the last checkpoint is of step 4
        run(order(shards), surroundings(tmp_path, shards))
    run(order(shards), surroundings(tmp_path, shards, resume=True))
    for ours, theirs in zip(
        load_reader(tmp_path / "reader.keras").model.get_weights(), load_reader(finished / "reader.keras").model.get_weights(), strict=True
    ):
        assert np.array_equal(ours, theirs)


@pytest.mark.slow
def test_a_run_starts_from_given_weights(shards: Path, finished: Path, tmp_path: Path) -> None:
    run(order(shards, samples=8, init=finished / "reader.keras", tuning=Tuning(0, rate=1e-7)), surroundings(tmp_path, shards))
    before, after = (load_reader(folder / "reader.keras").model.get_weights() for folder in (finished, tmp_path))
    assert max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True) if a.ndim > 1) < 1e-3


@pytest.mark.slow
def test_a_run_that_is_resumed_after_its_end_keeps_its_reader(shards: Path, finished: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(finished, again)
    report = run(order(shards), surroundings(again, shards, resume=True))
    for ours, theirs in zip(
        load_reader(again / "reader.keras").model.get_weights(), load_reader(finished / "reader.keras").model.get_weights(), strict=True
    ):
        assert np.array_equal(ours, theirs)
    assert report["evaluations"]


def test_what_cannot_be_used_is_told_before_the_folder_is_taken(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(SynthgenError, match=r"none.keras"):
        run(order(shards, init=tmp_path / "none.keras"), surroundings(tmp_path / "out", shards))
    with pytest.raises(SynthgenError, match=r"nothing-here"):
        run(order(shards), surroundings(tmp_path / "out", tmp_path / "nothing-here"))
    assert not (tmp_path / "out").exists()


def test_another_order_does_not_go_on_in_the_same_folder(shards: Path, finished: Path) -> None:
    with pytest.raises(SynthgenError, match=r"run.json: seed: need what the run began with, 3, got 4"):
        run(order(shards, seed=4), surroundings(finished, shards, resume=True))
    with pytest.raises(SynthgenError, match="need an empty folder, or --resume"):
        run(order(shards), surroundings(finished, shards))
    (finished.parent / "other").mkdir(exist_ok=True)
    (finished.parent / "other" / "notes.txt").touch()
    with pytest.raises(SynthgenError, match=r"need a run to go on with, or an empty folder, got files without run.json"):
        run(order(shards), surroundings(finished.parent / "other", shards, resume=True))


def test_the_record_of_a_run_says_what_it_was_trained_on(shards: Path, finished: Path) -> None:
    record = json.loads((finished / "run.json").read_text(encoding="utf-8"))
    (data,) = record["data"].values()
    assert data["rows"] + data["refused"]["other_split"] == 80
    assert record["tuning"]["steps"] == 12


def test_other_data_of_the_same_name_and_size_do_not_go_on(tmp_path: Path) -> None:
    run_of = {}
    for seed in (5, 6):
        render(job_of("words", tmp_path / str(seed), samples=20, seed=seed))
        run_of[seed] = open_sources(Chosen((str(tmp_path / str(seed)),)), Target(LETTERS, OPTIONS), 8)
    (first,), (second,) = (sources.values() for sources in run_of.values())
    assert first.digest != second.digest
    assert first.digest == open_sources(Chosen((str(tmp_path / "5"),)), Target(LETTERS, OPTIONS), 8)[str(tmp_path / "5")].digest


@pytest.mark.slow
@pytest.mark.parametrize("options", [replace(OPTIONS, rectify="stn"), replace(OPTIONS, head="attention")], ids=["stn", "attention"])
def test_the_options_train_too(shards: Path, tmp_path: Path, options: ReaderOptions) -> None:
    run(order(shards, options=options), surroundings(tmp_path, shards))
    losses = np.genfromtxt(tmp_path / "training.csv", delimiter=",", names=True)["loss"]
    assert losses[-1] < losses[0]


def test_places_have_weights_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    places = [str(folder_of(tmp_path / name, ["5", "ich"])) for name in "ab"]
    target = Target(LETTERS, OPTIONS)
    for data, expected in ((places, (2.0, 2.0)), ([f"{places[0]}:3", f"{places[1]}:0.5"], (3.0, 0.5))):
        chosen = Chosen(tuple(data))
        assert weights_of(chosen, open_sources(chosen, target, 10)) == expected
    mixed = Chosen((f"{places[0]}:3", places[1]))
    with pytest.raises(SynthgenError, match="--data: need a weight for each source or for none"):
        weights_of(mixed, open_sources(mixed, target, 10))


def test_a_stream_goes_beside_shards_of_given_weight(tmp_path: Path) -> None:
    place = folder_of(tmp_path, ["5"])
    chosen = Chosen((f"{place}:4",), stream="product")
    sources = open_sources(chosen, Target(Alphabet(), ReaderOptions()), 1000)
    assert weights_of(chosen, sources) == (4.0, 1.0)
    assert sum(sources["--stream product"].sizes) == 1000


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Chosen(), "--data: need shards or a folder to train on, or --stream, got neither"),
        (Chosen(("a", "a:2")), "--data: need each place once, got a again"),
        (Chosen(stream="product"), "--samples: need the number to train on with --stream"),
    ],
)
def test_a_choice_that_says_too_little_or_too_much_is_refused(chosen: Chosen, message: str) -> None:
    with pytest.raises(SynthgenError, match=message):
        open_sources(chosen, Target(Alphabet(), ReaderOptions()), 0)
