"""The tests notice what is wrong: faults are planted, and each is caught; see planted_faults.py."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from planted.catalogue import FAULTS
from planted.fault import DoesNotApply, Fault, planted
from planted.guards import GUARDS, Guard
from planted.trial import attempts, guards_for
from planted_faults import main
from support.paths import ROOT, SRC

PARTS = 4
"""The share is drawn in so many tests, which run side by side."""
SHARE = 5
"""One of so many faults is planted each time."""
QUICK_GUARD = "tests/worker/test_failures.py"

HARMLESS = """
FAULTS = [
    Fault(
        name="a verdict is given in other words",
        module="src/human_detector/worker/failures.py",
        function="judge",
        old='''
            case LeaseLost():
                return Verdict(Fate.LEAVE)
        ''',
        new='''
            case LeaseLost():
                verdict = Verdict(Fate.LEAVE)
                return verdict
        ''',
    ),
    dict(
        name="a verdict is another one",
        module="human_detector.worker.failures",
        function="judge",
        old="return Verdict(Fate.LEAVE)",
        new="return Verdict(Fate.DELETE)",
    ),
]
"""


@pytest.mark.parametrize("part", range(PARTS))
def test_a_random_share_of_the_faults_is_caught(part: int) -> None:
    seed = os.environ.get("PLANTED_SEED") or str(time.time_ns())
    print(f"again with PLANTED_SEED={seed}")
    of_part = FAULTS[part::PARTS]
    chosen = random.Random(seed).sample(of_part, len(of_part) // SHARE)
    survivors = []
    for trial in attempts(chosen):
        print(trial)
        if trial.guard is None:
            survivors.append(trial.fault.name)
    assert not survivors


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_says_nothing_where_nothing_is_wrong(guard: Guard) -> None:
    """Else it would catch each fault, and prove nothing."""
    same = Fault(
        "the same in other words",
        "worker.failures",
        "judge",
        "failures >= max_failures",
        "max_failures <= failures",
    )
    with planted(same) as environment:
        assert not guard.complaint(environment)


def test_each_fault_is_one_of_the_code_as_it_stands() -> None:
    for fault in FAULTS:
        assert fault.source() != (SRC / fault.path).read_text(encoding="utf-8"), fault.name
        assert guards_for(fault)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 45


def test_a_fault_that_nobody_sees_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "more.py"
    file.write_text(HARMLESS)
    before = _tree()
    status = main(["--file", str(file), "--only", "a verdict is", "--by", QUICK_GUARD])
    shown = capsys.readouterr().out
    assert status == 1
    assert "1 of 2 faults were caught\nSURVIVED: a verdict is given in other words" in shown
    assert "FAILED tests/worker/test_failures.py::test_the_table[error0-1-verdict0] - AssertionError" in shown
    assert _tree() == before, "the working tree stays as it is"


def _tree() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in SRC.rglob("*.py")}


@pytest.mark.parametrize(
    ("function", "old", "new", "reason"),
    [
        ("judge", "is nowhere", "pass", "the text occurs 0 times in worker/failures.py: judge, must once"),
        ("judge", "Fate.BURY", "pass", "the text occurs 2 times"),
        ("judges", "return", "pass", "there are 0 of the name worker/failures.py: judges"),
        ("Fate.outranks", "return", "return (", "human_detector/worker/failures.py: '(' was never closed"),
    ],
)
def test_a_fault_that_does_not_apply_is_an_error(
    function: str,
    old: str,
    new: str,
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fault = {"name": "odd", "module": "worker.failures", "function": function, "old": old, "new": new}
    with pytest.raises(DoesNotApply), planted(Fault(**fault)):
        pytest.fail("planted")
    file = tmp_path / "more.py"
    file.write_text(f"FAULTS = [{fault}]\n")
    assert main(["--file", str(file), "--list"]) == 2
    assert f"the fault 'odd' does not apply: {reason}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FAULT = []", "has no list FAULTS"),
        ("FAULTS = [dict(name='odd')]", "has something in FAULTS that is no fault: "),
        (
            "FAULTS = [Fault('odd', 'worker.failures', 'judge', 'HeldByAnother', 'X', try_first='nowhere.py')]",
            "there is no guard nowhere.py",
        ),
    ],
)
def test_a_file_of_something_else_is_an_error(
    text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "more.py"
    file.write_text(text)
    assert main(["--file", str(file), "--list"]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("guard", [f"{QUICK_GUARD}::test_nothing", f"{QUICK_GUARD} -k nothing"], ids=str)
def test_a_guard_without_tests_is_no_guard(guard: str) -> None:
    with pytest.raises(ValueError, match="there are no tests in "):
        Guard.of(guard).complaint({**os.environ})


def test_a_fault_may_be_anywhere_in_a_module() -> None:
    fault = Fault("odd", "worker.record", "", old='STEP = "human_detector"', new='STEP = "another"')
    assert '\nSTEP = "another"\n' in fault.source()


def test_all_processes_import_the_copy() -> None:
    """Those that a test starts, too."""
    fault = Fault("odd", "worker.failures", "Fate", old="DELETE = 1", new="DELETE = 10")
    code = (
        "import subprocess, sys\n"
        "from support.commands import environment\n"
        "ask = 'from human_detector.worker.failures import Fate; print(Fate.DELETE.value)'\n"
        "subprocess.run([sys.executable, '-c', ask], env=environment(), check=True)\n"
    )
    with planted(fault) as given:
        own = {**given, "PYTHONPATH": os.pathsep.join([given["PYTHONPATH"], str(ROOT / "tests")])}
        done = subprocess.run(
            [sys.executable, "-c", code], env=own, capture_output=True, text=True, check=True
        )
    assert done.stdout == "10\n"
