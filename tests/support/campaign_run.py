"""One run of the fault campaign: workers, what is done to them, and the wait for rest."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from support.campaign_videos import DETECTION, CampaignVideos, key_of
from support.fault_proxy import Asked, FaultProxy
from support.other_writer import OtherWriter
from support.stalls import Stalls
from support.torments import LEASE_SECONDS, STALL_SECONDS, TORMENTS, Torments
from support.worker_harness import STOP_SECONDS, Aws, WorkerProcess, wait_until

BAD_VIDEO = b"this is no video\n" * 50
BAD_SHARE = 0.05
MAX_RECEIVE_COUNT = 50
"""High, so that only what is planted becomes a dead letter: the campaign kills far more than real life."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 4
SECONDS_PER_JOB = 10
"""Of a worker, everything that is done to it included: a few times more than is needed."""
STILL_SECONDS = 45
"""When nothing has changed for that long, nothing will: longer than any lease, delay, outage and start."""
GLANCE_SECONDS = 0.5


class Campaign:
    """One run.

    Args:
        jobs: how many good videos; some bad ones are planted beside them.
        workers: how many at a time.
        seed: of all that is random.
        endpoint: address of the emulator.
        folder: for everything that is written.
        torments: which, by name.
        most_torments: how many; one for each job by default, and each kind once.
        fault: that is planted into the workers, one of `PLANTED` or `none`.
    """

    def __init__(
        self,
        jobs: int,
        workers: int,
        seed: int,
        endpoint: str,
        folder: Path,
        torments: Sequence[str] = TORMENTS,
        most_torments: int | None = None,
        fault: str = "none",
    ) -> None:
        self.folder, self.fault = folder, fault
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.over, self.ended = threading.Event(), threading.Event()
        self.good = list(range(1, jobs + 1))
        self.bad_videos = [10_000 + i for i in range(round(BAD_SHARE * jobs + 0.5))]
        self.bad_bodies = [f"no json {i}" for i in range(len(self.bad_videos))]
        self.limit = 120 + SECONDS_PER_JOB * jobs / workers
        self.aws = Aws(endpoint, max_receive_count=MAX_RECEIVE_COUNT)
        chances = (random.Random(f"{seed} {what}") for what in ("order", "videos", "torments", "records"))
        self.chance, of_videos, of_torments, of_records = chances
        pause = SECONDS_PER_JOB * 2 / workers
        self.videos = CampaignVideos(self.aws, self.good, of_videos, pause, self.over)
        self.torments = Torments(
            of_torments,
            torments,
            (SHORTEST_PAUSE, LONGEST_PAUSE),
            most_torments or max(jobs, len(torments)),
            self.running,
            self.videos.replace_and_wait,
            self.over,
        )
        self.stalls = Stalls()
        self.proxy = FaultProxy(
            endpoint, self.torments.pick, freeze=self.torments.freeze, watch=self.watch_answer
        )
        # The other writer keeps to the rule of one write at a time, but has no faults.
        self.steady = FaultProxy(endpoint, lambda _: "none")
        self.steady.share_writes_with(self.proxy)
        table = Aws.table_client(self.steady.url, self.aws.table_name)
        self.other = OtherWriter(table, self.good, of_records, self.over)
        self.variables = self.aws.variables(
            human_detection=DETECTION,
            worker={
                "lease_seconds": LEASE_SECONDS,
                "stall_timeout": STALL_SECONDS,
                "partial_save_seconds": 1,
            },
        )
        self.worker_count = workers
        self.workers: list[WorkerProcess] = []
        self.starts = 0

    def run(self) -> bool:
        """Submit, torment, wait for the end, stop the tormentors, and wait; whether it came to rest."""
        self.submit()
        self.workers = [self.start_worker() for _ in range(self.worker_count)]
        acts = (self.torments.run, self.other.write, self.videos.change)
        tormentors = [threading.Thread(target=act) for act in acts]
        watch = threading.Thread(target=self.stalls.watch, args=(self.ended,))
        for thread in (watch, *tormentors):
            thread.start()
        try:
            self.wait_for(self.has_ended)
            self.over.set()
            for thread in tormentors:
                thread.join()
            is_at_rest = self.wait_for(self.is_at_rest)
            if is_at_rest:
                self.stop_workers()
                self.last_clean_up()
        finally:
            self.over.set()
            self.ended.set()
            for worker in self.workers:
                worker.kill_group()
            self.proxy.close()
            self.steady.close()
        return is_at_rest

    def submit(self) -> None:
        """Send everything, good and bad, some of it twice."""
        messages: list[Any] = list(self.bad_bodies)
        for video_id in self.good:
            messages += self.videos.put(video_id)
        for video_id in self.bad_videos:
            self.aws.s3.put_object(Bucket=self.aws.bucket, Key=key_of(video_id), Body=BAD_VIDEO)
            messages.append({"VideoId": video_id, "key": key_of(video_id)})
        for video_id in self.good + self.bad_videos:
            self.aws.table.put_item(Item=OtherWriter.new_record(video_id))
        self.chance.shuffle(messages)
        for message in messages:
            self.aws.send(message)

    def running(self) -> list[WorkerProcess]:
        """The workers that run at the moment."""
        return [worker for worker in list(self.workers) if worker.process.poll() is None]

    def watch_answer(self, asked: Asked) -> AbstractContextManager[None]:
        """A block around an answer of the emulator, which must not take long unless it is a long poll."""
        is_poll = asked.operation == "ReceiveMessage"
        return nullcontext() if is_poll else self.stalls.timed("the emulator answered late")

    def start_worker(self) -> WorkerProcess:
        """Start one as a container would."""
        self.starts += 1
        return WorkerProcess(
            self.variables,
            self.folder,
            "--log-format=json",
            program=("support.campaign_worker", self.fault),
            TMPDIR=str(self.scratch),
            **Aws.environment(self.proxy.url),
        )

    def wait_for(self, condition: Callable[[dict[int, Any]], bool]) -> bool:
        """Wait for something that the records show, and keep the workers running; whether it came about.

        It is given up when nothing has changed for long enough that nothing will any more.
        """
        began = changed_at = time.monotonic()
        last: Any = None
        while time.monotonic() < began + self.limit and time.monotonic() < changed_at + STILL_SECONDS:
            for i, worker in enumerate(self.workers):
                if worker.process.poll() is not None:
                    self.workers[i] = self.start_worker()
            steps = self.steps()
            if condition(steps):
                return True
            now = (steps, self.messages())
            if now != last:
                last, changed_at = now, time.monotonic()
            time.sleep(GLANCE_SECONDS)
        return False

    def has_ended(self, steps: dict[int, Any]) -> bool:
        """Whether all has been done that is to be done, to the videos and to the workers."""
        is_everything_done = self.videos.all_changed.is_set() and self.torments.first_round_done.is_set()
        return is_everything_done and not unfinished(steps)

    def is_at_rest(self, steps: dict[int, Any]) -> bool:
        """Whether nothing is left to do. Duplicates come back when the lease that they met has ended."""
        return not unfinished(steps) and self.messages() == (0, 0, 0)

    def messages(self) -> tuple[int, int, int]:
        """How many messages are in the queue: visible, hidden, and delayed."""
        return *self.aws.counts(), self.aws.delayed()

    def steps(self) -> dict[int, Any]:
        """The worker's element of each record."""
        return {
            video_id: next((step for step in record["process_steps"] if step["step"] == "human_detector"), {})
            for video_id, record in self.records().items()
        }

    def records(self) -> dict[int, dict[str, Any]]:
        """All records."""
        records: dict[int, dict[str, Any]] = {}
        more: dict[str, Any] = {}
        while True:
            answer = self.aws.table.scan(ConsistentRead=True, **more)
            records |= {int(item["VideoId"]): item for item in answer["Items"]}
            if "LastEvaluatedKey" not in answer:
                return records
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def stop_workers(self) -> None:
        """Stop them as a container's stop does."""
        for worker in self.workers:
            # One that has just been started does not listen to signals yet, or was ended by the last torment.
            wait_until(
                lambda worker=worker: worker.process.poll() is not None or "polling the queue" in worker.log
            )
        running = self.running()
        for worker in running:
            worker.signal(signal.SIGTERM)
        for worker in running:
            assert worker.wait(STOP_SECONDS) == 0, worker.log[-2000:]

    def last_clean_up(self) -> None:
        """Start a worker once more, which removes what killed workers have left."""
        last = self.start_worker()
        self.workers.append(last)
        last.wait_for_log("polling the queue")
        last.signal(signal.SIGTERM)
        assert last.wait(STOP_SECONDS) == 0


def unfinished(steps: dict[int, Any]) -> list[int]:
    """The videos that are neither done nor in error."""
    return [video_id for video_id, step in steps.items() if step.get("state") not in ("done", "error")]
