"""Faults in the objects of the worker's own, and in the unfinished work that is kept in one."""

from __future__ import annotations

from planted.fault import Fault

OBJECT_TESTS = "tests/worker/test_own_object.py"
JOB_TESTS = "tests/worker/test_job_life.py"
CHECK_TESTS = "tests/worker/test_job_checks.py"
LATE_TESTS = "tests/worker/test_late_writers.py"
SIMULATION = "tests/simulation"

UNFINISHED = [
    Fault(
        "a superseded write counts as written",
        "worker.own_object",
        "OwnObject.store",
        old="self.look()",
        new="return",
        try_first=JOB_TESTS,
    ),
    Fault(
        "who has lost the lease writes over its successor",
        "worker.own_object",
        "OwnObject.store",
        old="self._still_ours()",
        new="pass",
        try_first=JOB_TESTS,
    ),
    Fault(
        "unfinished work is saved after the release",
        "worker.own_object",
        "OwnObject.store_for_now",
        old="self._still_ours()",
        new="pass",
        try_first=JOB_TESTS,
    ),
    Fault(
        "unfinished work that was saved too late is not taken back",
        "worker.own_object",
        "OwnObject.store_for_now",
        old="if is_new:",
        new="if False:",
        try_first=LATE_TESTS,
    ),
    Fault(
        "late unfinished work is taken back, and with it what a successor counts on",
        "worker.own_object",
        "OwnObject.store_for_now",
        old="if is_new:",
        new="if True:",
        try_first=LATE_TESTS,
    ),
    Fault(
        "unfinished work that somebody has replaced stays",
        "worker.own_object",
        "OwnObject.remove",
        old="self._storage.remove(self.stored):",
        new="self._storage.remove(self.stored) is not None:",
        try_first=LATE_TESTS,
    ),
    Fault(
        "who has lost the lease removes the unfinished work of its successor",
        "worker.own_object",
        "OwnObject.remove",
        old="self._still_ours()",
        new="pass",
        try_first=LATE_TESTS,
    ),
    Fault(
        "a removal that met another object does not look at that",
        "worker.own_object",
        "OwnObject.remove",
        old="self._is_known = False",
        new="pass",
        try_first=LATE_TESTS,
    ),
    Fault(
        "a write whose answer was lost is forgotten",
        "worker.own_object",
        "OwnObject.store",
        old="self._is_known = False",
        new="self._is_known = True",
        try_first=OBJECT_TESTS,
    ),
    Fault(
        "a foreign partial result is accepted",
        "worker.partial_results",
        "PartialResult.fetch",
        old="or _analysis(found.metadata) != _analysis(self._object.made_of)",
        new="",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "only one's own partial result is accepted",
        "worker.partial_results",
        "_analysis",
        old="if name != OWNER",
        new="",
        try_first=SIMULATION,
    ),
    Fault(
        "a partial result that cannot be read ends the job",
        "worker.partial_results",
        "PartialResult.fetch",
        old="(ObjectReplaced, PermanentError, FlexibleChecksumError)",
        new="ObjectReplaced",
        try_first=OBJECT_TESTS,
    ),
    Fault(
        "what was there before counts as progress",
        "worker.partial_results",
        "PartialResult.fetch",
        old="self._bytes = lines_path.stat().st_size",
        new="pass",
        try_first=CHECK_TESTS,
    ),
    Fault(
        "unfinished work is not saved",
        "worker.partial_results",
        "PartialResult.save",
        old="if size <= self._bytes:",
        new="if True:",
        try_first=JOB_TESTS,
    ),
    Fault(
        "no more than before counts as progress",
        "worker.partial_results",
        "PartialResult.save",
        old="if size <= self._bytes:",
        new="if size < self._bytes:",
        try_first=JOB_TESTS,
    ),
    Fault(
        "what grows is stored while it grows",
        "worker.partial_results",
        "PartialResult.save",
        old="self._object.store_for_now(still)",
        new="self._object.store_for_now(lines_path)",
        try_first=OBJECT_TESTS,
    ),
    Fault(
        "a lost lease goes unnoticed where unfinished work is saved",
        "worker.partial_results",
        "PartialResult.save",
        old="""
            except LeaseLost:
                raise
        """,
        new="""
            except LeaseLost:
                return False
        """,
        try_first=JOB_TESTS,
    ),
    Fault(
        "a failed save ends the job",
        "worker.partial_results",
        "PartialResult.save",
        old="(ClientError, BotoCoreError, OSError, TransientError)",
        new="OSError",
        try_first=JOB_TESTS,
    ),
    Fault(
        "a file without frames counts as progress",
        "worker.partial_results",
        "_bytes_with_frames",
        old="size if size > first else 0",
        new="size",
        try_first=JOB_TESTS,
    ),
    Fault(
        "partial results stay",
        "worker.partial_results",
        "PartialResult.discard",
        old="self._object.remove()",
        new="pass",
        try_first=JOB_TESTS,
    ),
    Fault(
        "what an earlier attempt has saved stays",
        "worker.partial_results",
        "PartialResult.discard",
        old="if may_be_left and self._object.stored is None:",
        new="if False:",
        try_first=SIMULATION,
    ),
]
