"""What becomes of a request: each fault, as the product's clients see it, and what the service has done by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3.exceptions import RetriesExceededError
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from human_detector.aws.clients import AwsClients, connect
from human_detector.aws.error_codes import error_code
from simulation.errors import NotSimulated
from simulation.faults import (
    BREAKS_OFF,
    FAILED_AFTER,
    FAILED_BEFORE,
    FINE,
    LOST_AFTER,
    LOST_BEFORE,
    RESET_AFTER,
    RESET_BEFORE,
    THROTTLED,
    UNREACHABLE,
    Fault,
    FaultPlan,
    Outage,
    Request,
    Trouble,
    late,
    slow,
)
from simulation.s3_client import CHECKSUMS
from simulation.world import PATIENCE, SQS_PATIENCE, World


class Scene:
    """A world with a queue and a bucket, made without faults."""

    def __init__(self) -> None:
        self.world = World()
        self.clients = self.world.clients("worker 1")
        self.url: str = self.world.sqs.create_queue(QueueName="q")["QueueUrl"]
        self.world.s3.create_bucket(Bucket="b")
        self.seen: list[tuple[Request, object]] = []
        self.world.network.notice = lambda request, outcome: self.seen.append((request, outcome))

    def plan(self, *faults: Fault, outages: tuple[Outage, ...] = ()) -> None:
        """What happens to the requests to come, one after another."""
        sent = self.world.network.sent
        by_number = {sent + i: fault for i, fault in enumerate(faults, 1)}
        self.world.network.decide = FaultPlan(by_number, outages)

    def send(self) -> None:
        """Send a message; SQS's client tries once."""
        self.clients.sqs.send_message(QueueUrl=self.url, MessageBody="body")

    def put(self, **more: Any) -> None:
        """Store an object; S3's client tries three times."""
        self.clients.s3.put_object(Bucket="b", Key="k", Body=b"content", **more)

    @property
    def messages(self) -> int:
        return len(self.world.sqs.queues["q"].copies)

    @property
    def stored(self) -> bool:
        return "k" in self.world.s3.buckets["b"]


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize(
    ("fault", "raised", "arrives", "seconds"),
    [
        (UNREACHABLE, ConnectTimeoutError, False, SQS_PATIENCE.connect_timeout),
        (LOST_BEFORE, ReadTimeoutError, False, SQS_PATIENCE.read_timeout),
        (LOST_AFTER, ReadTimeoutError, True, SQS_PATIENCE.read_timeout),
        (RESET_BEFORE, ConnectionClosedError, False, 0),
        (RESET_AFTER, ConnectionClosedError, True, 0),
        (BREAKS_OFF, ConnectionClosedError, True, 0),
        (THROTTLED, ClientError, False, 0),
        (FAILED_BEFORE, ClientError, False, 0),
        (FAILED_AFTER, ClientError, True, 0),
    ],
)
def test_a_fault(scene: Scene, fault: Fault, raised: type[Exception], arrives: bool, seconds: float) -> None:
    scene.plan(fault)
    began = scene.world.clock.now()
    with pytest.raises(raised):
        scene.send()
    assert scene.messages == arrives
    assert scene.world.clock.now() - began == seconds
    scene.send()
    assert scene.messages == arrives + 1


def test_a_slow_answer_takes_its_time(scene: Scene) -> None:
    scene.plan(slow(3))
    began = scene.world.clock.now()
    scene.send()
    assert (scene.messages, scene.world.clock.now() - began) == (1, 3)


def test_a_late_request_takes_effect_after_its_sender_gave_up(scene: Scene) -> None:
    scene.plan(late(100))
    with pytest.raises(ReadTimeoutError):
        scene.send()
    scene.world.clock.wait(60)
    scene.world.network.deliver_late_requests()
    assert scene.messages == 0
    scene.world.clock.wait(60)
    scene.world.network.deliver_late_requests()
    assert scene.messages == 1


def test_late_requests_arrive_before_those_that_are_sent_later(scene: Scene) -> None:
    scene.plan(late(20))
    with pytest.raises(ReadTimeoutError):
        scene.send()
    assert scene.clients.sqs.receive_message(QueueUrl=scene.url)["Messages"][0]["Body"] == "body"


@pytest.mark.parametrize(
    "impossible",
    [
        {"trouble": Trouble.NONE, "takes_effect_after": None},
        {"trouble": Trouble.UNREACHABLE},
        {"trouble": Trouble.THROTTLED, "takes_effect_after": 5},
        {"trouble": Trouble.SILENT, "answer_after": 5},
    ],
)
def test_an_impossible_fault(impossible: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="request"):
        Fault(**impossible)


def test_what_passes_is_tried_again_as_a_request_of_its_own(scene: Scene) -> None:
    scene.plan(UNREACHABLE, THROTTLED)
    scene.put()
    assert scene.stored
    assert [(request.number, request.attempt) for request, _ in scene.seen] == [(1, 1), (2, 2), (3, 3)]
    assert scene.world.clock.now() > scene.seen[0][0].sent_at


def test_after_the_last_try_the_error_is_raised(scene: Scene) -> None:
    scene.plan(UNREACHABLE, UNREACHABLE, UNREACHABLE)
    with pytest.raises(ConnectTimeoutError):
        scene.put()
    assert len(scene.seen) == 3


def test_a_refusal_is_not_tried_again(scene: Scene) -> None:
    with pytest.raises(ClientError, match=r"NoSuchBucket.* PutObject"):
        scene.clients.s3.put_object(Bucket="other", Key="k", Body=b"")
    assert len(scene.seen) == 1


def test_a_second_try_meets_the_work_of_the_first(scene: Scene) -> None:
    scene.plan(LOST_AFTER)
    with pytest.raises(ClientError) as caught:
        scene.put(IfNoneMatch="*")
    assert error_code(caught.value) == "PreconditionFailed"
    assert scene.stored


def test_content_that_breaks_off(scene: Scene) -> None:
    scene.put()
    scene.plan(BREAKS_OFF)
    body = scene.clients.s3.get_object(Bucket="b", Key="k")["Body"]
    assert body.read(3) == b"con"
    with pytest.raises(ResponseStreamingError):
        body.read(3)


def test_a_fetch_that_breaks_off_is_tried_five_times(scene: Scene, tmp_path: Path) -> None:
    scene.put()
    path = tmp_path / "file"
    scene.plan(FINE, *4 * [BREAKS_OFF])
    scene.clients.s3.download_file("b", "k", str(path))
    assert path.read_bytes() == b"content"
    path.unlink()
    scene.plan(FINE, *5 * [BREAKS_OFF])
    with pytest.raises(RetriesExceededError):
        scene.clients.s3.download_file("b", "k", str(path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("service", "code"),
    [("sqs", "RequestThrottled"), ("s3", "SlowDown"), ("dynamodb", "ThrottlingException")],
)
def test_each_service_has_its_own_word_for_too_often(scene: Scene, service: str, code: str) -> None:
    scene.plan(THROTTLED, THROTTLED, THROTTLED)
    requests: dict[str, Callable[[], object]] = {
        "sqs": scene.send,
        "s3": scene.put,
        "dynamodb": lambda: scene.clients.dynamodb.get_item(TableName="t", Key={"VideoId": 1}),
    }
    with pytest.raises(ClientError) as caught:
        requests[service]()
    assert error_code(caught.value) == code


def outage_cases() -> Iterator[tuple[Outage, bool]]:
    """Outages around an hour, and whether worker 1 meets them there when it sends a message."""
    hour = World().clock.now() + 3600
    yield Outage(hour - 1, hour + 1), True
    yield Outage(hour - 1, hour + 1, service="sqs"), True
    yield Outage(hour - 1, hour + 1, service="s3"), False
    yield Outage(hour - 1, hour + 1, sender="worker 1"), True
    yield Outage(hour - 1, hour + 1, sender="worker 2"), False
    yield Outage(hour - 2, hour), False
    yield Outage(hour + 1, hour + 2), False


@pytest.mark.parametrize(("outage", "meets"), list(outage_cases()))
def test_an_outage_has_its_time_its_service_and_its_sender(scene: Scene, outage: Outage, meets: bool) -> None:
    scene.plan(outages=(outage,))
    scene.world.clock.wait(3600)
    if meets:
        with pytest.raises(ConnectTimeoutError):
            scene.send()
    else:
        scene.send()
    assert scene.messages == (not meets)


def test_a_sender_that_ends_before_or_after_its_request(scene: Scene) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> Any:
        raise Killed

    scene.world.network.notice = kill
    with pytest.raises(Killed):
        scene.put()
    assert scene.stored
    scene.world.network.decide = kill
    with pytest.raises(Killed):
        scene.clients.s3.delete_object(Bucket="b", Key="k")
    assert scene.stored


def test_each_request_is_told_with_its_outcome(scene: Scene) -> None:
    scene.send()
    (request, outcome), *_ = scene.seen
    assert str(request) == "request 1: worker 1 sends sqs send_message"
    assert isinstance(outcome, dict)
    assert outcome["MessageId"]


def test_what_is_not_simulated_is_named(scene: Scene) -> None:
    with pytest.raises(NotSimulated, match=r"sqs has no purge_queue, it has: change_message_visibility, .*"):
        scene.clients.sqs.purge_queue(QueueUrl=scene.url)
    with pytest.raises(NotSimulated, match="VersionId"):
        scene.clients.s3.get_object(Bucket="b", Key="k", VersionId="1")


def test_the_clients_are_as_patient_as_those_of_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    real: AwsClients = connect("eu-west-1", "eu-west-1")
    for client, patience in ((real.sqs, SQS_PATIENCE), (real.s3, PATIENCE), (real.dynamodb, PATIENCE)):
        config = client.meta.config
        assert config.retries == {"mode": "standard", "total_max_attempts": patience.total_attempts}
        assert config.read_timeout == patience.read_timeout
        assert config.connect_timeout == patience.connect_timeout
    config = real.s3.meta.config
    assert {config.request_checksum_calculation, config.response_checksum_validation} == {CHECKSUMS}
