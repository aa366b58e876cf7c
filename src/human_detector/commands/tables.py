"""Tables of the commands: fitted to a terminal, one line a row everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH_WITHOUT_TERMINAL = 10_000
"""A file or a pipe has no width: nothing is wrapped there, so that `grep` and `awk` find whole rows."""


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Collection[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Print rows under a header.

    Args:
        header: the columns' names.
        rows: a text for each column.
        right: names of the columns that are numbers, set flush right.
        stream: where to; standard output by default. On a terminal, long cells are folded to its width.
    """
    stream = stream or sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in header:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(" ".join(cell.split("\n"))) for cell in row))
    console = Console(file=stream, width=width, highlight=False)
    with console.capture() as captured:
        console.print(table)
    # Rich fills the last column with spaces.
    stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())
