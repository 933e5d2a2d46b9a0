"""Steps: science bound to a study, run and recorded in one way."""

from operando.steps.registry import STEPS, make_step
from operando.steps.run import load_recipe, run_step
from operando.steps.status import StepStatus, is_up_to_date, left_to_run, outdated_runs, step_status
from operando.steps.step import Step, StepResult

__all__ = [
    "STEPS",
    "Step",
    "StepResult",
    "StepStatus",
    "is_up_to_date",
    "left_to_run",
    "load_recipe",
    "make_step",
    "outdated_runs",
    "run_step",
    "step_status",
]
