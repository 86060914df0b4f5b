"""The command `detector`: parse, delegate, print."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detector.options import SLIMS
from detector.sizes import ENLARGED, LONGEST
from detector.thresholds import MOST_GROWTH, Thresholds
from synthgen.errors import SynthgenError
from synthgen.told import log_to_stderr, run_app, told
from training.startup import start_keras, start_keras_for

SHIPPED = Path(__file__).parent / "data" / "detector.keras"

app = typer.Typer(
    help="Train, measure, use and export the word detector.", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)
Weights = Annotated[Path, typer.Option(help="A detector.keras or .onnx; the one that comes along if none.")]
Text = Annotated[float, typer.Option(help="Region score that a word must reach somewhere.", min=0.0, max=1.0)]
Link = Annotated[float, typer.Option(help="Affinity score from which letters belong to one word.", min=0.0, max=1.0)]
LowText = Annotated[float, typer.Option(help="Region score from which a pixel belongs to a letter.", min=0.0, max=1.0)]
Growth = Annotated[
    float, typer.Option(help="How far words grow beyond those pixels; 2: as the authors' code has it.", min=0.0, max=MOST_GROWTH)
]
Longest = Annotated[int, typer.Option(help="Pixels of a photo's longer side, at most, as the detector sees it.", min=32)]
Enlarged = Annotated[float, typer.Option(help="How many times smaller photos are enlarged, at most.", min=0.1, max=8.0)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
USUAL = Thresholds()
SHOWN = ("h_mean", "precision", "recall")


class Precision(StrEnum):
    """What products are computed in."""

    BF16 = "bf16"
    FLOAT32 = "float32"


class Form(StrEnum):
    """What a detector is exported as."""

    ONNX = "onnx"
    ONNX_HALF = "onnx-half"
    INT8 = "int8"
    SAVED_MODEL = "saved-model"
    KERAS_HALF = "keras-half"


@app.command("train")
def train_detector(
    out: Annotated[Path, typer.Option(help="Folder for the run: checkpoint, curves, evaluations, pictures, detector.keras.")],
    data: Annotated[
        list[str] | None,
        typer.Option(help="DIR[:WEIGHT]: shards with scenes, here or at s3://, or a folder of photos with labels.csv; repeatable."),
    ] = None,
    stream: Annotated[
        str | None, typer.Option(help="Recipe file whose scenes are rendered as they are needed; `product`: built in.")
    ] = None,
    stream_seed: Annotated[int | None, typer.Option(help="Seed of the streamed scenes; 0 if none.", min=0)] = None,
    samples: Annotated[
        int, typer.Option(help="Views of scenes to train on, cut to whole batches; 0: one of each scene of DATA.", min=0)
    ] = 0,
    batch: Annotated[int, typer.Option(help="Views a step.", min=1)] = 8,
    size: Annotated[int, typer.Option(help="Pixels of a view's sides; a multiple of 32.", min=32)] = 256,
    evaluate_on: Annotated[
        list[str] | None, typer.Option(help="Folder with labels.csv, or shards with scenes; repeatable. Without: rendered scenes.")
    ] = None,
    evaluate_every: Annotated[int, typer.Option(help="Views between evaluations; 0: a tenth of the run.", min=0)] = 0,
    evaluate_limit: Annotated[int | None, typer.Option(help="Photos of each set at an evaluation.", min=1)] = None,
    init: Annotated[
        Path | None, typer.Option(help="Weights to start from, a detector.keras, which also tells the characters of photos apart.")
    ] = None,
    slim: Annotated[int, typer.Option(help=f"What all channels are divided by: one of {', '.join(map(str, SLIMS))}.")] = 1,
    rate: Annotated[float, typer.Option(help="Highest learning rate.", min=1e-7, max=1.0)] = 1e-3,
    warm_up: Annotated[int, typer.Option(help="Steps until the rate is reached.", min=0)] = 300,
    decay: Annotated[float, typer.Option(help="Weight decay.", min=0.0)] = 0.01,
    clip_norm: Annotated[float, typer.Option(help="Longest gradient.", min=1e-3)] = 5.0,
    averaging: Annotated[float, typer.Option(help="Momentum of the averaged weights.", min=0.0, max=0.99999)] = 0.999,
    precision: Annotated[Precision | None, typer.Option(help="Without: bf16 where the hardware multiplies it.")] = None,
    jit: Annotated[bool | None, typer.Option(help="Compile with XLA. Without: on JAX only.")] = None,
    devices: Annotated[int, typer.Option(help="GPUs to split each batch over.", min=1)] = 1,
    workers: Annotated[int, typer.Option(help="Threads that make batches.", min=1)] = 2,
    max_queue_size: Annotated[int, typer.Option(help="Batches made ahead.", min=1)] = 16,
    use_multiprocessing: Annotated[bool, typer.Option("--use-multiprocessing", help="Spawned processes in place of threads.")] = False,
    log_every: Annotated[int, typer.Option(help="Steps between lines of the log.", min=1)] = 50,
    checkpoint_every: Annotated[int, typer.Option(help="Views between checkpoints.", min=1)] = 4_000,
    seed: Annotated[int, typer.Option(help="Of the first weights, the views and the order of the data.", min=0)] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in OUT, if there is one.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train the detector on scenes from shards or straight from the engine, on real photos with word boxes, or on a mixture."""
    with told(f"stopped; the last checkpoint is kept, if one was due already. Go on with: detector train --out {out} ... --resume"):
        start_keras()
        from detector.batches import Lesson
        from detector.options import DetectorOptions
        from detector.train import Order, Surroundings, run
        from training.chosen import Chosen
        from training.devices import Computing
        from training.feeding import Feeding
        from training.optimizers import Tuning

        order = Order(
            chosen=Chosen(tuple(data or ()), stream, stream_seed),
            samples=samples,
            batch=batch,
            lesson=Lesson(size, seed),
            options=DetectorOptions(slim),
            tuning=Tuning(0, rate, warm_up, decay=decay, clip_norm=clip_norm, averaging=averaging),
            init=init,
            computing=Computing(precision.value if precision else None, jit, devices),
        )
        around = Surroundings(
            out,
            Feeding(workers, max_queue_size, use_multiprocessing),
            tuple(evaluate_on or ()),
            evaluate_limit,
            log_every,
            evaluate_every,
            checkpoint_every,
            resume,
        )
        report = run(order, around)
    typer.echo(
        json.dumps(report)
        if as_json
        else f"{report['detector']}: trained on {report['samples']:,} views; try it: detector find --weights {report['detector']} IMAGE"
    )


@app.command()
def evaluate(
    data: Annotated[list[str], typer.Option(help="Folder with labels.csv (file,x1,y1,...,x4,y4,text), or shards with scenes; repeatable.")],
    weights: Weights = SHIPPED,
    out: Annotated[
        Path | None, typer.Option(help="Folder for predictions.csv, evaluation.json, report.png, worst.png and overlays of each.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Photos of each.", min=1)] = None,
    split: Annotated[str | None, typer.Option(help="Of shards: only this split.")] = None,
    text: Text = USUAL.text,
    link: Link = USUAL.link,
    low_text: LowText = USUAL.low_text,
    growth: Growth = USUAL.growth,
    longest: Longest = LONGEST,
    enlarged: Enlarged = ENLARGED,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Try other thresholds too, on the same maps; the best are chosen on these very photos.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a detector on labelled photos: precision, recall and h-mean at IoU 0.5, one to one, as ICDAR does."""
    with told("stopped"):
        start_keras_for(weights)
        from detector.examination import examine
        from detector.labelled import Photos
        from detector.opened import open_finder
        from training.labels import set_names
        from training.runs import fresh

        out = out and fresh(out)
        finder = open_finder(weights, Thresholds(text, link, low_text, growth), longest, enlarged)
        found = {
            place: examine(finder, Photos(place, split, limit), out and out / name, swept=sweep) for name, place in set_names(data).items()
        }
    if as_json:
        typer.echo(json.dumps(found[data[0]] if len(data) == 1 else found))
        return
    for place, scores in found.items():
        shares = ", ".join(f"{name.replace('_', '-')} {float(str(scores[name])):.3f}" for name in SHOWN)
        counted = f"{scores['count_words']} words on {scores['count_photos']} photos"
        dropped = f"; {n} dropped" if (n := scores["count_dropped"]) else ""
        typer.echo(f"{place}: {counted}: {shares if scores['count_words'] else 'no words to find'}{dropped}")


@app.command()
def find(
    images: Annotated[list[Path], typer.Argument(help="Photos.")],
    weights: Weights = SHIPPED,
    overlays: Annotated[Path | None, typer.Option(help="Folder for the photos with the words outlined.")] = None,
    heat: Annotated[bool, typer.Option("--heat", help="Show the maps on the overlays.")] = False,
    text: Text = USUAL.text,
    link: Link = USUAL.link,
    low_text: LowText = USUAL.low_text,
    growth: Growth = USUAL.growth,
    longest: Longest = LONGEST,
    enlarged: Enlarged = ENLARGED,
) -> None:
    """Print where the words are on photos, one JSON object a photo: quads, polygons, scores and lines in reading order."""
    with told("stopped"):
        start_keras_for(weights)
        from detector.found_files import find_in_files
        from detector.opened import open_finder
        from detector.report import Overlays

        if heat and not overlays:
            raise SynthgenError("--heat: need --overlays, on which the maps are shown, got none; give a folder, or leave --heat out")
        finder, faults = open_finder(weights, Thresholds(text, link, low_text, growth), longest, enlarged), 0
        drawn = Overlays(overlays) if overlays else None
        for found in find_in_files(finder, images):
            if isinstance(found, str):
                typer.echo(f"error: {found}", err=True)
                faults += 1
                continue
            typer.echo(json.dumps(found.to_json()))
            if drawn:
                drawn.add(found.path.name, found.overlay(heat=heat))
    if faults:
        raise typer.Exit(1)


@app.command("import-craft")
def import_weights(
    file: Annotated[Path, typer.Argument(help="Public weights of CRAFT, such as craft_mlt_25k.pth.")],
    out: Annotated[Path, typer.Option(help="detector.keras to write.")],
) -> None:
    """Turn the public weights of CRAFT, a PyTorch file, into a detector: to use, to compare with, or to start from."""
    with told("stopped"):
        start_keras()
        from detector.importing import import_craft
        from detector.weights import save_detector
        from training.keras_file import check_keras_path

        check_keras_path(out)  # now, not after the weights are read
        save_detector(out, import_craft(file))
    typer.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB; try it: detector find --weights {out} IMAGE")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="detector.onnx, or a folder for the SavedModel.")],
    form: Annotated[
        Form, typer.Option("--format", help="onnx: float32; onnx-half: half the bytes; int8: quantized; saved-model; keras-half.")
    ] = Form.ONNX,
    weights: Annotated[Path, typer.Option(help="A detector.keras; the one that comes along if none.")] = SHIPPED,
    calibrate_on: Annotated[int | None, typer.Option(help="Rendered scenes that set the ranges of int8.", min=4)] = None,
) -> None:
    """Write a detector as ONNX (float32 or int8) or SavedModel: any size in multiples of 32, maps out, boxes outside."""
    with told("stopped"):
        start_keras()
        from detector.forms import write

        size_bytes = write(weights, out, form.value, calibrate_on)
    typer.echo(
        f"{out}: {size_bytes / 1e6:.1f} MB"
        + ("" if form == Form.SAVED_MODEL else f"; measure it: detector evaluate --weights {out} --data DIR")
    )


@app.command()
def summary(slim: Annotated[int, typer.Option(help="What all channels are divided by.")] = 1) -> None:
    """Print the network layer by layer: channels, parameters, stride and receptive field."""
    with told("stopped"):
        start_keras()
        from detector.model import build_detector
        from detector.options import DetectorOptions
        from detector.table import summary as table

        lines = table(build_detector(DetectorOptions(slim)))
    typer.echo(lines)


@app.callback()
def common(verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False) -> None:
    """Set up logging: progress and warnings go to stderr."""
    log_to_stderr(verbose=verbose)


def main() -> None:
    """Run the command line."""
    run_app(app)
