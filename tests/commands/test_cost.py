"""The cost calculator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from human_detector.commands import cost as cost_command
from sample_clip import sample_clip
from support.worker_harness import INSTANT


@pytest.mark.parametrize(
    ("rate", "ratio", "hours", "dollars"),
    [
        pytest.param(5, 0.2, 1.0, 0.5, id="as fast as the video"),
        pytest.param(50, 0.2, 0.125, 0.0625, id="no faster than decoding"),
        pytest.param(5, 1, 5.0, 2.5, id="every frame"),
    ],
)
def test_an_hour_of_video(rate: float, ratio: float, hours: float, dollars: float) -> None:
    found = cost_command.estimate(0.5, rate, 25, ratio)
    assert (found.hours, found.dollars) == pytest.approx((hours, dollars))


def test_rates_follow_from_the_zoo() -> None:
    titan = cost_command.Instance(1, "Titan X", cost_command.ZOO_TERAFLOPS)
    assert cost_command.expected_rate(titan, ["faster_rcnn_resnet101_coco"]) == pytest.approx(1000 / 106)
    both = cost_command.expected_rate(titan, ["faster_rcnn_resnet101_coco", "mobilenet_ssd_widerface"])
    assert both == pytest.approx(1000 / 136)
    faster = cost_command.Instance(1, "twice", 2 * cost_command.ZOO_TERAFLOPS)
    assert cost_command.expected_rate(faster, ["ssdlite_pedestrian"]) == pytest.approx(2000 / 27)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", "demo/variables.json", "--instance", "g4dn.xlarge", "--frames-per-second", "5"]
    assert cost_command.main([*arguments, "--price", "0.5", "--hours", "1000"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("25 frames per second, frame ratio 0.2;")
    assert lines[-1].split() == ["g4dn.xlarge", "5.0", "60", "min", "$0.500", "$500.00"]
    assert not any("rough" in line for line in lines)


def test_the_product_configuration_is_covered(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost_command.main([]) == 0
    shown = capsys.readouterr().out
    assert "rough:" in shown
    assert all(name in shown for name in cost_command.INSTANCES)


def test_measured_on_this_machine() -> None:
    seconds = iter([10.0, 22.0])
    rate = cost_command.measure(sample_clip(), {"detectors": [INSTANT]}, lambda: next(seconds))
    assert rate == 2.0, "24 frames in 12 seconds"


def test_a_model_without_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(Path("demo/variables.json").read_text())
    document["human_detection"] = {"detectors": [INSTANT]}
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(document))
    assert cost_command.main(["--config", str(path)]) == 2
    assert "there is no figure for InstantDetector" in capsys.readouterr().err
    assert cost_command.main(["--config", str(path), "--measure", str(sample_clip())]) == 0
    assert "g5.xlarge" in capsys.readouterr().out
    assert cost_command.main(["--config", str(path), "--measure", "gone.mp4"]) == 1


def test_nonsense_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cost_command.main(["--fps", "0"])
