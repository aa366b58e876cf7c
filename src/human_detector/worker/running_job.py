"""What is known of a job while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from human_detector.aws.queue import Message
from human_detector.worker.claim import ClaimedStep
from human_detector.worker.lookup import Found
from human_detector.worker.messages import VideoRequest
from human_detector.worker.metrics import Phases


@dataclass
class RunningJob:
    """One video on its way from a message to its result.

    Attributes:
        message: that asked for it.
        request: the part of the message that names this video.
        video_id: key of its record.
        found: its video, and what is stored of it.
        phases: how long what took.
        step: our element of the record, once it has been claimed.
        progress: of the analysis, 0 to 1.
        frames: that have been analysed, once all are.
        analysis_began: on the runner's clock.
        saved_at: when unfinished work was last saved, on the runner's clock.
    """

    message: Message
    request: VideoRequest
    video_id: int
    found: Found = field(default_factory=Found)
    phases: Phases = field(default_factory=Phases)
    step: ClaimedStep | None = None
    progress: float = 0
    frames: int = 0
    analysis_began: float | None = None
    saved_at: float = 0

    @property
    def is_stored_already(self) -> bool:
        """Whether the result that is wanted is there: only the record may be missing."""
        return self.found.is_wanted_result and not self.request.force

    @property
    def is_repeated(self) -> bool:
        """Whether there may have been an attempt before this one."""
        assert self.step is not None
        return self.step.attempt > 1 or self.message.receive_count > 1
