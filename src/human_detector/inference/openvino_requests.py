"""Images on their way through a model that OpenVINO has compiled."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

Arrays = Mapping[Any, NDArray[Any]]


class Requests:
    """The requests of a compiled model: each carries one image at a time, several run at once.

    On a CPU a batch gains nothing, several streams of requests use the cores better, and a batch that is not
    full costs no more than its images.

    Args:
        compiled: the model.
        outputs: those of its outputs that are wanted.
    """

    def __init__(self, compiled: Any, outputs: Sequence[Any]) -> None:
        self._outputs = outputs
        streams = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        # Twice as many as can run, so that the next ones stand ready when those end.
        self._idle = [compiled.create_infer_request() for _ in range(2 * streams)]
        self._running: deque[Job] = deque()

    def start(self, inputs: Arrays) -> Job:
        """Begin with one image; waits for an earlier one where no request is idle."""
        if not self._idle:
            self._finish_oldest()
        job = Job(self._idle[-1], inputs)
        job.request.start_async(dict(inputs), share_inputs=True)
        self._idle.pop()  # not before: one that could not be started stays idle
        self._running.append(job)
        return job

    def outputs_of(self, job: Job) -> list[NDArray[Any]]:
        """Wait for an image; what the model says of it, or the error that it raised."""
        while job in self._running:
            self._finish_oldest()
        if job.error is not None:
            raise job.error
        return job.outputs

    def _finish_oldest(self) -> None:
        job = self._running.popleft()
        try:
            job.request.wait()
            # Copied, because the request is used again.
            job.outputs = [job.request.get_tensor(output).data.copy() for output in self._outputs]
        except Exception as error:
            job.error = error  # It belongs to this image's video, and whoever waits may have another one.
        finally:
            self._idle.append(job.request)


class Job:
    """One image on its way through the network."""

    def __init__(self, request: Any, inputs: Arrays) -> None:
        self.request = request
        self.inputs = inputs  # which the request reads without a copy of its own, so they must stay
        self.outputs: list[NDArray[Any]] = []
        self.error: Exception | None = None
