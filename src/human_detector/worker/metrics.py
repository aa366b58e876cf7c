"""Metrics as CloudWatch Embedded Metric Format: lines in the log that CloudWatch makes metrics of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from human_detector.logs import current_context

NAMESPACE = "HumanDetector"


class Phases:
    """How long the parts of one job's work took.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Time a block, such as `Download`."""
        began = self._clock()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0) + self._clock() - began


class Metrics:
    """Writes metrics to standard output, one line of JSON each.

    Args:
        enabled: off where a person reads the log.
    """

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled

    def progress(self, fraction: float) -> None:
        """Report how far a job is, 0 to 1."""
        with self._line() as line:
            line.add_metric("Progress", MetricUnit.Percent, 100 * fraction)

    def job_ended(self, outcome: str, frames: int, queue_seconds: float, phases: Phases) -> None:
        """Report the end of a job.

        Args:
            outcome: `done`, `error`, `interrupted`, or what else became of it.
            frames: how many were analysed.
            queue_seconds: from the sending of the message to its receipt.
            phases: what took how long.
        """
        with self._line() as line:
            line.add_dimension("outcome", outcome)
            line.add_metric("Jobs", MetricUnit.Count, 1)
            line.add_metric("Frames", MetricUnit.Count, frames)
            line.add_metric("QueueAge", MetricUnit.Seconds, queue_seconds)
            for name, seconds in phases.seconds.items():
                line.add_metric(f"{name}Seconds", MetricUnit.Seconds, seconds)

    @contextmanager
    def _line(self) -> Iterator[EphemeralMetrics]:
        line = EphemeralMetrics(namespace=NAMESPACE, service="worker")
        yield line
        if self._enabled:
            for name, value in current_context().items():
                line.add_metadata(name, value)
            line.flush_metrics()
