"""Versions of the packages that pixels depend on."""

from importlib.metadata import PackageNotFoundError, version

PACKAGES = {  # OpenCV has several packages with the same code
    "fonttools": ("fonttools",),
    "freetype-py": ("freetype-py",),
    "numba": ("numba",),
    "numpy": ("numpy",),
    "opencv": ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python"),
    "pillow": ("pillow",),
    "pyarrow": ("pyarrow",),
    "synthgen": ("synthgen",),
    "uharfbuzz": ("uharfbuzz",),
    "wordfreq": ("wordfreq",),
}


def package_versions() -> dict[str, str]:
    """Return the installed version of each package by its name in PACKAGES."""
    return {name: _version(distributions) for name, distributions in PACKAGES.items()}


def _version(distributions: tuple[str, ...]) -> str:
    for distribution in distributions:
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "not installed"  # synthgen run from its source folder
