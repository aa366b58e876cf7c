"""What a day of videos costs: machines, hours and prices, with what is paid while nothing is analysed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from human_detector.commands.lines import say
from human_detector.commands.tables import print_table

HOURS_A_DAY = 24

UTILISATIONS = ((5.0, 0.85), (0.9, 0.73), (0.0, 0.39))
"""By how many machines are busy on average, from so many on: the share of the paid time that is analysis.

From benchmarks/fleet.py, a simulation (docs/speed_and_cost.md): the daily wave with the scaling of
aws_resources.yml on instances, of which 0.4, 2 and from 12 on were busy; the nearest counts. The rest is
their start, the pull of the image, the start of the worker, and waiting for videos.
"""


@dataclass(frozen=True)
class Day:
    """What comes.

    Attributes:
        videos: how many.
        seconds: how long each of them is.
        utilisation: share of the paid time that is analysis; None for what the simulation says.
    """

    videos: float
    seconds: float
    utilisation: float | None = None

    @property
    def hours_of_video(self) -> float:
        """All of them together."""
        return self.videos * self.seconds / 3600

    def paid_hours(self, busy_hours: float) -> float:
        """Hours of machines on the bill for so many hours of analysis."""
        return busy_hours / self.used(busy_hours)

    def used(self, busy_hours: float) -> float:
        """The share of the paid time that is analysis."""
        if self.utilisation is not None:
            return self.utilisation
        busy_machines = busy_hours / HOURS_A_DAY
        return next(share for least, share in UTILISATIONS if busy_machines >= least)


@dataclass(frozen=True)
class Offer:
    """A machine for a day.

    Attributes:
        name: of the machine.
        busy_hours: of analysis; None if its speed is not known.
        dollars_per_hour: on demand, if known.
        spot_dollars_per_hour: on spot, if there is such a price.
        origin: where its speed is from.
    """

    name: str
    busy_hours: float | None
    dollars_per_hour: float | None
    spot_dollars_per_hour: float | None
    origin: str


def print_day(day: Day, offers: Sequence[Offer], rekognition_per_minute: float | None, kinds: int) -> None:
    """Print what a day costs on each machine, and with Amazon Rekognition.

    Args:
        day: what comes.
        offers: the machines.
        rekognition_per_minute: dollars for a minute of video and a kind of analysis; None for no such row.
        kinds: of analysis that it would take.
    """
    numbers = ("MACHINES", "HOURS", "A DAY", "ON SPOT", "1,000 VIDEOS", "HOUR OF VIDEO")
    cells = [(offer.name, *_numbers(day, offer), offer.origin) for offer in offers]
    if rekognition_per_minute is not None:
        dollars = 60 * day.hours_of_video * rekognition_per_minute * kinds
        named = f"Rekognition Video, {kinds} {'kind' if kinds == 1 else 'kinds'}"
        cells.append((named, "-", "-", f"${dollars:,.2f}", "-", *_each(day, dollars), "price list"))
    say("")
    say(
        f"a day of {day.videos:g} videos of {day.seconds:g} seconds, {day.hours_of_video:,.1f} hours of video"
    )
    print_table(("MACHINE", *numbers, "SPEED FROM"), cells, right=numbers)
    say(
        "HOURS are paid, with the start of machines, the pull of the image and idle time; MACHINES is how "
        "many of them fill a day, and at its busiest hour there are about twice as many"
    )
    say(f"of the paid time is analysis: {_shares(day, offers)}")


def _numbers(day: Day, offer: Offer) -> list[str]:
    if offer.busy_hours is None:
        return ["-"] * 6
    hours = day.paid_hours(offer.busy_hours)
    machines = str(math.ceil(hours / HOURS_A_DAY))
    spot = _dollars(offer.spot_dollars_per_hour, hours)
    if offer.dollars_per_hour is None:
        return [machines, f"{hours:,.1f}", "-", spot, "-", "-"]
    return [
        machines,
        f"{hours:,.1f}",
        _dollars(offer.dollars_per_hour, hours),
        spot,
        *_each(day, offer.dollars_per_hour * hours),
    ]


def _dollars(per_hour: float | None, hours: float) -> str:
    return "-" if per_hour is None else f"${per_hour * hours:,.2f}"


def _each(day: Day, dollars: float) -> tuple[str, str]:
    return f"${1000 * dollars / day.videos:,.2f}", f"${dollars / day.hours_of_video:,.3f}"


def _shares(day: Day, offers: Sequence[Offer]) -> str:
    if day.utilisation is not None:
        return f"{day.utilisation:g}, as you say"
    shares = sorted({day.used(offer.busy_hours) for offer in offers if offer.busy_hours is not None})
    named = " to ".join(f"{share:g}" for share in dict.fromkeys([*shares[:1], *shares[-1:]])) or "unknown"
    return f"{named}, simulated (benchmarks/fleet.py), no measurement; --utilisation for yours"
