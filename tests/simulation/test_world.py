"""What the services may do and seldom do, that one seed gives one history, and that the product works on them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.storage import Storage
from human_detector.errors import ConfigurationError, HeldByAnother, LeaseLost, PermanentError, TransientError
from human_detector.worker.claim import Claims, Purpose
from human_detector.worker.record_table import RecordTable
from human_detector.worker.submitted_records import VideoRecords
from simulation.dynamodb import DynamoDb
from simulation.faults import LOST_AFTER, FaultPlan
from simulation.sqs import Chances
from simulation.world import World

LEASE = 60


class Scene:
    """A world with all that a worker needs, and a worker's view of it."""

    def __init__(self, chances: Chances | None = None, stale_reads: float = 0, seed: int = 0) -> None:
        self.world = world = World(seed, chances=chances, stale_reads=stale_reads)
        dead: str = world.sqs.create_queue(QueueName="dead")["QueueUrl"]
        self.dead = dead
        policy = {"deadLetterTargetArn": world.sqs.queues["dead"].arn, "maxReceiveCount": 3}
        world.sqs.create_queue(QueueName="jobs", Attributes={"RedrivePolicy": json.dumps(policy)})
        world.s3.create_bucket(Bucket="b")
        world.dynamodb.create_table(
            TableName="t", KeySchema=[{"AttributeName": "VideoId", "KeyType": "HASH"}]
        )
        self.clients = world.clients("worker 1")
        self.queue = JobQueue(self.clients.sqs, "jobs", world.clock.now)
        self.claims = Claims(RecordTable(self.clients.dynamodb, "t"), LEASE, world.clock.now)
        self.storage = Storage(self.clients.s3)

    def send(self, body: str = "body") -> None:
        self.clients.sqs.send_message(QueueUrl=self.queue.url, MessageBody=body)

    def receive(self, wait: int = 20) -> Message:
        message = self.queue.receive(wait, LEASE)
        assert message is not None
        return message

    def step(self) -> dict[str, Any]:
        (step,) = self.world.dynamodb.tables["t"].items[1]["process_steps"]
        element: dict[str, Any] = step
        return element


def test_a_duplicate_is_another_delivery_of_the_same_message() -> None:
    scene = Scene(Chances(duplicate=1))
    scene.send()
    first, second = scene.receive(), scene.receive()
    assert first.message_id == second.message_id
    scene.queue.hide(first, LEASE)
    scene.queue.delete(first)
    scene.queue.hide(second, LEASE)
    scene.queue.delete(second)
    assert scene.queue.receive(0, LEASE) is None, "there is one copy too many at a time"


def test_without_chances_messages_come_once_and_in_order() -> None:
    scene = Scene()
    for number in range(20):
        scene.send(str(number))
    assert [scene.receive().body for _ in range(20)] == [str(number) for number in range(20)]
    assert scene.queue.receive(0, LEASE) is None


def test_messages_may_come_in_another_order() -> None:
    scene = Scene(Chances(reorder=1))
    for number in range(20):
        scene.send(str(number))
    bodies = [scene.receive().body for _ in range(20)]
    assert bodies != sorted(bodies, key=int)
    assert sorted(bodies, key=int) == [str(number) for number in range(20)]


def test_a_short_poll_may_miss_what_a_long_one_finds() -> None:
    scene = Scene(Chances(missed=1))
    scene.send()
    assert scene.queue.receive(0, LEASE) is None
    assert scene.receive(wait=1).body == "body"


def test_counts_may_be_those_of_before() -> None:
    scene = Scene()
    scene.send()
    scene.world.sqs.chances = Chances(stale_counts=1)
    names = ["ApproximateNumberOfMessages"]
    got = scene.clients.sqs.get_queue_attributes(QueueUrl=scene.queue.url, AttributeNames=names)
    assert got["Attributes"] == {"ApproximateNumberOfMessages": "0"}


@pytest.mark.parametrize("works", [False, True])
def test_an_old_receipt_handle_may_work_or_not(works: bool) -> None:
    scene = Scene(Chances(old_handle_works=float(works)))
    scene.send()
    old = scene.receive()
    scene.world.clock.wait(LEASE)
    scene.receive()
    if works:
        scene.queue.hide(old, 2 * LEASE)
    else:
        with pytest.raises(LeaseLost):
            scene.queue.hide(old, 2 * LEASE)
    scene.queue.delete(old)
    assert len(scene.world.sqs.queues["jobs"].copies) == (not works)


def test_a_message_does_not_outlive_its_retention_not_even_as_a_dead_letter() -> None:
    scene = Scene()
    scene.send()
    scene.world.clock.wait(3 * 86_400)
    for _ in range(3):
        scene.receive()
        scene.world.clock.wait(LEASE)
    assert scene.queue.receive(0, LEASE) is None
    assert len(scene.world.sqs.queues["dead"].copies) == 1
    scene.world.clock.wait(86_400)
    assert "Messages" not in scene.clients.sqs.receive_message(QueueUrl=scene.dead)


def test_an_old_receipt_does_not_reach_a_dead_letter() -> None:
    scene = Scene()
    scene.send()
    for _ in range(3):
        old = scene.receive()
        scene.world.clock.wait(LEASE)
    assert scene.queue.receive(0, LEASE) is None
    scene.queue.delete(old)
    with pytest.raises(LeaseLost):
        scene.queue.hide(old, LEASE)
    assert len(scene.world.sqs.queues["dead"].copies) == 1


def test_an_answer_is_no_window_into_the_table() -> None:
    scene = Scene()
    scene.clients.dynamodb.put_item(TableName="t", Item={"VideoId": 1, "list": [1]})
    scene.clients.dynamodb.get_item(TableName="t", Key={"VideoId": 1})["Item"]["list"].append(2)
    for page in scene.clients.dynamodb.get_paginator("scan").paginate(TableName="t"):
        page["Items"][0]["list"].append(2)
    assert scene.world.dynamodb.tables["t"].items[1]["list"] == [1]


def test_a_stale_read_shows_the_record_before_the_last_write_for_a_second() -> None:
    scene = Scene(stale_reads=1)
    for title in ("old", "new"):
        scene.clients.dynamodb.put_item(TableName="t", Item={"VideoId": 1, "title": title})
    read = {"TableName": "t", "Key": {"VideoId": 1}}
    assert scene.clients.dynamodb.get_item(**read)["Item"]["title"] == "old"
    assert scene.clients.dynamodb.get_item(**read, ConsistentRead=True)["Item"]["title"] == "new"
    scene.world.clock.wait(1)
    assert scene.clients.dynamodb.get_item(**read)["Item"]["title"] == "new"


def test_a_scan_has_pages() -> None:
    scene = Scene()
    for video_id in range(250):
        scene.clients.dynamodb.put_item(TableName="t", Item={"VideoId": video_id})
    records = list(VideoRecords(scene.clients.dynamodb, "t").all())
    assert sorted(record.video_id for record in records) == list(range(250))
    assert scene.world.network.sent == 2 + 250 + 3


def test_a_batch_gives_back_what_does_not_fit() -> None:
    scene = Scene()
    table = DynamoDb(scene.world.clock.now, scene.world.random, items_per_answer=2)
    table.create_table(TableName="t", KeySchema=[{"AttributeName": "VideoId", "KeyType": "HASH"}])
    for video_id in range(5):
        table.put_item(TableName="t", Item={"VideoId": video_id})
    asked: Any = {"t": {"Keys": [{"VideoId": video_id} for video_id in range(5)]}}
    found = []
    for _ in range(3):
        answer = table.batch_get_item(RequestItems=asked)
        found += [int(item["VideoId"]) for item in answer["Responses"]["t"]]
        asked = answer["UnprocessedKeys"]
    assert (found, asked) == ([0, 1, 2, 3, 4], {})


def test_a_list_of_objects_has_pages() -> None:
    scene = Scene()
    for number in range(2500):
        scene.world.s3.put_object(Bucket="b", Key=f"{number:04}")
    pages = list(scene.clients.s3.get_paginator("list_objects_v2").paginate(Bucket="b"))
    assert [page["KeyCount"] for page in pages] == [1000, 1000, 500]
    keys = [entry["Key"] for page in pages for entry in page["Contents"]]
    assert keys == [f"{number:04}" for number in range(2500)]


def test_a_seed_gives_one_history_and_another_seed_another() -> None:
    def history(seed: int) -> list[str]:
        scene = Scene(Chances(duplicate=0.3, reorder=0.5, missed=0.3), seed=seed)
        for number in range(10):
            scene.send(str(number))
        received = []
        for _ in range(40):
            message = scene.queue.receive(0, LEASE)
            received.append(f"{message.message_id} {message.body}" if message else "none")
        return received

    assert history(1) == history(1)
    assert history(1) != history(2)


def test_the_life_of_a_job() -> None:
    scene = Scene()
    scene.clients.dynamodb.put_item(TableName="t", Item={"VideoId": 1})
    scene.send()
    message = scene.receive()
    step = scene.claims.claim(1, Purpose(message))
    with pytest.raises(HeldByAnother):
        scene.claims.claim(1, Purpose(replace(message, message_id="another")))
    scene.world.clock.wait(LEASE / 2)
    scene.queue.hide(message, LEASE)
    scene.claims.renew(step, 0.5)
    scene.claims.finish_done(step, "b", "k")
    scene.queue.delete(message)
    assert scene.step() == {
        "step": "human_detector",
        "state": "done",
        "result_file": {"bucket": "b", "key": "k"},
    }
    assert scene.queue.receive(20, LEASE) is None


def test_a_claim_whose_answer_is_lost_knows_its_own_work() -> None:
    scene = Scene()
    scene.clients.dynamodb.put_item(TableName="t", Item={"VideoId": 1})
    scene.send()
    message = scene.receive()
    sent = scene.world.network.sent
    scene.world.network.decide = FaultPlan({sent + 2: LOST_AFTER})
    step = scene.claims.claim(1, Purpose(message))
    assert step.attempt == 1
    assert scene.step()["owner"] == step.owner
    assert scene.world.network.sent == sent + 4  # read, write, the same write refused, read


def test_what_becomes_of_a_message() -> None:
    scene = Scene()
    scene.send("put off")
    scene.queue.put_off(scene.receive(), 30)
    assert scene.queue.receive(0, LEASE) is None
    scene.world.clock.wait(30)
    assert scene.queue.bury(scene.receive(), "no video")
    (letter,) = scene.world.sqs.queues["dead"].copies
    assert (letter.body, letter.attributes["reason"]["StringValue"]) == ("put off", "no video")
    with pytest.raises(ConfigurationError):
        JobQueue(scene.clients.sqs, "no-such-queue")


def test_files_go_in_and_out(tmp_path: Path) -> None:
    scene = Scene()
    (tmp_path / "result.json").write_text("{}")
    stored = scene.storage.store(tmp_path / "result.json", "b", "k", {"video-etag": "e"}, None)
    found = scene.storage.look("b", "k")
    assert found == replace(stored, modified_at=scene.world.clock.now())
    checks: list[None] = []
    scene.storage.download(scene.storage.find("b", "k"), tmp_path / "copy", lambda: checks.append(None))
    assert (tmp_path / "copy").read_text() == "{}"
    assert checks
    scene.storage.remove(stored)
    assert scene.storage.look("b", "k") is None
    with pytest.raises(PermanentError, match="there is no such object"):
        scene.storage.find("b", "k")
    with pytest.raises(TransientError, match="cannot write"):
        scene.storage.store(tmp_path / "result.json", "no-such-bucket", "k", {}, None)
