"""The report: one HTML file in which a person can look at a result. It needs no network and no server.

The page is template.html with page.css, the scripts and the data put into it.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from human_detector.drawing.annotation import to_address
from human_detector.report.moments import Moment, draw_moment, strongest_moments, take_images
from human_detector.report.opening import whole_page
from human_detector.report.page_data import pack
from human_detector.results.labels import labels_apart
from human_detector.utils import script_data, write_whole
from human_detector.values import Image
from human_detector.video.browser_formats import video_format

LARGEST_EMBEDDED_BYTES = 16 * 1024**2
"""Smaller videos go into the page, which can then be sent around. Larger ones are referred to."""


def write_report(
    video: Path,
    document: Mapping[str, Any],
    path: Path,
    *,
    title: str = "",
    copy: Path | None = None,
    address: str | None = None,
    progress: Callable[[float], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Write the report on a video.

    Where browsers play neither the video nor a copy, the page shows pictures of the strongest moments.

    Args:
        video: what was analysed.
        document: its result.
        path: where the page goes; it appears complete.
        title: the page's heading; the name of the video by default.
        copy: of the video, to play in its place.
        address: where the page finds the video (or the copy) if it is too large to be in it, relative to the
            page or absolute; its place by default.
        progress: called with the share that is done, 0 to 1.
        stop: asked again and again.

    Raises:
        VideoError: the video can no longer be read, or it is not the one of the result.
        Interrupted: `stop` said so; there is no page.
    """
    document = labels_apart(document)
    moments = strongest_moments(document)
    images = take_images(video, moments, progress, stop)
    played = copy or video
    media_type = video_format(played).media_type
    data = {
        "title": title or video.name,
        "video": document["video"],
        "humanDetection": document["human_detection"],
        "engine": document["engine"],
        "summary": document["summary"],
        "format": str(video_format(video)),
        "copy": copy and copy.name,
        "source": media_type and (_embedded(played, media_type) or address or relative_address(played, path)),
        "stills": [] if media_type else _stills(images, document),
        "moments": [_moment(moment, images[moment.frame["index"]]) for moment in moments],
        **pack(document),
    }
    write_whole(path, render(data))


def render(data: Mapping[str, Any]) -> str:
    """The page.

    Args:
        data: what page_data.js reads.
    """
    parts = {"title": html.escape(str(data["title"])), "data": script_data(data)}
    return whole_page(parts, str(data["source"] or ""))


def relative_address(video: Path, page: Path) -> str:
    """Where a page finds a video on the same disk, as an address."""
    target, folder = video.resolve(), page.resolve().parent
    common = next(parent for parent in [folder, *folder.parents] if target.is_relative_to(parent))
    steps_up = len(folder.relative_to(common).parts)
    return quote("../" * steps_up + target.relative_to(common).as_posix())


def _embedded(video: Path, media_type: str) -> str | None:
    """The video as a `data:` address, if it is small."""
    if video.stat().st_size > LARGEST_EMBEDDED_BYTES:
        return None
    return f"data:{media_type};base64," + base64.b64encode(video.read_bytes()).decode()


def _stills(images: Mapping[int, Image], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pictures to look at in place of the video, with their places among the analysed frames."""
    return [
        {"frame": place, "picture": to_address(images[frame["index"]])}
        for place, frame in enumerate(document["frames"])
        if frame["index"] in images
    ]


def _moment(moment: Moment, image: Image) -> dict[str, Any]:
    return {
        "time": moment.frame["timestamp"],
        "detector": moment.detector,
        "scores": moment.scores,
        "picture": draw_moment(image, moment),
    }
