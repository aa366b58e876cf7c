"""A run as sentences: who asked what of whom, what came of it, and what else happened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from human_detector.aws.error_codes import error_code
from simulation.clock import EPOCH
from simulation.faults import Request
from simulation.history import DEAD_LETTERS, Happening, History


def tell(history: History) -> Iterator[str]:
    """The sentences, in order. What changes nothing is left out: empty polls, and renewals that are as the one before."""
    story = _Story()
    for happening in history.happenings:
        if sentence := story.sentence(happening):
            yield f"{happening.at - EPOCH:8.1f} s  {sentence}"


class _Story:
    def __init__(self) -> None:
        self._letters: dict[str, str] = {}
        self._handles: dict[str, str] = {}
        self._dead: set[str] = set()

    def sentence(self, happening: Happening) -> str:
        """One happening; empty if it is not worth telling."""
        if isinstance(happening.what, str):
            return f"{happening.who} {happening.what}"
        request = happening.what
        told = self._request(request, happening.outcome)
        if not told:
            return ""
        return f"{happening.who} {told}{_outcome(happening.outcome)}"

    def _request(self, request: Request, outcome: Any) -> str:
        asked = request.parameters
        match request.operation:
            case "receive_message":
                return self._received(asked, outcome)
            case "send_message":
                queue = "dead-letter queue" if asked["QueueUrl"].endswith(DEAD_LETTERS) else "queue"
                name = self._letter(outcome["MessageId"]) if isinstance(outcome, dict) else "?"
                delay = f", to be received in {asked['DelaySeconds']} s" if asked.get("DelaySeconds") else ""
                return f"sends message {name} to the {queue} ({_wanted(asked['MessageBody'])}){delay}"
            case "change_message_visibility":
                name = self._handles.get(asked["ReceiptHandle"], "?")
                return f"hides message {name} for {asked['VisibilityTimeout']} s"
            case "delete_message":
                return f"deletes message {self._handles.get(asked['ReceiptHandle'], '?')}"
            case "head_object":
                return f"looks at {asked['Key']}"
            case "get_object":
                return f"fetches {asked['Key']}"
            case "put_object":
                return f"stores {asked['Key']}"
            case "delete_object":
                return f"removes {asked['Key']}"
            case "get_item":
                return f"reads record {asked['Key']['VideoId']}{_own_state(outcome)}"
            case "update_item":
                return f"writes record {asked['Key']['VideoId']}: {_update(asked)}"
            case "delete_item":
                return f"deletes record {asked['Key']['VideoId']}"
            case "put_item":
                return f"writes record {asked['Item']['VideoId']} as a whole"
        return ""

    def _received(self, asked: Mapping[str, Any], outcome: Any) -> str:
        if isinstance(outcome, Exception):
            return "polls"
        told = []
        dead = asked["QueueUrl"].endswith(DEAD_LETTERS)
        for message in outcome.get("Messages", []):
            name = self._letter(message["MessageId"])
            self._handles[message["ReceiptHandle"]] = name
            if not dead:
                count = message["Attributes"]["ApproximateReceiveCount"]
                told.append(f"receives message {name} ({_wanted(message['Body'])}), delivery {count}")
            elif name not in self._dead:
                self._dead.add(name)
                told.append(f"reads dead letter {name} ({_wanted(message['Body'])})")
        return " and ".join(told)

    def _letter(self, message_id: str) -> str:
        """A short name of a message: a, b, ... z, a1, ..."""
        number = len(self._letters)
        fresh = chr(ord("a") + number % 26) + (str(number // 26) if number >= 26 else "")
        return self._letters.setdefault(message_id, fresh)


def _wanted(body: str) -> str:
    document = json.loads(body)
    if "Records" in document:
        return "S3 event of " + " and ".join(
            entry["s3"]["object"]["key"] if "s3" in entry else "nothing" for entry in document["Records"]
        )
    forced = ", forced" if document.get("force") else ""
    return f"video {document['VideoId']}{', ' + document['key'] if 'key' in document else ''}{forced}"


def _own_state(outcome: Any) -> str:
    if not isinstance(outcome, dict) or "Item" not in outcome:
        return ""
    own = [e for e in outcome["Item"].get("process_steps", []) if e.get("step") == "human_detector"]
    return f", which says {own[-1].get('state')}" if own else ""


def _update(asked: Mapping[str, Any]) -> str:
    values = asked["ExpressionAttributeValues"]
    new = values.get(":new")
    if new is None:
        return f"renews (beat {values.get(':beat')}, progress {values.get(':progress')})"
    element = new[0] if isinstance(new, list) else new
    why = element.get("error") or element.get("reason") or ""
    return f"{element['state']}{why and f' ({why})'}"


def _outcome(outcome: object) -> str:
    if isinstance(outcome, ClientError):
        return f" -> refused: {error_code(outcome)}"
    return f" -> {type(outcome).__name__}" if isinstance(outcome, Exception) else ""
