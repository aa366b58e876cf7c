"""What a result was made of: where the same was made of the same, one can stand for the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCE_KEYS = ("bucket", "key", "etag")
"""What a result says about where its video came from."""


def made_of(source: Mapping[str, Any], human_detection: Mapping[str, Any]) -> str:
    """One line of JSON that is the same where the frames are the same.

    Args:
        source: where the video came from: bucket, key and etag, as far as they are known.
        human_detection: the arguments of the VideoAnalyzer in effect.
    """
    parts = {"source": dict(source), "human_detection": human_detection}
    return json.dumps({"made_of": parts}, sort_keys=True, separators=(",", ":"), allow_nan=False)


def document_made_of(document: Mapping[str, Any]) -> str:
    """The same of a result that is there."""
    video = document["video"]
    source = {key: video[key] for key in SOURCE_KEYS if key in video}
    return made_of(source, document["human_detection"])


def local_source(video: Path) -> dict[str, str]:
    """The source of a file on the disk: its etag, made of its size and the time of its last change.

    Raises:
        OSError: there is no such file.
    """
    facts = video.stat()
    return {"etag": f"{facts.st_size:x}-{facts.st_mtime_ns:x}"}
