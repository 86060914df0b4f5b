"""An evaluation with its files."""

from contextlib import ExitStack
from pathlib import Path

from detector.evaluate import Judged, evaluate
from detector.finder import WordFinder
from detector.labelled import Photos
from detector.report import Overlays, Worst, predictions_file, save_report, save_scores
from synthgen.shards.storage import make_folder


def examine(finder: WordFinder, photos: Photos, out: Path | None, *, swept: bool = False) -> dict[str, object]:
    """Return the scores of `photos` by their promised names; in the folder `out` put found words, scores and pictures.

    `swept`: other thresholds are tried too.

    Raises:
        SynthgenError: as reading the photos and writing the files does.
    """
    if out is None:
        return evaluate(finder, photos, swept=swept).to_json()
    make_folder(out)
    overlays, worst = Overlays(out / "overlays"), Worst()
    with ExitStack() as stack:
        write = stack.enter_context(predictions_file(out / "predictions.csv"))

        def watch(judged: Judged) -> None:
            write(judged)
            overlays(judged)
            worst(judged)

        evaluation = evaluate(finder, photos, watch, swept=swept)
    save_scores(evaluation, out / "evaluation.json")
    save_report(evaluation, out / "report.png")
    worst.save(out / "worst.png")
    return evaluation.to_json()
