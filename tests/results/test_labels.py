"""The labels of a result, one by one."""

from __future__ import annotations

from human_detector.report.moments import strongest_moments
from human_detector.report.page_data import pack
from human_detector.results.detection_arrays import Detections
from human_detector.results.labels import labels_apart
from support.sample_results import sample_result, two_labels


def test_each_label_becomes_a_detector() -> None:
    document = two_labels()
    apart = labels_apart(document)
    names = ["HumanDetector: person", "HumanDetector: bicycle", "HumanDetector: car", "FaceDetector"]
    assert list(apart["summary"]["detectors"]) == names
    table = Detections.from_document(document)
    for label, name in zip(("person", "bicycle", "car", "face"), names, strict=True):
        expected = (table.label == label).sum()
        assert apart["summary"]["detectors"][name]["detections"] == expected
        assert (
            len(Detections.from_document(apart)[Detections.from_document(apart).detector == name]) == expected
        )


def test_a_result_with_one_label_for_each_detector_stays_as_it_is() -> None:
    document = sample_result()
    assert labels_apart(document) is document


def test_the_page_has_a_row_for_each_label() -> None:
    apart = labels_apart(two_labels())
    assert [each["name"] for each in pack(apart)["detectors"]] == list(apart["summary"]["detectors"])
    assert {moment.detector for moment in strongest_moments(apart)} == {
        "HumanDetector: person",
        "HumanDetector: bicycle",
        "FaceDetector",
    }
