"""Metrics as CloudWatch Embedded Metric Format: lines in the log that CloudWatch makes metrics of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from logs import current_context

NAMESPACE = "HumanDetector"


class Metrics:
    """Writes metrics to standard output, one line of JSON each.

    Args:
        enabled: off where a person reads the log.
        clock: seconds that only go forward.
    """

    def __init__(self, enabled: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._enabled = enabled
        self._clock = clock
        self._phases: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a block of a job's work, such as `Download`; it is reported with the job's end."""
        began = self._clock()
        try:
            yield
        finally:
            self._phases[name] = self._phases.get(name, 0) + self._clock() - began

    def progress(self, fraction: float) -> None:
        """Report how far the job is, 0 to 1."""
        with self._line() as line:
            line.add_metric("Progress", MetricUnit.Percent, 100 * fraction)

    def job_ended(self, outcome: str, frames: int, queue_seconds: float) -> None:
        """Report the end of a job, and start the next one's count.

        Args:
            outcome: `done`, `error`, `interrupted`, or what else became of it.
            frames: how many were analysed.
            queue_seconds: from the sending of the message to its receipt.
        """
        with self._line() as line:
            line.add_dimension("outcome", outcome)
            line.add_metric("Jobs", MetricUnit.Count, 1)
            line.add_metric("Frames", MetricUnit.Count, frames)
            line.add_metric("QueueAge", MetricUnit.Seconds, queue_seconds)
            for name, seconds in self._phases.items():
                line.add_metric(f"{name}Seconds", MetricUnit.Seconds, seconds)
        self._phases = {}

    @contextmanager
    def _line(self) -> Iterator[EphemeralMetrics]:
        line = EphemeralMetrics(namespace=NAMESPACE, service="worker")
        yield line
        if self._enabled:
            for name, value in current_context().items():
                line.add_metadata(name, value)
            line.flush_metrics()
