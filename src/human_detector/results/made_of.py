"""What a result was made of: where the same was made of the same, one can stand for the other."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCE_KEYS = ("bucket", "key", "etag")
"""What a result says about its video that makes it this one; the place of a local file does not."""


def made_of(source: Mapping[str, Any], human_detection: Mapping[str, Any]) -> str:
    """One line of JSON that is the same where the frames are the same.

    Args:
        source: where the video came from: bucket, key and etag, as far as they are known.
        human_detection: the arguments of the VideoAnalyzer in effect.
    """
    parts = {"source": dict(source), "human_detection": human_detection}
    return json.dumps({"made_of": parts}, sort_keys=True, separators=(",", ":"), allow_nan=False)


def changes_since(
    document: Mapping[str, Any], source: Mapping[str, Any], human_detection: Mapping[str, Any]
) -> list[str]:
    """What is not as it was when a result was made, in words; nothing if it was made of the same.

    Args:
        document: the result that is there.
        source: where the video comes from now.
        human_detection: the arguments of the VideoAnalyzer that are in effect now.
    """
    video = document["video"]
    before, now = (
        _parts({key: each[key] for key in SOURCE_KEYS if key in each}, arguments)
        for each, arguments in ((video, document["human_detection"]), (source, human_detection))
    )
    changes = [] if before["source"] == now["source"] else ["the file changed"]
    was, is_now = before["human_detection"], now["human_detection"]
    for key in sorted(was.keys() | is_now.keys()):
        old, new = was.get(key), is_now.get(key)
        if old != new and isinstance(old, list):
            changes.append(f"the {key} changed")
        elif old != new:
            changes.append(f"{key} was {json.dumps(old)}, is {json.dumps(new)}")
    return changes


def _parts(source: Mapping[str, Any], human_detection: Mapping[str, Any]) -> dict[str, Any]:
    """As they are after the way through JSON, which a result has behind it."""
    parts: dict[str, Any] = json.loads(made_of(source, human_detection))["made_of"]
    return parts


def local_source(video: Path, folder: Path) -> dict[str, str]:
    """The source of a file on the disk.

    Args:
        video: the file.
        folder: where the result goes.

    Returns:
        `etag`, made of its size and the time of its last change, and `file`, its place as seen from the
        folder: that stays right where both are moved together.

    Raises:
        OSError: there is no such file.
    """
    facts = video.stat()
    place = os.path.relpath(video.resolve(), folder.resolve())
    return {"etag": f"{facts.st_size:x}-{facts.st_mtime_ns:x}", "file": Path(place).as_posix()}
