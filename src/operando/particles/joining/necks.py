"""Join parts of a particle by the necks between them, as a network sees their depth.

A part is a hill of the depth in the particle: a whole particle, a lobe of one, or a piece that
cracks cut off. How high the neck between two parts is, how much of it runs through the solid and
how deep in the particle its gaps lie tells whether they are one. Cracks are deep inside, the gap
where two particles touch is not; lobes of one particle have no gap at all, not even pinholes. How
compact and smooth both are, apart and joined, tells as well, and whether the network sees the
centre of their particle at the same place. The weights of the rules, one for masks and one for
probabilities, were fitted by ``tools/fit_joining.py`` on synthetic electrodes of many kinds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.particles.cutting.basin_graph import contract
from operando.particles.cutting.cell_shapes import (
    AIM,
    AIM_SQUARED,
    PLACE,
    RIM,
    VOLUME,
    compactness,
    smoothness,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.particles.cutting.cell_shapes import CellShapes
    from operando.particles.joining.guided import Parts
    from operando.particles.labels.sure import Shown

FEATURES = (
    "contact",
    "gap",
    "neck",
    "gap_width",
    "gap_depth",
    "size_ratio",
    "small_size",
    "large_size",
    "small_peak",
    "large_peak",
    "clearance",
    "mean_clearance",
    "thickness",
    "seam",
    "joint_compactness",
    "small_compactness",
    "large_compactness",
    "joint_smoothness",
    "small_smoothness",
    "large_smoothness",
    "small_inscribed",
    "large_inscribed",
    "small_rim",
    "large_rim",
    "aims_apart",
    "aims_over_centres",
    "small_aim",
    "large_aim",
    "joint_aim",
    "small_scatter",
    "large_scatter",
    "joint_scatter",
)

WEIGHTS = "necks_{}.json"


@dataclass(frozen=True)
class NeckRule:
    """A small network that tells from `FEATURES` whether two parts are one particle.

    Parameters
    ----------
    mean, spread
        ``(F,)`` of the features that it learned from.
    layers
        Weights ``(outputs, inputs)`` and offsets ``(outputs,)``, the last with one output.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    layers: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log odds ``(E,)`` that parts belong together, for ``(E, F)`` features."""
        weights, offsets = self.layers[-1]
        return np.asarray((self.look(features) @ weights.T + offsets)[:, 0])

    def look(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the last layer sees ``(E, H)``, for ``(E, F)`` features."""
        values = (features - self.mean) / self.spread
        for inner, shift in self.layers[:-1]:
            z = values @ inner.T + shift
            values = z / (1 + np.exp(-z))  # SiLU
        return np.asarray(values)

    @classmethod
    def load(cls, path: Path) -> NeckRule:
        """Read a file.

        Raises
        ------
        FileError
            If it holds no rule, or one of another version.
        """
        try:
            return cls.from_json(path.read_text())
        except (OSError, ValueError) as error:
            raise FileError(
                f"{path} holds no rule that joins parts ({error})", "learn it again"
            ) from None

    @classmethod
    def from_json(cls, text: str) -> NeckRule:
        """Read what `as_json` wrote.

        Raises
        ------
        ValueError
            If it is none, or one for other features.
        """
        try:
            stored = json.loads(text)
            if tuple(stored["features"]) != FEATURES:
                raise ValueError("the rule is for other features")
            layers = tuple((np.array(w), np.array(b)) for w, b in stored["layers"])
            return cls(np.array(stored["mean"]), np.array(stored["spread"]), layers)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{error} is missing or of another kind") from error

    def as_json(self) -> str:
        """Write it, with six digits."""
        stored = {
            "features": FEATURES,
            "mean": _rounded(self.mean),
            "spread": _rounded(self.spread),
            "layers": [[_rounded(w), _rounded(b)] for w, b in self.layers],
        }
        return json.dumps(stored) + "\n"


def _rounded(values: NDArray[np.float64]) -> Any:
    return np.array([float(f"{v:.6g}") for v in values.flat]).reshape(values.shape).tolist()


@cache
def shipped_rule(shown: Shown) -> NeckRule:
    """Return the rule that comes with the package for masks, or for probabilities."""
    folder = resources.files("operando.particles.joining")
    return NeckRule.from_json(folder.joinpath(WEIGHTS.format(shown)).read_text())


def describe_necks(parts: Parts, voxel: float, typical: float) -> NDArray[np.float64]:
    """Measure the neck between every two parts that touch, as ``(E, F)`` `FEATURES`.

    Parameters
    ----------
    parts
        Of a map of depths, about 1 in the middle of a particle.
    voxel
        Volume of a voxel.
    typical
        Typical diameter of the particles, in the unit of the voxel's edge.
    """
    graph = parts.graph
    ends = graph.pairs[np.arange(len(graph.pairs))]
    smaller = np.argsort(parts.count[ends], axis=1, kind="stable")
    small, large = np.take_along_axis(ends, smaller, axis=1).T
    radius = np.cbrt(3 / (4 * np.pi) * voxel * np.maximum(parts.count, 1))
    section = np.pi * radius[small] ** 2
    peaks = np.maximum(parts.peaks, 0.05)
    lower = np.minimum(peaks[small], peaks[large])
    gap = np.maximum(graph.gap, 1e-9 * section)
    contact = np.maximum(graph.contact, 1e-9 * section)
    edge = np.cbrt(voxel)
    inscribed = np.maximum(parts.shapes.inscribed, edge)
    # The faces of voxels have half as much area again as the surface that they follow.
    disc = np.maximum(np.sqrt(contact / (1.5 * np.pi)), edge)
    necks = [
        np.minimum(graph.contact / section, 4),
        np.minimum(graph.gap / section, 4),
        np.clip(graph.saddle / lower, 0, 1),
        np.minimum(10 * graph.gap_volume / gap / typical, 3),
        np.clip(graph.gap_height / gap / lower, 0, 1),
        np.log(parts.count[small] / parts.count[large] + 1e-3),
        np.log(2 * radius[small] / typical),
        np.log(2 * radius[large] / typical),
        peaks[small],
        peaks[large],
        graph.clearance / inscribed[small],
        np.minimum(graph.clearance_sum / contact / disc, 2),
        graph.clearance / radius[small],
        np.minimum(graph.seam / section, 3),
    ]
    bodies = _describe_bodies(parts.shapes, small, large, radius, voxel)
    aims = _describe_aims(parts.shapes.sums, small, large, voxel, typical)
    return np.stack([*necks, *bodies, *aims], axis=1)


def _describe_bodies(
    shapes: CellShapes,
    small: NDArray[np.int64],
    large: NDArray[np.int64],
    radius: NDArray[np.float64],
    voxel: float,
) -> list[NDArray[np.float64]]:
    """How compact and how smooth parts are, apart and joined, and how much the image cuts off."""
    sums = shapes.sums
    joint = sums[small] + sums[large]
    compact, smooth = compactness(sums, voxel), smoothness(sums, voxel)
    inscribed = shapes.inscribed / radius
    rim = np.minimum(sums[:, RIM] / (np.pi * radius**2), 3)
    return [
        compactness(joint, voxel),
        compact[small],
        compact[large],
        smoothness(joint, voxel),
        smooth[small],
        smooth[large],
        inscribed[small],
        inscribed[large],
        rim[small],
        rim[large],
    ]


def _describe_aims(
    sums: NDArray[np.float64],
    small: NDArray[np.int64],
    large: NDArray[np.int64],
    voxel: float,
    typical: float,
) -> list[NDArray[np.float64]]:
    """How far apart the centres lie that two parts aim at, and how far from their own ones."""
    size = len(sums)
    sums = np.concatenate([sums, sums[small] + sums[large]])
    volume = np.maximum(sums[:, VOLUME], voxel)[:, None]
    centre, aim = sums[:, PLACE] / volume, sums[:, AIM] / volume
    spread = sums[:, AIM_SQUARED] / volume[:, 0] - (aim**2).sum(axis=1)
    radius = np.cbrt(3 / (4 * np.pi) * volume[:, 0])
    missed = np.minimum(_length(aim - centre) / radius, 3)
    scatter = np.minimum(np.sqrt(np.maximum(spread, 0)) / radius, 3)
    apart = _length(aim[small] - aim[large])
    centres = np.maximum(_length(centre[small] - centre[large]), np.cbrt(voxel))
    return [
        np.minimum(apart / typical, 3),
        np.minimum(apart / centres, 3),
        missed[small],
        missed[large],
        missed[size:],
        scatter[small],
        scatter[large],
        scatter[size:],
    ]


def _length(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(vectors, axis=1))


def join_at_necks(
    parts: Parts, rule: NeckRule, voxel: float, typical: float, bias: float, trust: float
) -> NDArray[np.int32]:
    """Join parts that are more likely one particle than two, the likeliest first.

    What is joined first changes what fits next, so in every round only those are joined that are
    each other's best, and all is weighed again.

    Parameters
    ----------
    parts
        Of a map of depths.
    rule
        Gives the log odds from `FEATURES`.
    voxel, typical
        As in `describe_necks`.
    bias
        Log odds in favour of joining.
    trust
        Log odds against joining parts of two known particles; those of one stay together.

    Returns
    -------
    ``(P + 1,)`` for every part the particle, 1 to N.
    """
    names = np.arange(len(parts.peaks), dtype=np.int32)
    while len(parts.graph.pairs):
        a, b = parts.graph.pairs.T
        odds = rule.score(describe_necks(parts, voxel, typical)) + bias
        first, second = parts.known[a], parts.known[b]
        odds[(first > 0) & (second > 0) & (first != second)] -= trust
        odds[(first > 0) & (first == second)] = np.inf
        best = np.zeros(len(parts.peaks))
        np.maximum.at(best, a, odds)
        np.maximum.at(best, b, odds)
        chosen = (odds > 0) & (odds == best[a]) & (odds == best[b])
        if not chosen.any():
            break
        new = connect(len(parts.peaks), parts.graph.pairs[chosen])
        names, parts = new[names], joined_parts(parts, new)
    return names


def joined_parts(parts: Parts, names: NDArray[np.int32]) -> Parts:
    """Return what parts become when they get new names; known is what their largest was.

    Parameters
    ----------
    parts
        To join; their own `names` are left alone.
    names
        ``(P + 1,)`` new name of every part, entry 0 is 0.
    """
    n = int(names.max(initial=0)) + 1
    peaks = np.full(n, -np.inf, np.float32)
    np.maximum.at(peaks, names, parts.peaks)
    known = np.zeros(n, np.int32)
    by_size = np.argsort(parts.count, kind="stable")
    known[names[by_size]] = parts.known[by_size]
    count = np.bincount(names, parts.count, n).astype(np.int64)
    shapes = parts.shapes.joined(names, n)
    graph = contract(parts.graph, names)
    return replace(parts, peaks=peaks, count=count, known=known, shapes=shapes, graph=graph)


def connect(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int32]:
    """Name ``(count,)`` parts so that both of each pair have the same one; 0 stays 0."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = coo_matrix((np.ones(len(pairs), bool), pairs.T), (count, count))
    return np.asarray(connected_components(edges, directed=False)[1], np.int32)
