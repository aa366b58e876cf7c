"""What the campaign does to workers: kills, stops and freezes them, freezes them in a request, cuts services off."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from support.fault_proxy import Asked, Fault
from support.worker_harness import WorkerProcess

LEASE_SECONDS = 5
STALL_SECONDS = 6
"""How long an analysis may stand still."""
LONGER_THAN_A_LEASE = 1.5 * LEASE_SECONDS
FAULT_SHARE = 0.02
FAULTS: list[Fault] = ["slow", "reset", "lost", "500", "throttle"]
"""Of single requests, which pass."""

REPLACED = "freeze in PutObject, video replaced"
FREEZES = {
    REPLACED: ("PutObject", "human_detector/"),
    "freeze in PutObject": ("PutObject", "human_detector"),
    "freeze in GetObject": ("GetObject", "videos/"),
    "freeze in UpdateItem": ("UpdateItem", ""),
}
"""The operation in which a worker is frozen, and how the key begins that it is about."""
TORMENTS = (
    *FREEZES,
    "kill worker",
    "cut off dynamodb",
    "kill analysis",
    "cut off s3",
    "stop worker",
    "pause analysis",
    "pause worker",
)
"""All of them, in the order of the first round; the next ones are shuffled."""


@dataclass
class Hit:
    """Something that was done, which may cost an analysis.

    Attributes:
        what: one of `TORMENTS`, or what was done to a video.
        log: of the worker that it was done to; None if that are all.
        video_id: of the video that it concerns; None if that are all.
        began: epoch seconds.
        ended: the same; infinite as long as it goes on.
    """

    what: str
    log: Path | None = None
    video_id: int | None = None
    began: float = 0
    ended: float = float("inf")


class Torments:
    """Torments workers until it is over.

    Args:
        chance: all that is random.
        kinds: which of `TORMENTS`.
        pause: the shortest and the longest time between two.
        most: how many; a busy machine, on which everything takes longer, is to come to an end as well.
        workers: gives those that run.
        replace: puts a new content in the place of a video, and waits until a worker is through with it.
        over: is set when there is to be no more of it.

    Attributes:
        hits: what was done.
        first_round_done: is set when each kind has been done once.
    """

    def __init__(
        self,
        chance: random.Random,
        kinds: Sequence[str],
        pause: tuple[float, float],
        most: int,
        workers: Callable[[], list[WorkerProcess]],
        replace: Callable[[int], bool],
        over: threading.Event,
    ) -> None:
        self.hits: list[Hit] = []
        self.first_round_done = threading.Event()
        self._chance = chance
        self._kinds, self._pause, self._most = list(kinds), pause, most
        self._workers = workers
        self._replace = replace
        self._over = over
        self._wanted: list[str] = []
        self._cut_off: set[str] = set()
        self._held: set[int] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Do one after another until it is over, and end when all that was frozen is thawed."""
        round_of_kinds = list(self._kinds)
        for number in range(self._most):
            if number % len(self._kinds) == 0 and number:
                self.first_round_done.set()
                self._chance.shuffle(round_of_kinds)
            if self._over.wait(self._chance.uniform(*self._pause)):
                break
            self._do(round_of_kinds[number % len(self._kinds)])
        self.first_round_done.set()
        for thread in self._threads:
            thread.join()

    def counts(self) -> Counter[str]:
        """How often each was done."""
        return Counter(hit.what for hit in self.hits)

    def pick(self, asked: Asked) -> Fault:
        """The fault of a request."""
        if self._over.is_set():
            return "none"
        if asked.service in self._cut_off:
            return self._chance.choice(["500", "reset"])
        if self._is_to_freeze_in(asked):
            return "freeze"
        return self._chance.choice(FAULTS) if self._chance.random() < FAULT_SHARE else "none"

    @contextmanager
    def freeze(self, asked: Asked, port: int) -> Iterator[None]:
        """Freeze the worker that asks from a port for longer than its lease, and thaw it after the block."""
        with self._lock:
            kind = next((kind for kind in self._wanted if _is_wanted(kind, asked)), None)
            if kind is not None:
                self._wanted.remove(kind)
        sender = self._sender(port)
        frozen = None if sender is None else _victim(sender, "worker")
        if kind is None or sender is None or frozen is None:
            yield
            return
        with self._held_still(kind, sender, frozen):
            if kind != REPLACED or not self._replace(int(asked.resource.split("/")[2])):
                self._over.wait(LONGER_THAN_A_LEASE)
            yield

    def _do(self, kind: str) -> None:
        verb, _, target = kind.rpartition(" ")
        if kind in FREEZES:
            with self._lock:
                if kind not in self._wanted:
                    self._wanted.append(kind)
        elif verb == "cut off":
            self._meanwhile(lambda: self._without(kind, target))
        elif free := [worker for worker in self._workers() if worker.process.pid not in self._held]:
            self._do_to(self._chance.choice(free), kind)

    def _do_to(self, worker: WorkerProcess, kind: str) -> None:
        verb, target = kind.split()
        victim = _victim(worker, target)
        match verb:
            case _ if victim is None:
                return
            case "kill":
                self._signal(kind, worker, victim.kill)
            case "stop":
                self._signal(kind, worker, victim.terminate)
            case "pause":
                seconds = STALL_SECONDS + 2 if target == "analysis" else self._chance.uniform(0.2, 2)
                self._meanwhile(lambda: self._pause_for(kind, worker, victim, seconds))

    def _signal(self, kind: str, worker: WorkerProcess, send: Callable[[], None]) -> None:
        now = time.time()
        with suppress(psutil.Error):
            send()
            # One that is asked to stop takes its time to give back what it holds.
            self.hits.append(Hit(kind, worker.log_path, began=now, ended=now + LEASE_SECONDS))

    def _pause_for(self, kind: str, worker: WorkerProcess, victim: psutil.Process, seconds: float) -> None:
        with self._held_still(kind, worker, victim):
            self._over.wait(seconds)

    @contextmanager
    def _held_still(self, kind: str, worker: WorkerProcess, victim: psutil.Process) -> Iterator[None]:
        """A block during which a process of a worker stands still."""
        hit = Hit(kind, worker.log_path, began=time.time())
        self._held.add(worker.process.pid)
        try:
            with suppress(psutil.Error):
                victim.suspend()
                self.hits.append(hit)
            yield
        finally:
            with suppress(psutil.Error):
                victim.resume()
            hit.ended = time.time()
            self._held.discard(worker.process.pid)

    def _without(self, kind: str, service: str) -> None:
        """Cut a service off for a while, which may be longer than a lease."""
        hit = Hit(kind, began=time.time())
        self.hits.append(hit)
        self._cut_off.add(service)
        self._over.wait(self._chance.uniform(0.4, 1.4) * LEASE_SECONDS)
        self._cut_off.discard(service)
        hit.ended = time.time()

    def _meanwhile(self, act: Callable[[], None]) -> None:
        thread = threading.Thread(target=act)
        self._threads.append(thread)
        thread.start()

    def _is_to_freeze_in(self, asked: Asked) -> bool:
        """Whether a worker is to be frozen in a request: not all of them at the same time."""
        with self._lock:
            is_wanted = any(_is_wanted(kind, asked) for kind in self._wanted)
        return is_wanted and 2 * len(self._held) < len(self._workers())

    def _sender(self, port: int) -> WorkerProcess | None:
        for worker in self._workers():
            with suppress(psutil.Error):
                connections = psutil.Process(worker.process.pid).net_connections("tcp4")
                if any(each.laddr.port == port for each in connections):
                    return worker
        return None


def _is_wanted(kind: str, asked: Asked) -> bool:
    operation, prefix = FREEZES[kind]
    key = asked.resource.partition("/")[2]
    return asked.operation == operation and key.startswith(prefix)


def _victim(worker: WorkerProcess, which: str) -> psutil.Process | None:
    """The worker's own process, or that of its analysis; None if it is not there."""
    with suppress(psutil.Error):
        process = psutil.Process(worker.process.pid)
        if which == "worker":
            return process
        for child in process.children():
            if "spawn_main" in " ".join(child.cmdline()):
                return child
    return None
