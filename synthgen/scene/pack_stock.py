"""What product scenes are made from: faces for brands and for small print, colours and fonts of each product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthgen.arrays import F64, I32, Bools
from synthgen.scene.copywriting import ProductTable
from synthgen.scene.pack_bodies import Rgb, Scheme
from synthgen.scene.plan import colours, hues, of_three, pick
from synthgen.scene.words import Studio

SCHEME_DRAWS = 20  # numbers that a product's looks take at most


@dataclass(frozen=True)
class Stock:
    """What product scenes are made from; read-only, shared by every scene."""

    studio: Studio
    products: ProductTable
    brand_edges: F64  # (faces,) cumulative chances, the last 1: of a brand's face
    body_edges: F64  # of all other print


def open_stock(studio: Studio, products: ProductTable, categories: Sequence[str]) -> Stock:
    """Return the stock of a studio; `categories`: sans, serif, display, hand, mono or user, of each of its faces.

    Small print is set in faces that can be read small; display and hand letters are for brands.
    """
    whole = studio.faces.covers[:, 1:].all(axis=1) & (studio.faces.weights > 0)
    loud = np.array([{"display": 2.5, "hand": 1.6, "mono": 0.1}.get(name, 1.0) for name in categories])
    quiet = np.array([{"display": 0.15, "hand": 0.0, "mono": 0.25}.get(name, 1.0) for name in categories])
    return Stock(studio, products, _edges(whole * studio.faces.weights * loud, whole), _edges(whole * studio.faces.weights * quiet, whole))


def _edges(weights: F64, whole: Bools) -> F64:
    chances = weights if weights.sum() > 0 else whole.astype(np.float64)
    return np.asarray(np.cumsum(chances) / chances.sum(), dtype=np.float64)


def plan_schemes(stock: Stock, draws: F64) -> list[Scheme]:
    """Return the colours of each product: a light, strong or dark ground, an accent, white paper, a second accent."""
    hue, kind, shift, light, strong = draws[:, 0], draws[:, 1], draws[:, 2], draws[:, 3], draws[:, 4]
    pale, dark = kind < 0.5, kind > 0.88
    ground = colours(
        hues(hue),
        of_three(pale, dark, (0.16 * strong * strong, 0.3 + 0.6 * strong, 0.55 + 0.45 * strong)),
        of_three(pale, dark, (0.93 + 0.07 * light, 0.1 + 0.22 * light, 0.5 + 0.48 * light)),
    )
    accent = colours(hues((hue + 0.25 + 0.5 * shift) % 1), 0.6 + 0.4 * draws[:, 5], np.where(pale, 0.35 + 0.6 * draws[:, 6], 0.9))
    paper = colours(hue, 0.06 * draws[:, 7], 0.94 + 0.06 * draws[:, 7])
    second = colours(hues((hue + 0.1 + 0.3 * draws[:, 8]) % 1), 0.3 + 0.6 * draws[:, 9], np.where(draws[:, 10] < 0.5, 0.9, 0.45))
    tiles = pick(draws[:, 11], stock.studio.tile_weights).tolist()
    whole = np.stack([ground, accent, paper, second], axis=1).tolist()
    return [
        Scheme((_rgb(four[0]), _rgb(four[1]), _rgb(four[2]), _rgb(four[3])), tile, gloss)
        for four, tile, gloss in zip(whole, tiles, draws[:, 12].tolist(), strict=True)
    ]


def _rgb(channels: Sequence[float]) -> Rgb:
    return (channels[0], channels[1], channels[2])


def plan_fonts(stock: Stock, draws: F64) -> I32:
    """Return the faces of each product, `(products, 3)`: brand, body, bold."""
    last = len(stock.body_edges) - 1
    brand = np.searchsorted(stock.brand_edges, draws[:, 13], side="right")
    body = np.searchsorted(stock.body_edges, draws[:, 14:16], side="right")
    bold = np.where(draws[:, 16] < 0.4, body[:, 0], np.where(draws[:, 16] < 0.6, brand, body[:, 1]))  # two faces a pack are common
    return np.asarray(np.minimum(np.stack([brand, body[:, 0], bold], axis=1), last), dtype=np.int32)
