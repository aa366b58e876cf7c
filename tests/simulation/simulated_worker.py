"""The real worker on simulated services: its threads are tasks, and its analyses pass virtual time."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

from human_detector import aws_interface
from human_detector.aws import storage, waiting_times
from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.storage import Storage
from human_detector.configuration import Configuration, WorkerSettings
from human_detector.errors import AnalysisCrashed, Interrupted, VideoError
from human_detector.processes.analysis_request import AnalysisRequest, Finished
from human_detector.results.writer import lines_path
from human_detector.worker import (
    analysis_turn,
    attempt,
    heartbeat,
    job,
    record_table,
    shutdown,
    task_protection,
)
from human_detector.worker.analysis_turn import AnalysisTurn
from human_detector.worker.claim import Claims
from human_detector.worker.end_of_work import EndOfWork
from human_detector.worker.lookup import Lookup
from human_detector.worker.record_table import RecordTable
from human_detector.worker.scratch import Scratch
from human_detector.worker.shutdown import Shutdown
from human_detector.worker.surroundings import Surroundings
from human_detector.worker.task_protection import TaskProtection
from simulation.history import BUCKET, QUEUE, TABLE, Analysis, History
from simulation.s3_client import IN_ONE_THREAD
from simulation.scheduler import Process, Scheduler
from simulation.threads import threading_on

LEASE_SECONDS = 40
PARTIAL_SAVE_SECONDS = 20
MAX_ATTEMPTS = 3
"""Where the queue has no dead-letter queue to say so."""
ANONYMIZE = {"what": "faces"}
COPY_SECONDS = 15
"""How long the anonymised copy takes."""
FRAME_SECONDS = 5
"""How long the analysis of a frame takes."""
ADDS_NO_FRAME = 10_000
IN_MEMORY = "/dev/shm"
"""Where Linux keeps files in memory: a fifth of a run is files otherwise."""

THREADED: tuple[ModuleType, ...] = (aws_interface, heartbeat, shutdown, analysis_turn, task_protection, job)
"""The modules of the product that start threads or wait for them."""


@contextmanager
def product_on(scheduler: Scheduler, dice: random.Random) -> Iterator[None]:
    """For the time of a run, the product's threads are tasks, and its chance is the run's."""
    names = SimpleNamespace(uuid4=lambda: SimpleNamespace(hex=f"{dice.getrandbits(64):016x}"))
    changes: list[tuple[ModuleType, str, object]] = [
        *((module, "threading", threading_on(scheduler)) for module in THREADED),
        (waiting_times, "random", dice),
        (tempfile, "tempdir", IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else tempfile.gettempdir()),
        (record_table, "uuid", names),
        (storage, "_TRANSFER", IN_ONE_THREAD),
        (storage, "_AS_FOUND", _in_parts()),
        (attempt, "write_worker_copy", _copy_on(scheduler)),
    ]
    patches = [patch.object(module, name, value) for module, name, value in changes]
    for change in patches:
        change.start()
    try:
        yield
    finally:
        for change in patches:
            change.stop()


def _copy_on(scheduler: Scheduler) -> Callable[..., Path]:
    """In place of the program that writes the copy: takes its time, and says what the copy is of."""

    def write_worker_copy(
        video_path: Path,
        result_path: Path,
        wishes: Mapping[str, Any],
        longest_seconds: float,
        check: Callable[[], None],
    ) -> Path:
        for _ in range(COPY_SECONDS // FRAME_SECONDS):
            scheduler.wait(FRAME_SECONDS)
            check()
        copy = result_path.with_name("copy.mp4")
        document = json.loads(result_path.read_text())
        of = {"of": json.loads(video_path.read_text())["name"], "result": document["frames"]}
        copy.write_text(json.dumps({**of, "wishes": wishes}))
        return copy

    return write_worker_copy


def _in_parts() -> Any:
    """The product's way to fetch an object as it was found, without threads."""
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(use_threads=False, multipart_threshold=1)


def configuration(detector: str) -> Configuration:
    """A configuration of the worker; two detectors are two configurations."""
    return Configuration(
        aws_region="eu-west-1",
        output_bucket=BUCKET,
        queue_name=QUEUE,
        human_detection={"detectors": [[detector, {}]]},
        dynamodb_region="eu-west-1",
        table=TABLE,
        require_gpu=False,
        report=False,
        anonymize=dict(ANONYMIZE),
        worker=WorkerSettings(
            lease_seconds=LEASE_SECONDS,
            partial_save_seconds=PARTIAL_SAVE_SECONDS,
            max_attempts=MAX_ATTEMPTS,
        ),
    )


class _Worker(aws_interface.Worker):
    """The worker, which says when it holds a message.

    Attributes:
        holding: how many messages it is at.
    """

    holding = 0

    def handle(self, message: Message) -> None:
        self.holding += 1
        try:
            super().handle(message)
        finally:
            self.holding -= 1


class _Silent:
    """In place of metrics and of the health check: they are for people, and change nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


@dataclass
class SimulatedWorker:
    """One worker, from its start to its end.

    Attributes:
        process: kills and freezes it.
        shutdown: takes its SIGTERM.
    """

    process: Process
    history: History
    scheduler: Scheduler
    settings: Configuration
    crashes: Mapping[int, int]
    shutdown: Shutdown
    worker: _Worker | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether it holds a message, or stands still while it may."""
        frozen = self.process.frozen_until > self.scheduler.now()
        return not self.process.ended and (frozen or self.worker is None or self.worker.holding > 0)

    def run(self) -> None:
        """Work until it is stopped, as `aws_interface.work` does."""
        process, scheduler = self.process, self.scheduler
        clients = self.history.world.clients(process.name)

        def monotonic() -> float:
            return scheduler.now() - process.stood_still

        def epoch() -> float:
            return scheduler.now() + process.skew

        try:
            queue = aws_interface.ask_until_answered(
                lambda: JobQueue(clients.sqs, QUEUE, monotonic), _Silent(), self.shutdown.pause
            )
            with Scratch.made() as scratch:
                records, storage = RecordTable(clients.dynamodb, TABLE), Storage(clients.s3)
                around = Surroundings(
                    queue=queue,
                    claims=Claims(records, LEASE_SECONDS, epoch),
                    storage=storage,
                    lookup=Lookup(records, storage, BUCKET, self.settings.wanted),
                    analysis=_Analysis(self),
                    turn=AnalysisTurn(monotonic),
                    scratch=scratch,
                    shutdown=self.shutdown,
                    health=_Silent(),
                    metrics=_Silent(),
                    protection=TaskProtection("", monotonic),
                )
                self.worker = _Worker(self.settings, around, monotonic)
                self.worker.run(EndOfWork(queue, clock=monotonic))
        except Interrupted:
            pass
        except Exception as error:
            self.history.die(process.name, error)
        self.history.tell(process.name, "ends")
        process.ended = True


class _Analysis:
    """In place of the analysis process: takes its time, and writes down what it saw."""

    def __init__(self, worker: SimulatedWorker) -> None:
        self._worker = worker

    def analyze(
        self, request: AnalysisRequest, check: Callable[[], None], watch: Callable[[float], None]
    ) -> Finished:
        """Analyse a video, from where the lines of an earlier attempt end."""
        worker, history = self._worker, self._worker.history
        content = json.loads(request.video_path.read_text())
        settings = dict(worker.settings.human_detection)
        lines = _read_lines(lines_path(request.result_path))
        number, now = len(history.analyses) + 1, worker.scheduler.now()
        analysis = Analysis(number, worker.process.name, request.video_id, content, settings, now, len(lines))
        history.analyses.append(analysis)
        start = f" from its frame {len(lines)} on" if lines else ""
        history.tell(worker.process.name, f"analyses {content['name']}{start} (analysis {number})")
        try:
            self._frames(request, analysis, lines, check, watch)
        except Exception as error:
            analysis.end = f"{type(error).__name__}: {error}"
            history.tell(worker.process.name, f"ends analysis {number} at frame {len(lines)}: {error}")
            raise
        analysis.end = "done"
        document = {"video": dict(request.source), "human_detection": settings, "frames": lines}
        request.result_path.write_text(json.dumps(document))
        return Finished(len(lines))

    def _frames(
        self,
        request: AnalysisRequest,
        analysis: Analysis,
        lines: list[Any],
        check: Callable[[], None],
        watch: Callable[[float], None],
    ) -> None:
        worker, content = self._worker, analysis.content
        crash = worker.crashes.get(analysis.number, ADDS_NO_FRAME)
        for number in range(len(lines), content["frames"]):
            worker.scheduler.wait(FRAME_SECONDS)
            if content["broken"]:
                raise VideoError("the video cannot be decoded")
            if number >= crash:
                worker.history.fault(worker.process.name, f"analysis {analysis.number} crashes")
                raise AnalysisCrashed("the analysis process was killed by signal 9")
            lines.append(
                {"frame": number, "of": content["name"], "detectors": analysis.settings["detectors"]}
            )
            with lines_path(request.result_path).open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
            analysis.frames.append(worker.scheduler.now())
            check()
            watch((number + 1) / content["frames"])


def _read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
