"""What a run reads beside packages, as one file named by its own digest: the recipe, and the user's fonts, photos, texts and alphabet."""

import fcntl
import io
import re
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from synthgen.assets.cache import file_digest
from synthgen.assets.fontfile import SUFFIXES
from synthgen.assets.photos import files_of
from synthgen.errors import SynthgenError
from synthgen.recipe import Recipe

NAME = re.compile(r"\.?assets-[0-9a-f]{64}\.tar(\.[0-9a-f]{8})?")  # also as OUT has it
FONTS, PHOTOS, TEXTS, ALPHABET, RECIPE = "fonts", "backgrounds", "corpora", "alphabet", "recipe.json"


@contextmanager
def packed(recipe: Recipe, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield a tar, made in `folder` and gone after the body, of all files that a recipe names and of the recipe with its paths in the tar.

    The second is the bundle's name: `assets-`, the SHA-256 of its bytes and `.tar`; the same files give the same bytes.

    Raises:
        SynthgenError: a file cannot be read, or the folder cannot be written.
    """
    scratch = folder / f".assets.{secrets.token_hex(4)}"
    try:
        try:
            name = _pack(recipe, scratch)
        except OSError as error:
            cure = f"make the file readable, or room in {folder}"
            raise SynthgenError(f"assets: cannot be packed for other machines: {error}; {cure}") from error
        yield scratch, name
    finally:
        scratch.unlink(missing_ok=True)


def _pack(recipe: Recipe, final: Path) -> str:
    final.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(final, "w", format=tarfile.PAX_FORMAT) as tar:
        told = relocated(recipe, Path()).model_dump_json().encode()
        _add(tar, RECIPE, io.BytesIO(told), len(told))
        for name, path in own_files(recipe).items():
            with path.open("rb") as file:
                _add(tar, name, file, path.stat().st_size)
    return f"assets-{file_digest(final)}.tar"


def unpacked(name: str, folder: Path, fetch: Callable[[Path], object]) -> Path:
    """Return the folder below `folder` with what is in a bundle; `fetch` copies it here once, other processes of this machine wait for it.

    Raises:
        SynthgenError: the bundle is missing or is not what its name says, or the folder cannot be written.
    """
    final = folder / Path(name).stem
    with _alone(folder):
        if not final.is_dir():
            scratch = folder / f".{name}.{secrets.token_hex(4)}"
            try:
                fetch(scratch)
                _check(scratch, name)
                _extract(scratch, final)
            finally:
                scratch.unlink(missing_ok=True)
    return final


def unpacked_recipe(folder: Path) -> Recipe:
    """Return the recipe of an unpacked bundle, its paths those of the files there.

    Raises:
        SynthgenError: it is not whole.
    """
    try:
        told = (folder / RECIPE).read_text(encoding="utf-8")
        return relocated(Recipe.model_validate_json(told), folder)
    except (OSError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise SynthgenError(f"{folder}: need what was unpacked there, got a damaged folder: {why}; remove it, it is made anew") from error


def relocated(recipe: Recipe, root: Path) -> Recipe:
    """Return the recipe with the paths that the user's files have in a bundle unpacked at `root`."""
    text = {
        "alphabet": recipe.text.alphabet and root / ALPHABET / recipe.text.alphabet.name,
        "corpora": tuple(
            corpus.model_copy(update={"path": root / TEXTS / str(k) / corpus.path.name}) for k, corpus in enumerate(recipe.text.corpora)
        ),
    }
    return recipe.model_copy(
        update={
            "text": recipe.text.model_copy(update=text),
            "fonts": recipe.fonts.model_copy(update={"folder": recipe.fonts.folder and root / FONTS}),
            "ground": recipe.ground.model_copy(update={"folder": recipe.ground.folder and root / PHOTOS}),
        }
    )


def own_files(recipe: Recipe) -> dict[str, Path]:
    """Return the user's files that a recipe makes use of by their name in a bundle, in the order of names."""
    found: dict[str, Path] = {}
    if fonts := recipe.fonts.folder:
        paths = [path for path in fonts.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
        found.update({f"{FONTS}/{path.relative_to(fonts).as_posix()}": path for path in paths})
    if photos := recipe.ground.folder:
        found.update({f"{PHOTOS}/{name}": photos / name for name in files_of(photos)})
    found.update({f"{TEXTS}/{k}/{corpus.path.name}": corpus.path for k, corpus in enumerate(recipe.text.corpora) if corpus.weight > 0})
    if alphabet := recipe.text.alphabet:
        found[f"{ALPHABET}/{alphabet.name}"] = alphabet
    return dict(sorted(found.items()))


def _add(tar: tarfile.TarFile, name: str, file: BinaryIO, size_bytes: int) -> None:
    about = tarfile.TarInfo(name)  # without owner and time: equal files give equal bytes
    about.size, about.mode = size_bytes, 0o644
    tar.addfile(about, file)


def _check(bundle: Path, name: str) -> None:
    wanted, found = Path(name).stem.rpartition("-")[2], file_digest(bundle)
    if found != wanted:
        raise SynthgenError(f"{name}: need the assets of the run, SHA-256 {wanted}, got {found}; remove it where it lies, and render again")


def _extract(bundle: Path, final: Path) -> None:
    scratch = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
    try:
        with tarfile.open(bundle) as tar:
            for member in tar:
                target, source = scratch / member.name, tar.extractfile(member)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(source or io.BytesIO(), file)  # None: a folder, and pack adds none
        scratch.rename(final)
    except (OSError, tarfile.TarError) as error:
        cure = "make room, or name another folder with --cache"
        raise SynthgenError(f"cache {final.parent}: assets cannot be unpacked: {error}; {cure}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold back the other processes of this machine that would unpack into `folder` while the body runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".unpacking").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise SynthgenError(f"cache {folder}: cannot be written: {error}; name another folder with --cache") from error
