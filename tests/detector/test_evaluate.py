"""An evaluation: what is told as its shares is what the protocol gives for the words found, and a sweep is many evaluations at once."""

import json
from collections.abc import Iterator

import numpy as np
import pytest

from detector import evaluate as module
from detector.boxes import find_words
from detector.evaluate import BINS, NAMED, Evaluation, Judged, evaluate
from detector.finder import WordFinder
from detector.labelled import LabelledPhoto
from detector.metrics import Counts
from detector.thresholds import Thresholds
from synthgen.arrays import F32, U8, Image
from tests.detector.photos_fixture import as_found, as_maps, finder_of, labelled, painted, quads_of, truth_of

A, B, C = (20, 20, 100, 50), (120, 20, 220, 50), (20, 70, 120, 110)


def photos() -> list[LabelledPhoto]:
    """Return four photos: all found, but for low link thresholds; one of three missed, one to ignore; a false alarm; nothing there."""
    linked = painted((A, 0.9), (B, 0.8))
    linked[20:50, 90:130, 1] = 0.35 * 255
    three = as_found(painted((A, 0.9), (B, 0.9), (C, 0.9)))
    return [
        labelled("all.png", linked),
        labelled("some.png", painted((A, 0.9), (B, 0.9), (C, 0.55)), truth_of(three, (1,))),
        labelled("alarm.png", painted((A, 0.75), (B, 0.95)), truth_of(as_found(painted((A, 0.9))))),
        labelled("none.png", painted(), truth_of(quads_of())),
    ]


def test_shares_are_those_of_all_photos_together() -> None:
    found = evaluate(finder_of(), photos())
    assert found.counts == Counts(matched=4, found=5, true=5)
    told = found.to_json()
    assert told["precision"] == told["recall"] == 0.8 and told["h_mean"] == pytest.approx(0.8)
    assert (told["threshold"], told["link"], told["low_text"], told["growth"]) == (0.7, 0.4, 0.4, 1.5)
    counted = {name: told[f"count_{name}"] for name in ("photos", "words", "found", "matched", "ignored", "left_out", "dropped")}
    assert counted == {"photos": 4, "words": 5, "found": 5, "matched": 4, "ignored": 1, "left_out": 1, "dropped": 0}
    assert (told["sweep"], told["best_of_sweep"]) == ([], None)
    assert json.loads(json.dumps(told)) == told


def test_each_photo_is_shown_as_it_is_judged() -> None:
    seen: list[Judged] = []
    evaluate(finder_of(), photos(), seen.append)
    assert [judged.name for judged in seen] == ["all.png", "some.png", "alarm.png", "none.png"]
    assert [judged.match.tolist() for judged in seen] == [[0, 1], [0, -1], [0, -1], []]
    assert sum((judged.counts for judged in seen), Counts()) == Counts(4, 5, 5)
    assert seen[0].maps.shape == (64, 128, 2)


def test_scores_of_right_and_wrong_words_are_counted_without_what_is_left_out() -> None:
    wrong, right = evaluate(finder_of(), photos()).scores
    assert (wrong.sum(), right.sum(), len(right)) == (1, 4, BINS)
    assert np.flatnonzero(wrong).tolist() == [int(round(255 * 0.95) / 255 * BINS)]
    assert np.repeat(np.arange(BINS), right).tolist() == [14, 16, 18, 18]  # 191, 204, 230 and 230 of 255


def test_dropped_photos_are_counted_and_the_first_are_named() -> None:
    faults = [f"fault {k}" for k in range(NAMED + 5)]
    found = evaluate(finder_of(), [*faults[:3], photos()[0], *faults[3:]])
    assert (found.photos, found.dropped, found.dropped_names) == (1, NAMED + 5, tuple(faults[:NAMED]))
    assert found.to_json()["dropped"] == faults[:NAMED]


def swept(finder: WordFinder) -> Evaluation:
    return evaluate(finder, photos(), swept=True)


@pytest.mark.parametrize("own", [Thresholds(), Thresholds(0.85, 0.35, 0.15), Thresholds(230 / 255, growth=4.0)])
def test_a_sweep_gives_what_an_evaluation_with_each_of_its_thresholds_gives(own: Thresholds) -> None:
    sweep = swept(finder_of(own)).sweep
    assert own in sweep and len(sweep) >= 100 and all(at.low_text <= at.text for at in sweep)
    for at in list(sweep)[::9] + [own]:
        assert sweep[at] == evaluate(finder_of(at), photos()).counts, at
    assert len(set(sweep.values())) > 3


def test_the_best_of_a_sweep_is_told_apart_from_the_shares_of_the_thresholds_given() -> None:
    found = swept(finder_of())
    told, best = found.to_json(), found.best()
    assert told["threshold"] == 0.7 and told["h_mean"] == found.counts.h_mean
    assert best and found.sweep[best].h_mean == max(counts.h_mean for counts in found.sweep.values()) > found.counts.h_mean
    shares = {"threshold": best.text, "link": best.link, "low_text": best.low_text, **found.sweep[best].to_json()}
    assert told["best_of_sweep"] == shares
    assert isinstance(told["sweep"], list) and len(told["sweep"]) == len(found.sweep) and shares in told["sweep"]


def test_no_thresholds_of_a_sweep_chosen_on_other_photos_do_better_than_its_best() -> None:
    there, here = (evaluate(finder_of(), some, swept=True) for some in (photos()[2:], photos()[:2]))
    chosen, best = there.best(), here.best()
    assert chosen and best and chosen != best
    assert here.sweep[chosen].h_mean < here.sweep[best].h_mean


def test_a_sweep_has_the_maps_made_once_and_seeks_words_once_for_thresholds_that_differ_in_text_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, sought = [0], [0]

    def score(pictures: U8) -> F32:
        made[0] += 1
        return as_maps(pictures)

    def counted(maps: F32, thresholds: Thresholds, scale: float) -> object:
        sought[0] += 1
        return find_words(maps, thresholds, scale)

    monkeypatch.setattr(module, "find_words", counted)
    swept(WordFinder(score, Thresholds(), enlarged=1.0))
    assert (made[0], sought[0]) == (4, 4 * len(module.LINKS) * len(module.LOW_TEXTS))


def test_no_photo_is_kept() -> None:
    alive: list[int] = []

    class Counting(np.ndarray[tuple[int, ...], np.dtype[np.uint8]]):
        def __array_finalize__(self, _: object) -> None:
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    def endless() -> Iterator[LabelledPhoto]:
        for _ in range(5):
            photo: Image = painted((A, 0.9)).view(Counting)
            yield LabelledPhoto("a.png", photo, truth_of(quads_of(A)))
            del photo
            most.append(len(alive))

    most: list[int] = []
    evaluate(finder_of(), endless())
    assert max(most) == most[0]


def test_sizes_of_the_photo_as_it_is_looked_at_do_not_matter() -> None:
    large = painted((A, 0.9), (B, 0.9)).repeat(2, axis=0).repeat(2, axis=1)
    small = LabelledPhoto("a", large, truth_of(2 * as_found(painted((A, 0.9), (B, 0.9)))))
    assert evaluate(WordFinder(as_maps, Thresholds(), longest=256, enlarged=1.0), [small]).counts == Counts(2, 2, 2)
