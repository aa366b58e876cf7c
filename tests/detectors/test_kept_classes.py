"""Which classes of a model are kept: one as ever, several as lists or as a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from human_detector.detectors.factory import create_detector
from human_detector.detectors.human_detector import HumanDetector
from human_detector.detectors.kept_classes import labels_by_class
from human_detector.errors import ConfigurationError
from human_detector.inference.engine import Candidates


@pytest.mark.parametrize(
    ("given", "label", "class_id"),
    [
        ({}, "person", 1),
        ({"class_id": 3}, "person", 3),
        ({"class_id": 1, "label": "somebody"}, "somebody", 1),
        ({"class_id": {"person": 1, "bicycle": 2}}, ["person", "bicycle"], [1, 2]),
        ({"class_id": [2, 1], "label": ["bicycle", "person"]}, ["bicycle", "person"], [2, 1]),
        ({"class_id": [3, 8], "label": ["vehicle", "vehicle"]}, ["vehicle", "vehicle"], [3, 8]),
        ({"class_id": {"person": 1}}, "person", 1),
    ],
)
def test_arguments_in_effect_are_taken_again(given: dict[str, Any], label: Any, class_id: Any) -> None:
    effective = create_detector("HumanDetector", given).arguments
    assert (effective["label"], effective["class_id"]) == (label, class_id)
    assert create_detector("HumanDetector", effective).arguments == effective


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"class_id": [1, 2]}, "class_id: found [1, 2] beside label null, valid are two lists of one length"),
        ({"class_id": [1, 2], "label": ["person"]}, 'found [1, 2] beside label ["person"], valid are two'),
        ({"class_id": [1, 2], "label": "person"}, 'found [1, 2] beside label "person", valid are two lists'),
        ({"label": ["a", "b"]}, 'found 1 beside label ["a", "b"], valid are two lists'),
        ({"class_id": [1, 1], "label": ["a", "b"]}, "class_id: found [1, 1], valid is every class once"),
        ({"class_id": {"a": 7, "b": 7}}, 'class_id: found {"a": 7, "b": 7}, valid is every class once'),
        (
            {"class_id": {"a": 7}, "label": "a"},
            'label: found "a", valid is none beside an object as class_id',
        ),
        (
            {"class_id": {}},
            "class_id: found {}, valid is a whole number from 1 to 100000, a list of them, or",
        ),
        ({"class_id": []}, "class_id: found [], valid is a whole number"),
        ({"class_id": [1, "2"]}, 'class_id: found [1, "2"], valid is a whole number'),
        ({"class_id": {"person": 1.5}}, 'class_id: found {"person": 1.5}, valid is a whole number'),
        ({"class_id": {"": 1}}, 'class_id: found {"": 1}, valid is a whole number'),
        ({"class_id": True}, "class_id: found true, valid is a whole number"),
        ({"label": []}, "label: found [], valid is a text that is not empty, or a list of them"),
    ],
)
def test_what_does_not_fit_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_detector("HumanDetector", given)
    assert said in str(caught.value)


def test_each_class_gets_its_label_and_others_are_left_out() -> None:
    detector = HumanDetector(class_id={"person": 1, "bicycle": 2})
    boxes = np.array([[0.1, 0.2, 0.3, 0.4]] * 4, np.float32)
    candidates = Candidates(boxes, np.array([0.9, 0.8, 0.7, 0.6], np.float32), np.array([2, 3, 1, 2]))
    found = detector._detections(candidates)
    assert [(each.label, round(each.score, 1)) for each in found] == [
        ("bicycle", 0.9),
        ("person", 0.7),
        ("bicycle", 0.6),
    ]


def test_a_detector_of_ones_own_without_a_label_has_its_usual_one() -> None:
    assert labels_by_class(4, None, "cat") == {4: "cat"}
