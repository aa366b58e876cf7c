"""What all jobs of a worker share."""

from __future__ import annotations

from dataclasses import dataclass

from human_detector.aws.queue import JobQueue
from human_detector.aws.storage import Storage
from human_detector.processes.analysis_process import AnalysisProcess
from human_detector.worker.analysis_turn import AnalysisTurn
from human_detector.worker.claim import Claims
from human_detector.worker.health import Health
from human_detector.worker.lookup import Lookup
from human_detector.worker.metrics import Metrics
from human_detector.worker.scratch import Scratch
from human_detector.worker.shutdown import Shutdown
from human_detector.worker.task_protection import TaskProtection


@dataclass(frozen=True)
class Surroundings:
    """What all jobs of a worker share."""

    queue: JobQueue
    claims: Claims
    storage: Storage
    lookup: Lookup
    analysis: AnalysisProcess
    turn: AnalysisTurn
    scratch: Scratch
    shutdown: Shutdown
    health: Health
    metrics: Metrics
    protection: TaskProtection
