"""Who is to notice that something is wrong with the product: the simulation, and the quick tests of a message's life."""

from __future__ import annotations

import os
import re
import resource
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from support.paths import ROOT

LONGEST_SECONDS = 300
PROCESSOR_SECONDS = 60
"""A guard that has not ended by then counts as one that says something: without a fault, it needs a fraction."""
SCHEDULES = "400"
NO_TESTS = 5
"""Exit status of pytest."""


@dataclass(frozen=True)
class Guard:
    """A command that fails when it sees that something is wrong.

    Attributes:
        name: for people.
        arguments: of Python.
    """

    name: str
    arguments: Sequence[str]

    @classmethod
    def of(cls, what: str) -> Guard:
        """A part of the guards: a file of tests, or `tests/simulation`, with options if need be.

        Raises:
            ValueError: there is no such file.
        """
        path, *options = shlex.split(what)
        if not (ROOT / path.partition("::")[0]).exists():
            raise ValueError(f"there is no guard {path}")
        if path == SIMULATION.name:
            return cls(SIMULATION.name, [*SIMULATION.arguments, *options])
        return cls(path, [*PYTEST, path, *options])

    def complaint(self, environment: Mapping[str, str]) -> str:
        """What is wrong, in one line; empty if nothing is."""
        process = subprocess.Popen(
            [sys.executable, *self.arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_bound,
        )
        try:
            said, _ = process.communicate(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            return f"it did not end within {LONGEST_SECONDS} s"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return f"it did not end within {PROCESSOR_SECONDS} s of processor time"
        if process.returncode == NO_TESTS or "ERROR: not found: " in said:
            raise ValueError(f"there are no tests in {self.name}")
        if process.returncode == 0:
            return ""
        return _gist(said)


PYTEST = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
SIMULATION = Guard("tests/simulation", ["tests/simulation", "--schedules", SCHEDULES])

ALONE = [
    "tests/worker/test_failures.py",
    "tests/worker/test_heartbeat.py",
    "tests/worker/test_job_checks.py",
    "tests/worker/test_job_life.py",
    "tests/worker/test_late_writers.py",
    "tests/worker/test_messages.py",
    "tests/worker/test_outages.py",
    "tests/worker/test_settling.py",
    "tests/worker/test_stamp.py",
]
EMULATED = [
    "tests/aws/test_queue.py",
    "tests/aws/test_storage.py",
    "tests/worker/test_claim.py",
    "tests/worker/test_claim_races.py",
    "tests/worker/test_own_object.py",
]

ON_TWO_EMULATORS = [
    "tests/worker/test_dead_letters.py",
    "tests/worker/test_end_of_work.py",
    "tests/worker/test_odd_records.py",
]
ON_ONE = ["-k", "moto and not test_a_worker"]
"""Of those: one emulator is enough, and no worker is started."""

GUARDS = [
    SIMULATION,
    Guard("the tests that need nothing", [*PYTEST, *ALONE]),
    Guard("the tests against an emulator", [*PYTEST, *EMULATED]),
    Guard("the tests against either emulator", [*PYTEST, *ON_TWO_EMULATORS, *ON_ONE]),
]


def _bound() -> None:
    """A fault may make a loop endless, and what grows in it would take the machine down."""
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))


def _gist(said: str) -> str:
    """The sentence of what a guard has said that tells what is wrong."""
    for pattern in (r"^VIOLATION of .*", r"^(?:FAILED|ERROR) tests/.*"):
        if found := re.search(pattern, said, re.MULTILINE):
            return found[0]
    return next((line for line in reversed(said.splitlines()) if line.strip()), "it says nothing, and fails")
