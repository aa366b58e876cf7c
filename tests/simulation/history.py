"""What happened in a run: the facts that the checkers and the story are made of."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulation.faults import Request
from simulation.s3 import Object
from simulation.world import World

QUEUE, DEAD_LETTERS, BUCKET, TABLE = "jobs", "dead-letters", "bucket", "records"


@dataclass(frozen=True)
class Wish:
    """Somebody sends a message for a video.

    Attributes:
        names_its_record: an S3 event does not: only the object does, as long as it is there.
    """

    at: float
    video_id: int
    key: str
    force: bool
    names_its_record: bool = True


@dataclass(frozen=True)
class RecordVersion:
    """A record as somebody's write has left it."""

    at: float
    by: str
    item: Mapping[str, Any]

    @property
    def elements(self) -> list[Mapping[str, Any]]:
        """Its steps."""
        return list(self.item.get("process_steps", []))

    @property
    def own(self) -> Mapping[str, Any]:
        """The worker's element; empty if there is none."""
        found = [element for element in self.elements if element.get("step") == "human_detector"]
        return found[-1] if found else {}


@dataclass(frozen=True)
class ObjectVersion:
    """An object as somebody's write has left it: None if it was deleted."""

    at: float
    by: str
    object: Object | None


@dataclass(frozen=True)
class Deletion:
    """A message of the job queue was deleted.

    Attributes:
        wishes: the videos that it asked for.
        others: whether the same is still asked for by another message, or by a dead letter.
    """

    at: float
    by: str
    message_id: str
    sent_at: float
    wishes: Sequence[Wish]
    others: bool


@dataclass
class Analysis:
    """An analysis that was paid for.

    Attributes:
        content: of the video.
        settings: of the analysis.
        first: the frame that it began with.
        frames: when each of its frames was done.
        end: what ended it; empty if it was cut off.
    """

    number: int
    by: str
    video_id: int
    content: Mapping[str, Any]
    settings: Mapping[str, Any]
    began_at: float
    first: int
    frames: list[float] = field(default_factory=list)
    end: str = ""

    def done_by(self, moment: float) -> int:
        """How many frames of the video were done by that moment."""
        return self.first + sum(at <= moment for at in self.frames)


@dataclass(frozen=True)
class Happening:
    """Something to tell. Of a request, what the service did and what the sender saw is told by the story."""

    at: float
    who: str
    what: str | Request
    outcome: object = None


@dataclass
class History:
    """All of it.

    Attributes:
        faults: what hit the workers, and when.
        deleted_records: when somebody deleted them.
        deaths: of workers that nobody has killed.
        touched: the keys of objects of which a request met a fault.
    """

    world: World
    wishes: list[Wish] = field(default_factory=list)
    records: dict[int, list[RecordVersion]] = field(default_factory=lambda: defaultdict(list))
    objects: dict[str, list[ObjectVersion]] = field(default_factory=lambda: defaultdict(list))
    deletions: list[Deletion] = field(default_factory=list)
    analyses: list[Analysis] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    faults: list[Happening] = field(default_factory=list)
    deleted_records: dict[int, float] = field(default_factory=dict)
    deaths: list[Happening] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    faults_ceased_at: float = 0
    at_rest_at: float | None = None
    _deleted: set[int] = field(default_factory=set)

    def tell(self, who: str, what: str) -> None:
        """Take note of something that is no request."""
        self.happenings.append(Happening(self.world.clock.now(), who, what))

    def fault(self, who: str, what: str, request: Request | None = None) -> None:
        """Take note of a fault that hit a worker."""
        happening = Happening(self.world.clock.now(), who, what)
        self.happenings.append(happening)
        self.faults.append(happening)
        if request is not None and "Key" in request.parameters and request.service == "s3":
            self.touched.add(request.parameters["Key"])

    def die(self, who: str, error: Exception) -> None:
        """Take note that a worker ends with an error that it does not know what to do with."""
        happening = Happening(self.world.clock.now(), who, f"dies of {type(error).__name__}: {error}")
        self.happenings.append(happening)
        self.deaths.append(happening)

    def effect(self, request: Request, answer: object) -> None:
        """Take note of what a service has done."""
        now = self.world.clock.now()
        if isinstance(answer, Exception):
            return
        match request.operation:
            case "update_item" | "put_item":
                given = request.parameters.get("Key") or request.parameters["Item"]
                video_id = int(given["VideoId"])
                item = self.world.dynamodb.tables[TABLE].items[video_id]
                self.records[video_id].append(RecordVersion(now, request.sender, item))
            case "delete_item":
                self.deleted_records[int(request.parameters["Key"]["VideoId"])] = now
            case "put_object" | "delete_object":
                key = request.parameters["Key"]
                found = self.world.s3.buckets[BUCKET].get(key)
                self.objects[key].append(ObjectVersion(now, request.sender, found))
            case "delete_message" if request.parameters["QueueUrl"].endswith(QUEUE):
                self._deletion(request, now)

    def _deletion(self, request: Request, now: float) -> None:
        copy, _ = self.world.sqs.queues[QUEUE].receipts[request.parameters["ReceiptHandle"]]
        if not copy.deleted or id(copy) in self._deleted:
            return
        self._deleted.add(id(copy))
        alive = [*(other.body for other in self.world.sqs.queues[QUEUE].copies), *self.dead_letters()]
        others = copy.body in alive
        wishes = wishes_of(copy.body, copy.sent_at)
        self.deletions.append(Deletion(now, request.sender, copy.message_id, copy.sent_at, wishes, others))

    def dead_letters(self) -> list[str]:
        """The bodies of the messages in the dead-letter queue."""
        queue = self.world.sqs.queues.get(DEAD_LETTERS)
        return [] if queue is None else [copy.body for copy in queue.copies]

    def standing(self, key: str, since: float, until: float) -> list[Object | None]:
        """What stood at a key within a time, in order."""
        versions = self.objects.get(key, [])
        before = [version for version in versions if version.at <= since]
        within = [version for version in versions if since < version.at <= until]
        return [before[-1].object if before else None, *(version.object for version in within)]


def body_of(form: str, video_id: int, key: str, *, force: bool = False) -> str:
    """A message in one of its forms."""
    if form == "s3 event":
        return json.dumps({"Records": [_entry(key)]})
    if form == "no key":
        return json.dumps({"VideoId": video_id})
    return json.dumps({"VideoId": video_id, "key": key, **({"force": True} if force else {})})


def event_of(keys: Sequence[str]) -> str:
    """An S3 event of several objects, and of an entry that makes no sense."""
    first, *rest = map(_entry, keys)
    return json.dumps({"Records": [first, {"eventName": "ObjectCreated:Put"}, *rest]})


def _entry(key: str) -> dict[str, Any]:
    place = {"bucket": {"name": BUCKET}, "object": {"key": key}}
    return {"eventName": "ObjectCreated:Put", "s3": place}


def wishes_of(body: str, at: float) -> list[Wish]:
    """What a message asks for. Without a key, that is the key which all records name."""
    document = json.loads(body)
    if "Records" in document:
        keys = [entry["s3"]["object"]["key"] for entry in document["Records"] if "s3" in entry]
        return [Wish(at, int(key.rpartition("/")[2].removesuffix(".mp4")), key, False, False) for key in keys]
    video_id = document["VideoId"]
    key = document.get("key", f"videos/{video_id}.mp4")
    return [Wish(at, video_id, key, document.get("force", False))]
