"""What is known of a job while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from human_detector.aws.queue import Message
from human_detector.aws.storage import S3Object
from human_detector.errors import PermanentError
from human_detector.worker.claim import ClaimedStep
from human_detector.worker.messages import VideoRequest
from human_detector.worker.metrics import Phases
from human_detector.worker.stamp import digest_of


@dataclass
class RunningJob:
    """One video on its way from a message to its result.

    Attributes:
        message: that asked for it.
        request: the part of the message that names this video.
        video_id: key of its record.
        place: bucket and key of its video; None if nothing says where that is.
        video: as it was found.
        missing: why it was not found.
        stored: the result that lies where this one goes; None for none.
        made_of: what the result of this video is made of.
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
    place: tuple[str, str] | None = None
    video: S3Object | None = None
    missing: PermanentError | None = None
    stored: S3Object | None = None
    made_of: Mapping[str, str] = field(default_factory=dict)
    phases: Phases = field(default_factory=Phases)
    step: ClaimedStep | None = None
    progress: float = 0
    frames: int = 0
    analysis_began: float | None = None
    saved_at: float = 0

    @property
    def is_stored_already(self) -> bool:
        """Whether the result that is wanted is there: only the record may be missing."""
        return self.stored is not None and self.stored.metadata == self.made_of and not self.request.force

    @property
    def is_last_of_its_video(self) -> bool:
        """Whether nothing better can be made than what is stored: the video that it was made of is gone."""
        if self.missing is None or self.stored is None or self.place is None:
            return False
        return self.stored.metadata.get("video") == digest_of(*self.place)

    @property
    def is_repeated(self) -> bool:
        """Whether there may have been an attempt before this one."""
        assert self.step is not None
        return self.step.attempt > 1 or self.message.receive_count > 1
