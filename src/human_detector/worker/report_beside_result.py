"""The report that the worker puts beside a result, if it is configured to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from human_detector.aws.storage import S3Object
from human_detector.configuration import WorkerSettings
from human_detector.harmless_text import harmless
from human_detector.worker.side_program import SideProgram

log = logging.getLogger(__name__)

PROGRAM = ("human_detector", "report")
LOOK = ("human_detector.report.opening",)
FOLDER = "report"
LONGEST_SECONDS = 3600


def write_worker_report(
    video: S3Object,
    video_path: Path,
    result_path: Path,
    page_bucket: str,
    page_key: str,
    settings: WorkerSettings,
    check: Callable[[], None],
) -> Path | None:
    """Write the report in a process of its own: the worker loads no decoder, and outlives a crash of one.

    A report that fails costs a warning; the result is what counts. Of a video that browsers do not play, the
    page shows pictures: a copy would take an encoding of the whole video, and be one more object as large.

    Args:
        video: where the video came from.
        video_path: the local file.
        result_path: the result file.
        page_bucket: where the page will be.
        page_key: where the page will be.
        settings: of the worker.
        check: called again and again; what it raises ends the process.

    Returns:
        The page, in a folder beside the result; None if there is none. Open it with `open_regular`.
    """
    folder = result_path.parent / FOLDER
    folder.mkdir(exist_ok=True)
    page = folder / "page.html"
    arguments = [str(video_path), str(result_path), "--output", str(page), "--no-copy"]
    # With "=": a name may begin with "-".
    arguments += [f"--title={harmless(PurePosixPath(video.key).name)}"]
    arguments += [f"--address={_address(video, page_bucket, page_key)}"]
    program = SideProgram(PROGRAM, settings, LONGEST_SECONDS, check)
    look = SideProgram(LOOK, settings, LONGEST_SECONDS, check)
    reason = program.run([video_path, result_path], folder, arguments)
    if reason := reason or look.run([], folder, [str(page)]):
        log.warning("no report: %s", reason)
        return None
    return page


def _address(video: S3Object, page_bucket: str, page_key: str) -> str:
    """Where the page finds the video: in its own bucket, or else nowhere without somebody's signature."""
    if video.bucket != page_bucket:
        return quote(PurePosixPath(video.key).name)
    return "../" * page_key.count("/") + quote(video.key)
