"""The cost calculator: prices of one table, speeds that are stated or measured, and nothing guessed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from human_detector.commands import cost as cost_command
from human_detector.commands import cost_speeds
from human_detector.commands.cost_prices import PRICES_PATH, Machine, load_prices
from human_detector.commands.cost_speeds import Models, Speed, stated_speed
from human_detector.errors import ConfigurationError
from sample_clip import sample_clip
from support.paths import ROOT
from support.worker_harness import INSTANT

SMALL = str(Path(__file__).with_name("small_models.json"))
"""A configuration with the two models whose speed together was measured."""


def rows(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """The table: the columns of each machine."""
    lines = capsys.readouterr().out.splitlines()[2:]
    table = [re.split(r"  +", line) for line in lines if line.count("  ") >= 4]
    return {name: columns for name, *columns in table}


@pytest.fixture
def instant(tmp_path: Path) -> str:
    """A configuration with a detector that no figure is stated for."""
    document = json.loads(Path(SMALL).read_text())
    document["human_detection"] = {"detectors": [INSTANT]}
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(document))
    return str(path)


# The estimate.


@pytest.mark.parametrize(
    ("rate", "ratio", "includes_decoding", "hours"),
    [
        pytest.param(5, 0.2, False, 1.0, id="as fast as the video"),
        pytest.param(50, 0.2, False, 0.125, id="no faster than decoding"),
        pytest.param(50, 0.2, True, 0.1, id="decoding was measured as well"),
        pytest.param(5, 1, False, 5.0, id="every frame"),
    ],
)
def test_an_hour_of_video(rate: float, ratio: float, includes_decoding: bool, hours: float) -> None:
    speed = Speed(rate, "", "", includes_decoding)
    assert cost_command.machine_hours(speed, 25, ratio) == pytest.approx(hours)


def test_the_product_configuration_is_covered(capsys: pytest.CaptureFixture[str]) -> None:
    """Each machine of the table has a row, and a row without a figure says so."""
    assert cost_command.main([]) == 0
    shown = capsys.readouterr().out
    for name in ("p2.xlarge", "g4dn.xlarge", "g6.xlarge", "g5.xlarge"):
        assert re.search(rf"^{name} .*  zoo, rough$", shown, re.MULTILINE)
    for name in ("m8a.large", "c7i.xlarge", "fargate-2vcpu-8gb", "fargate-4vcpu-12gb"):
        assert re.search(rf"^{name}  +\$[\d.]+  +-  +-  +-  no figure$", shown, re.MULTILINE)
    assert "zoo, rough: the detection zoo's times" in shown
    assert "no figure: --measure VIDEO on such a machine gives one" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--frame-ratio", "0.01"], "which is what limits p2.xlarge, g4dn.xlarge, g6.xlarge, g5.xlarge"),
        (["--frame-ratio", "0.2"], "which limits none of them here"),
    ],
)
def test_what_decoding_does_to_the_time_is_said(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the speeds do not include it."""
    assert cost_command.main(arguments) == 0
    (note,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("decoding: ")]
    assert "TIME takes it to be 200 frames a second" in note
    assert note.endswith(said)
    assert cost_command.main([*arguments, "--config", SMALL, "--instance", "m8a.large"]) == 0
    assert "decoding: " not in capsys.readouterr().out
    assert cost_command.main([*arguments, "--frames-per-second", "40", "--price", "1"]) == 0
    assert "TIME is longer if it leaves out decoding" in capsys.readouterr().out


def test_the_small_models_have_a_measured_cpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost_command.main(["--config", SMALL, "--hours", "100", "--instance", "m8a.large"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("100 hours of video, 25 frames per second, frame ratio 0.2\n")
    assert re.search(r"^m8a.large +\$0.122 +45.4 +11.0 h +\$1.341  benchmarks$", shown, re.MULTILINE)
    assert "benchmarks: measured on 2 virtual cores of an AMD EPYC (Zen 5) with a video of 640x272" in shown


# A day.


def day_rows(shown: str) -> dict[str, list[str]]:
    """The table of a day: the columns of each machine."""
    lines = shown.split("\na day of ")[1].splitlines()[2:]
    table = [re.split(r"  +", line) for line in lines]
    return {name: columns for name, *columns in (row for row in table if len(row) == 8)}


def test_a_day_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """1,000 videos of a minute at 25 frames a second, a fifth analysed: 300,000 frames at 5 a second, 16.7 h."""
    arguments = [
        "--videos-per-day",
        "1000",
        "--duration",
        "60",
        "--config",
        SMALL,
        "--instance",
        "g4dn.xlarge",
    ]
    assert cost_command.main([*arguments, "--frames-per-second", "5", "--utilisation", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "a day of 1000 videos of 60 seconds, 16.7 hours of video" in shown
    assert day_rows(shown) == {
        "g4dn.xlarge": ["2", "33.3", "$17.53", "$8.77", "$17.53", "$1.052", "you"],
        "Rekognition Video, 2 kinds": ["-", "-", "$200.00", "-", "$200.00", "$12.000", "price list"],
    }
    assert "of the paid time is analysis: 0.5, as you say" in shown


@pytest.mark.parametrize(
    ("videos", "hours"),
    [
        pytest.param(1000, 16.667 / 0.39, id="less than a machine"),
        pytest.param(3000, 50 / 0.73, id="two machines"),
        pytest.param(30_000, 500 / 0.85, id="twenty machines"),
    ],
)
def test_starts_and_idle_time_are_in_the_hours(
    videos: int, hours: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """The share of the paid time that is analysis is the one of the simulation of so large a service."""
    arguments = [
        "--videos-per-day",
        str(videos),
        "--config",
        SMALL,
        "--frames-per-second",
        "5",
        "--price",
        "1",
    ]
    assert cost_command.main(arguments) == 0
    shown = capsys.readouterr().out
    assert day_rows(shown)["yours"][1] == f"{hours:,.1f}"
    assert day_rows(shown)["yours"][3] == "-", "a price of your own has none on spot"
    assert "simulated (benchmarks/fleet.py), no measurement" in shown


def test_every_machine_has_its_row_of_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost_command.main(["--videos-per-day", "10", "--config", SMALL]) == 0
    table = day_rows(capsys.readouterr().out)
    assert list(table) == [*load_prices().machines, "Rekognition Video, 2 kinds"]
    assert table["fargate-2vcpu-8gb"] == ["-"] * 6 + ["no figure"]
    assert table["m8a.large"][-1] == "benchmarks"


def test_spot_prices_of_ones_own_come_before_the_assumption(tmp_path: Path) -> None:
    document = json.loads(PRICES_PATH.read_text())
    document["instances"]["g6.xlarge"]["spot_dollars_per_hour"] = 0.25
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    machines = load_prices(path).machines
    assert machines["g6.xlarge"].spot_dollars_per_hour == 0.25
    assert machines["g5.xlarge"].spot_dollars_per_hour == pytest.approx(1.006 / 2)
    assert machines["fargate-2vcpu-8gb"].spot_dollars_per_hour is None
    del document["spot_share"], document["rekognition"]
    path.write_text(json.dumps(document))
    assert load_prices(path).machines["g5.xlarge"].spot_dollars_per_hour is None
    assert load_prices(path).rekognition_per_minute is None


def test_the_default_models_have_a_rough_figure() -> None:
    """By the ratio of processor times of the benchmarks."""
    page = " ".join((ROOT / "benchmarks" / "README.md").read_text().split())
    small, centernet = (
        re.search(pattern, page)
        for pattern in (
            r"takes ([\d.]+) ms in fp32 and ([\d.]+) ms in bf16 with `ssdlite_pedestrian`",
            r"([\d.]+) ms and ([\d.]+) ms with `centernet_mobilenetv3`",
        )
    )
    assert small is not None
    assert centernet is not None
    machine = Machine(1, cost_speeds.MEASURED_VCPUS, cpu=cost_speeds.MEASURED_CPU)
    for number, precision in enumerate(("fp32", "bf16"), 1):
        speed = stated_speed(machine, Models(cost_speeds.CENTERNET_MODELS, "openvino", precision))
        assert speed is not None
        expected = (
            cost_speeds.MEASURED["openvino", precision] * float(small[number]) / float(centernet[number])
        )
        assert speed.frames_per_second == pytest.approx(expected, rel=0.01)
        assert speed.origin == "benchmarks, rough"
    assert stated_speed(machine, Models(cost_speeds.CENTERNET_MODELS, "tensorflow", "fp32")) is None


# Speeds.


def test_rates_follow_from_the_zoo() -> None:
    def rate(gpu: str, *names: str) -> float:
        speed = stated_speed(Machine(1, 4, gpu=gpu), Models(names, None, None))
        assert speed is not None
        return speed.frames_per_second * cost_speeds.ZOO_TERAFLOPS / cost_speeds.TERAFLOPS[gpu]

    assert rate("NVIDIA T4", "faster_rcnn_resnet101_coco") == pytest.approx(1000 / 106)
    assert rate("NVIDIA L4", "faster_rcnn_resnet101_coco", "mobilenet_ssd_widerface") == pytest.approx(
        1000 / 136
    )


@pytest.mark.parametrize(
    ("machine", "models"),
    [
        (Machine(1, 4, gpu="NVIDIA L4"), Models(["of my own"], "tensorflow", "fp32")),
        (Machine(1, 4, gpu="NVIDIA L4"), Models([], None, None)),
        (Machine(1, 4, gpu="NVIDIA B200"), Models(["ssdlite_pedestrian"], "tensorflow", "fp32")),
        (Machine(1, 2, cpu=cost_speeds.MEASURED_CPU), Models(["ssdlite_pedestrian"], "openvino", "fp32")),
        (Machine(1, 2, cpu=cost_speeds.MEASURED_CPU), Models(cost_speeds.MEASURED_MODELS, None, "fp32")),
        (
            Machine(1, 2, cpu=cost_speeds.MEASURED_CPU),
            Models(cost_speeds.MEASURED_MODELS, "openvino", "int8"),
        ),
        (
            Machine(1, 8, cpu=cost_speeds.MEASURED_CPU),
            Models(cost_speeds.MEASURED_MODELS, "openvino", "fp32"),
        ),
        (Machine(1, 2, cpu="another"), Models(cost_speeds.MEASURED_MODELS, "openvino", "fp32")),
        (Machine(1, 2), Models(cost_speeds.MEASURED_MODELS, "openvino", "fp32")),
    ],
)
def test_what_nobody_has_measured_has_no_speed(machine: Machine, models: Models) -> None:
    assert stated_speed(machine, models) is None


def test_measured_figures_are_those_of_the_benchmarks() -> None:
    page = (ROOT / "benchmarks" / "README.md").read_text()
    stated = dict(re.findall(r"^\| product, (\w+ \w+) \| ([\d.]+) \|", page, re.MULTILINE))
    assert {
        f"{engine} {precision}": str(rate) for (engine, precision), rate in cost_speeds.MEASURED.items()
    } == stated
    assert f"{cost_speeds.MEASURED_VCPUS} virtual cores of an AMD EPYC (Zen 5" in page


def test_models_of_a_configuration() -> None:
    detectors: list[Any] = [["FaceDetector"], ["HumanDetector", {"model": "ssdlite_pedestrian"}]]
    both = cost_speeds.configured_models({"detectors": detectors})
    assert (tuple(both.names), both.engine, both.precision) == (
        cost_speeds.MEASURED_MODELS,
        "openvino",
        "fp32",
    )
    detectors[1][1]["engine"] = "tensorflow"
    assert cost_speeds.configured_models({"detectors": detectors}).engine is None


# This machine.


def test_tiles_are_looked_at_one_by_one_and_cost_accordingly() -> None:
    plain, tiled = (
        cost_speeds.configured_models({"detectors": [["FaceDetector", arguments]]})
        for arguments in ({}, {"tiles": "2x2"})
    )
    assert tiled.names == 5 * plain.names
    gpu = Machine(1, 4, gpu="NVIDIA T4")
    speeds = [stated_speed(gpu, models) for models in (plain, tiled)]
    assert all(speeds)
    assert speeds[0].frames_per_second == pytest.approx(5 * speeds[1].frames_per_second)  # type: ignore[union-attr]


def test_measured_on_this_machine() -> None:
    seconds = iter([10.0, 22.0])
    speed = cost_speeds.measure(sample_clip(), {"detectors": [INSTANT]}, lambda: next(seconds))
    assert (speed.frames_per_second, speed.includes_decoding) == (2.0, True), "24 frames in 12 seconds"


def test_this_machine_has_a_row_of_its_own(instant: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its speed is nobody else's."""
    assert cost_command.main(["--config", instant, "--measure", str(sample_clip())]) == 0
    table = rows(capsys)
    price, rate, _, cost, origin = table.pop("this machine")
    assert (price, cost, origin) == ("-", "-", "measured here")
    assert float(rate) > 0
    assert len(table) == len(load_prices().machines)
    assert {columns[-1] for columns in table.values()} == {"no figure"}

    assert cost_command.main(["--config", instant, "--measure", str(sample_clip()), "--price", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^this machine  +\$0.500 .*\$[\d.]+  measured here$", shown, re.MULTILINE)
    assert "176x144, by" in shown


def test_this_machine_may_be_one_of_the_table(instant: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", instant, "--measure", str(sample_clip()), "--instance", "c7i.xlarge"]
    assert cost_command.main(arguments) == 0
    table = rows(capsys)
    assert list(table) == ["this machine, c7i.xlarge"]
    assert table["this machine, c7i.xlarge"][0] == "$0.178"


def test_a_video_that_is_not_there(instant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cost_command.main(["--config", instant, "--measure", "gone.mp4"]) == 1
    assert "--measure gone.mp4: the file does not exist" in capsys.readouterr().err


def test_a_speed_that_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--config", SMALL, "--frames-per-second", "5", "--hours", "1000"]
    assert cost_command.main([*given, "--price", "0.5"]) == 0
    assert rows(capsys) == {"yours": ["$0.500", "5.0", "1,000.0 h", "$500.000", "you"]}
    assert cost_command.main([*given, "--instance", "g4dn.xlarge"]) == 0
    assert rows(capsys) == {"g4dn.xlarge": ["$0.526", "5.0", "1,000.0 h", "$526.000", "you"]}
    assert cost_command.main([*given, "--instance", "g4dn.xlarge", "--price", "0.5"]) == 0
    assert rows(capsys) == {"g4dn.xlarge": ["$0.500", "5.0", "1,000.0 h", "$500.000", "you"]}


# Prices.


def test_the_prices_say_where_they_are_from(capsys: pytest.CaptureFixture[str]) -> None:
    prices = load_prices()
    assert cost_command.main(["--instance", "p2.xlarge"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"prices: {prices.region}, {prices.date} (--prices FILE for yours): Amazon EC2")
    # 2 virtual processors and 8 GB at Fargate's two rates.
    assert prices.machines["fargate-2vcpu-8gb"].dollars_per_hour == pytest.approx(2 * 0.04048 + 8 * 0.004445)
    for machine in prices.machines.values():
        assert machine.gpu is None or machine.gpu in cost_speeds.TERAFLOPS


def test_prices_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.json"
    table = {
        "date": "2027-01-01",
        "region": "eu-west-1",
        "sources": ["our contract"],
        "instances": {"g6.2xlarge": {"dollars_per_hour": 0.5, "vcpus": 8, "gpu": "NVIDIA L4"}},
    }
    path.write_text(json.dumps(table))
    assert cost_command.main(["--prices", str(path)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^g6.2xlarge +\$0.500 .*  zoo, rough$", shown, re.MULTILINE)
    assert shown.endswith("prices: eu-west-1, 2027-01-01 (--prices FILE for yours): our contract\n")
    assert "g4dn" not in shown
    assert cost_command.main(["--prices", str(path), "--instance", "g4dn.xlarge"]) == 2
    assert "--instance: found g4dn.xlarge, valid is one of g6.2xlarge" in capsys.readouterr().err


def test_every_problem_of_a_price_table_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(PRICES_PATH.read_text())
    document["date"] = "last week"
    document["sources"] = []
    document["regions"] = document.pop("region")
    document["instances"]["g5.xlarge"] = {"dollars_per_hour": 0, "vcpu": 4}
    document["instances"]["g6.xlarge"] = "cheap"
    document["fargate"]["dollars_per_gb_hour"] = "0.004"
    document["fargate"]["tasks"][0]["memory_gb"] = 0.5
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    assert cost_command.main(["--prices", str(path)]) == 2
    assert sorted(capsys.readouterr().err.splitlines()) == sorted(
        f"human-detector cost: mine.json: {sentence}"
        for sentence in (
            'date: found "last week", valid is a day, such as "2026-11-25"',
            "sources: found [], valid is a list of at least one text",
            "region: missing, valid is a text that is not empty",
            "regions: unknown key (did you mean region?), valid are date, fargate, instances, region, rekognition, sources, spot_share",
            "instances.g5.xlarge.dollars_per_hour: found 0, valid is a number above 0 and up to 1000",
            "instances.g5.xlarge.vcpu: unknown key (did you mean vcpus?), valid are cpu, dollars_per_hour, gpu, spot_dollars_per_hour, vcpus",
            "instances.g5.xlarge.vcpus: missing, valid is a whole number from 1 to 1024",
            'instances.g6.xlarge: found "cheap", valid is an object with the keys cpu, dollars_per_hour, gpu, spot_dollars_per_hour, vcpus',
            'fargate.dollars_per_gb_hour: found "0.004", valid is a number above 0 and up to 1000',
            "fargate.tasks[0].memory_gb: found 0.5, valid is a whole number from 1 to 1024",
        )
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "the whole file: found [], valid is an object with the keys date"),
        ("{", "are not JSON"),
        (None, "cannot be read"),
        ('{"date": "2026-11-25", "region": "r", "sources": ["s"], "instances": {}}', "instances: found {}"),
        (
            '{"date": "2026-11-25", "region": "r", "sources": ["s"], "instances": {"a": {"dollars_per_hour": 1, "vcpus": 1}}, "fargate": 1}',
            "fargate: found 1, valid is an object",
        ),
        (
            '{"date": 1, "region": "r", "sources": "s", "instances": [], "fargate": {"tasks": {}}}',
            "fargate.tasks: found {}, valid is a list of sizes",
        ),
    ],
)
def test_files_that_are_no_price_table(content: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError) as raised:
        load_prices(path)
    assert said in str(raised.value)


# The command line.


@pytest.mark.parametrize(
    "arguments",
    [
        ["--frames-per-second", "5"],
        ["--price", "1"],
        ["--measure", "v.mp4", "--frames-per-second", "5", "--price", "1"],
        ["--duration", "60"],
        ["--utilisation", "0.5", "--hours", "3"],
        ["--hours", "3", "--videos-per-day", "3"],
        ["--videos-per-day", "0"],
        ["--videos-per-day", "10", "--utilisation", "1.5"],
    ],
)
def test_nonsense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cost_command.main(arguments)
    assert ended.value.code == 2


def test_the_example_of_the_help_works(
    instant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cost_command.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    example = next(line for line in lines if line.startswith("  human-detector cost "))
    shutil.copy(sample_clip(), tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    assert cost_command.main([*example.split()[2:], "--config", instant]) == 0
    assert list(rows(capsys)) == ["this machine, c7i.xlarge"]


def test_a_model_without_a_figure(instant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cost_command.main(["--config", instant]) == 0
    assert {columns[-1] for columns in rows(capsys).values()} == {"no figure"}
