"""The pairs that are best on the whole: the Hungarian method, for each group of pairs that hang together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]


def best_pairs(scores: Mapping[Pair, float]) -> dict[int, int]:
    """Of each left one the right one, each at most once, so that the sum of the scores is the largest.

    Args:
        scores: above 0, of the pairs that are possible.
    """
    chosen = {}
    for group in _groups(scores):
        lefts, rights = sorted({left for left, _ in group}), sorted({right for _, right in group})
        table = np.zeros((len(lefts), len(rights)))
        for left, right in group:
            table[lefts.index(left), rights.index(right)] = scores[left, right]
        for row, column in _assignment(table):
            if table[row, column] > 0:
                chosen[lefts[row]] = rights[column]
    return chosen


def _groups(scores: Mapping[Pair, float]) -> Iterator[list[Pair]]:
    """The pairs apart by whether they can be reached from each other."""
    by_left: dict[int, list[Pair]] = {}
    by_right: dict[int, list[Pair]] = {}
    for pair in scores:
        by_left.setdefault(pair[0], []).append(pair)
        by_right.setdefault(pair[1], []).append(pair)
    seen: set[Pair] = set()
    for start in scores:
        waiting, group = [start], []
        while waiting:
            pair = waiting.pop()
            if pair not in seen:
                seen.add(pair)
                group.append(pair)
                waiting += by_left[pair[0]] + by_right[pair[1]]
        if group:
            yield group


def _assignment(table: NDArray[np.float64]) -> list[Pair]:
    """Rows and columns in pairs, as many as the shorter side has, with the largest sum.

    One row after another finds its column by the shortest way of changes (Kuhn and Munkres).
    """
    if table.shape[0] > table.shape[1]:
        return [(row, column) for column, row in _assignment(table.T)]
    rows, columns = table.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    row_of = np.full(columns, -1)
    for new_row in range(rows):
        distance, came_from = np.full(columns, np.inf), np.full(columns, -1)
        is_done = np.zeros(columns, bool)
        row, column = new_row, -1
        while row >= 0:
            here = 0.0 if column < 0 else distance[column]
            reach = here - table[row] - row_price[row] - column_price
            is_shorter = ~is_done & (reach < distance)
            distance[is_shorter], came_from[is_shorter] = reach[is_shorter], column
            column = int(np.where(is_done, np.inf, distance).argmin())
            is_done[column] = True
            row = int(row_of[column])
        total = distance[column]
        reached = is_done.copy()
        reached[column] = False
        row_price[new_row] += total
        row_price[row_of[reached]] += total - distance[reached]
        column_price[reached] -= total - distance[reached]
        while column >= 0:
            previous = int(came_from[column])
            row_of[column] = new_row if previous < 0 else row_of[previous]
            column = previous
    return [(int(row), column) for column, row in enumerate(row_of) if row >= 0]
