"""What can be corrected by hand: the buttons, what they ask for, and how it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operando.errors import InputError
from operando.particles.edits import Edit

if TYPE_CHECKING:
    from operando.particles.edits import Kind, Point
    from operando.steps.corrections import Change, Corrections


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A button and its words.

    Parameters
    ----------
    name, tip
        Of the button.
    ask
        Sentence that asks for clicks.
    clicks
        How many there are.
    doing, done
        What is said meanwhile and afterwards.
    """

    name: str
    tip: str
    ask: str = ""
    clicks: int = 0
    doing: str
    done: str

    @property
    def button(self) -> str:
        """Text of the button; an ellipsis says that clicks follow."""
        return f"{self.name}…" if self.clicks else self.name


TOOLS: dict[Kind, Tool] = {
    "merge": Tool(
        name="Merge",
        tip="Join the selected particle with the one clicked next",
        ask="Click the particle that belongs to {particle}.",
        clicks=1,
        doing="Merging",
        done="merged",
    ),
    "split": Tool(
        name="Split",
        tip="Part the selected particle between two clicked places",
        ask="Click a place in each of the two parts of {particle} ({left} to go).",
        clicks=2,
        doing="Splitting",
        done="split",
    ),
    "cut": Tool(
        name="Cut",
        tip="Part the selected particle along the line between two clicks",
        ask="Click both ends of the cut through {particle} ({left} to go).",
        clicks=2,
        doing="Cutting",
        done="cut",
    ),
    "delete": Tool(
        name="Delete",
        tip="The selected one is no particle",
        doing="Deleting",
        done="deleted",
    ),
    "grow": Tool(
        name="Grow",
        tip="Make the free solid around a place one particle, or grow the one there anew",
        ask="Click a place in the solid.",
        clicks=1,
        doing="Growing",
        done="grown",
    ),
    "accept": Tool(
        name="Accept",
        tip="The selected particle is right; the column accepted keeps it",
        doing="Accepting",
        done="accepted",
    ),
}


@dataclass(frozen=True, kw_only=True)
class WantedEdit:
    """A correction as it was asked for; what it names is looked up when its turn has come.

    Parameters
    ----------
    kind
        Of the correction.
    particle, frame
        What was selected, and where.
    clicked
        Voxels ``(z, y, x)``.
    axis, through_time
        As in `Edit`.
    """

    kind: Kind
    particle: int
    frame: int
    clicked: tuple[Point, ...] = ()
    axis: int = 0
    through_time: bool = True

    def apply(self, corrections: Corrections) -> Change:
        """Do it.

        Raises
        ------
        InputError
            If the particle is not there any more, or a place does not lie in it.
        """
        points = self.clicked
        if self.kind == "split":
            self._check_places(corrections)
        elif self.kind != "grow":
            points = (corrections.anchor(self.particle, self.frame), *points)
        edit = Edit(
            kind=self.kind,
            frame=self.frame,
            points=points,
            axis=self.axis,
            through_time=self.through_time,
        )
        return corrections.apply(edit)

    def _check_places(self, corrections: Corrections) -> None:
        if any(corrections.particle_at(p, self.frame) != self.particle for p in self.clicked):
            raise InputError(
                f"A place does not lie in particle {self.particle}", "click inside its outline"
            )
