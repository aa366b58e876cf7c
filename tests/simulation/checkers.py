"""What must hold whatever happens. Each checker looks at the history of a run, and says what is wrong in it.

They share no code with what they check: what a stamp or the name of a partial result is, they know themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from simulation.clock import EPOCH
from simulation.history import BUCKET, Analysis, History, ObjectVersion, RecordVersion, Wish, wishes_of
from simulation.s3 import Object
from simulation.schedule import Deleted, Deploy, Loose, RecordDeleted, Replaced, Schedule
from simulation.simulated_worker import (
    ANONYMIZE,
    FRAME_SECONDS,
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    PARTIAL_SAVE_SECONDS,
)

SCHEMA_VERSION = "1.0"
PARTIAL = "human_detector_partial/"
COPY = ".anonymized.mp4"
FAULTS_EXPLAIN = 2
"""So many analyses can one fault of a worker cost: it is at one video in each of its lanes."""


@dataclass(frozen=True)
class Violation:
    """Something that must never happen.

    Attributes:
        checker: who found it.
        what: for a person.
    """

    checker: str
    what: str


def check(schedule: Schedule, history: History) -> list[Violation]:
    """Everything that is wrong with a run."""
    return [
        Violation(checker.__name__, sentence)
        for checker in CHECKERS
        for sentence in checker(schedule, history)
    ]


def workers_live_on(schedule: Schedule, history: History) -> Iterator[str]:
    """Whatever happens outside of it ends no worker."""
    for death in history.deaths:
        yield f"{death.who} {death.what}"


def every_video_ends(schedule: Schedule, history: History) -> Iterator[str]:
    """Each record says `done` or `error`, with what belongs to it, within a bound after the last fault."""
    for video_id, versions in history.records.items():
        if video_id in history.deleted_records:
            continue
        last = versions[-1].own
        state = last.get("state", "waiting")
        if state not in ("done", "error"):
            yield f"record {video_id} says {state} for ever"
        elif not last.get("result_file" if state == "done" else "error"):
            yield f"record {video_id} says {state}, and nothing more"
    if history.at_rest_at is None:
        yield (
            f"there is no rest after {history.world.network.sent} requests: "
            "messages are left, or workers hold some"
        )


def wishes_are_fulfilled(schedule: Schedule, history: History) -> Iterator[str]:
    """Whoever asked for a video has the result of what lay there at that time or later, or an error.

    Or a dead letter, where the record has a result of another key, or an error already, or where a result was to
    be made once more.
    """
    for wish in history.wishes:
        if wish.video_id in history.deleted_records:
            continue
        if not (_is_fulfilled(history, wish, float("inf")) or _has_dead_letter(history, wish)):
            yield f"nobody has seen to {_named(wish)}, asked for at {wish.at - EPOCH:.0f} s"


def results_are_what_they_claim(schedule: Schedule, history: History) -> Iterator[str]:
    """A result that a record names is whole, of one content, and says which; when it is recorded and in the end."""
    for video_id, versions in history.records.items():
        recorded = [version for version in versions if version.own.get("state") == "done"]
        for version in recorded:
            if problem := _problem_of_result(history, version, version.at):
                yield f"the result of record {video_id}, recorded at {version.at - EPOCH:.1f} s, {problem}"
        if not recorded or versions[-1] is not recorded[-1]:
            continue
        if problem := _problem_of_result(history, versions[-1], float("inf")):
            yield f"the result of record {video_id} in the end {problem}"
        elif _made_of(history, recorded[-1], recorded[-1].at) != _made_of(
            history, recorded[-1], float("inf")
        ):
            yield f"the result of record {video_id} was overwritten after it was recorded, by one of something else"


def copies_are_there_before_it_is_said(schedule: Schedule, history: History) -> Iterator[str]:
    """A record says `done` only when the copy lies beside the result, and is of the same; so it is in the end."""
    for video_id, versions in history.records.items():
        recorded = [version for version in versions if version.own.get("state") == "done"]
        moments = [(version, version.at) for version in recorded]
        if recorded and versions[-1] is recorded[-1]:
            moments.append((recorded[-1], float("inf")))
        for version, at in moments:
            if problem := _problem_of_copy(history, version, at):
                yield f"the copy of record {video_id}, recorded at {version.at - EPOCH:.1f} s, {problem}"


def foreign_data_is_kept(schedule: Schedule, history: History) -> Iterator[str]:
    """A worker changes nothing of a record but its own element, and makes none anew that was deleted."""
    for video_id, versions in history.records.items():
        if versions[-1].at > history.deleted_records.get(video_id, float("inf")):
            yield f"{versions[-1].by} made record {video_id} anew, which was deleted"
        for before, after in pairwise(versions):
            if after.by.startswith("worker") and _foreign(before) != _foreign(after):
                yield f"{after.by} changed what others wrote to record {video_id}: {_foreign(after)}"
            if len([e for e in after.elements if e.get("step") == "human_detector"]) > 1:
                yield f"record {video_id} has several elements of the worker"


def nothing_is_acknowledged_before_it_is_recorded(schedule: Schedule, history: History) -> Iterator[str]:
    """When the last message that asks for something is deleted, the record says what came of it."""
    for deletion in history.deletions:
        asked = [wish for wish in deletion.wishes if wish.video_id not in history.deleted_records]
        missed = [wish for wish in asked if not _is_fulfilled(history, wish, deletion.at)]
        if missed and not deletion.others:
            yield f"{deletion.by} deleted the message for {_named(missed[0])}, of which no record says the end"


def errors_are_explained(schedule: Schedule, history: History) -> Iterator[str]:
    """A video is given up only after as many faults as it may have attempts, or because of what it is."""
    most = schedule.max_receive_count or MAX_ATTEMPTS
    # A message for several videos, of which one has no record any more, is given up for all.
    is_gone = _has(schedule, Deleted) or _has(schedule, RecordDeleted)
    if len(history.faults) >= most or is_gone or _doubles(schedule):
        return
    for video_id, versions in history.records.items():
        for version in versions:
            reason = version.own.get("error", "")
            if reason and not ("cannot be decoded" in reason and _has(schedule, Replaced)):
                yield f"record {video_id} was given up after {len(history.faults)} faults: {reason}"


def analyses_are_explained(schedule: Schedule, history: History) -> Iterator[str]:
    """No content is analysed twice, unless that was asked for or a fault explains it."""
    if _doubles(schedule) or _has(schedule, Deploy):
        return
    explained = FAULTS_EXPLAIN * len(history.faults)
    for video_id in history.records:
        wishes = [wish for wish in history.wishes if wish.video_id == video_id]
        analyses = [analysis for analysis in history.analyses if analysis.video_id == video_id]
        # A video that cannot be analysed is tried each time. Two keys with one name take turns at one result.
        is_odd = any(analysis.content["broken"] for analysis in analyses) or len({w.key for w in wishes}) > 1
        allowed = len(wishes) if is_odd else 1 + sum(wish.force for wish in wishes)
        contents = {analysis.content["name"] for analysis in analyses}
        needed = len(contents) + allowed - 1
        if len(analyses) > needed + explained:
            yield (
                f"video {video_id} was analysed {len(analyses)} times; {needed} were asked for, "
                f"and {len(history.faults)} faults explain {explained} more"
            )


def little_work_is_lost(schedule: Schedule, history: History) -> Iterator[str]:
    """An analysis goes on where the one before was cut off, but for what was not yet to be saved."""
    most = PARTIAL_SAVE_SECONDS // FRAME_SECONDS + 1
    if _doubles(schedule):
        return  # Each delivery too many counts as a death, and may be the last one that is allowed.
    for number, later in enumerate(history.analyses):
        earlier = [other for other in history.analyses[:number] if other.video_id == later.video_id]
        if not earlier or not _holds_the_record(history, later) or _is_excused(history, earlier, later):
            continue
        done = max(other.done_by(later.began_at) for other in earlier)
        if done - later.first > most:
            yield f"analysis {later.number} began at frame {later.first}, though {done} were done: {most} may be lost"


def lost_analyses_stop(schedule: Schedule, history: History) -> Iterator[str]:
    """An analysis ends within a lease once another worker is at the video; within a renewal, if that can be sent."""
    can_renew = all("freezes" in fault.what for fault in history.faults)
    most = LEASE_SECONDS // (4 if can_renew else 1) // FRAME_SECONDS + 2
    for number, analysis in enumerate(history.analyses):
        for later in history.analyses[number + 1 :]:
            is_another = later.video_id == analysis.video_id and later.by != analysis.by
            if not (is_another and _holds_the_record(history, later)):
                continue
            wasted = sum(at > later.began_at for at in analysis.frames)
            if wasted > most:
                yield f"analysis {analysis.number} went on for {wasted} frames when {later.by} was at the video"


def nothing_is_left_over(schedule: Schedule, history: History) -> Iterator[str]:
    """No partial result is left.

    But where its record was deleted, or where one was written by an attempt that had lost the record by then, and its worker was hit by a fault
    before it could take it back; or where a fault hit a request for that very object.
    """
    for key, versions in history.objects.items():
        last = versions[-1]
        if not key.startswith(PARTIAL) or last.object is None or key in history.touched:
            continue
        if _video_of(key) in history.deleted_records:
            continue
        hit = any(fault.who == last.by and fault.at >= last.at for fault in history.faults)
        if not (hit and _was_late(history, key, last)):
            yield f"{key} is left over, written by {last.by} at {last.at - EPOCH:.1f} s"


CHECKERS: tuple[Callable[[Schedule, History], Iterator[str]], ...] = (
    workers_live_on,
    every_video_ends,
    wishes_are_fulfilled,
    results_are_what_they_claim,
    copies_are_there_before_it_is_said,
    foreign_data_is_kept,
    nothing_is_acknowledged_before_it_is_recorded,
    errors_are_explained,
    analyses_are_explained,
    little_work_is_lost,
    lost_analyses_stop,
    nothing_is_left_over,
)


def _has(schedule: Schedule, kind: type) -> bool:
    return any(isinstance(event, kind) for event in schedule.events)


def _doubles(schedule: Schedule) -> bool:
    """Whether SQS delivers messages twice while they are worked on, which starts an analysis each time."""
    return any(isinstance(event, Loose) and event.duplicate for event in schedule.events)


def _named(wish: Wish) -> str:
    return f"{wish.key} of record {wish.video_id}" + (", forced" if wish.force else "")


def _is_fulfilled(history: History, wish: Wish, until: float) -> bool:
    """Whether a record has said, by a certain moment, what came of a wish."""
    for version in history.records[wish.video_id]:
        if version.at > until:
            return False
        own = version.own
        if own.get("state") == "error" and version.at >= wish.at:
            return True
        is_too_early = wish.force and version.at < wish.at
        # Of a video that is gone, nothing better can be made than what was made when it was there.
        is_gone = None in history.standing(wish.key, wish.at, until)
        is_of_another = own.get("source", {}).get("key", wish.key) != wish.key
        if is_gone and not wish.names_its_record and (is_of_another or own.get("state") == "error"):
            return True  # Nothing is to be written over the record of another video, nor over an end.
        if own.get("state") == "done" and (is_gone or not is_too_early):
            result = _standing(history, own["result_file"]["key"], version.at)
            if result is not None and _is_of(history, result, wish, until):
                return True
    return False


def _has_dead_letter(history: History, wish: Wish) -> bool:
    """Whether a wish is left as a dead letter, and its record says how the video ended before, or another key of it."""
    if not any(wish.key == left.key for body in history.dead_letters() for left in wishes_of(body, 0)):
        return False
    own = history.records[wish.video_id][-1].own
    if own.get("state") == "error" or (own.get("state") == "done" and wish.force):
        return True
    result = _standing(history, own["result_file"]["key"], float("inf")) if "result_file" in own else None
    return result is not None and json.loads(result.content)["video"]["key"] != wish.key


def _is_of(history: History, result: Object, wish: Wish, until: float) -> bool:
    """Whether a result was made of what lay at a key when it was asked for, or later."""
    video = json.loads(result.content)["video"]
    if video["key"] != wish.key:
        return False
    standing = history.standing(wish.key, wish.at, until)
    return None in standing or any(found is not None and _etag(found) == video["etag"] for found in standing)


def _standing(history: History, key: str, at: float) -> Object | None:
    versions = [version.object for version in history.objects.get(key, []) if version.at <= at]
    return versions[-1] if versions else None


def _etag(found: Object) -> str:
    return found.etag.strip('"')


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _problem_of_result(history: History, version: RecordVersion, at: float) -> str:
    """What is wrong with the result that a record names, as it stood at a moment; empty for nothing."""
    key = version.own["result_file"]["key"]
    result = _standing(history, key, at)
    if result is None:
        return f"is not there: {key}"
    document = json.loads(result.content)
    video, settings, frames = document["video"], document["human_detection"], document["frames"]
    sources = [
        v.object
        for v in history.objects.get(video["key"], [])
        if v.object and _etag(v.object) == video["etag"]
    ]
    if not sources:
        return f"is of a content that never was: {video}"
    content = json.loads(sources[0].content)
    expected = [
        {"frame": number, "of": content["name"], "detectors": settings["detectors"]}
        for number in range(content["frames"])
    ]
    if frames != expected:
        return f"is not what an analysis of {content['name']} gives: {frames}"
    stamp = {
        "video": _digest([BUCKET, video["key"]]),
        "video-etag": video["etag"],
        "analysis": _digest([SCHEMA_VERSION, {**settings, "anonymize": ANONYMIZE}]),
    }
    if dict(result.metadata) != stamp:
        return f"claims to be what it is not: {dict(result.metadata)}, it is {stamp}"
    return ""


def _problem_of_copy(history: History, version: RecordVersion, at: float) -> str:
    """What is wrong with the copy beside the result that a record names; empty for nothing."""
    key = version.own["result_file"]["key"]
    result, copy = _standing(history, key, at), _standing(history, key.removesuffix(".json") + COPY, at)
    if result is None:
        return ""  # Another checker says so.
    if copy is None:
        return "is not there"
    frames = json.loads(result.content)["frames"]
    content = json.loads(copy.content)
    if content != {"of": frames[0]["of"], "result": frames, "wishes": ANONYMIZE}:
        return f"is of something else than the result: {content}"
    if dict(copy.metadata) != dict(result.metadata):
        return f"claims to be what the result is not: {dict(copy.metadata)}"
    return ""


def _made_of(history: History, version: RecordVersion, at: float) -> Any:
    """What the result that a record names was made of, as it stood at a moment."""
    result = _standing(history, version.own["result_file"]["key"], at)
    return None if result is None else dict(result.metadata)


def _foreign(version: RecordVersion) -> Mapping[str, Any]:
    """What of a record is not the worker's."""
    steps = [element for element in version.elements if element.get("step") != "human_detector"]
    return {**version.item, "process_steps": steps}


def _is_excused(history: History, earlier: list[Analysis], later: Analysis) -> bool:
    """Whether an analysis may begin anew: what was done is of something else, is no more, or could not be saved."""
    key = f"{PARTIAL}{later.video_id}/{later.video_id}.jsonl"
    same = all((a.content["name"], a.settings) == (later.content["name"], later.settings) for a in earlier)
    forced = any(wish.force for wish in history.wishes if wish.video_id == later.video_id)
    ended = any(
        version.own.get("state") in ("done", "error") and earlier[0].began_at < version.at <= later.began_at
        for version in history.records[later.video_id]
    )
    finished = any(analysis.end == "done" for analysis in earlier)
    taken_back = _was_taken_back(history, later.video_id, key)
    return not same or forced or ended or finished or key in history.touched or taken_back


def _was_taken_back(history: History, video_id: int, key: str) -> bool:
    """Whether a worker that stood still in its first save has removed it, when the record was another's."""
    for version in history.objects.get(key, []):
        writers = [record.by for record in history.records[video_id] if record.at <= version.at]
        if version.object is None and version.by != writers[-1]:
            return True
    return False


def _holds_the_record(history: History, analysis: Analysis) -> bool:
    """Whether the worker of an analysis was the last to write the record when it began."""
    before = [version for version in history.records[analysis.video_id] if version.at <= analysis.began_at]
    return before[-1].by == analysis.by


def _video_of(partial_key: str) -> int:
    return int(partial_key.removeprefix(PARTIAL).partition("/")[0])


def _was_late(history: History, key: str, written: ObjectVersion) -> bool:
    """Whether the attempt that wrote a partial result did not own the record any more."""
    assert written.object is not None
    before = [version for version in history.records[_video_of(key)] if version.at <= written.at]
    return before[-1].own.get("owner") != written.object.metadata["owner"]
