"""The shown quantity summed up over regions: drawn shapes, phases, particles, kinds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.strain.reading.region import labels_at_nodes, region_statistics, statistics_by_label
from operando.ui.particles.groups import groups_of
from operando.ui.strain.drawn_region import drawn_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from operando.data import DisplacementField
    from operando.strain.reading.region import RegionStatistics
    from operando.study import Study
    from operando.ui.layers.study_results import StudyStrain

DRAWN, PHASES, PARTICLES, CRACKED = "drawn", "phases", "particles", "cracked"
REGIONS = (
    (DRAWN, "drawn shapes, or everything"),
    (PHASES, "every phase"),
    (PARTICLES, "every particle"),
    (CRACKED, "cracked and whole particles"),
)
"""Ways to divide a field, with what a list says of them."""

_NUMBERS = {
    "mean": "mean",
    "mean_sd": "mean_error",
    "spread": "sd",
    "median": "median",
    "low": "p5",
    "high": "p95",
}
"""Numbers of `RegionStatistics`, and what the table calls them."""

_UNITS = {"%": "percent", "µm": "um"}


def regions_offered(study: Study) -> list[tuple[str, str]]:
    """Ways to divide a field for which the study has what is needed."""
    needs = {PHASES: ("phases",), PARTICLES: ("particles",), CRACKED: ("particles", "tables")}
    return [
        (key, words)
        for key, words in REGIONS
        if all(_name(key) in study.products(folder) for folder in needs.get(key, ()))
    ]


def region_table(strain: StudyStrain, regions: str) -> pd.DataFrame:
    """Sum the shown quantity up over regions, in every frame since the same reference.

    A node belongs to the phase or particle at its centre in the reference frame, though its window
    reaches farther; a particle is cracked if it is in the frame that is compared.

    Parameters
    ----------
    strain
        What is shown.
    regions
        One of `REGIONS`.

    Returns
    -------
    One row per region and frame: ``region``, ``frame``, ``time_h``; ``mean``, ``mean_error`` (its
    standard error, see `operando.strain.RegionStatistics`), ``sd`` (standard deviation),
    ``median``, ``p5``, ``p95`` (percentiles), each with the unit in its name; ``nodes`` and
    ``measured``.

    Raises
    ------
    InputError
        If nothing is shown, or no node of any region was measured.
    """
    import pandas as pd

    from operando.ui.strain.node_quantities import node_quantity

    study, field, pair = strain.study, strain.field, strain.pair
    if study is None or field is None or pair is None:
        raise InputError("No displacement field is shown", "run Strain first")
    unit = _UNITS.get(node_quantity(strain.view.quantity).unit, "")
    names = {k: f"{name}_{unit}" if unit else name for k, name in _NUMBERS.items()}
    divided = _Divider(strain, study, pair[0], field, regions)
    rows = []
    for frame, other in sorted(strain.view.fields.items()):
        for region, found in divided.statistics(other, strain.view.values(other), frame).items():
            numbers = {name: getattr(found, k) for k, name in names.items()}
            where = {"region": region, "frame": frame, "time_h": study.times[frame]}
            rows.append(where | numbers | {"nodes": found.nodes, "measured": found.valid})
    if not rows:
        raise InputError("No node in these regions was measured", "choose others, or draw larger")
    return pd.DataFrame(rows)


class _Divider:
    """Divides the nodes of fields on the same grid into regions."""

    def __init__(
        self,
        strain: StudyStrain,
        study: Study,
        reference: int,
        field: DisplacementField,
        regions: str,
    ) -> None:
        self._regions, self._table = regions, None
        self._names: Mapping[int, str] = {}
        self._labels: NDArray[np.integer[Any]] = np.empty(0, int)
        self._drawn = ("", np.empty(0, bool))
        if regions == DRAWN:
            view = strain.view
            self._drawn = drawn_region(view.viewer, field, view.plane, study.voxel_size)
        elif regions == PHASES:
            labels, _, classes = study.phases("phases")
            self._labels = labels_at_nodes(field, _Frame(labels, reference))
            self._names = {k: c.name for k, c in enumerate(classes, 1)}
        else:
            ids = study.open_array("particles/particles")
            self._labels = labels_at_nodes(field, _Frame(ids, reference))
            self._table = study.table("particles") if regions == CRACKED else None

    def statistics(
        self, field: DisplacementField, values: NDArray[np.floating[Any]], frame: int
    ) -> dict[str, RegionStatistics]:
        if self._regions == DRAWN:
            name, inside = self._drawn
            if not np.isfinite(values.ravel()[inside]).any():
                return {}
            return {name: region_statistics(field, values, inside)}
        labels, names = self._labels, self._names
        if self._table is not None:
            labels, names = _kinds(labels, self._table[self._table["frame"] == frame])
        found = statistics_by_label(field, values, labels)
        return {names.get(k, f"particle {k}"): sums for k, sums in found.items()}


class _Frame:
    """One frame of ``(t, z, y, x)`` labels, read plane by plane."""

    def __init__(self, labels: Any, frame: int) -> None:
        self._labels, self._frame = labels, frame
        self.shape = labels.shape[1:]

    def __getitem__(self, z: int) -> Any:
        return self._labels[self._frame, int(z)]


def _kinds(
    ids: NDArray[np.integer[Any]], table: pd.DataFrame
) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Labels of cracked and whole particles in place of ids, and their names."""
    labels, names = np.zeros(len(ids), np.int64), {}
    for number, group in enumerate(groups_of(table, CRACKED), 1):
        labels[np.isin(ids, table.loc[group.rows, "particle"])] = number
        names[number] = group.name
    return labels, names


def _name(regions: str) -> str:
    return PHASES if regions == PHASES else "particles"
