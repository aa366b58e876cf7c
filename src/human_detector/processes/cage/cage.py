"""What a cage is made of, and what of it the system has put in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


class Unavailable(Exception):
    """A part of the cage that this system does not have. Its text says why."""


@dataclass(frozen=True, slots=True)
class Cage:
    """What holds a process in. Every text is a short sentence for the log.

    Attributes:
        in_force: the parts that hold.
        missing: parts that do not hold, though `worker.cage: required` insists on them.
        missing_extras: parts that do not hold, and that older kernels have not: nobody refuses to start for
            them.
    """

    in_force: tuple[str, ...]
    missing: tuple[str, ...]
    missing_extras: tuple[str, ...]

    @property
    def lacks(self) -> dict[str, list[str]]:
        """What does not hold, for whoever decides what becomes of the process."""
        return {"missing": list(self.missing), "missing_extras": list(self.missing_extras)}

    def __add__(self, later: Cage) -> Cage:
        """What holds a process in that has put one cage into force after the other."""
        return Cage(
            self.in_force + later.in_force,
            self.missing + later.missing,
            self.missing_extras + later.missing_extras,
        )


Part = tuple[str, Callable[[], str | None]]
"""The name of a part, and what puts it in force. It raises OSError or Unavailable where that cannot be done,
and may return what this system's version of it does not hold back."""


def build_cage(required: Iterable[Part], extras: Iterable[Part] = (), last: Iterable[Part] = ()) -> Cage:
    """Put one part after another in force; one that fails keeps none of the others from holding.

    Args:
        required: the first parts.
        extras: then these, that a kernel may lack.
        last: required as well, but put in force at the end: after them little else can be done.
    """
    in_force: list[str] = []
    missing: list[str] = []
    missing_extras: list[str] = []
    for parts, lacks in ((required, missing), (extras, missing_extras), (last, missing)):
        for name, put_in_force in parts:
            try:
                gap = put_in_force()
            except (OSError, Unavailable, ValueError) as error:
                lacks.append(f"{name}: {getattr(error, 'strerror', None) or error}")
            else:
                in_force.append(name)
                missing_extras += [f"{name}: {gap}"] if gap else []
    return Cage(tuple(in_force), tuple(missing), tuple(missing_extras))
