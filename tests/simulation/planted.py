"""Faults that are planted into the product, to see that the simulation finds them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from human_detector.aws.queue import JobQueue, Message
from human_detector.aws.storage import S3Object, Storage
from human_detector.worker import lookup
from human_detector.worker.claim import Claims
from human_detector.worker.dead_letters import DeadLetters
from human_detector.worker.heartbeat import Heartbeat
from human_detector.worker.job import JobRunner
from human_detector.worker.own_object import OwnObject
from human_detector.worker.partial_results import PartialResult
from human_detector.worker.record_table import RecordTable
from simulation.schedule import Freeze, Replaced


@dataclass(frozen=True)
class Planted:
    """A fault, as a replacement of one function.

    Attributes:
        name: what is wrong.
        where: the class or module.
        function: its name there, which must exist.
        fault: what takes its place.
        found_by: the checkers that may see it.
        kinds: of the events that bring it to light; all by default.
    """

    name: str
    where: Any
    function: str
    fault: Callable[..., Any]
    found_by: tuple[str, ...]
    kinds: tuple[type, ...] = ()

    def __str__(self) -> str:
        return self.name


_store = Storage.store
_remove = Storage.remove
_run_job = JobRunner.run


def _writes_whatever_stands_there(
    self: Storage, path: Any, bucket: str, key: str, metadata: Any, replacing: Any
) -> S3Object:
    return _store(self, path, bucket, key, metadata, self.look(bucket, key))


def _deletes_first(self: JobQueue, message: Message, seconds: float, beat: str = "") -> None:
    self.delete(message)
    self._client.send_message(QueueUrl=self.url, MessageBody=message.body, DelaySeconds=int(seconds))


def _renews_what_is_lost(self: Claims, step: Any, progress: float) -> None:
    try:
        self.records.change_own(step, self._signs_of_life(step, progress))
    except Exception:
        return


def _deletes_before_it_records(self: JobRunner, message: Message, request: Any) -> Any:
    self._around.queue.delete(message)
    return _run_job(self, message, request)


def _writes_without_owner(
    self: RecordTable, own: Any, update: Any, names: Any, values: Any, written: Any = None
) -> None:
    at = f"process_steps[{own.index}]"
    names, values = {**names, "#step": "step"}, {**values, ":step": "human_detector"}
    self._update(own.video_id, update(at), f"{at}.#step = :step", names, values)


def _writes_the_whole_list(
    self: RecordTable, video_id: int, update: str, condition: str, names: Any, values: Any
) -> bool:
    """A last write that replaces the list by what the worker knows of it."""
    new = values.get(":new")
    if new is None or isinstance(new, list) or new["state"] != "done":
        return _update(self, video_id, update, condition, names, values)
    values = {name: value for name, value in values.items() if name != ":new"}
    return _update(self, video_id, "SET process_steps = :all", condition, names, {**values, ":all": [new]})


_update = RecordTable._update


def _takes_any_partial(self: PartialResult, lines_path: Any) -> bool:
    found = self._object.look()
    if found is None:
        return False
    self._storage.download(found, lines_path, lambda: None)
    return True


def _stamps_without_etag(video: S3Object, human_detection: Any) -> dict[str, str]:
    return {"video": video.key, "analysis": json.dumps(dict(human_detection))}


def _never_extends(self: JobQueue, message: Message, seconds: float) -> None:
    return None


def _saves_nothing(self: PartialResult, lines_path: Any) -> bool:
    return False


def _forgets_to_tidy_up(self: PartialResult, *, may_be_left: bool) -> None:
    return None


def _gives_up_early(self: Claims, video_id: int, purpose: Any) -> Any:
    step = _claim(self, video_id, purpose)
    step.failures += step.attempt - 1
    return step


_claim = Claims.claim


def _leaves_out_why(self: Claims, step: Any, reason: str) -> None:
    self.records.replace_own(step, {"step": "human_detector", "state": "error", "error": ""})


def _says_it_was_removed(self: Storage, stored: S3Object) -> bool:
    return True


PLANTED = (
    Planted(
        "a store asks what stands there in the moment in which it writes",
        Storage,
        "store",
        _writes_whatever_stands_there,
        ("nothing_is_left_over", "results_are_what_they_claim", "wishes_are_fulfilled"),
        (Freeze, Replaced),
    ),
    Planted(
        "a claim takes a step from a living owner",
        Claims,
        "_refuse_if_taken",
        lambda *_: None,
        ("analyses_are_explained",),
    ),
    Planted(
        "a message is deleted before anything is recorded",
        JobRunner,
        "run",
        _deletes_before_it_records,
        ("nothing_is_acknowledged_before_it_is_recorded",),
    ),
    Planted(
        "a renewal of a lost lease goes unnoticed",
        Claims,
        "renew",
        _renews_what_is_lost,
        ("results_are_what_they_claim", "nothing_is_left_over", "little_work_is_lost"),
        (Freeze,),
    ),
    Planted(
        "putting off deletes before it sends",
        JobQueue,
        "put_off",
        _deletes_first,
        ("nothing_is_acknowledged_before_it_is_recorded", "every_video_ends", "wishes_are_fulfilled"),
    ),
    Planted(
        "the owner of an element is not checked",
        RecordTable,
        "_write_own",
        _writes_without_owner,
        ("foreign_data_is_kept", "results_are_what_they_claim", "every_video_ends", "wishes_are_fulfilled"),
    ),
    Planted(
        "the last write replaces the list",
        RecordTable,
        "_update",
        _writes_the_whole_list,
        ("foreign_data_is_kept",),
    ),
    Planted(
        "a foreign partial result is accepted",
        PartialResult,
        "fetch",
        _takes_any_partial,
        ("results_are_what_they_claim",),
    ),
    Planted(
        "a stamp ignores the content",
        lookup,
        "stamp",
        _stamps_without_etag,
        ("results_are_what_they_claim", "wishes_are_fulfilled"),
    ),
    Planted(
        "dead letters are never looked at",
        DeadLetters,
        "look",
        lambda self: None,
        ("every_video_ends",),
    ),
    Planted(
        "visibility is never extended",
        JobQueue,
        "hide",
        _never_extends,
        ("analyses_are_explained", "errors_are_explained", "every_video_ends"),
    ),
    Planted(
        "unfinished work is not saved",
        PartialResult,
        "save",
        _saves_nothing,
        ("little_work_is_lost",),
    ),
    Planted(
        "partial results stay",
        PartialResult,
        "discard",
        _forgets_to_tidy_up,
        ("nothing_is_left_over",),
    ),
    Planted(
        "every attempt counts twice as a failure",
        Claims,
        "claim",
        _gives_up_early,
        ("errors_are_explained",),
    ),
    Planted(
        "the reason of an error is lost",
        Claims,
        "finish_error",
        _leaves_out_why,
        ("every_video_ends",),
    ),
    Planted(
        "an object of our own is not removed",
        Storage,
        "remove",
        _says_it_was_removed,
        ("nothing_is_left_over",),
    ),
    Planted(
        "the heartbeat never says that the lease is lost",
        Heartbeat,
        "check",
        lambda self: None,
        ("lost_analyses_stop",),
        (Freeze,),
    ),
    Planted(
        "a superseded write counts as written",
        OwnObject,
        "store",
        lambda self, path: setattr(
            self,
            "stored",
            _writes_whatever_stands_there(self._storage, path, self._bucket, self.key, self.made_of, None),
        ),
        ("results_are_what_they_claim", "nothing_is_left_over"),
        (Freeze, Replaced),
    ),
)
