"""The command line."""

from operando.cli.commands import app, main

__all__ = ["app", "main"]
