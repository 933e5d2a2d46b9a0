"""Long work outside the window's process, with progress and cancel."""

from operando.jobs.job import Job, JobState

__all__ = ["Job", "JobState"]
