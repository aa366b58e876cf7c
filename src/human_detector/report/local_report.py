"""The report on a video of this disk, with a copy of the video beside it where browsers need one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from human_detector.drawing.copies import write_playable
from human_detector.errors import PermanentError
from human_detector.report.page import write_report
from human_detector.video.browser_formats import video_format

PAGE_SUFFIX = ".report.html"
COPY_SUFFIX = ".playable.mp4"
COPY_SHARE = 0.8
"""Of the time that it takes: pictures for the page are quicker than a whole copy."""


def write_local_report(
    video: Path,
    document: Mapping[str, Any],
    page: Path,
    *,
    title: str = "",
    address: str | None = None,
    progress: Callable[[float], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Path | None:
    """Write the report, and before it NAME.playable.mp4 beside it if browsers do not play the video.

    Args:
        video: what was analysed.
        document: its result.
        page: where the page goes; it appears complete.
        title: see `write_report`.
        address: see `write_report`.
        progress: called with the share that is done, 0 to 1.
        stop: asked again and again.

    Returns:
        The copy; None where none is needed.

    Raises:
        PermanentError: the copy would replace the video.
        VideoError: the video can no longer be read, or it is not the one of the result.
        Interrupted: `stop` said so; there is neither page nor copy.
    """
    if video_format(video).media_type:
        write_report(video, document, page, title=title, address=address, progress=progress, stop=stop)
        return None
    copy = copy_path(page)
    if copy.resolve() == video.resolve():
        raise PermanentError(f"{video} would be replaced by its own copy: choose another --output")
    write_playable(video, document, copy, lambda share: progress(COPY_SHARE * share), stop)
    try:
        write_report(
            video,
            document,
            page,
            title=title,
            copy=copy,
            address=address,
            progress=lambda share: progress(COPY_SHARE + (1 - COPY_SHARE) * share),
            stop=stop,
        )
    except BaseException:
        copy.unlink()  # without its page, nobody would know what it is for
        raise
    return copy


def copy_path(page: Path) -> Path:
    """Where the copy goes: beside the page."""
    name = page.name.removesuffix(PAGE_SUFFIX) if page.name.endswith(PAGE_SUFFIX) else page.stem
    return page.with_name(name + COPY_SUFFIX)


def describe_copy(video: Path, copy: Path) -> str:
    """A sentence for the person who asked for a report."""
    return f"browsers do not play {video_format(video)}: the page plays a copy, {copy}"
