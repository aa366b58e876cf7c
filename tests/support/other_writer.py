"""Another service that writes to the same records as the worker, all the time."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

PAUSE_SECONDS = 0.03
MOVED_SHARE = 0.1
"""How often it takes its element away, and puts it at the end: what comes after it moves up."""


class OtherWriter:
    """Counts in an element of its own and in an attribute, and notices when somebody else has changed them.

    Args:
        table: of the records.
        video_ids: of those that it writes to.
        chance: all that is random.
        over: is set when it is to end.

    Attributes:
        writes: how many it has made.
        problems: what of its own it did not find again.
    """

    def __init__(
        self, table: Any, video_ids: list[int], chance: random.Random, over: threading.Event
    ) -> None:
        self.writes = 0
        self.problems: list[str] = []
        self._table = table
        self._video_ids = video_ids
        self._chance = chance
        self._over = over
        self._written: Counter[int] = Counter()

    @staticmethod
    def new_record(video_id: int) -> dict[str, Any]:
        """A record as it puts it into the table."""
        return {"VideoId": video_id, "edits": 0, "process_steps": [_element(0)]}

    def write(self) -> None:
        """Write, above all where a worker is at it, until it is over."""
        video_id = self._chance.choice(self._video_ids)
        while not self._over.wait(PAUSE_SECONDS):
            try:
                record = self._table.get_item(Key={"VideoId": video_id}, ConsistentRead=True)["Item"]
                self.check(video_id, record)
                index = record["process_steps"].index(_element(self._written[video_id]))
                if self._chance.random() < MOVED_SHARE:
                    self._move(video_id, index)
                else:
                    self._count(video_id, index)
            except (ClientError, BotoCoreError, ValueError):
                continue
            self.writes += 1
            if not any(step.get("state") == "running" for step in record["process_steps"]):
                video_id = self._chance.choice(self._video_ids)

    def check(self, video_id: int, record: Mapping[str, Any]) -> None:
        """Nothing of what it wrote is lost, and nobody else has added an element but the worker its own."""
        count, steps = self._written[video_id], record.get("process_steps", [])
        foreign = [step for step in steps if step.get("step") != "human_detector"]
        if foreign != [_element(count)] or record.get("edits") != count or len(steps) > 2:
            self.problems.append(f"record {video_id}: wrote {count}, found {record}")

    def _count(self, video_id: int, index: int) -> None:
        count = self._written[video_id] + 1
        self._update(video_id, index, f"SET process_steps[{index}].#count = :new, edits = :new", count)
        self._written[video_id] = count

    def _move(self, video_id: int, index: int) -> None:
        """Take its element away and put it at the end, as services do that rewrite their element."""
        count = self._written[video_id]
        self._update(video_id, index, f"REMOVE process_steps[{index}]")
        self._table.update_item(
            Key={"VideoId": video_id},
            UpdateExpression="SET process_steps = list_append(process_steps, :new)",
            ExpressionAttributeValues={":new": [_element(count)]},
        )

    def _update(self, video_id: int, index: int, expression: str, new: int | None = None) -> None:
        """Change something if its element is still where it was."""
        names = {"#step": "step", **({"#count": "count"} if "#count" in expression else {})}
        values = {":step": "transcribe", **({} if new is None else {":new": new})}
        self._table.update_item(
            Key={"VideoId": video_id},
            UpdateExpression=expression,
            ConditionExpression=f"process_steps[{index}].#step = :step",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )


def _element(count: int) -> dict[str, Any]:
    return {"step": "transcribe", "count": count}
