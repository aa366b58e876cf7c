"""One run: a world, the workers in it, and everything that its schedule says is to happen to them."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from human_detector.aws.waiting_times import DEAD_LETTER_LOOK_SECONDS, LONG_POLL_SECONDS
from human_detector.worker.shutdown import Shutdown
from simulation.clock import EPOCH
from simulation.faults import FINE, UNREACHABLE, Fault, Request, Trouble
from simulation.history import (
    BUCKET,
    DEAD_LETTERS,
    QUEUE,
    TABLE,
    Happening,
    History,
    body_of,
    event_of,
    wishes_of,
)
from simulation.schedule import (
    FAULTY_SECONDS,
    Asked,
    Crash,
    CutOff,
    Deleted,
    Deploy,
    Edited,
    Event,
    Freeze,
    Hit,
    Kill,
    Loose,
    Nth,
    RecordDeleted,
    Replaced,
    Schedule,
    Skew,
    Terminate,
)
from simulation.scheduler import Process, Scheduler
from simulation.simulated_worker import SimulatedWorker, configuration, product_on
from simulation.sqs import Chances
from simulation.world import World

BOUND_SECONDS = 2 * 3600
"""Within this time after the last fault, everything is to be at rest."""
STOP_SECONDS = 30
"""From SIGTERM to SIGKILL: stopTimeout of the task definition."""
START_SECONDS = 8
"""From the end of a worker until another one is in its place."""
QUIET_SECONDS = 10
"""So long there is nothing to do before all is at rest: a worker that looks at dead letters may be about to tidy up."""
LOOK_SECONDS = DEAD_LETTER_LOOK_SECONDS + 2 * LONG_POLL_SECONDS
"""The same where there are dead letters, until an idle worker has looked at them."""
STALE_READS = 0.5
"""How often a read of DynamoDB that does not ask to be consistent is not."""
MOST_REQUESTS = 5000
"""Ten times as many as any run needs: workers that send more never come to rest."""
FINAL = ("done", "error")


def run(schedule: Schedule) -> History:
    """What happens under a schedule."""
    return _Run(schedule).history


@dataclass
class _Run:
    schedule: Schedule
    workers: list[SimulatedWorker] = field(default_factory=list)

    def __post_init__(self) -> None:
        schedule = self.schedule
        self.dice = random.Random(schedule.seed)
        self.scheduler = Scheduler(self.dice)
        loose = next((event for event in schedule.events if isinstance(event, Loose)), None)
        self.world = World(schedule.seed, clock=self.scheduler, stale_reads=STALE_READS)
        self.history = History(self.world)
        self.world.network.effect = self.history.effect
        self.world.network.decide = self._decide
        self.world.network.notice = self._notice
        self.others = self.world.clients("somebody")
        self.detector = "first"
        self.asked: Counter[str] = Counter()
        self._hit: dict[int, Event] = {}
        self.versions: dict[str, int] = {}
        self.busy = 0
        self.quiet_since: float | None = None
        by_request = [event for event in schedule.events if isinstance(event, Kill | Freeze | Hit)]
        self.by_request = {event.request: event for event in by_request}
        self.crashes = {event.analysis: event.frame for event in schedule.events if isinstance(event, Crash)}
        self.outages = [event for event in schedule.events if isinstance(event, CutOff)]
        self._furnish()
        if loose is not None:
            self.world.sqs.chances = Chances(loose.duplicate, loose.reorder, missed=loose.reorder)
            self._fault_until(FAULTY_SECONDS)
        with product_on(self.scheduler, self.dice):
            for place in range(1, schedule.workers + 1):
                self._in_background(lambda place=place: self._keep(place))
            for event in schedule.events:
                if (act := self._act_of(event)) is not None:
                    self._in_background(lambda event=event, act=act: self._at(event, act))
            self.scheduler.run(EPOCH + BOUND_SECONDS * 2, self._is_at_rest)
        self.history.faults_ceased_at = self.last_fault

    # The scene.

    def _furnish(self) -> None:
        """The queues, the bucket and the table, with the videos, and a message for each."""
        world, schedule = self.world, self.schedule
        self.last_fault = EPOCH
        attributes = {}
        if schedule.max_receive_count is not None:
            world.sqs.create_queue(QueueName=DEAD_LETTERS)
            policy = {
                "deadLetterTargetArn": world.sqs.queues[DEAD_LETTERS].arn,
                "maxReceiveCount": schedule.max_receive_count,
            }
            attributes["RedrivePolicy"] = json.dumps(policy)
        self.queue_url = world.sqs.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"]
        world.s3.create_bucket(Bucket=BUCKET)
        world.dynamodb.create_table(
            TableName=TABLE, KeySchema=[{"AttributeName": "VideoId", "KeyType": "HASH"}]
        )
        for video, form in enumerate(schedule.forms, start=1):
            key = f"videos/{video}.mp4"
            self._put_video(video, "videos", broken=False)
            source = {"step": "video_split", "state": "done", "result_file": {"bucket": BUCKET, "key": key}}
            steps = [] if video in schedule.bare else [source]
            self.others.dynamodb.put_item(
                TableName=TABLE, Item={"VideoId": video, "title": "a film", "process_steps": steps}
            )
            if not schedule.together:
                self._send(body_of(form, video, key))
        if schedule.together:
            self._send(event_of([f"videos/{video}.mp4" for video, _ in enumerate(schedule.forms, start=1)]))

    def _put_video(self, video: int, folder: str, *, broken: bool) -> None:
        key = f"{folder}/{video}.mp4"
        self.versions[key] = version = self.versions.get(key, 0) + 1
        frames = self.schedule.frames[video - 1] + version - 1
        content = {"name": f"{key} version {version}", "frames": frames, "broken": broken}
        self.others.s3.put_object(
            Bucket=BUCKET, Key=key, Body=json.dumps(content).encode(), Metadata={"videoid": str(video)}
        )

    def _send(self, body: str) -> None:
        self.others.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)
        self.history.wishes += wishes_of(body, self.scheduler.now())

    # The workers.

    def _keep(self, place: int) -> None:
        """See to it that there is a worker in a place: one after another."""
        skews = [event.seconds for event in self.schedule.events if isinstance(event, Skew)]
        mine = [event for event in self.schedule.events if isinstance(event, Skew) and event.worker == place]
        while True:
            name = f"worker {place}" + "'" * sum(
                w.process.name.startswith(f"worker {place}") for w in self.workers
            )
            process = Process(name, skew=mine[0].seconds if mine and skews else 0)
            worker = SimulatedWorker(
                process,
                self.history,
                self.scheduler,
                configuration(self.detector),
                self.crashes,
                Shutdown(),
            )
            self.workers.append(worker)
            self.scheduler.spawn(process, worker.run)
            self.scheduler.wait_for(lambda process=process: process.ended)
            self.scheduler.wait(START_SECONDS)

    def _terminate(self, place: int) -> None:
        of_place = [w for w in self.workers if w.process.name.rstrip("'") == f"worker {place}"]
        if not of_place or of_place[-1].process.ended:
            return
        worker = of_place[-1]
        self.history.fault(worker.process.name, "gets SIGTERM")
        worker.shutdown.request()
        self.scheduler.wait_for(lambda: worker.process.ended, STOP_SECONDS)
        if not worker.process.ended:
            self.history.fault(worker.process.name, "is killed, for it did not end in time")
            worker.process.ended = True

    # What happens to requests.

    def _decide(self, request: Request) -> Fault:
        if not request.sender.startswith("worker"):
            return FINE
        process = self.scheduler.process
        self.scheduler.wait(self.dice.uniform(0.001, 0.05))
        if any(self._cuts_off(outage, request) for outage in self.outages):
            self.history.fault(request.sender, f"cannot reach {request.service}", request)
            return UNREACHABLE
        for name in ("", request.operation):
            self.asked[name] += 1
        match self._event_of(request):
            case Kill(_, takes_effect_after):
                self._fault_until(takes_effect_after or 0)
                when = {None: "before it sends", 0: "right after"}.get(
                    takes_effect_after, "long before arrival of"
                )
                self.history.fault(request.sender, f"is killed {when} {_named(request)}", request)
                process.ended = True
                return Fault(Trouble.SILENT, takes_effect_after)
            case Freeze(_, _, True) as freeze:
                self._freeze(process, freeze, request)
            case Hit(_, fault):
                self._fault_until(fault.takes_effect_after or 0)
                self.history.fault(
                    request.sender,
                    f"sees {fault.trouble.value} of {_named(request)}, which "
                    + ("takes no effect" if fault.takes_effect_after is None else "takes effect"),
                    request,
                )
                return fault
        return FINE

    def _cuts_off(self, outage: CutOff, request: Request) -> bool:
        begins = EPOCH + outage.at
        is_time = begins <= self.scheduler.now() < begins + outage.seconds
        is_concerned = outage.worker is None or request.sender.startswith(f"worker {outage.worker}")
        return is_time and is_concerned and outage.service == request.service

    def _event_of(self, request: Request) -> Event | None:
        """What is to happen to this request."""
        for name in ("", request.operation):
            if event := self.by_request.get(Nth(self.asked[name], name)):
                self._hit[request.number] = event
                return event
        return None

    def _notice(self, request: Request, outcome: object) -> None:
        self.history.happenings.append(Happening(self.scheduler.now(), request.sender, request, outcome))
        if not request.sender.startswith("worker"):
            return
        match self._hit.pop(request.number, None):
            case Freeze(_, _, False) as freeze:
                self._freeze(self.scheduler.process, freeze, request)

    def _freeze(self, process: Process, freeze: Freeze, request: Request) -> None:
        self._fault_until(freeze.seconds)
        when = "before" if freeze.before else "after"
        self.history.fault(
            process.name, f"freezes for {freeze.seconds:g} s right {when} {_named(request)}", request
        )
        process.frozen_until = self.scheduler.now() + freeze.seconds
        process.stood_still += freeze.seconds * freeze.clock_stands_still
        self.scheduler.wait(0)
        self.history.tell(process.name, "thaws")

    def _fault_until(self, seconds: float) -> None:
        self.last_fault = max(self.last_fault, self.scheduler.now() + seconds)

    # What happens at a certain time.

    def _in_background(self, act: Callable[[], object]) -> None:
        self.scheduler.spawn(Process("somebody"), act)

    def _at(self, event: Event, act: Callable[[], object]) -> None:
        self.busy += 1
        self.scheduler.wait(FAULTY_SECONDS if isinstance(event, Loose) else event.at)
        self._fault_until(0)
        act()
        self._fault_until(0)
        self.busy -= 1

    def _act_of(self, event: Event) -> Callable[[], object] | None:
        match event:
            case Terminate(_, worker):
                return lambda: self._terminate(worker)
            case Deploy():
                return self._deploy
            case Replaced(_, video, broken):
                return lambda: self._replace(video, broken)
            case Deleted(_, video):
                return lambda: self._delete(video)
            case RecordDeleted(_, video):
                return lambda: self._delete_record(video)
            case Asked(_, video, folder, force):
                return lambda: self._ask(video, folder, force)
            case Edited(_, video, edit):
                return lambda: self._edit(video, edit)
            case Loose():
                return self._tighten
            case CutOff(_, seconds):
                return lambda: self.scheduler.wait(seconds)
        return None

    def _deploy(self) -> None:
        self.detector = "second"
        for place in range(1, self.schedule.workers + 1):
            self._terminate(place)

    def _tighten(self) -> None:
        """SQS does what it promises at its best."""
        self.world.sqs.chances = Chances()

    def _replace(self, video: int, broken: bool) -> None:
        self._put_video(video, "videos", broken=broken)
        self._send(body_of("own", video, f"videos/{video}.mp4"))

    def _delete(self, video: int) -> None:
        self.others.s3.delete_object(Bucket=BUCKET, Key=f"videos/{video}.mp4")

    def _delete_record(self, video: int) -> None:
        self.others.dynamodb.delete_item(TableName=TABLE, Key={"VideoId": video})

    def _ask(self, video: int, folder: str, force: bool) -> None:
        if folder != "videos" and f"{folder}/{video}.mp4" not in self.versions:
            self._put_video(video, folder, broken=False)
        self._send(body_of("own", video, f"{folder}/{video}.mp4", force=force))

    def _edit(self, video: int, edit: str) -> None:
        """Write to a record as a careful service does: only if it is as it was read."""
        dynamodb = self.others.dynamodb
        while True:
            answer = dynamodb.get_item(TableName=TABLE, Key={"VideoId": video}, ConsistentRead=True)
            if (seen := answer.get("Item")) is None:
                return
            new: dict[str, Any] = {**seen, "process_steps": list(seen["process_steps"])}
            foreign = {"step": "subtitles", "state": "done", "at": int(self.scheduler.now())}
            match edit:
                case "appends an element":
                    new["process_steps"].append(foreign)
                case "puts an element first":
                    new["process_steps"].insert(0, foreign)
                case "changes its element":
                    new["process_steps"] = [
                        {**element, "seen": int(self.scheduler.now())}
                        if element.get("step") == "video_split"
                        else element
                        for element in new["process_steps"]
                    ]
                case "sets an attribute":
                    new["title"] = f"a film of {self.scheduler.now():.0f}"
            try:
                dynamodb.put_item(
                    TableName=TABLE,
                    Item=new,
                    ConditionExpression="process_steps = :seen",
                    ExpressionAttributeValues={":seen": seen["process_steps"]},
                )
            except ClientError:
                continue
            return

    # The end.

    def _is_at_rest(self) -> bool:
        """Whether nothing is to happen any more."""
        now = self.scheduler.now()
        if self.world.network.sent > MOST_REQUESTS:
            return True
        if self.busy or now < self.last_fault:
            self.quiet_since = None
            return False
        if self._has_work():
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = now
        enough = LOOK_SECONDS if self.history.dead_letters() else QUIET_SECONDS
        if self.quiet_since is not None and now - self.quiet_since > enough:
            self.history.at_rest_at = self.quiet_since
            return True
        return now > self.last_fault + BOUND_SECONDS

    def _has_work(self) -> bool:
        """Whether there are messages, workers that are at one, or records that do not say the end."""
        if self.world.sqs.queues[QUEUE].copies or any(worker.is_at_work for worker in self.workers):
            return True
        records = self.world.dynamodb.tables[TABLE].items.values()
        return any(_state(item) not in FINAL for item in records)


def _state(item: Any) -> str:
    states = [
        element["state"] for element in item["process_steps"] if element.get("step") == "human_detector"
    ]
    return states[-1] if states else "waiting"


def _named(request: Request) -> str:
    return f"its {request.service} {request.operation}"
