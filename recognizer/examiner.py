"""What a reader in training is worth: its averaged weights read labelled pictures; scores, curves and sheets go to the run's folder."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import keras

from recognizer.decode import attention_greedy, greedy
from recognizer.evaluate import evaluate
from recognizer.labelled import Labelled, LabelledBlock
from recognizer.model import build_reader
from recognizer.options import ReaderOptions
from recognizer.reading import WordReader
from recognizer.rendered import rendered_words
from recognizer.report import save_worst_sheet
from recognizer.scorer import keras_scorer
from recognizer.weights import Reader
from synthgen import Alphabet
from training import checkpoints
from training.labels import set_names
from training.logs import RunLog

RENDERED = "rendered"
RENDERED_COUNT = 2048
RENDERED_SEED = 2**63 + 1  # nobody trains on it

log = logging.getLogger(__name__)


class Examiner:
    """Reads the evaluation sets with a copy of the model that holds the averaged weights."""

    def __init__(self, options: ReaderOptions, alphabet: Alphabet, out: Path, places: tuple[str, ...]) -> None:
        """Take where evaluations are written, and the places of the sets; without any, words are rendered to be read."""
        self.model = build_reader(options)
        self._reader = Reader(self.model, options, alphabet, {})
        self._out = out
        self._decoder = greedy if options.head == "ctc" else attention_greedy
        sets: dict[str, Iterable[LabelledBlock]] = {name: Labelled(place, options.prepared) for name, place in set_names(places).items()}
        for blocks in sets.values():
            next(iter(blocks))  # what cannot be read is told now, not after hours
        self._sets = sets or {RENDERED: RenderedSet(options)}

    def take(self, reader: keras.Model, trained: keras.Model) -> None:
        """Copy the averaged weights of a model in training, and what its batch norms have measured."""
        checkpoints.take_averages(self.model, reader, trained)

    def examine(self, step: int, samples: int) -> dict[str, object]:
        """Return the scores of each set, and write them, with a sheet of the worst mistakes."""
        word_reader = WordReader(keras_scorer(self._reader), self._decoder, self._reader.alphabet)
        found: dict[str, object] = {}
        for name, blocks in self._sets.items():
            evaluation = evaluate(word_reader, blocks)
            scores = evaluation.scores.to_json()
            found[name] = scores
            with RunLog(self._out, f"evaluation-{name}", step - 1) as table:
                table.add({"step": step, "samples": samples, **scores})
            save_worst_sheet(evaluation, self._out / f"worst-{name}.png")
            log.info(
                "step %d: %s: %.1f %% exact, %.1f %% of letters and digits",
                step,
                name,
                100 * scores["accuracy_exact"],
                100 * scores["accuracy_alnum"],
            )
        return {"evaluations": found}


class RenderedSet:
    """Words from the engine that no one trains on."""

    def __init__(self, options: ReaderOptions) -> None:
        """Take how the reader's pictures are prepared."""
        self._options = options
        self._blocks: list[LabelledBlock] = []

    def __iter__(self) -> Iterator[LabelledBlock]:
        if not self._blocks:
            prepared, texts = rendered_words(RENDERED_COUNT, RENDERED_SEED, self._options)
            self._blocks = [LabelledBlock(prepared, texts, tuple(map(str, range(RENDERED_COUNT))), ())]
        return iter(self._blocks)
