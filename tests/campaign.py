"""The fault campaign: many jobs, several workers, and everything that can go wrong, all the time.

python tests/campaign.py --jobs 200 --seed 1 [--emulator moto|ministack]

Workers and their analysis processes are killed, stopped and paused at random, messages are sent twice, a
proxy delays, breaks, refuses and throttles requests, and another writer changes the same records. At the end
every video must be done once or have an error, and nothing may be lost, left over or overwritten.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.requirements import need_packages_of

need_packages_of("requirements-dev.txt")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "demo"))

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from sample_clip import sample_clip
from support.emulators import EMULATORS, emulator
from support.fault_proxy import FaultProxy, random_faults
from support.worker_harness import STOP_SECONDS, Aws, WorkerProcess, wait_until

WORKERS = 3
FAULT_SHARE = 0.03
FAULTS = ["slow", "reset", "lost", "500", "throttle"]
MAX_RECEIVE_COUNT = 50
"""High, so that only what is planted becomes a dead letter: the campaign kills far more than real life."""
MOST_SIGNALS_PER_JOB = 5
"""More than a machine at rest gets to see; a busy one, whose workers take longer to start, must come to an end."""
FRAMES = 120
BAD_VIDEO = b"this is no video\n" * 50


@dataclass
class Report:
    """What happened."""

    jobs: int = 0
    seconds: float = 0
    signals: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    other_writes: int = 0
    worker_starts: int = 0

    def count(self, name: str) -> None:
        """Count a signal."""
        self.signals[name] = self.signals.get(name, 0) + 1


class Campaign:
    """One run.

    Args:
        jobs: how many good videos; some bad ones are planted beside them.
        seed: of all that is random.
        endpoint: address of the emulator.
        folder: for everything that is written.
    """

    def __init__(self, jobs: int, seed: int, endpoint: str, folder: Path) -> None:
        self.chance = random.Random(seed)
        self.folder = folder
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.report = Report(jobs=jobs)
        self.proxy = FaultProxy(endpoint, random_faults(seed, FAULT_SHARE, FAULTS))
        self.aws = Aws(endpoint, max_receive_count=MAX_RECEIVE_COUNT)
        # The other writer keeps to the rule of one write at a time, but has no faults.
        self.steady = FaultProxy(endpoint, lambda _: "none")
        self.steady.share_writes_with(self.proxy)
        self.writer = Aws.table_client(self.steady.url, self.aws.table_name)
        self.good = list(range(1, jobs + 1))
        self.bad_videos = [10_000 + i for i in range(max(2, jobs // 20))]
        self.bad_bodies = [f"no json {i}" for i in range(max(2, jobs // 20))]
        self.written: dict[int, int] = {}
        self.overwritten: list[int] = []
        self.workers: list[WorkerProcess] = []
        self.over = threading.Event()
        slow = ["support.fake_detectors:SlowDetector", {"seconds": 0.02, "name": "D"}]
        self.variables = self.aws.variables(
            human_detection={"detectors": [slow], "frame_ratio": 1},
            worker={"lease_seconds": 10, "stall_timeout": 8, "partial_save_seconds": 1},
        )

    def run(self) -> Report:
        """Submit, torment, wait, stop the tormentors, and check.

        Raises:
            AssertionError: a promise was broken.
        """
        began = time.monotonic()
        self.submit()
        self.workers = [self.start_worker() for _ in range(WORKERS)]
        tormentors = [threading.Thread(target=act) for act in (self.write_other_steps, self.send_signals)]
        for thread in tormentors:
            thread.start()
        try:
            limit = 120 + 8 * self.report.jobs
            wait_until(lambda: not self.unfinished(), limit, lambda: f"unfinished: {self.unfinished()}")
            self.over.set()
            for thread in tormentors:
                thread.join()
            self.proxy.pick = lambda _: "none"
            self.keep_workers_running()
            # Put-off duplicates come back when the lease that they met has ended.
            wait_until(lambda: self.aws.counts() == (0, 0), 120, lambda: f"queue: {self.aws.counts()}")
            self.stop_workers()
            self.last_clean_up()
        finally:
            self.over.set()
            for worker in self.workers:
                worker.kill_group()
            self.proxy.close()
            self.steady.close()
        self.report.seconds = time.monotonic() - began
        self.report.faults = self.proxy.faults
        self.check()
        return self.report

    def submit(self) -> None:
        """Send everything, good and bad, some of it twice."""
        clip = sample_clip().read_bytes()
        messages: list[Any] = list(self.bad_bodies)
        for video_id in self.good + self.bad_videos:
            key = f"videos/{video_id}.mp4"
            content = clip if video_id in self.good else BAD_VIDEO
            self.aws.s3.put_object(Bucket=self.aws.bucket, Key=key, Body=content)
            self.aws.put_record(video_id, {"step": "transcribe", "count": 0})
            messages.append({"VideoId": video_id, "key": key})
            if self.chance.random() < 0.2:
                self.report.duplicates += 1
                messages.append(messages[-1])
        self.chance.shuffle(messages)
        for message in messages:
            self.aws.send(message)

    def start_worker(self) -> WorkerProcess:
        """Start one as a container would."""
        self.report.worker_starts += 1
        return WorkerProcess(
            self.variables,
            self.folder,
            TMPDIR=str(self.scratch),
            **{**Aws.environment(self.proxy.url), "AWS_RETRY_MODE": "standard"},
        )

    def keep_workers_running(self) -> None:
        """Replace the workers that have ended, as a service of containers does."""
        for i, worker in enumerate(self.workers):
            if worker.process.poll() is not None:
                self.workers[i] = self.start_worker()

    def unfinished(self) -> list[int]:
        """The videos that are neither done nor in error."""
        ended = ("done", "error")
        return [
            video_id
            for video_id in self.good + self.bad_videos
            if self.aws.step(video_id).get("state") not in ended
        ]

    def send_signals(self) -> None:
        """Kill, stop and pause workers and analysis processes at random, and replace what has ended."""
        while not self.over.wait(self.chance.uniform(0.3, 1.5)):
            self.keep_workers_running()
            if sum(self.report.signals.values()) >= MOST_SIGNALS_PER_JOB * self.report.jobs:
                continue
            worker = self.chance.choice(self.workers)
            try:
                victim = psutil.Process(worker.process.pid)
                analyses = [child for child in victim.children() if "spawn_main" in " ".join(child.cmdline())]
                kind, who = self.chance.choice(["kill", "term", "pause"]), "worker"
                if analyses and self.chance.random() < 0.5:
                    victim, who = analyses[0], "analysis"
                self.report.count(f"{kind} {who}")
                if kind == "kill":
                    victim.kill()
                elif kind == "term":
                    victim.terminate()
                else:
                    victim.suspend()
                    # Sometimes for longer than a lease or the stall timeout.
                    self.over.wait(self.chance.choice([0.2, 1, 12]))
                    victim.resume()
            except psutil.NoSuchProcess:
                continue

    def write_other_steps(self) -> None:
        """Change another service's element of the same lists, above all where a worker is at it."""
        chance = random.Random(self.report.jobs)
        video_id = chance.choice(self.good)
        while not self.over.wait(0.005):
            try:
                steps = self.writer.get_item(Key={"VideoId": video_id}, ConsistentRead=True)["Item"][
                    "process_steps"
                ]
                index = next(i for i, step in enumerate(steps) if step["step"] == "transcribe")
                if steps[index]["count"] != self.written.get(video_id, 0):
                    self.overwritten.append(video_id)
                count = self.written.get(video_id, 0) + 1
                self.writer.update_item(
                    Key={"VideoId": video_id},
                    UpdateExpression=f"SET process_steps[{index}].#count = :count",
                    ConditionExpression=f"process_steps[{index}].#step = :step",
                    ExpressionAttributeNames={"#count": "count", "#step": "step"},
                    ExpressionAttributeValues={":count": count, ":step": "transcribe"},
                )
            except (ClientError, BotoCoreError):
                continue
            self.written[video_id] = count
            self.report.other_writes += 1
            if not any(step.get("state") == "running" for step in steps):
                video_id = chance.choice(self.good)

    def stop_workers(self) -> None:
        """Stop them as a container's stop does."""
        for worker in self.workers:
            # One that has just been started does not listen to signals yet, or was ended by the last torment.
            wait_until(
                lambda worker=worker: worker.process.poll() is not None or "polling the queue" in worker.log
            )
        running = [worker for worker in self.workers if worker.process.poll() is None]
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

    def check(self) -> None:
        """All promises."""
        for video_id in self.good:
            assert self.aws.step(video_id)["state"] == "done", self.aws.step(video_id)
            assert self.aws.keys(f"human_detector/{video_id}/") == [
                f"human_detector/{video_id}/{video_id}.json"
            ]
            result = self.aws.result(video_id)
            assert [frame["index"] for frame in result["frames"]] == list(range(FRAMES)), video_id
            assert result["summary"]["analyzed_frames"] == FRAMES
            assert result["video_id"] == video_id
            steps = (self.aws.record(video_id) or {})["process_steps"]
            assert sorted(step["step"] for step in steps) == ["human_detector", "transcribe"]
            (other,) = (step for step in steps if step["step"] == "transcribe")
            assert other["count"] == self.written.get(video_id, 0)
        assert self.overwritten == []
        for video_id in self.bad_videos:
            assert self.aws.step(video_id)["state"] == "error"
            assert self.aws.step(video_id)["error"]
            assert self.aws.keys(f"human_detector/{video_id}/") == []
        assert sorted({letter["Body"] for letter in self.aws.dead_letters()}) == sorted(self.bad_bodies)
        assert self.aws.keys("human_detector_partial/") == []
        left = [path.name for path in self.scratch.iterdir() if path.suffix != ".health"]
        assert left == [], left
        assert self.processes_left() == []

    def processes_left(self) -> list[int]:
        """Processes that still run with the campaign's scratch folder."""
        left = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TMPDIR") == str(self.scratch):
                    left.append(process.pid)
            except psutil.Error:
                continue
        return left


def run_campaign(jobs: int, seed: int, emulator_name: str, folder: Path) -> Report:
    """Run a campaign against an emulator of its own."""
    os.environ |= Aws.environment("")
    with emulator(emulator_name, folder) as endpoint:
        return Campaign(jobs, seed, endpoint, folder).run()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=200, help="good videos (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is random (default: 1)")
    parser.add_argument("--emulator", choices=EMULATORS, default="moto", help="of AWS (default: moto)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        report = run_campaign(options.jobs, options.seed, options.emulator, Path(folder))
    print(json.dumps(vars(report), indent=2))


if __name__ == "__main__":
    main()
