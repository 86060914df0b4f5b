"""An evaluation with its files."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from recognizer.evaluate import Prediction, evaluate
from recognizer.labelled import Labelled
from recognizer.reading import WordReader
from recognizer.report import predictions_file, save_report, save_scores, save_worst_sheet
from synthgen.shards.storage import make_folder


def examine(reader: WordReader, source: Labelled, out: Path | None) -> dict[str, object]:
    """Return the scores of `source` by their promised names; in the folder `out` put predictions, scores and pictures.

    Raises:
        SynthgenError: as reading the source and writing the files does.
    """
    if out is None:
        return evaluate(reader, source).to_json()
    make_folder(out)
    with ExitStack() as stack:
        watch: Callable[[Prediction], None] = stack.enter_context(predictions_file(out / "predictions.csv"))
        evaluation = evaluate(reader, source, watch)
    save_scores(evaluation, out / "evaluation.json")
    save_report(evaluation, out / "report.png")
    save_worst_sheet(evaluation, out / "worst.png")
    return evaluation.to_json()
