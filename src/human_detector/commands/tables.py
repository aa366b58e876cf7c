"""Tables of the commands: fitted to a terminal, one line a row everywhere else."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from human_detector.harmless_text import beneath, harmless

WIDTH_WITHOUT_TERMINAL = 10_000
"""A file or a pipe has no width: nothing is wrapped there, so that `grep` and `awk` find whole rows."""
COLUMNS_FOR_A_TABLE = 70
"""On a narrower terminal, columns side by side would break words apart where they do not fit."""
USUAL_COLUMNS = 80
LONGEST_CELL = 300
"""Characters: a name of 1,024 bytes that fills a screen hides the rows around it."""
GAP = 2
INDENT = "  "


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Collection[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Print rows under a header; on a narrow terminal that they do not fit, as a list.

    Args:
        header: the columns' names.
        rows: a text for each column.
        right: names of the columns that are numbers, set flush right.
        stream: where to; standard output by default. On a terminal, long cells are folded to its width, and
            very long ones lose their middle.
    """
    stream = beneath(stream or sys.stdout)
    cells = [[harmless(" ".join(cell.split("\n"))) for cell in row] for row in rows]
    width = WIDTH_WITHOUT_TERMINAL
    if stream.isatty():
        width = terminal_columns(stream)
        cells = [[_shortened(cell) for cell in row] for row in cells]
    if width < min(COLUMNS_FOR_A_TABLE, _natural_width([header, *cells])):
        stream.writelines(f"{line}\n" for line in _as_list(header, cells, width))
        return
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name in header:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(file=stream, width=width, highlight=False)
    with console.capture() as captured:
        console.print(table)
    # Rich fills the last column with spaces.
    stream.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def terminal_columns(stream: TextIO) -> int:
    """The width of a terminal: of the one that is written to, which need not be that of standard input."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_COLUMNS
    except (OSError, ValueError):
        return USUAL_COLUMNS


def _shortened(cell: str) -> str:
    half = LONGEST_CELL // 2
    return cell if len(cell) <= LONGEST_CELL else f"{cell[:half]}[...]{cell[-half:]}"


def _as_list(header: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> Iterator[str]:
    """The first column's cell of each row, and below it the others with their names."""
    for first, *others in rows:
        yield first
        # A name stays with what follows.
        named = (f"{name.lower()}:\u00a0{cell}" for name, cell in zip(header[1:], others, strict=True))
        for line in textwrap.wrap("; ".join(named), width - len(INDENT) - 1, break_on_hyphens=False):
            yield INDENT + line.replace("\u00a0", " ")


def _natural_width(rows: Iterable[Sequence[str]]) -> int:
    return sum(max(map(cell_len, column)) + GAP for column in zip(*rows, strict=True)) - GAP
