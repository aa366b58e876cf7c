"""The targets of the contract tests, and the check that what is known to differ does differ."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest

from simulation.differences import DIFFERENCES, Difference, expected
from simulation.targets import SIMULATED, Target, emulated, simulated
from support.emulators import EMULATORS


@pytest.fixture(scope="session")
def emulated_targets() -> dict[str, Target]:
    """The emulators that have been used so far: making their clients takes a while."""
    return {}


@pytest.fixture(params=[SIMULATED, *EMULATORS])
def target(request: pytest.FixtureRequest, emulated_targets: dict[str, Target]) -> Target:
    """The services, simulated or emulated."""
    name = request.param
    if name == SIMULATED:
        return simulated()
    if name not in emulated_targets:
        fixture = "aws_endpoint" if name == "moto" else "ministack_endpoint"
        emulated_targets[name] = emulated(request.getfixturevalue(fixture))
    emulated_targets[name].before_s3 = lambda _: None
    return emulated_targets[name]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Turn a test that an emulator is known to fail into one that says so when it does not."""
    difference = _difference_of(pyfuncitem)
    if difference is None:
        return (yield)
    with expected(difference):
        yield
    return True


def _difference_of(test: pytest.Function) -> Difference | None:
    if "target" not in test.fixturenames:
        return None
    emulator_name = test.callspec.params["target"]
    case = re.sub(rf"-?\b{emulator_name}\b-?", "", test.callspec.id)
    name = f"{test.originalname}[{case}]" if case else test.originalname
    found = [entry for entry in DIFFERENCES if (entry.emulator, entry.test) == (emulator_name, name)]
    return found[0] if found else None
