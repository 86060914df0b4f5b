"""Scenes made by hand: what the tests of the scene painter paint."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthgen.scene.pieces import FACE, FLAT, LINE, PIECE, RECTANGLE, SHAPE, ScenePlan, SceneTexts
from synthgen.scene.plan import EM_PX, LOOK, NO_BEND, Looks
from synthgen.scene.scenes import Easel, set_up
from synthgen.scene.words import Studio
from tests.studio_fixture import on_paper

Row = NDArray[np.void]
Colours = tuple[tuple[float, float, float], tuple[float, float, float]]
SIZE = (200, 300)  # height, width of the pictures
BLACK, WHITE = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)
CALM = ("stretch", "opacity", "exposure", "zoom", "cast", "glare_size", "edge")  # 1 where nothing happens


def look(**fields: object) -> Looks:
    """Return a look, one row of LOOK, of black ink and nothing else but `fields`."""
    row = np.zeros((), dtype=LOOK)
    for name in CALM:
        row[name] = 1
    for name, value in fields.items():
        row[name] = value
    return row


class Draft:
    """A scene in the making, on white ground."""

    def __init__(self, light: Looks | None = None) -> None:
        self.faces: list[Row] = []
        self.pieces: list[Row] = []
        self.looks: list[Row] = [look() if light is None else light]
        self.texts: list[str] = []

    def face(self, homography: Sequence[float], bend: int = FLAT, radius: float = 0.0, view: float = 0.0) -> int:
        row = np.zeros((), dtype=FACE)
        row["homography"], row["bend"], row["radius"], row["view"], row["phase"] = homography, bend, radius, view, 0.7
        self.faces.append(row)
        return len(self.faces) - 1

    def text(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts) - 1

    def shape(self, face: int, size: tuple[float, float], at: tuple[float, float] = (0.0, 0.0), **fields: object) -> None:
        """Lay a shape, black if nothing else is said, its middle at label point `at`."""
        wide, high = size[0] / 2, size[1] / 2
        drawn = {"kind": SHAPE, "outline": RECTANGLE, "rgb": (BLACK, BLACK), "round": 0.0} | fields
        self._piece(face, affine=[1, 0, at[0], 0, 1, at[1]], box=[-wide, -high, wide, high], **drawn)

    def line(
        self, face: int, text: str, at: tuple[float, float] = (0, 0), em: float = 24.0, bend: tuple[int, float] = (NO_BEND, 0.0)
    ) -> None:
        """Lay a line of text in the look last added, its first pen at label point `at`; `em` in label units, `bend`: kind and radius."""
        unit = em / EM_PX
        affine = [unit, 0, at[0], 0, unit, at[1]]
        self._piece(face, kind=LINE, affine=affine, bend=bend[0], radius=bend[1], text=self.text(text), look=len(self.looks) - 1)

    def looking(self, **fields: object) -> None:
        """Let the lines that follow look so."""
        self.looks.append(look(**fields))

    def _piece(self, face: int, **fields: object) -> None:
        row = np.zeros((), dtype=PIECE)
        row["face"], row["opacity"], row["tile"], row["text"], row["look"] = face, 1, -1, -1, -1
        for name, value in fields.items():
            row[name] = value
        self.pieces.append(row)

    def plan(self, studio: Studio, font: int = 0) -> ScenePlan:
        """Return the scene, all texts in one font face."""
        codes = [studio.alphabet.encode(text) for text in self.texts]
        face = np.full(len(self.texts), font, dtype=np.int32)
        lines, missing = studio.shape(face, self.texts)
        assert not missing.any()
        texts = SceneTexts(
            codes=np.concatenate([np.zeros(0, np.uint16), *codes]),
            offsets=np.cumsum([0, *map(len, codes)]).astype(np.int64),
            face=face,
            role=("name",) * len(codes),
            lines=lines,
        )
        return ScenePlan(
            index=0,
            size=SIZE,
            tile=-1,
            ground=np.full((2, 3), 255, dtype=np.float32),
            window=(0.0, 0.0, 1.0),
            faces=np.array(self.faces, dtype=FACE),
            pieces=np.array(self.pieces, dtype=PIECE),
            looks=np.array(self.looks, dtype=LOOK),
            texts=texts,
            marked=np.zeros((0, 4, 2), dtype=np.float32),
            negative=not self.texts,
            attempts=0,
            refused=0,
        )


def easel_of(studio: Studio) -> Easel:
    """Return an easel whose only tile is white paper."""
    return set_up(studio, on_paper(studio).tiles, SIZE)
