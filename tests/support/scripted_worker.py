"""A worker whose queue, records, storage and analysis are a script: what is asked for, in what order, by its own clock."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from human_detector.aws.queue import Message
from human_detector.aws.s3_keys import PARTIAL_PREFIX
from human_detector.aws.storage import S3Object
from human_detector.configuration import Configuration, WorkerSettings
from human_detector.errors import Superseded
from human_detector.processes.analysis_request import AnalysisRequest, Finished
from human_detector.results.writer import lines_path
from human_detector.worker.analysis_turn import AnalysisTurn
from human_detector.worker.claim import ClaimedStep, Purpose
from human_detector.worker.health import Health
from human_detector.worker.job import JobRunner
from human_detector.worker.lookup import Lookup
from human_detector.worker.messages import VideoRequest
from human_detector.worker.metrics import Metrics
from human_detector.worker.scratch import Scratch
from human_detector.worker.shutdown import Shutdown
from human_detector.worker.surroundings import Surroundings
from human_detector.worker.task_protection import TaskProtection

LEASE = 3600
MAX_ATTEMPTS = 3
_FOLDER = tempfile.TemporaryDirectory()
REQUEST = VideoRequest(42, "b", "videos/42.mp4")


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Script:
    """Queue, records, storage and analysis in one: writes down what it is asked for, and fails when told to.

    Args:
        fails: what each operation raises.

    Attributes:
        purposes: what records were claimed for.
    """

    max_receive_count = MAX_ATTEMPTS

    def __init__(self, **fails: Exception) -> None:
        self.fails = fails
        self.asked: list[str] = []
        self.stored: dict[str, S3Object] = {}
        self.records = self
        self.step = ClaimedStep(42, "owner", 0, 1, "now")
        self.messages: list[Message] = []
        self.during_analysis: Any = lambda _check: None
        self.during_upload: Any = lambda: None
        self.purposes: list[Purpose] = []

    def _note(self, name: str, *details: object) -> None:
        self.asked.append(" ".join(map(str, (name, *details))))
        if name in self.fails:
            raise self.fails[name]

    def claim(self, video_id: int, purpose: Purpose) -> ClaimedStep:
        self._note("claim", video_id)
        self.purposes.append(purpose)
        return replace(self.step, video_id=video_id, source=purpose.source)

    def renew(self, _step: ClaimedStep, _progress: float) -> None:
        self._note("renew")

    def finish_done(self, _step: ClaimedStep, bucket: str, key: str) -> None:
        self._note("done", bucket, key)

    def finish_error(self, _step: ClaimedStep, reason: str) -> None:
        self._note("error", reason)

    def finish_interrupted(self, _step: ClaimedStep, reason: str) -> None:
        self._note("interrupted", reason)

    def find(self, bucket: str, key: str) -> S3Object:
        self._note("find", key)
        return S3Object(bucket, key, "etag", 10, {})

    def look(self, _bucket: str, key: str) -> S3Object | None:
        self._note("look", key)
        return self.stored.get(key)

    def download(self, _video: S3Object, path: Path, check: Any) -> None:
        self._note("download")
        check()
        path.write_bytes(b"x")

    def store(self, path: Path, bucket: str, key: str, metadata: Any, replacing: S3Object | None) -> S3Object:
        self.during_upload()
        self._note("store_partial" if key.startswith(PARTIAL_PREFIX) else "store", key)
        if self.stored.get(key) != replacing:
            raise Superseded("it is another one")
        self.stored[key] = S3Object(bucket, key, f"etag {len(self.asked)}", 1, metadata)
        return self.stored[key]

    def remove(self, stored: S3Object) -> bool:
        self._note("remove", stored.key)
        if self.stored.get(stored.key) != stored:
            return False
        del self.stored[stored.key]
        return True

    def receive(self, _wait: int, _lease_seconds: float) -> Message | None:
        return self.messages.pop() if self.messages else None

    def read_dead_letters(self) -> list[Message]:
        return []

    def hide(self, _message: Message, seconds: float) -> None:
        self._note("hide", seconds)

    def put_off(self, _message: Message, seconds: float, _beat: str) -> None:
        self._note("put_off", seconds)

    def analyze(self, request: AnalysisRequest, check: Any, progress: Any) -> Finished:
        self._note("analyze")
        self.lines = lines_path(request.result_path)
        self.during_analysis(check)
        return Finished(7)


def surroundings(
    script: Script, clock: Clock, human_detection: Mapping[str, Any] = MappingProxyType({}), **settings: Any
) -> tuple[Configuration, Surroundings]:
    """A worker's, with the script in the place of everything outside."""
    configuration = Configuration(
        aws_region="r",
        output_bucket="out",
        queue_name="q",
        human_detection=dict(human_detection),
        dynamodb_region="r",
        table="t",
        require_gpu=False,
        report=False,
        worker=WorkerSettings(lease_seconds=LEASE, **settings),
    )
    parts: Any = script
    around = Surroundings(
        queue=parts,
        claims=parts,
        storage=parts,
        lookup=Lookup(parts, parts, configuration.output_bucket, configuration.wanted),
        analysis=parts,
        turn=AnalysisTurn(clock),
        scratch=Scratch(Path(tempfile.mkdtemp(dir=_FOLDER.name))),
        shutdown=Shutdown(),
        health=Health(),
        metrics=Metrics(enabled=False),
        protection=TaskProtection(""),
    )
    return configuration, around


def message(body: str = "body", receive_count: int = 1, received_at: float = 0) -> Message:
    """One from the queue."""
    return Message("id", body, "receipt", receive_count, queue_seconds=0, received_at=received_at)


def run(
    script: Script,
    clock: Clock,
    receive_count: int = 1,
    received_at: float = 0,
    request: VideoRequest = REQUEST,
    **settings: Any,
) -> tuple[Any, str]:
    """One job through the real runner."""
    runner = JobRunner(*surroundings(script, clock, **settings), clock)
    return runner.run(message(receive_count=receive_count, received_at=received_at), request)
