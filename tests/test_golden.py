"""The same samples everywhere: digests kept in `golden/`, and processors with fewer instructions.

`python -m tests.test_golden` writes golden/words.json anew, for a change that is meant to change pixels: CHANGELOG, "Changed pixels".
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from synthgen.assets.studio import Opened
from synthgen.scene.words import Studio, WordBlock, render_words
from tests.studio_fixture import Tables, first, looking, open_few
from tests.test_engine import ROOT

GOLDEN = Path(__file__).parent / "golden" / "words.json"
ROWS, SEED = 400, 20_240
PACKAGES = ("freetype-py", "numpy", "numba", "uharfbuzz", "wordfreq")  # that pixels and texts depend on
BUSY: Tables = {  # everything on, so that no kernel is left out
    "letters": {"spaced_share": 0.5, "weight_share": 0.5, "slant_share": 0.5, "stretch_share": 0.5, "underline_share": 0.3},
    "shape": {"tilt_share": 1.0, "shear_share": 0.5, "perspective_share": 1.0, "arc_share": 0.3, "wave_share": 0.3, "cylinder_share": 0.3},
    "crop": {"beside_share": 0.8, "above_share": 0.5, "beneath_share": 0.3},
    "ground": {"panel_share": 0.6, "panel_border_share": 0.5},
    "ink": {f"{effect}_share": 0.3 for effect in ("gradient", "texture", "outline", "shadow", "extrude", "emboss", "glow", "worn", "dot")},
    "light": {"gradient_share": 0.8, "glare_share": 0.5, "shade_share": 0.5},
    "camera": {f"{effect}_share": 0.5 for effect in ("small", "defocus", "motion", "sharpen", "noise", "grey", "invert")},
}


def digests_of(block: WordBlock) -> dict[str, str]:
    """Return a digest of each array of a block."""
    arrays = {
        name: getattr(block, name) for name in ("pixels", "quads", "labels", "char_offsets", "face", "tile", "contrast", "quality", "width")
    }
    return {name: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:32] for name, array in arrays.items()}


def golden_of(studio: Studio) -> dict[str, dict[str, str]]:
    """Return the digests of two blocks, as by default and with everything on."""
    blocks = {"product": render_words(studio, SEED, first(ROWS)), "busy": render_words(looking(studio, BUSY), SEED, first(ROWS))}
    return {name: digests_of(block) for name, block in blocks.items()}


def made_with() -> dict[str, str]:
    fonts = sorted(path.parent.name for path in Path(np.__file__).parents[1].glob("fontpkg_*-*.dist-info/METADATA"))
    return {name: version(name) for name in PACKAGES} | {"fonts": hashlib.sha256(" ".join(fonts).encode()).hexdigest()[:32]}


def test_samples_are_those_that_were_kept(studio: Studio) -> None:
    kept = json.loads(GOLDEN.read_text(encoding="utf-8"))
    if kept["made_with"] != made_with():
        differing = [name for name, was in kept["made_with"].items() if made_with().get(name) != was]
        pytest.skip(f"pixels are promised for the same packages only; other {', '.join(differing)} here")
    assert golden_of(studio) == kept["digests"], "pixels changed: if they were meant to, see this file's first lines"


def test_the_kept_blocks_are_of_all_faces_and_tell_changes(studio: Studio, opened: Opened) -> None:
    block = render_words(studio, SEED, first(ROWS))
    assert len(set(block.face.tolist())) > len(opened.faces) / 2
    other = render_words(studio, SEED, first(ROWS, begin=1))
    assert all(digests_of(block)[name] != digests_of(other)[name] for name in ("pixels", "quads", "labels", "face", "contrast"))


@pytest.mark.slow  # compiles every kernel anew for an older processor
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the switches are those of x86-64")
def test_an_older_processor_paints_the_same(studio: Studio, tmp_path: Path) -> None:
    older = {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+sse4.2,+avx,+avx2,+bmi,+bmi2,+fma,+popcnt",
        "NUMBA_CACHE_DIR": str(tmp_path / "kernels"),
        "NPY_DISABLE_CPU_FEATURES": " ".join(disablable()),
    }
    script = f"import json, tests.test_golden as t; print(json.dumps(t.golden_of(t.open_few(t.Path({str(tmp_path / 'assets')!r})).studio)))"
    env = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, **older}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == golden_of(studio)


def disablable() -> list[str]:
    """Return the newer instruction sets that NumPy found here and can do without."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return [str(name) for name in found]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        told = {"made_with": made_with(), "digests": golden_of(open_few(Path(folder)).studio)}
    GOLDEN.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
