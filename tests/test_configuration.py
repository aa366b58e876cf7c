"""The configuration file: what is valid, and what is said of what is not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from human_detector import configuration as configuration_module
from human_detector.configuration import (
    EMBEDDED_CONFIGURATION,
    WORKER,
    WorkerSettings,
    configuration_path,
    find_problems,
    load_configuration,
)
from human_detector.deployment.settings import models_of
from human_detector.errors import ConfigurationError
from support.paths import ROOT

PRODUCT = Path(__file__).resolve().parent.parent / "variables.json"


@pytest.fixture
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(PRODUCT.read_text())
    return loaded


def test_the_analysis_needs_only_its_own_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person with videos on the disk has no queue, no bucket and no table."""
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"human_detection": {"detectors": [["FaceDetector"]], "frame_ratio": 0.1}}))
    assert configuration_module.load_human_detection(path)["frame_ratio"] == 0.1
    path.write_text(json.dumps({"human_detection": {"detectors": [["FaceDetector"]], "frame_ratio": 2}}))
    with pytest.raises(
        ConfigurationError, match=r"mine\.json: human_detection\.frame_ratio: found 2, valid is"
    ):
        configuration_module.load_human_detection(path)
    path.write_text("[]")
    with pytest.raises(ConfigurationError, match="human_detection"):
        configuration_module.load_human_detection(path)
    # Where a package is installed there is no variables.json.
    monkeypatch.delenv("VARIABLES_JSON", raising=False)
    monkeypatch.setattr(configuration_module, "configuration_path", lambda: tmp_path / "none.json")
    assert [name for name, _ in configuration_module.load_human_detection()["detectors"]] == [
        "HumanDetector",
        "FaceDetector",
    ]
    monkeypatch.setenv("VARIABLES_JSON", "gone.json")
    monkeypatch.setattr(configuration_module, "configuration_path", lambda: Path("gone.json"))
    with pytest.raises(ConfigurationError, match=r"gone\.json cannot be read"):
        configuration_module.load_human_detection()


def test_the_product_file_is_valid_and_found_next_to_the_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VARIABLES_JSON", raising=False)
    assert configuration_path().resolve() == PRODUCT
    configuration = load_configuration()
    assert configuration.queue_name == "derby-call-humandetector"
    assert configuration.human_detection["frame_ratio"] == 0.2
    assert configuration.require_gpu is False
    assert configuration.worker == WorkerSettings()


def test_the_environment_names_another_file(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document | {"require_gpu": True, "worker": {"lease_seconds": 60}}))
    monkeypatch.setenv("VARIABLES_JSON", str(other))
    configuration = load_configuration()
    assert configuration.require_gpu
    assert configuration.worker.lease_seconds == 60


@pytest.mark.parametrize(
    ("key", "good", "bad", "valid"),
    [
        ("cage", ["required", "preferred"], ["none", True, ""], "one of required, preferred"),
        ("decoder_memory_mb", [256, 1_048_576], [255, 1_048_577, 512.5, "1G"], "a whole number from 256 to 1048576"),
        ("max_frame_pixels", [1, 2**31 - 1], [0, 2**31], "a whole number from 1 to 2147483647"),
        ("max_frames", [1, 10**12], [0, None], "a whole number from 1 to 1000000000000"),
    ],
)  # fmt: skip
def test_what_a_video_may_ask_for(
    document: dict[str, Any], key: str, good: list[Any], bad: list[Any], valid: str
) -> None:
    for value in good:
        assert find_problems(document | {"worker": {key: value}}) == []
    for value in bad:
        (problem,) = find_problems(document | {"worker": {key: value}})
        assert problem.startswith(f"worker.{key}: found {json.dumps(value)}, valid is {valid}")


def test_the_environment_says_what_the_cage_is_where_the_file_does_not(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does in the images."""
    silent, outspoken = tmp_path / "silent.json", tmp_path / "outspoken.json"
    silent.write_text(json.dumps(document))
    outspoken.write_text(json.dumps(document | {"worker": {"cage": "preferred"}}))
    for value, cage in (("", "preferred"), ("preferred", "preferred"), ("required", "required")):
        monkeypatch.setenv("HUMAN_DETECTOR_CAGE", value)
        assert load_configuration(silent).worker.cage == cage
        assert load_configuration(outspoken).worker.cage == "preferred"
    monkeypatch.setenv("HUMAN_DETECTOR_CAGE", "on")
    with pytest.raises(ConfigurationError, match="HUMAN_DETECTOR_CAGE: found 'on', valid is required or"):
        load_configuration(silent)
    assert load_configuration(outspoken).worker.cage == "preferred"


def test_every_worker_setting_is_checked() -> None:
    assert set(WORKER.checks) == {field.name for field in dataclasses.fields(WorkerSettings)}


def test_other_services_keep_their_own_keys_in_shared_sections(document: dict[str, Any]) -> None:
    document["aws_queues"]["another"] = "queue"
    document["video_split"]["seconds"] = 5
    assert find_problems(document) == []


def test_every_problem_is_listed_with_its_path(document: dict[str, Any]) -> None:
    del document["aws_region"]
    document["dynamodb"] = {"region": "", "table": "x"}
    document["human_detection"] = {
        "detectors": [
            ["HumanDetektor", {}],
            ["FaceDetector", {"max_batch_size": 0, "min_detection_score": 2, "colour": "red"}],
            ["FaceDetector"],
            ["FaceDetector"],
            "FaceDetector",
            ["FaceDetector", {"engine": "abacus"}],
        ],
        "frame_ratio": 0,
        "frame_rate": 2,
    }
    document["require_gpu"] = "yes"
    document["worker"] = {"lease_seconds": 1}
    document["sqs"] = {}
    problems = find_problems(document)
    expected = [
        "aws_region: missing",
        'dynamodb.region: found "", valid is a text',
        "dynamodb.table_id: missing",
        "dynamodb.table: unknown key (did you mean table_id?)",
        "human_detection.detectors[0] (HumanDetektor): unknown detector 'HumanDetektor', valid are HumanDetector",
        "human_detection.detectors[1] (FaceDetector): max_batch_size: found 0, valid is a whole number from 1",
        "human_detection.detectors[1] (FaceDetector): min_detection_score: found 2, valid is a number from 0 to 1",
        "human_detection.detectors[1] (FaceDetector): colour: unknown key, valid are",
        'human_detection.detectors[3]: found a second detector named "FaceDetector"',
        'human_detection.detectors[4]: found "FaceDetector", valid is ["DetectorName"',
        'human_detection.detectors[5] (FaceDetector): engine: found "abacus", valid is one of auto',
        "human_detection.frame_ratio: found 0, valid is a number above 0",
        "human_detection.frame_rate: unknown key (did you mean frame_ratio?)",
        'require_gpu: found "yes", valid is true or false',
        "worker.lease_seconds: found 1, valid is a whole number from 10",
        "sqs: unknown key",
    ]
    missing = [start for start in expected if not any(problem.startswith(start) for problem in problems)]
    assert not missing, problems
    assert len(problems) == len(expected), problems


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
@pytest.mark.parametrize("section", ["video_split", "aws_queues", "human_detection", "dynamodb", "worker"])
def test_a_section_of_a_wrong_type(document: dict[str, Any], section: str, value: Any) -> None:
    document[section] = value
    (problem,) = find_problems(document)
    assert problem.startswith(f"{section}: found")


def test_a_number_beyond_all_measure_is_a_problem(document: dict[str, Any]) -> None:
    document["human_detection"]["frame_ratio"] = 10**400
    (problem,) = find_problems(document)
    assert problem.startswith("human_detection.frame_ratio: found 1000")


def test_a_missing_section_is_missing(document: dict[str, Any]) -> None:
    del document["dynamodb"]
    assert find_problems(document) == ["dynamodb: missing, valid is an object with the keys region, table_id"]


def test_an_editor_s_line_is_passed_over(document: dict[str, Any]) -> None:
    assert find_problems({"$schema": "./variables.schema.json", **document}) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00"])
def test_a_file_that_is_no_object(content: str, tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"variables\.json"):
        load_configuration(path)


def test_a_file_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.json cannot be read: No such file or directory$"):
        load_configuration(tmp_path / "none.json")
    monkeypatch.setattr(configuration_module, "configuration_path", lambda: tmp_path / "variables.json")
    with pytest.raises(
        ConfigurationError, match=r"No such file .*; set \$VARIABLES_JSON to the path of yours$"
    ):
        load_configuration()


def test_the_embedded_configuration_has_the_small_models(document: dict[str, Any]) -> None:
    embedded = load_configuration(EMBEDDED_CONFIGURATION)
    assert models_of(embedded.human_detection) == ["centernet_mobilenetv3", "mobilenet_ssd_widerface"]
    assert all("engine" not in arguments for _, arguments in embedded.human_detection["detectors"])


def test_the_example_for_surveillance_is_the_demo_with_still_scenes_left_out() -> None:
    demo, example = (
        load_configuration(ROOT / "demo" / name).human_detection
        for name in ("variables.json", "surveillance.json")
    )
    assert example == {**demo, "tracker": True, "skip_still": True}


@pytest.mark.parametrize(
    ("anonymize", "human_detection", "problems"),
    [
        ({}, {"frame_ratio": 1}, []),
        ({"what": "heads", "style": "solid", "margin": 0.5, "mute": True}, {"frame_ratio": 1.0}, []),
        ({"what": "hats"}, {"frame_ratio": 1}, ["anonymize.what: found \"hats\", valid is one of"]),
        ({"colour": "red"}, {"frame_ratio": 1}, ["anonymize.colour: "]),
        ({}, {"frame_ratio": 0.2}, ["human_detection.frame_ratio: found 0.2, valid is 1 where there is anonymize"]),
        ({}, {"frame_ratio": 1, "skip_still": True}, ["human_detection.skip_still: found true, valid is false"]),
        ({"what": "people"}, {"frame_ratio": 1, "detectors": [["FaceDetector"]]}, ["anonymize needs a HumanDetector"]),
    ],
)  # fmt: skip
def test_copies_need_all_frames_and_a_detector(
    document: dict[str, Any], anonymize: dict[str, Any], human_detection: dict[str, Any], problems: list[str]
) -> None:
    document["anonymize"] = anonymize
    document["human_detection"] = {**document["human_detection"], **human_detection}
    found = find_problems(document)
    assert len(found) == len(problems)
    for sentence, beginning in zip(found, problems, strict=True):
        assert sentence.startswith(beginning)
