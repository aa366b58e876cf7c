"""The configuration file variables.json: found, read, and checked as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from human_detector.analysis.analyzer_arguments import ARGUMENTS
from human_detector.deployment.sections import ECR, ECS
from human_detector.drawing.anonymizing.kinds import check_detectors
from human_detector.drawing.anonymizing.wishes import LARGEST_MARGIN, STYLES, WHAT
from human_detector.errors import ConfigurationError
from human_detector.utils import parse_json
from human_detector.validation import Boolean, Number, OneOf, Section, Text, WholeNumber
from human_detector.values import PREFERRED, REQUIRED
from human_detector.video.limits import LARGEST_FRAME_PIXELS, VideoLimits

EMBEDDED_CONFIGURATION = Path(__file__).resolve().with_name("embedded_configuration.json")
"""What is analysed with where nobody says anything else: the small models, which a laptop can run."""

CAGE_VARIABLE = "HUMAN_DETECTOR_CAGE"
"""The environment variable with the default of `worker.cage`: how the images, which bring all that a cage
needs, insist on it, while variables.json stays its user's."""


def default_cage() -> str:
    """What `worker.cage` is where the configuration does not say.

    Raises:
        ConfigurationError: the environment says something else than the two values.
    """
    found = os.environ.get(CAGE_VARIABLE) or PREFERRED
    if found not in (REQUIRED, PREFERRED):
        raise ConfigurationError(f"{CAGE_VARIABLE}: found {found!r}, valid is {REQUIRED} or {PREFERRED}")
    return found


@dataclass(frozen=True)
class WorkerSettings:
    """The optional section `worker`.

    Attributes:
        lease_seconds: how long a message and its record stay claimed without a renewal: the time after which
            another worker takes over from one that died. Renewed at a quarter of it.
        stall_timeout: seconds without progress after which an analysis counts as failed.
        max_attempts: failures in a row after which a video is given up, where the queue has no dead-letter
            queue to say so.
        max_object_bytes: the largest video that is fetched.
        max_video_seconds: the longest video that is analysed.
        max_job_seconds: the longest that one attempt may take.
        partial_save_seconds: how often the frames that are done are saved, so that a worker which is killed
            costs no more than that.
        cage: `required` refuses to decode where the kernel lacks something to lock the decoder up with,
            `preferred` warns and decodes without it. See `default_cage`.
        decoder_memory_mb: the most memory that decoding one video may take.
        max_frame_pixels: width times height of the largest frame that is decoded.
        max_frames: in the video with the most frames that is decoded.
    """

    lease_seconds: int = 120
    stall_timeout: float = 300
    max_attempts: int = 5
    max_object_bytes: int = 20 * 1024**3
    max_video_seconds: float = 6 * 3600
    max_job_seconds: float = 6 * 3600
    partial_save_seconds: float = 180
    cage: str = field(default_factory=default_cage)
    decoder_memory_mb: int = 3072
    max_frame_pixels: int = VideoLimits.max_frame_pixels
    max_frames: int = VideoLimits.max_frames


@dataclass(frozen=True)
class Configuration:
    """A configuration that has been checked.

    Attributes:
        aws_region: region of the queue and of the buckets.
        output_bucket: where results go, and where videos are unless a message says otherwise.
        queue_name: the SQS queue.
        human_detection: keyword arguments of VideoAnalyzer.
        dynamodb_region: region of the table.
        table: the DynamoDB table with a record per video.
        require_gpu: refuse to start without a GPU.
        report: put a page to look at beside every result.
        anonymize: put an anonymised copy of the video beside every result, made like this; None for none.
        worker: how the worker deals with time and failure.
    """

    aws_region: str
    output_bucket: str
    queue_name: str
    human_detection: Mapping[str, Any]
    dynamodb_region: str
    table: str
    require_gpu: bool
    report: bool
    worker: WorkerSettings
    anonymize: Mapping[str, Any] | None = None

    @property
    def wanted(self) -> Mapping[str, Any]:
        """What a job is to make, all of it: where a result says the same, the job is done."""
        more = {} if self.anonymize is None else {"anonymize": self.anonymize}
        return {**self.human_detection, **more}


WORKER = Section(
    {
        # Below 10 s one slow request would lose a job; an hour is what a job can then wait for a dead worker.
        "lease_seconds": WholeNumber(10, 3600),
        "stall_timeout": Number(1, 86_400),
        "max_attempts": WholeNumber(1, 1000),
        "max_object_bytes": WholeNumber(1, 5 * 1024**4),
        "max_video_seconds": Number(0, 10**9, above_low=True),
        "max_job_seconds": Number(0, 10**9, above_low=True),
        "partial_save_seconds": Number(1, 10**9),
        "cage": OneOf((REQUIRED, PREFERRED)),
        "decoder_memory_mb": WholeNumber(256, 1024**2),
        "max_frame_pixels": WholeNumber(1, LARGEST_FRAME_PIXELS),
        "max_frames": WholeNumber(1, 10**12),
    }
)

ANONYMIZE = Section(
    {
        "what": OneOf(WHAT),
        "style": OneOf(STYLES),
        "margin": Number(0, LARGEST_MARGIN),
        "mute": Boolean(),
    }
)

# variables.schema.json says the same to editors; docs/make_schema.py writes it.
DOCUMENT = Section(
    {
        "$schema": Text(),
        "aws_region": Text(),
        # Other services keep their own keys in these two sections.
        "video_split": Section({"output_bucket": Text()}, required=("output_bucket",), shared=True),
        "aws_queues": Section({"human_detection": Text()}, required=("human_detection",), shared=True),
        "human_detection": ARGUMENTS,
        "dynamodb": Section({"region": Text(), "table_id": Text()}, required=("region", "table_id")),
        "require_gpu": Boolean(),
        "report": Boolean(),
        "anonymize": ANONYMIZE,
        "worker": WORKER,
        # For the deployment scripts; the worker makes no use of them.
        "ecr": ECR,
        "ecs": ECS,
    },
    required=("aws_region", "video_split", "aws_queues", "human_detection", "dynamodb"),
)


def configuration_path() -> Path:
    """`$VARIABLES_JSON`, else variables.json next to the modules."""
    return Path(os.environ.get("VARIABLES_JSON") or Path(__file__).resolve().parents[1] / "variables.json")


def load_configuration(path: Path | None = None) -> Configuration:
    """Read and check the configuration file.

    Args:
        path: the file; found as `configuration_path` says by default.

    Raises:
        ConfigurationError: lists every problem with its path in the file, what was found and what is valid.
    """
    hint = "" if path else "; set $VARIABLES_JSON to the path of yours"
    path = path or configuration_path()
    document = _read(path, hint)
    _require_none(path, find_problems(document))
    return Configuration(
        aws_region=document["aws_region"],
        output_bucket=document["video_split"]["output_bucket"],
        queue_name=document["aws_queues"]["human_detection"],
        human_detection=document["human_detection"],
        dynamodb_region=document["dynamodb"]["region"],
        table=document["dynamodb"]["table_id"],
        require_gpu=document.get("require_gpu", False),
        report=document.get("report", False),
        anonymize=document.get("anonymize"),
        worker=WorkerSettings(**document.get("worker", {})),
    )


def load_human_detection(path: Path | None = None) -> Mapping[str, Any]:
    """Read and check what a configuration file says about the analysis; the rest of it need not be there.

    Args:
        path: the file; by default the one that `configuration_path` finds, else the small models.

    Returns:
        The keyword arguments of VideoAnalyzer.

    Raises:
        ConfigurationError: see `load_configuration`.
    """
    if path is None:
        path = configuration_path()
        if not path.exists() and not os.environ.get("VARIABLES_JSON"):
            path = EMBEDDED_CONFIGURATION
    document = _read(path)
    section: Any = document.get("human_detection") if isinstance(document, dict) else document
    _require_none(path, ARGUMENTS.problems("human_detection", section))
    wanted: Mapping[str, Any] = section
    return wanted


def _read(path: Path, hint: str = "") -> Any:
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"the configuration {path} cannot be read: {error.strerror}{hint}"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"the configuration {path} is not JSON: {error}") from error


def _require_none(path: Path, problems: Sequence[str]) -> None:
    if problems:
        raise ConfigurationError(*(f"{path.name}: {sentence}" for sentence in problems))


def find_problems(document: Any) -> list[str]:
    """Every problem of a configuration document."""
    problems = DOCUMENT.problems("", document)
    if problems or "anonymize" not in document:
        return problems
    return list(_problems_of_copies(document["anonymize"], document["human_detection"]))


def _problems_of_copies(anonymize: Mapping[str, Any], human_detection: Mapping[str, Any]) -> Iterator[str]:
    """What would leave faces uncovered: a copy is made of what the analysis finds."""
    ratio = human_detection.get("frame_ratio", "nothing")
    if ratio != 1:
        yield f"human_detection.frame_ratio: found {ratio}, valid is 1 where there is anonymize"
    if human_detection.get("skip_still"):
        yield "human_detection.skip_still: found true, valid is false where there is anonymize"
    detectors = [
        (name, arguments[0] if arguments else {}) for name, *arguments in human_detection["detectors"]
    ]
    try:
        check_detectors("anonymize", anonymize.get("what", WHAT[0]), detectors)
    except ConfigurationError as error:
        yield from error.problems
