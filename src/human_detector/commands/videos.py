"""How commands open the videos that they are given."""

from __future__ import annotations

import logging
import platform
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Protocol

from human_detector.analysis.frame_feed import FrameFeed, LocalFeed, Progress, Wanted
from human_detector.configuration import default_cage
from human_detector.errors import ConfigurationError
from human_detector.processes.caged_videos import CagedVideos
from human_detector.processes.decoder_pool import DecoderSettings
from human_detector.values import REQUIRED
from human_detector.video.limits import NO_LIMITS
from human_detector.video.probe import declared_length, why_no_video

log = logging.getLogger(__name__)


class Videos(Protocol):
    """Opens videos, and says of other files that they are none."""

    def open(self, path: Path | str, wanted: Wanted, progress: Progress) -> FrameFeed:
        """See `OpenVideo`."""
        ...

    def declared_length(self, path: Path) -> tuple[float, float]:
        """See video/probe.py."""
        ...

    def why_no_video(self, path: Path) -> str | None:
        """See video/probe.py."""
        ...


@cache
def videos() -> Videos:
    """What opens the videos of this command: decoders in a cage, where there is one.

    Raises:
        ConfigurationError: a cage is required, and this system has none.
    """
    if platform.system() == "Linux":
        return CagedVideos(DecoderSettings(default_cage(), **asdict(NO_LIMITS)))
    if default_cage() == REQUIRED:
        raise ConfigurationError("a cage is required, but only Linux has what it is made of")
    log.warning("videos are decoded in this process: only Linux has what a cage is made of")
    return _UncagedVideos()


class _UncagedVideos:
    """Opens videos in this process."""

    open = LocalFeed
    declared_length = staticmethod(declared_length)
    why_no_video = staticmethod(why_no_video)
