"""Faults in what happens to a message of the queue."""

from __future__ import annotations

from planted.fault import Fault

TESTS = "tests/aws/test_queue.py"
LETTER_TESTS = "tests/worker/test_dead_letters.py -k 'moto and not test_a_worker'"
SIMULATION = "tests/simulation"

QUEUE = [
    Fault(
        "putting a message off deletes before it copies",
        "aws.queue",
        "JobQueue.put_off",
        old="""
            self._client.send_message(
                QueueUrl=self.url, MessageBody=message.body, DelaySeconds=delay, MessageAttributes=attributes
            )
            self.delete(message)
        """,
        new="""
            self.delete(message)
            self._client.send_message(
                QueueUrl=self.url, MessageBody=message.body, DelaySeconds=delay, MessageAttributes=attributes
            )
        """,
        try_first=SIMULATION,
    ),
    Fault(
        "putting a message off leaves the old one",
        "aws.queue",
        "JobQueue.put_off",
        old="self.delete(message)",
        new="pass",
        try_first=TESTS,
    ),
    Fault(
        "a message that is put off forgets the sign of life that was seen",
        "aws.queue",
        "JobQueue.put_off",
        old="if beat:",
        new="if False:",
        try_first=TESTS,
    ),
    Fault(
        "waiting is counted on when there was another sign of life",
        "aws.queue",
        "JobQueue.put_off",
        old="message.waited_seconds if message.seen_beat == beat else 0",
        new="message.waited_seconds",
        try_first=TESTS,
    ),
    Fault(
        "waiting counts from the last time that a message was put off",
        "aws.queue",
        "JobQueue.put_off",
        old="delay + (message.waited_seconds if message.seen_beat == beat else 0)",
        new="delay",
        try_first=TESTS,
    ),
    Fault(
        "a message is put off for longer than SQS allows",
        "aws.queue",
        "JobQueue.put_off",
        old="min(math.ceil(seconds), MAX_DELAY_SECONDS)",
        new="math.ceil(seconds)",
        try_first=TESTS,
    ),
    Fault(
        "a retry in the last delivery makes a dead letter",
        "aws.queue",
        "JobQueue.retry",
        old="message.receive_count < self.max_receive_count",
        new="message.receive_count <= self.max_receive_count",
        try_first=TESTS,
    ),
    Fault(
        "visibility is never extended",
        "aws.queue",
        "JobQueue.hide",
        old="self._client.change_message_visibility(",
        new="dict(",
        try_first=TESTS,
    ),
    Fault(
        "a message that is lost is not noticed",
        "aws.queue",
        "JobQueue.hide",
        old="if error_code(error) in LOST_MESSAGE_CODES:",
        new="if False:",
        try_first=TESTS,
    ),
    Fault(
        "a received message is not hidden",
        "aws.queue",
        "JobQueue.receive",
        old="VisibilityTimeout=visibility_seconds",
        new="VisibilityTimeout=0",
        try_first=TESTS,
    ),
    Fault(
        "a message is received without what it has seen",
        "aws.queue",
        "JobQueue.receive",
        old="MessageAttributeNames=[SEEN_BEAT, WAITED_SECONDS]",
        new="MessageAttributeNames=[SEEN_BEAT]",
        try_first=TESTS,
    ),
    Fault(
        "a FIFO queue is accepted",
        "aws.queue",
        "JobQueue.__init__",
        old='if attributes.get("FifoQueue") == "true":',
        new="if False:",
        try_first=TESTS,
    ),
    Fault(
        "one delivery less counts as the last",
        "aws.queue",
        "JobQueue.__init__",
        old='int(redrive["maxReceiveCount"])',
        new='int(redrive["maxReceiveCount"]) - 1',
        try_first=TESTS,
    ),
    Fault(
        "one delivery more counts as the last",
        "aws.queue",
        "JobQueue.__init__",
        old='int(redrive["maxReceiveCount"])',
        new='int(redrive["maxReceiveCount"]) + 1',
        try_first=TESTS,
    ),
    Fault(
        "a message that could not be buried is deleted",
        "aws.queue",
        "JobQueue.bury",
        old="""
            log.warning("cannot move the message to the dead-letter queue: %s", error)
            return False
        """,
        new='log.warning("cannot move the message to the dead-letter queue: %s", error)',
        try_first=TESTS,
    ),
    Fault(
        "burying deletes before it copies",
        "aws.queue",
        "JobQueue.bury",
        old="try:",
        new="""
            self.delete(message)
            try:
        """,
        try_first=TESTS,
    ),
    Fault(
        "a dead letter does not say why",
        "aws.queue",
        "JobQueue.bury",
        old="{REASON: _attribute(harmless(reason)[:MAX_REASON_CHARACTERS])}",
        new="{}",
        try_first=TESTS,
    ),
    Fault(
        "reviving deletes before it sends",
        "aws.queue",
        "JobQueue.revive",
        old="""
            self._client.send_message(QueueUrl=self.url, MessageBody=letter.body)
            self._client.delete_message(QueueUrl=self._dead_letter_url(), ReceiptHandle=letter.receipt_handle)
        """,
        new="""
            self._client.delete_message(QueueUrl=self._dead_letter_url(), ReceiptHandle=letter.receipt_handle)
            self._client.send_message(QueueUrl=self.url, MessageBody=letter.body)
        """,
        try_first=TESTS,
    ),
    Fault(
        "the dead letters of other queues are taken",
        "aws.queue",
        "JobQueue._was_moved",
        old='letter["Attributes"][SOURCE] == self._arn',
        new="True",
        try_first=TESTS,
    ),
    Fault(
        "a dead letter that a worker has buried is looked at again",
        "aws.queue",
        "JobQueue._was_moved",
        old="not _text(letter, REASON)",
        new="True",
        try_first=LETTER_TESTS,
    ),
    Fault(
        "dead letters are hidden from others who read them",
        "aws.queue",
        "JobQueue.read_dead_letters",
        old="VisibilityTimeout=0",
        new="VisibilityTimeout=60",
        try_first=LETTER_TESTS,
    ),
]
