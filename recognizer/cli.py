"""The command `recognizer`: parse, delegate, print."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from recognizer.decoding import BEAM, SHIPPED, Decoding
from synthgen.told import log_to_stderr, run_app, told
from training.startup import start_keras, start_keras_for

app = typer.Typer(
    help="Train, measure, use and export the word reader.", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)
Weights = Annotated[Path, typer.Option(help="A reader.keras or .onnx; the one that comes along if none.")]
Beam = Annotated[int | None, typer.Option(help=f"Prefixes kept by beam search. Without: greedy; {BEAM} with a lexicon.", min=1)]
LexiconFile = Annotated[Path | None, typer.Option("--lexicon", help="Text file of words, one a line, that readings should be of.")]
IgnoreCase = Annotated[bool, typer.Option("--ignore-case", help="Words of the lexicon in any case.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


class Rectify(StrEnum):
    """What stands before the reader."""

    NONE = "none"
    STN = "stn"


class Head(StrEnum):
    """What turns the features into text."""

    CTC = "ctc"
    ATTENTION = "attention"


class Precision(StrEnum):
    """What products are computed in."""

    BF16 = "bf16"
    FLOAT32 = "float32"


class Fitting(StrEnum):
    """How a picture comes to the reader's width."""

    STRETCH = "stretch"
    PAD = "pad"


class Form(StrEnum):
    """What a reader is exported as."""

    ONNX = "onnx"
    ONNX_HALF = "onnx-half"
    INT8 = "int8"
    SAVED_MODEL = "saved-model"
    KERAS_HALF = "keras-half"


SHOWN = {"accuracy_exact": "exact", "accuracy_alnum": "of letters and digits", "cer": "character errors"}


@app.command("train")
def train_reader(
    out: Annotated[Path, typer.Option(help="Folder for the run: checkpoint, curves, evaluations, reader.keras.")],
    data: Annotated[
        list[str] | None, typer.Option(help="DIR[:WEIGHT]: shards, here or at s3://, or a folder with labels.csv; repeatable.")
    ] = None,
    stream: Annotated[
        str | None, typer.Option(help="Recipe file whose samples are rendered as they are needed; `product`: built in.")
    ] = None,
    stream_seed: Annotated[int | None, typer.Option(help="Seed of the streamed samples; 0 if none.", min=0)] = None,
    samples: Annotated[int, typer.Option(help="Word images to train on, cut to whole batches; 0: each of DATA once.", min=0)] = 0,
    batch: Annotated[int, typer.Option(help="Word images a step.", min=1)] = 64,
    evaluate_on: Annotated[
        list[str] | None, typer.Option(help="Folder with labels.csv, or shards; repeatable. Without: rendered words.")
    ] = None,
    evaluate_every: Annotated[int, typer.Option(help="Word images between evaluations; 0: a tenth of the run.", min=0)] = 0,
    init: Annotated[Path | None, typer.Option(help="Weights to start from, a reader.keras: fine-tuning.")] = None,
    rectify: Annotated[Rectify, typer.Option(help="stn: a spatial transformer before the reader.")] = Rectify.NONE,
    head: Annotated[Head, typer.Option(help="How features become text.")] = Head.CTC,
    width: Annotated[int, typer.Option(help="Pixels of prepared pictures; a multiple of 4.")] = 128,
    fit: Annotated[
        Fitting, typer.Option(help="How pictures come to that width: stretched, or with their aspect kept and padded.")
    ] = Fitting.STRETCH,
    alphabet: Annotated[Path | None, typer.Option(help="File with the characters; the built-in 92 if none.")] = None,
    rate: Annotated[float, typer.Option(help="Highest learning rate.", min=1e-7, max=1.0)] = 1e-3,
    warm_up: Annotated[int, typer.Option(help="Steps until the rate is reached.", min=0)] = 300,
    decay: Annotated[float, typer.Option(help="Weight decay.", min=0.0)] = 0.01,
    clip_norm: Annotated[float, typer.Option(help="Longest gradient.", min=1e-3)] = 5.0,
    averaging: Annotated[float, typer.Option(help="Momentum of the averaged weights.", min=0.0, max=0.99999)] = 0.999,
    aligned_share: Annotated[
        float, typer.Option(help="Share of rows that learn where each character lies, at the start.", min=0.0, max=1.0)
    ] = 0.5,
    aligned_until: Annotated[float, typer.Option(help="Share of the run after which no row does.", min=0.0, max=1.0)] = 0.6,
    precision: Annotated[Precision | None, typer.Option(help="Without: bf16 where the hardware multiplies it.")] = None,
    jit: Annotated[bool | None, typer.Option(help="Compile with XLA. Without: on JAX only.")] = None,
    devices: Annotated[int, typer.Option(help="GPUs to split each batch over.", min=1)] = 1,
    workers: Annotated[int, typer.Option(help="Threads that make batches.", min=1)] = 2,
    max_queue_size: Annotated[int, typer.Option(help="Batches made ahead.", min=1)] = 16,
    use_multiprocessing: Annotated[bool, typer.Option("--use-multiprocessing", help="Spawned processes in place of threads.")] = False,
    log_every: Annotated[int, typer.Option(help="Steps between lines of the log.", min=1)] = 100,
    checkpoint_every: Annotated[int, typer.Option(help="Word images between checkpoints.", min=1)] = 50_000,
    seed: Annotated[int, typer.Option(help="Of the first weights and the order of the data.", min=0)] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in OUT, if there is one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train the reader on shards, on samples straight from the engine, on real crops, or on a mixture."""
    with told(f"stopped; the last checkpoint is kept, if one was due already. Go on with: recognizer train --out {out} ... --resume"):
        start_keras()
        from recognizer.options import ReaderOptions
        from recognizer.train import Order, Surroundings, run
        from synthgen import Alphabet
        from training.chosen import Chosen
        from training.devices import Computing
        from training.feeding import Feeding
        from training.optimizers import Tuning

        letters = Alphabet.read(alphabet) if alphabet else Alphabet()
        order = Order(
            chosen=Chosen(tuple(data or ()), stream, stream_seed),
            samples=samples,
            batch=batch,
            seed=seed,
            options=ReaderOptions(len(letters.characters) + 1, rectify.value, head.value, width, fit.value),
            alphabet=letters,
            tuning=Tuning(0, rate, warm_up, decay=decay, clip_norm=clip_norm, averaging=averaging),
            aligned_share=aligned_share,
            aligned_until=aligned_until,
            init=init,
            computing=Computing(precision.value if precision else None, jit, devices),
        )
        feeding = Feeding(workers, max_queue_size, use_multiprocessing)
        report = run(order, Surroundings(out, feeding, tuple(evaluate_on or ()), log_every, evaluate_every, checkpoint_every, resume))
    typer.echo(
        json.dumps(report)
        if as_json
        else f"{report['reader']}: trained on {report['samples']:,} words; try it: recognizer read --weights {report['reader']} IMAGE"
    )


@app.command()
def evaluate(
    data: Annotated[list[str], typer.Option(help="Folder with labels.csv (file,text), or shards; repeatable.")],
    weights: Weights = SHIPPED,
    out: Annotated[Path | None, typer.Option(help="Folder for predictions.csv, evaluation.json, report.png and worst.png of each.")] = None,
    limit: Annotated[int | None, typer.Option(help="Pictures of each.", min=1)] = None,
    split: Annotated[str | None, typer.Option(help="Of shards: only this split.")] = None,
    beam: Beam = None,
    lexicon: LexiconFile = None,
    ignore_case: IgnoreCase = False,
    as_json: AsJson = False,
) -> None:
    """Measure a reader on labelled pictures: exact, letters and digits, error rate, by length, confusions."""
    with told("stopped"):
        start_keras_for(weights)
        from recognizer.examination import examine
        from recognizer.labelled import Labelled
        from recognizer.opened import open_reader
        from training.labels import set_names
        from training.runs import fresh

        out = out and fresh(out)
        reader = open_reader(weights, Decoding(beam, lexicon, ignore_case))
        found = {
            place: examine(reader.words, Labelled(place, reader.options.prepared, split, limit), out and out / name)
            for name, place in set_names(data).items()
        }
    if as_json:
        typer.echo(json.dumps(found[data[0]] if len(data) == 1 else found))
        return
    for place, scores in found.items():
        shares = (f"{100 * float(str(scores[key])):.2f} % {what}" for key, what in SHOWN.items())
        typer.echo(f"{place}: {scores['count']} words, {', '.join(shares)}" + (f"; {n} dropped" if (n := scores["count_dropped"]) else ""))


@app.command()
def read(
    images: Annotated[list[Path], typer.Argument(help="Pictures of one word or line each.")],
    weights: Weights = SHIPPED,
    beam: Beam = None,
    lexicon: LexiconFile = None,
    ignore_case: IgnoreCase = False,
    steps: Annotated[bool, typer.Option("--steps", help="Show each time step's symbol and how they merge, read greedily.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the text in pictures of words, with the confidence."""
    with told("stopped"):
        start_keras_for(weights)
        from recognizer.opened import open_reader, read_files, steps_of

        reader, faults = open_reader(weights, Decoding(beam, lexicon, ignore_case)), 0
        for found in read_files(reader, images):
            if isinstance(found, str):
                typer.echo(f"error: {found}", err=True)
                faults += 1
                continue
            path, text, confidence, logits = found
            row = {"file": str(path), "text": text, "confidence": confidence}
            typer.echo(json.dumps(row) if as_json else f"{path}\t{text}\t{confidence:.3f}")
            for line in steps_of(reader, logits) if steps else ():
                typer.echo(f"  {line}", err=as_json)
    if faults:
        raise typer.Exit(1)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="reader.onnx, or a folder for the SavedModel.")],
    form: Annotated[
        Form, typer.Option("--format", help="onnx: float32; onnx-half: half the bytes; int8: quantized; saved-model; keras-half.")
    ] = Form.ONNX,
    weights: Annotated[Path, typer.Option(help="A reader.keras; the one that comes along if none.")] = SHIPPED,
    calibrate_on: Annotated[int | None, typer.Option(help="Rendered words that set the ranges of int8; 1,024 if not said.", min=16)] = None,
) -> None:
    """Write a reader as ONNX (float32 or int8) or SavedModel: any batch size, logits out, decoding outside."""
    with told("stopped"):
        start_keras()
        from recognizer.forms import write

        size_bytes = write(weights, out, form.value, calibrate_on)
    typer.echo(
        f"{out}: {size_bytes / 1e6:.1f} MB"
        + ("" if form == Form.SAVED_MODEL else f"; measure it: recognizer evaluate --weights {out} --data DIR")
    )


@app.command()
def summary(
    width: Annotated[int, typer.Option(help="Pixels of prepared pictures.")] = 128,
    rectify: Annotated[Rectify, typer.Option(help="stn: a spatial transformer before the reader.")] = Rectify.NONE,
    head: Annotated[Head, typer.Option(help="How features become text.")] = Head.CTC,
) -> None:
    """Print the network layer by layer: output, parameters, stride and receptive field."""
    with told("stopped"):
        start_keras()
        from recognizer.model import build_reader
        from recognizer.options import ReaderOptions
        from recognizer.table import summary as table

        lines = table(build_reader(ReaderOptions(rectify=rectify.value, head=head.value, width=width)))
    typer.echo(lines)


@app.callback()
def common(verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False) -> None:
    """Set up logging: progress and warnings go to stderr."""
    log_to_stderr(verbose=verbose)


def main() -> None:
    """Run the command line."""
    run_app(app)
