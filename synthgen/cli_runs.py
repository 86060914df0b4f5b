"""Commands that move finished runs: parse, delegate, print, as cli.py does, of which they are a part."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from synthgen.told import told

app = typer.Typer()


class Check(StrEnum):
    """What is compared with what was sent."""

    CHECKSUM = "checksum"
    SIZE = "size"


@app.command()
def upload(
    shards: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    url: Annotated[str, typer.Argument(help="Where to: s3://bucket/run1, gs://bucket/run1 or az://container/run1.")],
    verify: Annotated[Check, typer.Option(help="checksum: read everything back. size: compare sizes alone.")] = Check.CHECKSUM,
    threads: Annotated[int, typer.Option(help="Files at once; a large file's parts are sent several at once too.", min=1)] = 4,
    retries: Annotated[int, typer.Option(help="Times to try again what fails for a while, after 1, 2, 4, ... 32 s.", min=0)] = 6,
    delete_local: Annotated[bool, typer.Option("--delete-local", help="Remove SHARDS when all of it is there and verified.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Upload the finished run in SHARDS to URL, and read it back; what is there and equal is skipped, so the same command goes on."""
    from dataclasses import asdict

    from synthgen.shards import upload as uploading
    from synthgen.shards.faults import delays_s
    from synthgen.shards.place import shown
    from synthgen.upload_meter import UploadMeter

    order = uploading.Order(shards, url, verify.value, threads, delays_s(retries), delete_local)
    with told(f"stopped; what is there stays there. Go on with: synthgen upload {shards} {shown(url)}"), UploadMeter(shards) as meter:
        report = uploading.upload(order, meter.add)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
        return
    counts = f"{report.uploaded} uploaded, {report.skipped} there already, {report.retried} retried"
    gone = f"; removed from {shards}" if report.deleted else ""
    typer.echo(f"{report.shards} shards at {shown(url)}, {report.bytes / 1e6:,.1f} MB: {counts}, {report.mb_per_second:,.1f} MB/s{gone}")


@app.command()
def merge(
    parts: Annotated[list[str], typer.Argument(help="Folders or URLs with parts of one run, made with `render --shards`.")],
    out: Annotated[
        str | None,
        typer.Option(help="Folder or URL to join them in, by hard links where possible. Without: PARTS is one, with all shards."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Join the shards that several machines made of one run: all are checked, then the manifest is written."""
    from dataclasses import asdict

    from synthgen.merge import merge as join
    from synthgen.shards.place import shown

    place = shown(out or parts[0])
    with told("stopped; what was joined is kept, the same command goes on"):
        report = join(parts, out)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        made = f"{report.words} word images and {report.scenes} scenes in {report.shards} shards at {place}, {report.bytes / 1e6:.1f} MB"
        typer.echo(f"{made}; {report.linked} shards linked, {report.copied} copied. Next: synthgen verify {place}")
