"""Two attempts at one object of unfinished work: what the late one may still write, and what is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from human_detector.errors import LeaseLost
from human_detector.worker.own_object import OwnObject
from support.scripted_worker import Script

KEY = "human_detector_partial/1/1.jsonl"


class Lease:
    """That of one attempt."""

    is_lost = False

    def check(self) -> None:
        if self.is_lost:
            raise LeaseLost("the step has another owner")


@pytest.fixture
def bucket() -> Script:
    return Script()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "lines").write_text("a frame")
    return tmp_path / "lines"


def an_attempt(bucket: Script) -> tuple[OwnObject, Lease]:
    """What it has of the object, and its lease."""
    lease = Lease()
    parts: object = bucket
    return OwnObject(parts, "out", KEY, {}, lease.check), lease  # type: ignore[arg-type]


def test_what_is_new_and_late_is_taken_back(bucket: Script, file: Path) -> None:
    late, lease = an_attempt(bucket)
    lease.is_lost = True
    with pytest.raises(LeaseLost):
        late.store_for_now(file)
    assert bucket.stored == {}, "its successor may have ended, and would never know of it"


def test_what_replaced_something_is_left_to_whoever_has_that_to_remove(bucket: Script, file: Path) -> None:
    late, lease = an_attempt(bucket)
    late.store_for_now(file)
    successor, _ = an_attempt(bucket)
    before = successor.look()
    lease.is_lost = True
    with pytest.raises(LeaseLost):
        late.store_for_now(file)
    assert bucket.stored[KEY] != before, "it came late, but it came"
    successor.remove()
    assert bucket.stored == {}


def test_whoever_has_lost_the_lease_leaves_the_work_of_its_successor(bucket: Script, file: Path) -> None:
    late, lease = an_attempt(bucket)
    late.store_for_now(file)
    lease.is_lost = True
    successor, _ = an_attempt(bucket)
    successor.look()
    successor.store_for_now(file)
    theirs = dict(bucket.stored)
    with pytest.raises(LeaseLost):
        late.remove()
    assert bucket.stored == theirs
