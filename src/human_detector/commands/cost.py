"""Estimates what an hour of video costs on common machines of AWS, and on this one.

human-detector cost [--hours 100 | --videos-per-day 1000 --duration 60] [--fps 25]
                    [--measure VIDEO | --frames-per-second N]

The estimate is: frames to analyse x seconds per frame x price per second. It leaves out what is small (S3,
SQS, DynamoDB). For a day it has machines, and the time in which they start and wait; for hours of video it
has the analysis alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from human_detector.analysis.analyzer_arguments import FRAME_RATIO
from human_detector.commands.cost_day import Day, Offer, print_day
from human_detector.commands.cost_prices import PRICES_PATH, Prices, load_prices
from human_detector.commands.cost_speeds import Speed, configured_models, measure, stated_speed
from human_detector.commands.exit_statuses import EXIT_CONFIGURATION, EXIT_FAILED
from human_detector.commands.lines import complain, say
from human_detector.commands.tables import print_table
from human_detector.configuration import load_human_detection
from human_detector.errors import ConfigurationError, VideoError
from human_detector.validation import Number, option

SECONDS_PER_HOUR = 3600
DECODED_FRAMES_PER_SECOND = 200
"""Every frame is decoded, analysed or not: what four virtual cores do with 1080p H.264."""
NO_FIGURE = "--measure VIDEO on such a machine gives one"

EPILOG = """\
For example, 100 hours of video, with the speed of this machine, which is a c7i.xlarge:

  human-detector cost --hours 100 --measure clip.mp4 --instance c7i.xlarge

A day of 10000 videos of two minutes each, on common machines:

  human-detector cost --videos-per-day 10000 --duration 120
"""


@dataclass(frozen=True)
class Row:
    """A machine with its price and its speed.

    Attributes:
        machine: its name.
        dollars_per_hour: its price, if it is known.
        speed: its speed, if there is a figure.
        spot_dollars_per_hour: its price as a spot instance, if there is one.
    """

    machine: str
    dollars_per_hour: float | None
    speed: Speed | None
    spot_dollars_per_hour: float | None = None


def machine_hours(speed: Speed, fps: float, frame_ratio: float) -> float:
    """How long a machine takes for one hour of video.

    Args:
        speed: of the machine.
        fps: frame rate of the video.
        frame_ratio: share of the frames that is analysed.
    """
    # Decoding and analysing run at the same time: the slower of them decides.
    is_slower = _is_slower_to_decode(speed, frame_ratio)
    return fps / (DECODED_FRAMES_PER_SECOND if is_slower else _passed(speed, frame_ratio))


def _passed(speed: Speed, frame_ratio: float) -> float:
    """How many frames a second a machine goes through, analysed or not, if nothing else holds it up."""
    return speed.frames_per_second / frame_ratio


def _is_slower_to_decode(speed: Speed, frame_ratio: float) -> bool:
    return not speed.includes_decoding and _passed(speed, frame_ratio) > DECODED_FRAMES_PER_SECOND


def print_rows(rows: Sequence[Row], hours: float, fps: float, frame_ratio: float) -> None:
    """Print the estimates, a row for each machine, and where their speeds are from.

    Args:
        rows: the machines.
        hours: of video.
        fps: frame rate of the video.
        frame_ratio: share of the frames that is analysed.
    """
    numbers = ("PRICE/H", "FRAMES/S", "TIME", "COST")
    cells = [(row.machine, *_numbers(row, hours, fps, frame_ratio), _origin(row)) for row in rows]
    print_table(("MACHINE", *numbers, "SPEED FROM"), cells, right=numbers)
    footnotes = {_origin(row): NO_FIGURE if row.speed is None else row.speed.explanation for row in rows}
    for origin, explanation in footnotes.items():
        say(f"{origin}: {explanation}")
    if note := _decoding_note(rows, frame_ratio):
        say(note)


def _numbers(row: Row, hours: float, fps: float, frame_ratio: float) -> list[str]:
    price = "-" if row.dollars_per_hour is None else f"${row.dollars_per_hour:.3f}"
    if row.speed is None:
        return [price, "-", "-", "-"]
    spent = hours * machine_hours(row.speed, fps, frame_ratio)
    cost = "-" if row.dollars_per_hour is None else f"${spent * row.dollars_per_hour:,.3f}"
    return [price, f"{row.speed.frames_per_second:.1f}", _duration(spent), cost]


def _decoding_note(rows: Sequence[Row], frame_ratio: float) -> str:
    """What decoding does to the times, where it is no part of the speeds; nothing if it is in all of them."""
    without = [row for row in rows if row.speed and not row.speed.includes_decoding]
    if not without:
        return ""
    slowed = [row.machine for row in without if row.speed and _is_slower_to_decode(row.speed, frame_ratio)]
    limits = f"which is what limits {', '.join(slowed)}" if slowed else "which limits none of them here"
    return (
        "decoding: no part of the speeds from the zoo. TIME takes it to be "
        f"{DECODED_FRAMES_PER_SECOND} frames a second (1080p H.264 on four virtual cores), {limits}"
    )


def _duration(hours: float) -> str:
    if hours >= 2:
        return f"{hours:,.1f} h"
    return f"{60 * hours:.0f} min" if hours >= 1 / 60 else f"{3600 * hours:.0f} s"


def _offer(row: Row, hours: float, fps: float, frame_ratio: float) -> Offer:
    busy = hours * machine_hours(row.speed, fps, frame_ratio) if row.speed else None
    return Offer(row.machine, busy, row.dollars_per_hour, row.spot_dollars_per_hour, _origin(row))


def _origin(row: Row) -> str:
    return "no figure" if row.speed is None else row.speed.origin


def find_rows(options: argparse.Namespace, prices: Prices, wanted: Mapping[str, Any]) -> list[Row]:
    """The machines that are asked for, with what is known of them.

    Args:
        options: of the command line.
        prices: of the machines.
        wanted: keyword arguments of VideoAnalyzer.

    Raises:
        ConfigurationError: there is no such machine, or a model is missing.
        VideoError: the video to measure with is none.
    """
    named = options.instance
    if named is not None and named not in prices.machines:
        raise ConfigurationError(
            f"--instance: found {named}, valid is one of {', '.join(prices.machines)}, as in the prices"
        )
    price = options.price or (prices.machines[named].dollars_per_hour if named else None)
    spot = prices.machines[named].spot_dollars_per_hour if named and not options.price else None
    if options.frames_per_second:
        speed = Speed(
            options.frames_per_second,
            "you",
            "--frames-per-second; TIME is longer if it leaves out decoding and that is slower",
            includes_decoding=True,
        )
        return [Row(named or "yours", price, speed, spot)]
    own = []
    if options.measure:
        name = f"this machine, {named}" if named else "this machine"
        own = [Row(name, price, measure(options.measure, wanted), spot)]
    models = configured_models(wanted)
    others = [
        Row(
            name,
            price if name == named else machine.dollars_per_hour,
            stated_speed(machine, models),
            None if options.price else machine.spot_dollars_per_hour,
        )
        for name, machine in prices.machines.items()
        if named is None or (name == named and not own)
    ]
    return own + others


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns the exit status."""
    options = _parse(arguments)
    try:
        wanted = load_human_detection(options.config)
        ratio = options.frame_ratio or wanted.get("frame_ratio", 0.2)
        prices = load_prices(options.prices)
        rows = find_rows(options, prices, {**wanted, "frame_ratio": ratio})
    except ConfigurationError as error:
        complain("human-detector cost", error)
        return EXIT_CONFIGURATION
    except VideoError as error:
        complain("human-detector cost", f"--measure {options.measure}: {error}")
        return EXIT_FAILED
    day = (
        Day(options.videos_per_day, options.duration, options.utilisation) if options.videos_per_day else None
    )
    amount = day.hours_of_video if day else options.hours
    hours = "an hour" if amount == 1 else f"{amount:,g} hours"
    say(f"{hours} of video, {options.fps:g} frames per second, frame ratio {ratio:g}")
    print_rows(rows, amount, options.fps, ratio)
    if day:
        offers = [_offer(row, amount, options.fps, ratio) for row in rows]
        print_day(day, offers, prices.rekognition_per_minute, len(wanted["detectors"]))
    say(f"prices: {prices.region}, {prices.date} (--prices FILE for yours): {'; '.join(prices.sources)}")
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="human-detector cost",
        description="Estimate what an hour of video costs on common machines, and on this one.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    above_zero = option(float, Number(0, 999_999, above_low=True))
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--hours", type=above_zero, default=1, help="of video in all (default: 1)")
    amount.add_argument(
        "--videos-per-day",
        type=option(float, Number(0, 1e9, above_low=True)),
        metavar="N",
        help="what a day of so many videos costs, machines that start and wait included",
    )
    parser.add_argument(
        "--duration", type=above_zero, metavar="SECONDS", help="of each of these videos (default: 60)"
    )
    parser.add_argument(
        "--utilisation",
        type=option(float, Number(0, 1, above_low=True)),
        metavar="SHARE",
        help="of the paid time of a day that is analysis (default: as simulated)",
    )
    parser.add_argument("--fps", type=above_zero, default=25, help="frame rate of the videos (default: 25)")
    parser.add_argument(
        "--frame-ratio",
        type=option(float, FRAME_RATIO),
        metavar="R",
        help="share that is analysed (default: as configured)",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration with the detectors (default: variables.json)",
    )
    parser.add_argument(
        "--prices",
        type=Path,
        default=PRICES_PATH,
        metavar="FILE",
        help=f"your prices, in the form of {PRICES_PATH.name}",
    )
    parser.add_argument(
        "--instance", metavar="TYPE", help="only this one; with a speed of yours: the one whose speed it is"
    )
    parser.add_argument(
        "--price", type=above_zero, metavar="DOLLARS", help="yours, per hour, of that machine"
    )
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument(
        "--frames-per-second", type=above_zero, metavar="N", help="that a machine analyses, if you know"
    )
    speed.add_argument(
        "--measure", type=Path, metavar="VIDEO", help="the speed of this machine: analyse this video on it"
    )
    options = parser.parse_args(arguments)
    if (options.duration or options.utilisation) and not options.videos_per_day:
        parser.error("--duration, --utilisation: of which videos? Valid with --videos-per-day")
    options.duration = options.duration or 60.0
    if options.frames_per_second and not (options.instance or options.price):
        parser.error("--frames-per-second: whose speed is it? Valid with --instance, --price or both")
    if options.price and not (options.frames_per_second or options.instance or options.measure):
        parser.error("--price: of which machine? Valid with --instance, --measure or --frames-per-second")
    return options
