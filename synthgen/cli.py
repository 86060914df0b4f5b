"""The command line: parse, delegate, print. Heavy rooms are imported by the command that needs them, so that --help is quick."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from synthgen import cli_runs
from synthgen.told import log_to_stderr, run_app, told

app = typer.Typer(
    help="Synthetic training data for reading text off product photos.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(cli_runs.app)

RecipeFile = Annotated[Path | None, typer.Option("--recipe", help="Recipe file (TOML); the built-in product recipe if none.")]
Corpus = Annotated[
    list[str] | None, typer.Option(help="Texts: FILE[:COLUMN][=WEIGHT], .txt .csv .tsv .jsonl .parquet; repeatable. Without: corpora/.")
]
Fonts = Annotated[Path | None, typer.Option(help="Folder of fonts, beside the installed packages. Without: fonts/.")]
Backgrounds = Annotated[Path | None, typer.Option(help="Folder of photos to put text on. Without: backgrounds/.")]
Seed = Annotated[int, typer.Option(help="The same recipe, assets and seed give the same samples.", min=0)]
Cache = Annotated[Path | None, typer.Option(help="Where prepared fonts and backgrounds are kept. Without: ~/.cache/synthgen.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


class Format(StrEnum):
    """How shards are stored."""

    PARQUET = "parquet"
    TFRECORD = "tfrecord"


class EngineName(StrEnum):
    """Where shards are made."""

    LOCAL = "local"
    RAY = "ray"
    SPARK = "spark"


@app.command()
def render(
    out: Annotated[str, typer.Option(help="Folder for the shards, or a URL: s3://bucket/run1.")],
    n: Annotated[int, typer.Option("--n", help="Number of word images.", min=0)] = 20_000,
    scenes: Annotated[int | None, typer.Option(help="Number of scenes with heat maps. Without: a hundredth of N.", min=0)] = None,
    recipe: RecipeFile = None,
    seed: Seed = 0,
    form: Annotated[Format, typer.Option("--format", help="How shards are stored.")] = Format.PARQUET,
    shard_size: Annotated[int, typer.Option(help="Word images a shard.", min=1)] = 50_000,
    workers: Annotated[int, typer.Option(help="Processes, on a cluster shards at a time; 0: one a processor.", min=0)] = 0,
    corpus: Corpus = None,
    fonts: Fonts = None,
    backgrounds: Backgrounds = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in OUT: make what is missing or damaged.")] = False,
    shards: Annotated[str | None, typer.Option(help="Only these: A-B or A,B-C; words, then scenes. Then: synthgen merge.")] = None,
    engine: Annotated[EngineName, typer.Option(help="This machine or a cluster, all of which reaches OUT.")] = EngineName.LOCAL,
    address: Annotated[str | None, typer.Option(help="Of the cluster: Ray's address, Spark's master URL.")] = None,
    bundle: Annotated[str | None, typer.Option(help="Where nodes find own fonts, photos and texts, folder or URL. Without: OUT.")] = None,
    cache: Cache = None,
    as_json: AsJson = False,
) -> None:
    """Render N word images, and scenes with heat maps, into shards at OUT."""
    from synthgen import launch
    from synthgen.found import Flags

    pictures = -(-n // 100) if scenes is None else scenes
    flags = Flags(recipe, corpus or (), fonts, backgrounds)
    processes = _processors(workers) if engine is EngineName.LOCAL else workers
    order = launch.Order(
        flags, out, n, pictures, seed, form.value, shard_size, processes, resume, cache, shards, engine.value, address, bundle
    )
    with told(f"stopped; what is whole is kept. Go on with: synthgen render --out {out} ... --resume"):
        report = launch.render(order)
    typer.echo(json.dumps(launch.as_json(report)) if as_json else launch.as_line(order, report))


@app.command()
def preview(
    out: Annotated[Path, typer.Option(help="File for the contact sheet, .png or .jpg.")] = Path("preview.png"),
    count: Annotated[int | None, typer.Option(help="Samples on the sheet; 120 words or 6 scenes if not given.", min=1, max=5000)] = None,
    scenes: Annotated[bool, typer.Option("--scenes", help="Scenes with quads and heat maps in place of words.")] = False,
    n: Annotated[int, typer.Option("--n", help="Images to estimate hours and bytes for.", min=1)] = 15_000_000,
    quads: Annotated[bool, typer.Option(help="Draw the character quads.")] = True,
    workers: Annotated[int, typer.Option(help="Processes to estimate for; 0: one a processor.", min=0)] = 0,
    recipe: RecipeFile = None,
    seed: Seed = 0,
    corpus: Corpus = None,
    fonts: Fonts = None,
    backgrounds: Backgrounds = None,
    cache: Cache = None,
) -> None:
    """Draw the first samples on a contact sheet, and measure what N of them would take here."""
    from synthgen import launch
    from synthgen.found import Flags
    from synthgen.preview import measure, measure_scenes, save, sheet, sheet_of_scenes

    with told("stopped"):
        opened = launch.open_assets(Flags(recipe, corpus or (), fonts, backgrounds), cache)
        shown = count or (6 if scenes else 120)
        if scenes:
            painter = launch.open_painter(opened, seed, cache)
            save(sheet_of_scenes(painter, shown), out)
            estimate = measure_scenes(opened, painter)
        else:
            save(sheet(opened, seed, shown, quads=quads), out)
            estimate = measure(opened, seed)
    cores = _processors(workers)
    typer.echo(f"{out}: {shown} {'scenes' if scenes else 'samples'}")
    kind = "scenes" if scenes else "images"
    hours, size_gb = estimate.hours(n, cores), n * estimate.bytes_per_image / 1e9
    typer.echo(f"{estimate.images_per_second:,.0f} {kind}/s a core; {n:,} {kind} on {cores}: {hours:.2f} h, {size_gb:.2f} GB")


class Layout(StrEnum):
    """What others read."""

    LMDB = "lmdb"
    FOLDER = "folder"
    WEBDATASET = "webdataset"


@app.command()
def export(
    shards: Annotated[str, typer.Argument(help="Folder with shards, one shard, or a URL: s3://bucket/run1.")],
    form: Annotated[
        Layout,
        typer.Option(
            "--format",
            help="lmdb: as the deep-text-recognition benchmark reads it, words only. folder: pictures, labels.csv and metadata.jsonl."
            " webdataset: tars.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the export.")],
    scenes: Annotated[bool, typer.Option("--scenes", help="Scenes in place of words.")] = False,
    split: Annotated[str | None, typer.Option(help="Only samples of this split; without: all.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first so many samples.", min=1)] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0: one a processor. An LMDB file is written by one.", min=0)] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the export in OUT.")] = False,
    as_json: AsJson = False,
) -> None:
    """Export the samples of SHARDS to what other programs read, pictures as they are stored."""
    from dataclasses import asdict

    from synthgen.export import run

    order = run.Order(shards, out, form.value, "scenes" if scenes else "words", split, limit, _processors(workers), resume)
    with told(f"stopped; what is whole is kept. Go on with: synthgen export {shards} --format {form.value} --out {out} ... --resume"):
        report = run.export(order)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        counts = "".join(f", {count} {name.replace('_', ' ')}" for name, count in report.counts.items())
        typer.echo(
            f"{report.rows} {order.table}{counts} in {out}, {report.bytes / 1e6:.1f} MB; read it with {run.reader_of(order, report)}"
        )


@app.command()
def verify(
    shards: Annotated[str, typer.Argument(help="Folder of a finished run, or a URL: s3://bucket/run1.")],
    sample: Annotated[float, typer.Option(help="Share of the rows to check; files are all checked.", min=0.0, max=1.0)] = 1.0,
    rerender: Annotated[float, typer.Option(help="Share of the samples to render again and compare.", min=0.0, max=1.0)] = 0.0,
    decode: Annotated[bool, typer.Option("--decode/--no-decode", help="Decode the pictures and maps of the rows checked.")] = True,
    workers: Annotated[int, typer.Option(help="Processes; 0: one a processor.", min=0)] = 0,
    cache: Cache = None,
    as_json: AsJson = False,
) -> None:
    """Check the run in SHARDS: records against files, every row, and samples rendered again; exit code 1 where anything is wrong."""
    from synthgen import verify as checks
    from synthgen.shards.shard_check import Depth

    with told("stopped; nothing was changed"):
        report = checks.verify(checks.Order(shards, Depth(sample, rerender, decode), _processors(workers), cache))
    typer.echo(json.dumps(checks.as_json(report)) if as_json else "\n".join(checks.as_lines(report)))
    if report.faults:
        raise typer.Exit(1)


@app.command()
def explain(
    shards: Annotated[str, typer.Argument(help="Folder of a run, or a URL: s3://bucket/run1.")],
    index: Annotated[int, typer.Argument(help="Number of the sample, column `index`.", min=0)],
    scene: Annotated[bool, typer.Option("--scene", help="A scene in place of a word.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Picture of the stored sample, the rendered one and their difference, .png or .jpg.")
    ] = None,
    cache: Cache = None,
    as_json: AsJson = False,
) -> None:
    """Print every choice of sample INDEX of SHARDS, and render it again beside the stored one; exit code 1 where they differ."""
    from synthgen import explain as explaining
    from synthgen.preview import check_ending

    with told("stopped; nothing was changed"):
        if out:
            check_ending(out)
        found = explaining.explain(shards, "scenes" if scene else "words", index, cache)
        if out:
            explaining.save_picture(found, out)
    typer.echo(json.dumps(explaining.as_json(found)) if as_json else "\n".join(explaining.as_lines(found)))
    if found.differing:
        raise typer.Exit(1)


class Kind(StrEnum):
    """What may be held out."""

    FONT = "font"
    TEXT = "text"
    BACKGROUND = "background"


@app.command()
def split(
    shards: Annotated[str, typer.Argument(help="Folder of a finished run, or a URL: s3://bucket/run1.")],
    by: Annotated[list[Kind], typer.Option(help="Hold out font families, words or backgrounds; repeatable.")] = [Kind.FONT],  # noqa: B006  # typer takes no tuple here
    share: Annotated[
        float, typer.Option(help="Of the families, words and backgrounds; 0: all rows are for training again.", min=0.0, max=0.9)
    ] = 0.05,
    as_json: AsJson = False,
) -> None:
    """Label the rows of SHARDS train, validation (all held out) or mixed (some are), by a hash of fonts, words and backgrounds."""
    from synthgen.held_out import HeldOut
    from synthgen.shards.relabel import split_run

    kinds = tuple(kind.value for kind in Kind if kind in by)
    with told(f"stopped; go on with: synthgen split {shards} --share {share:g} " + " ".join(f"--by {kind}" for kind in kinds)):
        rows = split_run(shards, HeldOut(kinds, share))
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        for table, sides in rows.items():
            typer.echo(f"{table}: " + ", ".join(f"{count:,} {side}" for side, count in sides.items()))
        typer.echo(f"measure with what training never saw: recognizer evaluate {shards} --split validation")


@app.command()
def inspect(
    shards: Annotated[str, typer.Argument(help="Folder of a finished run, one shard, or a URL: s3://bucket/run1.")],
    out: Annotated[Path, typer.Option(help="File for the report, .html; it opens offline.")] = Path("report.html"),
    samples: Annotated[int, typer.Option(help="Words to show, and a tenth as many scenes, drawn over the whole run.", min=0)] = 400,
    seed: Annotated[int, typer.Option(help="The same seed shows the same samples.", min=0)] = 0,
) -> None:
    """Write one HTML page that shows SHARDS: samples with their labels, statistics, duplicates, counts, recipe and versions."""
    from synthgen.report.inspect import inspect as make_report

    with told("stopped; no report was written"):
        made = make_report(shards, out, samples, seed)
    shown = " and ".join(f"{made.shown[table]} of {rows:,} {table}" for table, rows in made.rows.items())
    left_out = f", {made.left_out} more left out as the page would grow too large" if made.left_out else ""
    typer.echo(f"{out}: {shown}{left_out}, {made.bytes / 1e6:.1f} MB; open it in a browser. Next: synthgen verify {shards}")


@app.command("fonts")
def list_fonts(
    recipe: RecipeFile = None,
    fonts: Fonts = None,
    cache: Cache = None,
    as_json: AsJson = False,
) -> None:
    """List every face with its coverage, and every font that was refused with the reason."""
    from synthgen import launch
    from synthgen.found import Flags

    with told("stopped"):
        used, refused = launch.list_faces(Flags(recipe=recipe, fonts=fonts), cache)
    if as_json:
        typer.echo(json.dumps({"faces": used, "refused": refused}))
        return
    for face in used:
        lacking = f"lacks {face['missing']}" if face["missing"] else ""
        capitals = "capitals only" if face["caps_only"] else ""
        typer.echo(f"{face['name']:40} {face['category']:8} {face['covered']}/{face['alphabet']} {capitals:13} {lacking}".rstrip())
    for font in refused:
        typer.echo(f"refused {font['name']} ({font['path']}): {font['reason']}")
    typer.echo(f"{len(used)} faces, {len(refused)} refused")


@app.callback()
def common(verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False) -> None:
    """Set up logging: progress and warnings go to stderr."""
    log_to_stderr(verbose=verbose)


def _processors(workers: int) -> int:
    return workers or len(os.sched_getaffinity(0))


def main() -> None:
    """Run the command line."""
    run_app(app)
