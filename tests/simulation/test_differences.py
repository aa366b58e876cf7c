"""The list of differences cannot rot: each entry is about a test that exists, and is checked by running it."""

from __future__ import annotations

import pytest

from simulation import test_contract_dynamodb, test_contract_s3, test_contract_sqs
from simulation.differences import DIFFERENCES, Difference, expected

DIFFERENCE = Difference("moto", "test_something", "AWS: this. moto: that", shown_by="that")


def test_each_difference_is_about_a_test_that_exists() -> None:
    modules = (test_contract_dynamodb, test_contract_s3, test_contract_sqs)
    for difference in DIFFERENCES:
        name = difference.test.partition("[")[0]
        assert any(hasattr(module, name) for module in modules), difference


def test_no_difference_is_in_the_list_twice() -> None:
    keys = [(difference.emulator, difference.test) for difference in DIFFERENCES]
    assert len(set(keys)) == len(keys)


def test_a_difference_that_is_still_there_is_no_failure() -> None:
    with expected(DIFFERENCE):
        raise AssertionError("it does that")


def test_a_difference_that_is_gone_is_reported() -> None:
    with pytest.raises(AssertionError, match=r"moto in test_something .* take it out"), expected(DIFFERENCE):
        pass


def test_a_failure_of_another_kind_is_reported() -> None:
    with pytest.raises(AssertionError, match="but the failure is KeyError"), expected(DIFFERENCE):
        raise KeyError("other")
