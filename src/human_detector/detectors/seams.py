"""Puts together what was found in the tiles of a frame: each thing once, also where a seam goes through it.

1. What lies whole in several tiles is the same thing where the boxes overlap: the best box stays.
2. What ends at the border of a tile is a part. It is dropped where a box that was found whole, cut off at
   that border, gives the same part.
3. Parts of two neighbouring tiles become one box where both reach through the strip that the tiles have in
   common, and agree on the other two sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from human_detector.values import Box, Detection

SAME = 0.4
"""Boxes of different tiles with at least this intersection over union show the same thing: seen in another
size, a small face comes out a few pixels elsewhere."""
NEAR = 0.03
"""Of a tile's size: a box that comes as near to the tile's border is cut off there."""


@dataclass(frozen=True, slots=True)
class Part:
    """A thing as it was found in one tile.

    Attributes:
        tile: where the tile lies in the frame; of what was joined, all tiles together.
        found: with its box in the frame.
        cut: the sides of the box at which the thing goes on in another tile.
    """

    tile: Box
    found: Detection
    cut: frozenset[str]

    @classmethod
    def of(cls, tile: Box, found: Detection) -> Part:
        """A detection with its box in fractions of the tile."""
        width, height = tile.x_max - tile.x_min, tile.y_max - tile.y_min
        box = Box.clipped(
            tile.x_min + width * found.box.x_min,
            tile.y_min + height * found.box.y_min,
            tile.x_min + width * found.box.x_max,
            tile.y_min + height * found.box.y_max,
        )
        # At the border of the frame itself nothing goes on.
        ends = {
            "x_min": tile.x_min > 0 and found.box.x_min < NEAR,
            "y_min": tile.y_min > 0 and found.box.y_min < NEAR,
            "x_max": tile.x_max < 1 and found.box.x_max > 1 - NEAR,
            "y_max": tile.y_max < 1 and found.box.y_max > 1 - NEAR,
        }
        cut = frozenset(side for side, is_cut in ends.items() if is_cut)
        return cls(tile, Detection(found.label, found.score, box), cut)

    def is_part_of(self, other: Part) -> bool:
        """Whether the other thing, cut off at the border of this tile, would look like this part."""
        visible = _common(other.found.box, self.tile)
        return (
            self.found.label == other.found.label
            and visible is not None
            and visible.overlap(self.found.box) >= SAME
        )


def merged(found: Sequence[tuple[Box, Sequence[Detection]]]) -> list[Detection]:
    """Each thing once, the best first.

    Args:
        found: of each tile where it lies in the frame, and what was found, in fractions of the tile. The
            whole frame may be one of them.
    """
    parts = [Part.of(tile, each) for tile, in_tile in found for each in in_tile]
    whole = _best([part for part in parts if not part.cut])
    cut = [part for part in parts if part.cut and not any(map(part.is_part_of, whole))]
    things = _best([*whole, *_joined(cut)])
    complete = [thing for thing in things if not thing.cut]
    kept = [thing for thing in things if not (thing.cut and any(map(thing.is_part_of, complete)))]
    return [thing.found for thing in kept]


def _best(parts: Sequence[Part]) -> list[Part]:
    """Of the parts that show the same thing in different tiles the one with the highest score.

    Within a tile the model has seen to that, and two boxes are two people in a crowd.
    """
    kept: list[Part] = []
    for part in sorted(parts, key=lambda part: part.found.score, reverse=True):
        if not any(
            part.found.label == other.found.label
            and part.tile != other.tile
            and part.found.box.overlap(other.found.box) >= SAME
            for other in kept
        ):
            kept.append(part)
    return kept


def _joined(parts: Sequence[Part]) -> list[Part]:
    """The parts, with those in one that belong together; what belongs to nothing stays as it is."""
    waiting = list(parts)
    while pairs := [
        (agreement, first, second, axis)
        for first, second in permutations(waiting, 2)
        for axis in "xy"
        if (agreement := _agreement(first, second, axis)) >= SAME
    ]:
        _, first, second, axis = max(pairs, key=lambda pair: pair[0])
        waiting = [part for part in waiting if part is not first and part is not second]
        waiting.append(_join(first, second, axis))
    return waiting


def _agreement(first: Part, second: Part, axis: str) -> float:
    """How well two parts fit together, the first before the second along an axis; 0 where they do not."""
    start, end = f"{axis}_min", f"{axis}_max"
    is_cut = first.found.label == second.found.label and end in first.cut and start in second.cut
    if not (is_cut and _reach_through(first, second, axis)):
        return 0.0
    return _overlap_along(first.found.box, second.found.box, "y" if axis == "x" else "x")


def _reach_through(first: Part, second: Part, axis: str) -> bool:
    """Whether both reach through the strip from the start of the second tile to the end of the first."""
    tile_start, strip_end = _span(first.tile, axis)
    strip_start, tile_end = _span(second.tile, axis)
    near = NEAR * (strip_end - tile_start)
    are_neighbours = tile_start < strip_start < strip_end < tile_end
    first_start, second_end = _span(first.found.box, axis)[0], _span(second.found.box, axis)[1]
    return are_neighbours and first_start <= strip_start + near and second_end >= strip_end - near


def _join(first: Part, second: Part, axis: str) -> Part:
    score = max(first.found.score, second.found.score)
    box = _around(first.found.box, second.found.box)
    return Part(
        _around(first.tile, second.tile),
        Detection(first.found.label, score, box),
        (first.cut - {f"{axis}_max"}) | (second.cut - {f"{axis}_min"}),
    )


def _overlap_along(first: Box, second: Box, axis: str) -> float:
    """Intersection over union along one axis."""
    (start, end), (other_start, other_end) = _span(first, axis), _span(second, axis)
    union = max(end, other_end) - min(start, other_start)
    return max(0.0, min(end, other_end) - max(start, other_start)) / union if union else 0.0


def _span(box: Box, axis: str) -> tuple[float, float]:
    return (box.x_min, box.x_max) if axis == "x" else (box.y_min, box.y_max)


def _common(first: Box, second: Box) -> Box | None:
    """The intersection, if there is one."""
    left, top = max(first.x_min, second.x_min), max(first.y_min, second.y_min)
    right, bottom = min(first.x_max, second.x_max), min(first.y_max, second.y_max)
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def _around(first: Box, second: Box) -> Box:
    return Box(
        min(first.x_min, second.x_min),
        min(first.y_min, second.y_min),
        max(first.x_max, second.x_max),
        max(first.y_max, second.y_max),
    )
