"""A world of its own: the services, the network before them, and one clock and one seed for all of it."""

from __future__ import annotations

import random

from human_detector.aws.clients import AwsClients
from human_detector.aws.waiting_times import (
    CONNECT_TIMEOUT_SECONDS,
    LONG_POLL_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
)
from simulation.clock import Clock, LoneClock
from simulation.dynamodb import DynamoDb
from simulation.faults import FINE, Decide, Notice
from simulation.network import Client, Network, Patience
from simulation.s3 import S3
from simulation.s3_client import S3Client
from simulation.sqs import Chances, Sqs

PATIENCE = Patience(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, total_attempts=3)
SQS_PATIENCE = Patience(CONNECT_TIMEOUT_SECONDS, LONG_POLL_TIMEOUT_SECONDS, total_attempts=1)
"""Those of the product's clients; a test compares."""


class World:
    """Everything outside of the product.

    Args:
        seed: of all that is left to chance.
        clock: of everybody, give or take what a sender's own clock is wrong.
        decide: says before each request what happens to it.
        notice: is told of each request what came of it.
        chances: how often SQS makes use of what it does not promise.
        stale_reads: how often a read of DynamoDB is stale that may be.
    """

    def __init__(
        self,
        seed: int = 0,
        clock: Clock | None = None,
        decide: Decide = lambda _: FINE,
        notice: Notice = lambda _, __: None,
        chances: Chances | None = None,
        stale_reads: float = 0,
    ) -> None:
        self.random = random.Random(seed)
        self.clock = clock or LoneClock()
        self.sqs = Sqs(self.clock.now, self.random, self.clock.wait_for, chances or Chances())
        self.s3 = S3(self.clock.now)
        self.dynamodb = DynamoDb(self.clock.now, self.random, stale_reads)
        self.network = Network(self.clock, decide, notice)

    def clients(self, sender: str) -> AwsClients:
        """The clients of one sender, which try as often and wait as long as the product's."""
        return AwsClients(
            sqs=Client(self.sqs, self.network, sender, SQS_PATIENCE, self.random),
            s3=S3Client(self.s3, self.network, sender, PATIENCE, self.random),
            dynamodb=Client(self.dynamodb, self.network, sender, PATIENCE, self.random),
        )
