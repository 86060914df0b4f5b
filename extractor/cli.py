"""The command `extract`: parse, delegate, print."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from detector.sizes import MULTIPLE
from detector.thresholds import MOST_GROWTH, Thresholds
from extractor.group import ReadsPhotos
from extractor.options import MOST_THREADS, Options
from extractor.serve.limits import Limits
from synthgen.told import log_to_stderr, run_app, told

app = typer.Typer(
    cls=ReadsPhotos,
    help="Read product photos: words, lines, text. `extract photo.jpg` is `extract read photo.jpg`; a photo called as a command is ./read.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Detector = Annotated[
    Path | None, typer.Option(help="Detector to find words with: .onnx, .keras, or CRAFT's public .pth; the one that comes along if none.")
]
Reader = Annotated[Path | None, typer.Option(help="Reader to read words with: .onnx or .keras; the one that comes along if none.")]
Size = Annotated[
    int,
    typer.Option(
        help="Pixels of a photo's longer side, at most, as the detector sees it: less is faster and misses small print.", min=MULTIPLE
    ),
]
Threads = Annotated[int, typer.Option(help="Threads to compute with; 0: one a core.", min=0, max=MOST_THREADS)]
LeastConfidence = Annotated[float, typer.Option(help="Leave out words of whose letters the reader is less sure.", min=0.0, max=1.0)]
Tiles = Annotated[bool, typer.Option("--tiles/--no-tiles", help="Look at photos of more than twice SIZE in tiles too, for small print.")]
USUAL = Options()
TAKEN_ON = Limits()


@app.command("read")
def read_photos(
    photos: Annotated[list[Path], typer.Argument(help="Photos, and folders of photos.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a photo: words, lines, text.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row of CSV a word.")] = False,
    overlay: Annotated[
        Path | None, typer.Option(help="Where to draw what was read: OUT.png, or a folder, which several photos need.")
    ] = None,
    heat: Annotated[bool, typer.Option("--heat", help="Show on the overlays where the detector sees letters.")] = False,
    fields: Annotated[bool, typer.Option("--fields", help="Tell net weights, prices, percentages and dates too.")] = False,
    pseudo_label: Annotated[
        Path | None, typer.Option(help="Print nothing; put surely read words and photos into this folder, to fine-tune on.")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="Print nothing; put masks of the text of photos into this folder, for --backgrounds.")
    ] = None,
    sure: Annotated[
        float | None,
        typer.Option(help="Of --pseudo-label: how sure the reader must be of a word's letters; 0.95 if none.", min=0.0, max=1.0),
    ] = None,
    sure_score: Annotated[float | None, typer.Option(help="The same: region score it must reach; 0.8 if none.", min=0.0, max=1.0)] = None,
    sure_height: Annotated[float | None, typer.Option(help="The same: its height on the photo, px; 12 if none.", min=0.0)] = None,
    detector: Detector = None,
    reader: Reader = None,
    size: Size = USUAL.size,
    enlarged: Annotated[float, typer.Option(help="How many times smaller photos are enlarged.", min=0.1, max=8.0)] = USUAL.enlarged,
    large: Annotated[bool, typer.Option("--large/--no-large", help="Look at photos smaller too, for large letters.")] = True,
    tiles: Tiles = True,
    least_confidence: LeastConfidence = USUAL.least_confidence,
    text: Annotated[float, typer.Option(help="Region score that a word must reach somewhere.", min=0.0, max=1.0)] = USUAL.thresholds.text,
    link: Annotated[
        float, typer.Option(help="Affinity score from which letters join; .25 is tried beside it.", min=0.0, max=1.0)
    ] = USUAL.thresholds.link,
    low_text: Annotated[
        float, typer.Option(help="Region score from which a pixel is text; .35 is tried beside it.", min=0.0, max=1.0)
    ] = USUAL.thresholds.low_text,
    growth: Annotated[float, typer.Option(help="How far words grow beyond these.", min=0.0, max=MOST_GROWTH)] = USUAL.thresholds.growth,
    threads: Threads = 0,
) -> None:
    """Read photos: print their text, or words with quads as JSON or CSV; draw overlays; make labels or masks of them."""
    with told("stopped"):
        from extractor.labels import Wanted, write_labels
        from extractor.opened import open_extractor
        from extractor.output import Meter, Printer, Shown
        from extractor.overlays import Overlays
        from extractor.photo_files import PhotoFiles, photo_paths
        from extractor.pseudo import sureness_of

        shown = Shown(as_json, as_csv, fields, overlay, heat)
        wanted = Wanted(pseudo_label, mask, sureness_of(sure, sure_score, sure_height), shown.options)
        paths = photo_paths(photos)
        alone = len(paths) == 1 and paths == photos
        overlays = Overlays(overlay, paths[0] if alone else None, heat) if overlay else None
        options = Options(size, Thresholds(text, link, low_text, growth), enlarged, least_confidence, large, tiles, threads)
        extractor = open_extractor(detector, reader, options)
        with Meter(len(paths), partial(typer.echo, err=True)) as meter:
            read = PhotoFiles(extractor, paths, meter.add)
            lines = write_labels(read, wanted) if wanted else Printer(shown, alone, overlays).printed(read)
            for line in lines:
                typer.echo(line)
    if not wanted and not (alone and meter.words):
        typer.echo(meter.told(), err=True)
    if meter.faults:
        raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0: all of this machine, for whoever can reach it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0: one that is free.", min=0, max=65_535)] = 8000,
    detector: Detector = None,
    reader: Reader = None,
    size: Size = USUAL.size,
    max_bytes: Annotated[int, typer.Option(help="Bytes of a photo, at most.")] = TAKEN_ON.max_bytes,
    max_pixels: Annotated[
        int, typer.Option(help="Pixels of a photo, at most; its header is asked before it is decoded.")
    ] = TAKEN_ON.max_pixels,
    workers: Annotated[int, typer.Option(help="Photos read at a time; they share the cores.")] = TAKEN_ON.workers,
    queue: Annotated[int, typer.Option(help="Photos that may wait; more are turned away with 503.")] = TAKEN_ON.queue,
    timeout: Annotated[float, typer.Option(help="Seconds from a request to its answer, at most.")] = TAKEN_ON.timeout_s,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="Site whose pages may use the API too, such as https://shop.example; repeatable.")
    ] = None,
) -> None:
    """Serve a web page and an HTTP API that read photos; nothing that is sent is kept."""
    with told("stopped"):
        from extractor.serve.start import Address, need_server, serve_at, threads_each, url_of

        need_server()
        from extractor.opened import open_extractor

        limits = Limits(max_bytes, max_pixels, workers, queue, timeout)
        extractor = open_extractor(detector, reader, Options(size, threads=threads_each(workers)))
        with Address(host, port).listen() as listening:
            typer.echo(f"{url_of(listening)} is open in a browser; photos go to {url_of(listening)}extract, Ctrl-C ends it")
            serve_at(listening, extractor, limits, allow_origin or ())


@app.command()
def evaluate(
    data: Annotated[
        str, typer.Option(help="Folder with labels.csv (file,x1,y1,...,x4,y4,text, or file,text alone), or shards with scenes.")
    ],
    overlay: Annotated[Path | None, typer.Option(help="Folder for the photos with right, wrong and missed words outlined.")] = None,
    limit: Annotated[int | None, typer.Option(help="Photos.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    detector: Detector = None,
    reader: Reader = None,
    size: Size = USUAL.size,
    tiles: Tiles = True,
    least_confidence: LeastConfidence = USUAL.least_confidence,
    threads: Threads = 0,
) -> None:
    """Measure how well labelled photos are read: words with right box and text, and words read wherever they stand."""
    with told("stopped"):
        from extractor.evaluate import Order
        from extractor.evaluate import evaluate as measured
        from extractor.opened import open_extractor
        from training.runs import fresh

        place = overlay and fresh(overlay, "--overlay")
        options = Options(size, least_confidence=least_confidence, tiled=tiles, threads=threads)
        report = measured(Order(open_extractor(detector, reader, options), data, limit, place))
        typer.echo(json.dumps(report.to_json()) if as_json else "\n".join(report.as_lines()))


@app.callback()
def common(verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False) -> None:
    """Set up logging: progress and warnings go to stderr."""
    log_to_stderr(verbose=verbose)


def main() -> None:
    """Run the command line."""
    run_app(app)
