"""What somebody has decided about doubtful moments: the file that their page saves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from human_detector.drawing.anonymizing.moments import Moment
from human_detector.errors import ConfigurationError, PermanentError
from human_detector.utils import parse_json

BLUR, FINE = "blur", "fine"
VALID = (
    "valid is the file that NAME.doubtful.html saves: "
    '{"etag": "...", "decisions": {"MOMENT": "blur" or "fine"}}'
)


@dataclass(frozen=True)
class Decisions:
    """The decisions about one video.

    Attributes:
        path: where they stand.
        etag: of the video.
        by_moment: `BLUR` or `FINE`, by the name of the moment.
    """

    path: Path
    etag: str
    by_moment: Mapping[str, str]


def read_decisions(path: Path) -> Decisions:
    """Read what the page has saved.

    Raises:
        ConfigurationError: the file is none of those; says what is valid.
    """
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"--decisions {path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"--decisions {path}: not JSON: {error}; {VALID}") from error
    if not (
        isinstance(found, Mapping)
        and isinstance(found.get("etag"), str)
        and isinstance(found.get("decisions"), Mapping)
        and all(each in (BLUR, FINE) for each in found["decisions"].values())
    ):
        raise ConfigurationError(f"--decisions {path}: {VALID}")
    return Decisions(path, found["etag"], dict(found["decisions"]))


def decisions_about(etag: str, given: Iterable[Decisions]) -> dict[str, str]:
    """All decisions about a video, by the name of the moment; of two about one, the later one."""
    together: dict[str, str] = {}
    for each in given:
        if each.etag == etag:
            together.update(each.by_moment)
    return together


def check_names(decisions: Mapping[str, str], moments: Sequence[Moment]) -> None:
    """Return if each decision is about one of the moments.

    Raises:
        PermanentError: one is not; applying the others only would leave something uncovered.
    """
    known = {moment.name for moment in moments}
    if unknown := sorted(set(decisions) - known):
        raise PermanentError(
            f"--decisions: {unknown[0]!r} is no moment of this video: it was decided with other options, or "
            "before the video was analysed anew. Look at the new NAME.doubtful.html"
        )
