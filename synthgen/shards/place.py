"""Where shards lie: a folder here, or object storage, by one name and one way to open it.

Credentials come from where each store's own tools look for them: AWS_* or ~/.aws, GOOGLE_APPLICATION_CREDENTIALS or gcloud's login,
AZURE_STORAGE_* or Azure's login. No URL may hold one, so that a URL may stand in a log, a record or an error.
"""

import io
import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

import pyarrow as pa
from pyarrow import fs

from synthgen.errors import SynthgenError
from synthgen.shards.faults import store_error

QUERIES = {  # what may stand after the question mark: where and how, never who
    "s3": ("endpoint_override", "region", "scheme", "force_virtual_addressing", "tls_ca_file_path"),
    "gs": ("endpoint_override", "scheme", "retry_limit_seconds", "project_id"),
    "abfs": ("blob_storage_authority", "dfs_storage_authority", "enable_tls", "credential_kind"),
}
KINDS = {"s3": "s3", "gs": "gs", "az": "abfs", "abfs": "abfs", "abfss": "abfs"}
S3_TRIES = 4  # of each request, the last after 4 s or so; from_uri alone would retry nothing but lost connections
S3_CONNECT_S, S3_ANSWER_S = 5.0, 30.0
GS_RETRY_S = "10"  # Google's own limit is 15 minutes
READ_AHEAD = 1 << 20  # bytes
OPENED = 64  # file systems kept: each has its connections, and finding a bucket's region takes a request


def is_url(place: Path | str) -> bool:
    """Return whether `place` is a URL, not a folder or file here."""
    return "://" in str(place)


def shown(place: Path | str) -> str:
    """Return `place` as messages name it: a URL without query, and without what may be a credential."""
    if not is_url(place):
        return str(place)
    parts = urlsplit(str(place))
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def below(place: Path | str, name: str) -> Path | str:
    """Return the place of a file below another place."""
    if not is_url(place):
        return Path(place) / name
    parts = urlsplit(str(place))
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))


def locate(place: Path | str) -> tuple[fs.FileSystem, str]:
    """Return the file system that holds `place`, and the path in it.

    Raises:
        SynthgenError: the URL names no store that can be read, or holds a credential.
    """
    return _opened(str(place)) if is_url(place) else (fs.LocalFileSystem(), str(Path(place).absolute()))


@lru_cache(maxsize=OPENED)
def _opened(url: str) -> tuple[fs.FileSystem, str]:
    parts = urlsplit(url)
    kind = KINDS.get(parts.scheme)
    if kind is None:
        known = ", ".join(f"{scheme}://" for scheme in ("s3", "gs", "az"))
        raise SynthgenError(f"{shown(url)}: need a folder or a URL with {known}, got neither; name the shards' folder")
    _check(url, kind, parts)
    try:
        system, path = OPENERS[kind](parts._replace(path=quote(parts.path, safe="/%")))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise store_error(shown(url), "opened", error) from error
    return system, path.rstrip("/")


def _check(url: str, kind: str, parts: SplitResult) -> None:
    """Refuse a URL with a credential, or with what this store does not know."""
    user = parts.netloc.rpartition("@")[0]
    may = {"s3": not user, "gs": user in ("", "anonymous"), "abfs": ":" not in user}[kind]
    if not may:
        cure = "credentials belong in the environment, or in the files of the store's own tools"
        raise SynthgenError(f"{shown(url)}: need a URL without user name and password, got one with; {cure}")
    other = [key for key, _ in parse_qsl(parts.query, keep_blank_values=True) if key not in QUERIES[kind]]
    if other:
        cure = "take it out; credentials belong in the environment, or in the files of the store's own tools"
        raise SynthgenError(f"{shown(url)}: need a query of {', '.join(QUERIES[kind])}, got {other[0]!r}; {cure}")
    if "#" in url:
        raise SynthgenError(f"{shown(url)}: need a URL without #, got one with; write it as %23")
    if not parts.netloc:
        raise SynthgenError(f"{shown(url)}: need the name of a bucket or container, got none; write {parts.scheme}://NAME/FOLDER")


def _s3(parts: SplitResult) -> tuple[fs.FileSystem, str]:
    found, path = fs.FileSystem.from_uri(urlunsplit(parts))  # it also reads AWS_ENDPOINT_URL, and finds the bucket's region
    _, (options,) = found.__reduce__()
    patient = {"retry_strategy": fs.AwsStandardS3RetryStrategy(S3_TRIES), "connect_timeout": S3_CONNECT_S, "request_timeout": S3_ANSWER_S}
    return fs.S3FileSystem(**options | patient | {"allow_delayed_open": True}), path  # delayed: a small file is one request, not three


def _gs(parts: SplitResult) -> tuple[fs.FileSystem, str]:
    limit = "" if "retry_limit_seconds=" in parts.query else f"retry_limit_seconds={GS_RETRY_S}"
    system, path = fs.FileSystem.from_uri(urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, limit))))))
    return system, path


def _abfs(parts: SplitResult) -> tuple[fs.FileSystem, str]:
    names = ("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN")  # as Azure's command line reads them
    account, key, token = (os.environ.get(name) for name in names)  # noqa: TID251  # credentials
    if "@" not in parts.netloc and "." not in parts.netloc:
        if not account:
            raise SynthgenError(f"{shown(urlunsplit(parts))}: need the storage account, got none; set AZURE_STORAGE_ACCOUNT")
        parts = parts._replace(netloc=f"{account}@{parts.netloc}")
    system, path = fs.FileSystem.from_uri(urlunsplit(parts._replace(scheme="abfs")))
    if key or token:
        _, (options,) = system.__reduce__()
        system = fs.AzureFileSystem(**options | ({"account_key": key} if key else {"sas_token": token}))
    else:
        system.get_file_info(path)  # without a login this is an error; the first read would end the process, in Azure's library
    return system, path


OPENERS = {"s3": _s3, "gs": _gs, "abfs": _abfs}


def need_bucket(place: Path | str) -> None:
    """Check that the bucket or container of a URL is there, as far as one may know.

    Raises:
        SynthgenError: there is none.
    """
    if not is_url(place):
        return
    system, path = locate(place)
    bucket = path.split("/")[0]
    try:
        lacking = system.get_file_info(bucket).type == fs.FileType.NotFound
    except (pa.ArrowException, OSError):
        return  # who may read what is in a bucket need not be allowed to ask for the bucket itself
    if lacking:
        raise SynthgenError(f"{shown(place)}: need a bucket that exists, found no {bucket!r}; make it, or check the name and the endpoint")


def read_bytes(place: Path | str, name: str) -> bytes | None:
    """Return what the file `name` below `place` holds, None where there is none.

    Raises:
        SynthgenError: the store does not answer, does not let it be read, or has no such bucket.
    """
    system, root = locate(place)
    try:
        with system.open_input_stream(f"{root}/{name}", compression=None) as file:
            return bytes(file.read())
    except FileNotFoundError:
        need_bucket(place)
        return None
    except (pa.ArrowException, OSError) as error:
        raise store_error(f"{shown(place)}/{name}", "read", error) from error


def buffered(system: fs.FileSystem, path: str) -> io.BufferedReader:
    """Open a file to be read in small pieces: object storage is asked for READ_AHEAD bytes at a time, not for each piece.

    Raises:
        OSError, pyarrow.ArrowException: it cannot be read.
    """
    return io.BufferedReader(system.open_input_file(path), READ_AHEAD)
