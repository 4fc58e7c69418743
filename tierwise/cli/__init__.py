"""The command line: one file a command, wired together in :mod:`tierwise.cli.app`."""

from tierwise.cli.app import app, main

__all__ = ["app", "main"]
