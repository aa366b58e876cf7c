"""What an earlier run of human-detector analyze has left where a result is to go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from human_detector.errors import OtherVersion, PermanentError
from human_detector.results.reader import read_local_result


def earlier_result(path: Path) -> dict[str, Any] | None:
    """The result that is there, if there is one that can be read.

    Raises:
        PermanentError: what is there is no result, and thus not ours to replace.
    """
    if not path.exists():
        return None
    try:
        return read_local_result(path)
    except OtherVersion:
        return None
    except PermanentError as error:
        raise PermanentError(
            f"{error}. It is not replaced: move it away, or choose another --output"
        ) from error
