"""What is known of a job while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from human_detector.aws.queue import Message
from human_detector.aws.storage import VideoObject
from human_detector.worker.claim import ClaimedStep
from human_detector.worker.messages import VideoRequest
from human_detector.worker.metrics import Phases


@dataclass
class RunningJob:
    """One video on its way from a message to its result.

    Attributes:
        message: that asked for it.
        request: the part of the message that names this video.
        video_id: key of its record.
        phases: how long what took.
        step: our element of the record, once it has been claimed.
        video: once it has been found.
        progress: of the analysis, 0 to 1.
        frames: that have been analysed, once all are.
        analysis_began: on the runner's clock.
        saved_at: when unfinished work was last saved, on the runner's clock.
        has_partial_result: whether unfinished work of this video is stored.
    """

    message: Message
    request: VideoRequest
    video_id: int
    phases: Phases = field(default_factory=Phases)
    step: ClaimedStep | None = None
    video: VideoObject | None = None
    progress: float = 0
    frames: int = 0
    analysis_began: float | None = None
    saved_at: float = 0
    has_partial_result: bool = False

    @property
    def is_repeated(self) -> bool:
        """Whether there may have been an attempt before this one."""
        assert self.step is not None
        return self.step.attempt > 1 or self.message.receive_count > 1

    @property
    def may_have_results(self) -> bool:
        """Whether an earlier attempt may have left a whole result that is of use."""
        return self.is_repeated and not self.request.force

    @property
    def may_have_left_something(self) -> bool:
        """Whether there may be a partial result to remove."""
        return self.is_repeated or self.has_partial_result
