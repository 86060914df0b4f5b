"""Readers by file, whatever it holds, with the decoder that was asked for."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from recognizer.decode import attention_greedy, beam, greedy
from recognizer.decoding import BEAM, Decoding
from recognizer.lexicon import Lexicon, lexicon_beam
from recognizer.merge_steps import merge_steps
from recognizer.options import ReaderOptions
from recognizer.reading import Decoder, Scorer, WordReader
from recognizer.scorer import keras_scorer, onnx_scorer
from synthgen import Alphabet, SynthgenError, read_picture
from synthgen.arrays import F32

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenedReader:
    """A reader ready to read."""

    words: WordReader
    options: ReaderOptions


def open_reader(path: Path, decoding: Decoding, threads: int = 0) -> OpenedReader:
    """Return the reader of a `.keras` or `.onnx` file, the latter on `threads` threads of the processor, 0: one a core.

    Raises:
        SynthgenError: the file holds no reader, or does not go with the decoding.
    """
    scorer, options, alphabet = _scorer(path, threads)
    return OpenedReader(WordReader(scorer, _decoder(decoding, options, alphabet), alphabet), options)


def _scorer(path: Path, threads: int) -> tuple[Scorer, ReaderOptions, Alphabet]:
    if not path.is_file():
        raise SynthgenError(f"{path}: need a reader, found no file; train one, or leave --weights out for the one that comes along")
    if path.suffix == ".onnx":
        found = onnx_scorer(path, threads)
        return found, found.options, found.alphabet
    from recognizer.weights import load_reader  # the first to need Keras

    reader = load_reader(path)
    return keras_scorer(reader), reader.options, reader.alphabet


def _decoder(decoding: Decoding, options: ReaderOptions, alphabet: Alphabet) -> Decoder:
    if options.head == "attention":
        if decoding.beam or decoding.lexicon:
            raise SynthgenError("--beam, --lexicon: need a reader with the CTC head, got one with attention; leave them out")
        return attention_greedy
    if decoding.lexicon:
        words = Lexicon.read(decoding.lexicon, alphabet, ignore_case=decoding.ignore_case, steps=options.steps)
        told = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in words.dropped.items() if count)
        log.info("%s: %d words%s", decoding.lexicon, words.words, f", dropped: {told}" if told else "")
        return partial(lexicon_beam, lexicon=words, width=decoding.beam or BEAM)
    return partial(beam, width=decoding.beam) if decoding.beam else greedy


def steps_of(reader: OpenedReader, logits: F32) -> list[str]:
    """Return lines that show how a picture's logits (steps, classes) became its text, read greedily.

    Raises:
        SynthgenError: the reader has no CTC head.
    """
    if reader.options.head != "ctc":
        raise SynthgenError(f"--steps: need a reader with the CTC head, got one with {reader.options.head}; leave it out")
    return merge_steps(logits, reader.words.alphabet)


def read_files(reader: OpenedReader, paths: Sequence[Path]) -> Iterator[tuple[Path, str, float, F32] | str]:
    """Yield file, text, confidence and logits (steps, classes) of each picture as it is read, or what is wrong with it."""
    for path in paths:
        try:
            prepared = reader.options.prepared(read_picture(path))[None]
        except SynthgenError as error:
            yield str(error)
            continue
        logits = reader.words.scorer(prepared)
        ((text, confidence),) = reader.words.texts(logits)
        yield path, text, confidence, logits[0]
