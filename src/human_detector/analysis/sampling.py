"""Which frames of a video are analysed."""

from __future__ import annotations

from fractions import Fraction


class FrameSampler:
    """Picks a fixed share of the frames, spread evenly; the first frame is always among them.

    Frame i is picked iff i == 0 or floor(i * r) > floor((i - 1) * r), in exact arithmetic.

    Args:
        frame_ratio: r, above 0 and at most 1; 1 picks every frame.

    Raises:
        ValueError: r is no number, or not in that range.
    """

    def __init__(self, frame_ratio: float) -> None:
        try:
            # The decimal number as it was written. As a binary float, 0.29 and 0.7 pick other frames.
            ratio = Fraction(str(frame_ratio))
        except ValueError:
            ratio = Fraction(0)
        if not 0 < ratio <= 1:
            raise ValueError(f"frame_ratio is {frame_ratio!r}; valid is a number above 0 and at most 1")
        self._numerator, self._denominator = ratio.as_integer_ratio()

    def is_sampled(self, index: int) -> bool:
        """Tells whether the frame with this index (counted from 0) is analysed."""
        return index == 0 or self._picks_up_to(index) > self._picks_up_to(index - 1)

    def _picks_up_to(self, index: int) -> int:
        return index * self._numerator // self._denominator
