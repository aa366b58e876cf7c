"""Carries requests to the services, as boto3 and the wire do: numbered, sent again, and hit by faults."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, Protocol

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)
from botocore.response import StreamingBody
from botocore.retries.standard import (
    ExponentialBackoff,
    OrRetryChecker,
    RetryContext,
    ThrottledRetryableChecker,
    TransientRetryableChecker,
)
from urllib3.exceptions import ProtocolError

from simulation.clock import Clock
from simulation.errors import NotSimulated, Refused
from simulation.faults import FINE, Decide, Fault, Notice, Request, Trouble

Answer = dict[str, Any]


class Service(Protocol):
    """What is at the other end. Each operation is a method with boto3's name, arguments and answer."""

    NAME: str
    OPERATIONS: frozenset[str]
    THROTTLED: tuple[str, str, int]
    """Code, message and status of its answer to one who asks too often."""
    FAILED: tuple[str, str, int]
    """The same of its answer when it fails."""


@dataclass(frozen=True)
class Patience:
    """How long a client waits, and how often it tries; see human_detector.aws.clients.

    Attributes:
        connect_timeout: seconds.
        read_timeout: seconds.
        total_attempts: of one call, the first included.
    """

    connect_timeout: float
    read_timeout: float
    total_attempts: int


class Network:
    """Between all senders and all services.

    Args:
        clock: of the world.
        decide: says before each request what happens to it.
        notice: is told of each request what came of it.

    Attributes:
        effect: is told of each request what the service answers, in the moment in which it does.
    """

    def __init__(
        self, clock: Clock, decide: Decide = lambda _: FINE, notice: Notice = lambda _, __: None
    ) -> None:
        self.decide = decide
        self.notice = notice
        self.effect: Notice = lambda _, __: None
        self.clock = clock
        self._sent = 0
        self._under_way: list[tuple[float, Callable[[], object]]] = []

    @property
    def sent(self) -> int:
        """How many requests there have been."""
        return self._sent

    def carry(
        self,
        sender: str,
        service: Service,
        operation: str,
        parameters: Mapping[str, Any],
        attempt: int,
        patience: Patience,
    ) -> Answer:
        """One request, from the sender and back.

        Raises:
            ClientError: the service refuses.
            HTTPClientError: something between the sender and the service does not work.
        """
        self._sent += 1
        request = Request(self._sent, sender, service.NAME, operation, parameters, attempt, self.clock.now())
        fault = self.decide(request)
        self.deliver_late_requests()
        outcome = self._outcome(request, fault, service, patience)
        self.notice(request, outcome)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def deliver_late_requests(self) -> None:
        """Let take effect what was under way for long enough. Before each request, and when a scheduler likes."""
        now = self.clock.now()
        due = sorted((entry for entry in self._under_way if entry[0] <= now), key=lambda entry: entry[0])
        self._under_way = [entry for entry in self._under_way if entry[0] > now]
        for _, act in due:
            act()

    def _outcome(
        self, request: Request, fault: Fault, service: Service, patience: Patience
    ) -> Answer | Exception:
        act = partial(self._act, service, request)
        answer: Answer | Exception = {}
        if fault.takes_effect_after == 0:
            answer = act()
        elif fault.takes_effect_after is not None:
            self._under_way.append((request.sent_at + fault.takes_effect_after, act))
        if fault.trouble is Trouble.NONE:
            if fault.answer_after:
                self.clock.wait(fault.answer_after)
            return answer
        if fault.trouble is Trouble.BREAKS_OFF and isinstance(answer, dict) and "Body" in answer:
            return {**answer, "Body": _half_of(answer["Body"])}
        if fault.trouble is Trouble.UNREACHABLE:
            self.clock.wait(patience.connect_timeout)
        if fault.trouble is Trouble.SILENT:
            self.clock.wait(patience.read_timeout)
        return _error(fault.trouble, request, service)

    def _act(self, service: Service, request: Request) -> Answer | ClientError:
        answer = _answer_of(service, request)
        self.effect(request, answer)
        return answer


def _error(trouble: Trouble, request: Request, service: Service) -> Exception:
    """What a sender gets in place of an answer."""
    where = f"https://{service.NAME}.eu-west-1.amazonaws.com/"
    error: Exception
    match trouble:
        case Trouble.UNREACHABLE:
            error = ConnectTimeoutError(endpoint_url=where)
        case Trouble.SILENT:
            error = ReadTimeoutError(endpoint_url=where)
        case Trouble.RESET | Trouble.BREAKS_OFF:
            error = ConnectionClosedError(endpoint_url=where)
        case Trouble.THROTTLED:
            error = Refused(*service.THROTTLED).as_client_error(request.operation)
        case _:
            error = Refused(*service.FAILED).as_client_error(request.operation)
    return error


class _Half(io.BytesIO):
    """The first half of a stream, then a broken connection."""

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        got = super().read(size)
        if size is None or size < 0 or not got:
            raise ProtocolError("the simulation breaks it off")
        return got


def _half_of(body: StreamingBody) -> StreamingBody:
    content = body.read()
    return StreamingBody(_Half(content[: len(content) // 2]), len(content))


def _answer_of(service: Service, request: Request) -> Answer | ClientError:
    try:
        answer: Answer = getattr(service, request.operation)(**request.parameters)
    except Refused as refusal:
        return refusal.as_client_error(request.operation)
    except Exception as error:
        raise NotSimulated(f"{request} with {request.parameters}: {error!r}") from error
    return answer


class Client:
    """A boto3 client of one sender: its methods are the operations of a service, sent again as botocore does.

    Args:
        service: at the other end.
        network: in between.
        sender: whose client it is.
        patience: how long it waits, and how often it tries.
        random: spreads its tries.
    """

    def __init__(
        self, service: Service, network: Network, sender: str, patience: Patience, random: random.Random
    ) -> None:
        self._service = service
        self._network = network
        self._sender = sender
        self._patience = patience
        self._passes = OrRetryChecker([TransientRetryableChecker(), ThrottledRetryableChecker()])
        self._backoff = ExponentialBackoff(random=random.random, service_name=service.NAME)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation not in self._service.OPERATIONS:
            raise NotSimulated(
                f"the simulation of {self._service.NAME} has no {operation}, it has: "
                + ", ".join(sorted(self._service.OPERATIONS))
            )
        return partial(self._call, operation)

    def get_paginator(self, operation: str) -> Paginator:
        """The pages of DynamoDB's scan and of S3's list."""
        return Paginator(getattr(self, operation))

    def _call(self, operation: str, **parameters: Any) -> Any:
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._network.carry(
                    self._sender, self._service, operation, parameters, attempt, self._patience
                )
            except Exception as error:
                context = _retry_context(error, attempt)
                if attempt >= self._patience.total_attempts or not self._passes.is_retryable(context):
                    raise
                self._network.clock.wait(self._backoff.delay_amount(context))


def _retry_context(error: Exception, attempt: int) -> RetryContext:
    """What botocore looks at to decide whether it sends a request again."""
    if not isinstance(error, ClientError):
        return RetryContext(attempt, caught_exception=error)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return RetryContext(
        attempt, parsed_response=error.response, http_response=SimpleNamespace(status_code=status, headers={})
    )


NEXT_PAGE = {"LastEvaluatedKey": "ExclusiveStartKey", "NextContinuationToken": "ContinuationToken"}
"""What an answer calls the place where the next page starts, and what a request calls it."""


class Paginator:
    """All pages of an operation, one request each.

    Args:
        operation: of a client.
    """

    def __init__(self, operation: Callable[..., Answer]) -> None:
        self._operation = operation

    def paginate(self, **parameters: Any) -> Iterator[Answer]:
        """The pages."""
        while True:
            page = self._operation(**parameters)
            yield page
            token = next((name for name in NEXT_PAGE if name in page), None)
            if token is None:
                return
            parameters[NEXT_PAGE[token]] = page[token]
