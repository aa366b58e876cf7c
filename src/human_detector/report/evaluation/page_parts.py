"""Tables and the chart of the page, as HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

RATES = ("precision", "recall", "f1")
TITLES = {"truth_boxes": "boxes", "precision": "precision", "recall": "recall", "f1": "F1"}
UNKNOWN = "–"  # noqa: RUF001 (an en dash is what stands for nothing in a table)

LEFT, TOP, WIDTH, HEIGHT = 34, 8, 600, 220
"""Of the chart's inside, in its own units."""


def text(value: object) -> str:
    """Words that may hold anything."""
    return html.escape(str(value))


def number(value: float | None) -> str:
    """A number for a cell."""
    if value is None:
        return UNKNOWN
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def with_interval(value: Mapping[str, float | None], sign: str = "") -> str:
    """A number with its interval for a cell.

    Args:
        value: as the JSON file has it.
        sign: `+` to show the sign of what is positive, too.
    """
    if value["value"] is None or value["low"] is None:
        return UNKNOWN
    digits = f"{sign}.3f"
    low, high = (format(value[side], digits) for side in ("low", "high"))
    return f'{value["value"]:{digits}} <span class="interval">[{low}, {high}]</span>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table.

    Args:
        header: names of the columns, words.
        rows: cells that are HTML.
    """
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in header)
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def table_of(kind: str, rows: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A table of the same numbers for different things.

    Args:
        kind: what the things are.
        rows: by name.
        columns: keys of each.
    """
    header = [kind, *(TITLES.get(name, name) for name in columns)]
    return table(header, [[text(name), *(number(row[key]) for key in columns)] for name, row in rows.items()])


def chart(thresholds: Sequence[Mapping[str, float | None]], chosen: float) -> str:
    """Precision, recall and F1 over the threshold.

    Args:
        thresholds: as the JSON file has them.
        chosen: the one that everything else is told at.
    """
    lines = []
    for name in RATES:
        points = " ".join(
            f"{_x(each['threshold'] or 0):.1f},{_y(value):.1f}"
            for each in thresholds
            if (value := each[name]) is not None
        )
        lines.append(f'<polyline class="{name}" points="{points}"/>')
    steps = [step / 5 for step in range(6)]
    grid = [
        f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(at)}" y2="{_y(at)}"/>'
        f'<text x="{LEFT - 6}" y="{_y(at) + 4}" text-anchor="end">{at:g}</text>'
        f'<text x="{_x(at)}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{at:g}</text>'
        for at in steps
    ]
    mark = f'<line class="mark" x1="{_x(chosen):.1f}" x2="{_x(chosen):.1f}" y1="{_y(0)}" y2="{_y(1)}"/>'
    legend = "".join(f'<span class="{name}">{TITLES[name]}</span>' for name in RATES)
    return (
        f'<svg viewBox="0 0 {LEFT + WIDTH + 12} {TOP + HEIGHT + 26}" role="img" '
        'aria-label="Precision, recall and F1 at each threshold">'
        f'{"".join(grid)}{"".join(lines)}{mark}</svg><p class="legend">{legend}</p>'
    )


def _x(threshold: float) -> float:
    return LEFT + threshold * WIDTH


def _y(rate: float) -> float:
    return TOP + (1 - rate) * HEIGHT
