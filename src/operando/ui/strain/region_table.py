"""The shown quantity summed up over regions: drawn shapes, phases, particles, kinds of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.strain.reading.region import labels_at_nodes, region_statistics, statistics_by_label
from operando.ui.particles.groups import groups_of
from operando.ui.strain.drawn_region import drawn_region
from operando.ui.strain.node_quantities import node_quantity, node_values

if TYPE_CHECKING:
    from collections.abc import Callable

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


class RegionTable:
    """Sums what is shown up over regions, in every frame since the same reference.

    Made in the window, where it notes what is shown; `compute` reads the labels, which takes time
    in which something else may be chosen.

    A node belongs to the phase or particle at its centre in the reference frame, though its window
    reaches farther; a particle is cracked if it is in the frame that is compared.

    Parameters
    ----------
    strain
        What is shown.
    regions
        One of `REGIONS`.

    Raises
    ------
    InputError
        If nothing is shown.
    """

    def __init__(self, strain: StudyStrain, regions: str) -> None:
        study, field, pair, view = strain.study, strain.field, strain.pair, strain.view
        if study is None or field is None or pair is None:
            raise InputError("No displacement field is shown", "run Strain first")
        self._study, self._field, self._reference = study, field, pair[0]
        self._regions, self._fields = regions, view.fields
        self._unit = _UNITS.get(node_quantity(view.quantity).unit, "")
        self._values = partial(
            node_values, name=view.quantity, voxel_size=study.voxel_size, normal=view.normal
        )
        self._drawn = ("", np.empty(0, bool))
        if regions == DRAWN:
            self._drawn = drawn_region(view.viewer, field, view.plane, study.voxel_size)

    def compute(self) -> pd.DataFrame:
        """Read the regions and sum up.

        Returns
        -------
        One row per region and frame: ``region``, ``frame``, ``time_h``; ``mean``, ``mean_error``
        (its standard error, see `operando.strain.RegionStatistics`), ``sd`` (standard deviation),
        ``median``, ``p5``, ``p95`` (percentiles), each with the unit in its name; ``nodes`` and
        ``measured``.

        Raises
        ------
        InputError
            If no node of any region was measured.
        """
        import pandas as pd

        numbers = {k: f"{n}_{self._unit}" if self._unit else n for k, n in _NUMBERS.items()}
        sums_in = self._sums_in_drawn if self._regions == DRAWN else self._sums_by_label()
        rows = []
        for frame, field in sorted(self._fields.items()):
            for region, found in sums_in(field, self._values(field), frame).items():
                where = {"region": region, "frame": frame, "time_h": self._study.times[frame]}
                sums = {name: getattr(found, k) for k, name in numbers.items()}
                rows.append(where | sums | {"nodes": found.nodes, "measured": found.valid})
        if not rows:
            raise InputError(
                "No node in these regions was measured", "choose others, or draw larger"
            )
        return pd.DataFrame(rows)

    def _sums_in_drawn(
        self, field: DisplacementField, values: NDArray[np.floating[Any]], frame: int
    ) -> dict[str, RegionStatistics]:
        del frame
        name, inside = self._drawn
        if not np.isfinite(values.ravel()[inside]).any():
            return {}
        return {name: region_statistics(field, values, inside)}

    def _sums_by_label(self) -> Callable[..., dict[str, RegionStatistics]]:
        """Read labels at the nodes; what is returned sums up over them, as `_sums_in_drawn`."""
        study, classes = self._study, ()
        if self._regions == PHASES:
            stored, _, classes = study.phases("phases")
        else:
            stored = study.open_array("particles/particles")
        at_nodes = labels_at_nodes(self._field, _Frame(stored, self._reference))
        table = study.table("particles") if self._regions == CRACKED else None
        phases = {k: c.name for k, c in enumerate(classes, 1)}

        def sums(
            field: DisplacementField, values: NDArray[np.floating[Any]], frame: int
        ) -> dict[str, RegionStatistics]:
            labels, names = at_nodes, phases
            if table is not None:
                labels, names = _kinds(at_nodes, table[table["frame"] == frame])
            found = statistics_by_label(field, values, labels)
            return {names.get(k, f"particle {k}"): sums for k, sums in found.items()}

        return sums


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
