"""One pass over labelled pictures: every reading is compared with its own truth, the worst are kept, the dropped counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer import evaluate as module
from recognizer.decode import greedy
from recognizer.evaluate import BINS, Evaluation, Prediction, evaluate
from recognizer.labelled import Labelled
from recognizer.reading import WordReader
from synthgen.arrays import F32, U8
from tests.recognizer.labelled_fixture import ALPHABET, block_of, logits_of, telling, write_folder

TRUTHS = ["Milk", "tea", "&", "oats", "Salt"]
READ = ["Milk", "Tea", "%", "oast", ""]
WORDS = st.lists(st.text("aB1 .", min_size=1, max_size=4).map(str.strip).filter(bool), min_size=1, max_size=8)


def evaluated(truths: list[str], read: list[str], sure: list[float] | None = None) -> tuple[Evaluation, list[Prediction]]:
    """Return the evaluation of one block, and the predictions that were watched."""
    watched: list[Prediction] = []
    return evaluate(WordReader(telling(read, sure), greedy, ALPHABET), [block_of(truths)], watched.append), watched


def test_readings_are_compared_with_the_truth_of_their_own_picture() -> None:
    found, watched = evaluated(TRUTHS, READ)
    assert [(one.name, one.label, one.reading, one.judged.exact, one.judged.alnum) for one in watched] == [
        ("0.png", "Milk", "Milk", True, True),
        ("1.png", "tea", "Tea", False, True),
        ("2.png", "&", "%", False, None),
        ("3.png", "oats", "oast", False, False),
        ("4.png", "Salt", "", False, False),
    ]
    assert (found.scores.accuracy_exact, found.scores.accuracy_alnum, found.scores.cer) == (1 / 5, 2 / 4, (1 + 1 + 2 + 4) / 16)
    assert [int(one.picture[0, 0]) for one in watched] == [0, 1, 2, 3, 4]


@given(truths=WORDS, read=st.data(), size=st.integers(1, 8))
def test_an_evaluation_does_not_depend_on_how_pictures_are_cut_into_blocks(truths: list[str], read: st.DataObject, size: int) -> None:
    texts = read.draw(st.lists(st.text("aB1.", max_size=4), min_size=len(truths), max_size=len(truths)))
    whole = block_of(truths)
    spans = [slice(first, first + size) for first in range(0, len(truths), size)]
    parts = [replace(whole, prepared=whole.prepared[span], texts=whole.texts[span], names=whole.names[span]) for span in spans]
    reader = WordReader(telling(texts), greedy, ALPHABET)
    assert evaluate(reader, parts).to_json() == evaluate(reader, [whole]).to_json()


@given(truths=WORDS)
def test_a_reader_that_reads_everything_right_has_perfect_scores_and_no_mistakes(truths: list[str]) -> None:
    found, _ = evaluated(truths, truths)
    assert (found.scores.accuracy_exact, found.scores.cer, found.scores.one_minus_ned) == (1, 0, 1)
    assert (found.surest, found.farthest, found.confusions()) == ((), (), [])


def test_the_surest_mistakes_come_first_and_a_wrong_case_is_none_of_them() -> None:
    found, _ = evaluated(["ab", "cd", "ef", "&", "gh"], ["ab", "CD", "xf", "%", "xh"], [12, 12, 3, 5, 9])
    assert [one.label for one in found.surest] == ["gh", "&", "ef"]
    assert [one.confidence for one in found.surest] == sorted((one.confidence for one in found.surest), reverse=True)


def test_the_readings_farthest_from_their_truth_come_first_and_a_wrong_case_is_one_of_them() -> None:
    found, _ = evaluated(["ab", "cd", "efgh", "ij", "kl"], ["ab", "Cd", "efgx", "xyz", "Kl"])
    assert [(one.label, one.judged.cer) for one in found.farthest] == [("ij", 1.5), ("cd", 0.5), ("kl", 0.5), ("efgh", 0.25)]


def test_no_more_of_the_worst_are_kept_than_fill_a_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    found, _ = evaluated(["a"] * 9, ["b"] * 9, [1, 2, 9, 4, 8, 6, 7, 5, 3])
    assert [one.name for one in found.surest] == ["2.png", "4.png", "6.png"]
    assert [one.name for one in found.farthest] == ["0.png", "1.png", "2.png"]  # all alike: the first


def test_what_is_kept_does_not_hold_the_pictures_of_its_block() -> None:
    _, watched = evaluated(["a"], ["b"])
    assert watched[0].picture.base is None


def test_confidences_are_counted_right_and_mistaken() -> None:
    truths = ["a", "a", "a", "b"]
    found, watched = evaluated(truths, ["a", "A", "b", "a"], [12, 12, 12, 2])
    assert found.confidences.shape == (2, BINS)
    assert found.confidences.sum(axis=1).tolist() == [2, 2]
    assert found.confidences[1, -1] == 2  # nearly certain, and right but for case
    assert found.confidences[0, int(watched[3].confidence * BINS)] == 1


def test_a_certain_reading_is_in_the_last_bin() -> None:
    def score(prepared: U8) -> F32:
        logits = logits_of(["a"] * len(prepared))
        return np.where(logits > 0, np.float32(1000), logits)

    found = evaluate(WordReader(score, greedy, ALPHABET), [block_of(["a"])])
    assert found.confidences[1, -1] == 1


def test_what_was_dropped_is_counted_and_the_first_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NAMED", 3)
    blocks = [block_of(["a"], ["x: broken", "y: broken"]), block_of([], ["z: broken"]), block_of(["b"], ["q: broken"])]
    found = evaluate(WordReader(telling(["a", "b"]), greedy, ALPHABET), blocks)
    assert (found.dropped, found.dropped_names, found.scores.count) == (4, ("x: broken", "y: broken", "z: broken"), 2)


def test_a_block_without_pictures_is_not_scored() -> None:
    def score(prepared: U8) -> F32:
        assert len(prepared), "nothing to score"
        return logits_of(["a"] * len(prepared))

    assert evaluate(WordReader(score, greedy, ALPHABET), [block_of([], ["x: broken"]), block_of(["a"])]).scores.count == 1


def test_a_truth_outside_the_alphabet_counts_as_read_wrongly_and_is_counted() -> None:
    found, watched = evaluated(["5€", "Zürich", "a"], ["5", "Zurich", "a"])
    assert (found.outside, found.scores.count, found.scores.accuracy_exact) == (1, 3, 2 / 3)
    assert watched[1].label == "Zürich"  # as given, in the table of predictions


def test_confusions_are_sorted_by_how_often_they_happen() -> None:
    found, _ = evaluated(["la", "al", "ob", "c"], ["1a", "a1", "0b", ""])
    assert found.confusions() == [(("l", "1"), 2), (("c", ""), 1), (("o", "0"), 1)]


def test_the_json_has_the_keys_promised_to_users() -> None:
    found, _ = evaluated(TRUTHS, READ)
    record = found.to_json()
    assert {"accuracy_exact", "accuracy_alnum", "cer", "one_minus_ned", "count"} <= set(record)
    assert record["count"] == 5
    assert record["by_length"][0] == {  # type: ignore[index] # a list
        "length": 1, "accuracy_exact": 0, "accuracy_alnum": 0, "cer": 1, "one_minus_ned": 0, "count": 1, "count_alnum": 0,
    }  # fmt: skip


def test_a_folder_is_evaluated_from_its_files(tmp_path: Path) -> None:
    write_folder(tmp_path, [("a.png", "Milk"), ("b.png", "tea"), ("c.png", "oats")])
    (tmp_path / "b.png").unlink()
    reader = WordReader(lambda prepared: telling(["Milk", "", "oat"])(prepared // 10), greedy, ALPHABET)
    found = evaluate(reader, Labelled(tmp_path))
    assert (found.scores.count, found.scores.accuracy_exact, found.dropped) == (2, 1 / 2, 1)
