"""Sees the videos of a command line through, one after another."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence

from human_detector.commands.analyze_one_video import LocalAnalysis, Plan
from human_detector.commands.analyze_outcomes import Outcome, describe, describe_skipped, print_outcomes
from human_detector.commands.exit_statuses import EXIT_CONFIGURATION, EXIT_FAILED, EXIT_INTERRUPTED
from human_detector.commands.interrupts import end_on_interrupt
from human_detector.commands.progress_display import ProgressDisplay
from human_detector.commands.videos import videos
from human_detector.errors import ConfigurationError, PermanentError, in_words
from human_detector.video.find_videos import find_videos
from human_detector.video_analyzer import VideoAnalyzer

Stop = Callable[[], bool]


def run_batch(
    command: str,
    places: Sequence[str],
    set_up: Callable[[ProgressDisplay, Stop], tuple[VideoAnalyzer, LocalAnalysis]],
) -> int:
    """Do what there is to do for all videos; returns the exit status.

    Args:
        command: its name, for messages.
        places: files, folders and patterns.
        set_up: makes what analyses them; raises ConfigurationError if something is wrong with the command
            line.
    """
    display = ProgressDisplay(sys.stderr)
    stopping = threading.Event()
    try:
        analyzer, analysis = set_up(display, stopping.is_set)
        analyzer.open_video = videos().open
        plans, failed = _plan(places, analysis, display)
        if any(plan.analyze for plan in plans):
            display.say("loading the models")
            analyzer.load()
    except ConfigurationError as error:
        for sentence in error.problems:
            display.say(f"human-detector {command}: {sentence}")
        return EXIT_CONFIGURATION
    end_on_interrupt(stopping, display)
    outcomes = failed + _run(plans, analysis, display, stopping)
    print_outcomes(outcomes)
    if stopping.is_set():
        return EXIT_INTERRUPTED
    return 0 if all(outcome.is_good for outcome in outcomes) else EXIT_FAILED


def _plan(
    places: Sequence[str], analysis: LocalAnalysis, display: ProgressDisplay
) -> tuple[list[Plan], list[Outcome]]:
    """See what there is to do, and say at once what cannot be done.

    Returns:
        A plan for each video, and the outcome of whatever is none.

    Raises:
        ConfigurationError: there is no video at all.
    """
    found = find_videos(places, videos().why_no_video)
    for line in describe_skipped(found.skipped):
        display.say(line)
    plans = []
    failed = [Outcome(place, "failed", reason) for place, reason in found.refused]
    for video in found.videos:
        try:
            plans.append(analysis.plan(video))
        except (PermanentError, OSError) as error:
            failed.append(Outcome(video, "failed", in_words(error)))
    for outcome in failed:
        display.say(describe(outcome))
    if not found.videos:
        raise ConfigurationError("no video was found")
    return plans, failed


def _run(
    plans: Sequence[Plan], analysis: LocalAnalysis, display: ProgressDisplay, stopping: threading.Event
) -> list[Outcome]:
    """See one video after another through."""
    outcomes = []
    display.start_batch([plan.work for plan in plans])
    for plan in plans:
        display.start_video()
        if stopping.is_set():
            outcomes.append(Outcome(plan.video))
            continue
        outcomes.append(analysis.run(plan))
        display.say(describe(outcomes[-1]))
    return outcomes
