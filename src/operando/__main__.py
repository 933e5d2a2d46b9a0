"""Lets ``python -m operando`` stand for the command ``operando``."""

from operando.cli import main

main()
