"""A progress bar for people who wait at a terminal."""

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def progress() -> Progress:
    """On a terminal only, on standard error. What is printed meanwhile goes above the bar where both are one terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    is_terminal = sys.stderr.isatty()
    both = is_terminal and sys.stdout.isatty()
    return Progress(
        *columns, console=Console(stderr=True), disable=not is_terminal, transient=True, redirect_stdout=both
    )
