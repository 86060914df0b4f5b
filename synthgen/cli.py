"""The command line: parse, delegate, print. Heavy rooms are imported by the command that needs them, so that --help is quick."""

import json
import logging
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from synthgen.told import told

app = typer.Typer(
    help="Synthetic training data for reading text off product photos.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

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


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="Folder for the shards.")],
    n: Annotated[int, typer.Option("--n", help="Number of word images.", min=0)] = 20_000,
    scenes: Annotated[int | None, typer.Option(help="Number of scenes with heat maps. Without: a hundredth of N.", min=0)] = None,
    recipe: RecipeFile = None,
    seed: Seed = 0,
    form: Annotated[Format, typer.Option("--format", help="How shards are stored.")] = Format.PARQUET,
    shard_size: Annotated[int, typer.Option(help="Word images a shard.", min=1)] = 50_000,
    workers: Annotated[int, typer.Option(help="Processes; 0: one a processor.", min=0)] = 0,
    corpus: Corpus = None,
    fonts: Fonts = None,
    backgrounds: Backgrounds = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in OUT: make what is missing or damaged.")] = False,
    cache: Cache = None,
    as_json: AsJson = False,
) -> None:
    """Render N word images, and scenes with heat maps, into shards at OUT."""
    from synthgen import launch
    from synthgen.found import Flags

    pictures = -(-n // 100) if scenes is None else scenes
    flags = Flags(recipe, corpus or (), fonts, backgrounds)
    order = launch.Order(flags, out, n, pictures, seed, form.value, shard_size, _processors(workers), resume, cache)
    with told(f"stopped; what is whole is kept. Go on with: synthgen render --out {out} ... --resume"):
        report = launch.render(order)
    if as_json:
        typer.echo(json.dumps(launch.as_json(report)))
    else:
        given = (("--recipe", recipe), ("--fonts", fonts), ("--backgrounds", backgrounds), *(("--corpus", text) for text in corpus or ()))
        made = f"{report.words} word images and {report.scenes} scenes in {out}, {report.bytes / 1e6:.1f} MB"
        typer.echo(f"{made}; look at some: synthgen preview --seed {seed}" + "".join(f" {flag} {value}" for flag, value in given if value))


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
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.DEBUG if verbose else logging.INFO)
    for chatty in ("numba", "fontTools", "PIL"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _processors(workers: int) -> int:
    return workers or len(os.sched_getaffinity(0))


def main() -> None:
    """Run the command line; Ctrl-C outside a command's own care ends it quietly too."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
