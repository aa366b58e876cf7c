"""The pages in docs/ are true: their code runs, what they name exists, and no key is forgotten."""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from human_detector.__main__ import COMMANDS
from human_detector.analysis.analyzer_arguments import ARGUMENTS
from human_detector.commands import analyze as analyze_command
from human_detector.commands import anonymize as anonymize_command
from human_detector.commands import cost as cost_command
from human_detector.commands import evaluate as evaluate_command
from human_detector.commands import export as export_command
from human_detector.commands import report as report_command
from human_detector.commands import sample as sample_command
from human_detector.commands import submit as submit_command
from human_detector.configuration import DOCUMENT, WorkerSettings
from human_detector.detectors.onnx_detector import OnnxDetector
from human_detector.inference.model_description import MODEL_YAML
from human_detector.inference.output_layouts import LAYOUTS
from human_detector.results.exports.formats import EXPORTERS
from human_detector.validation import Section
from sample_clip import sample_clip
from support.paths import ROOT

PAGES = [ROOT / "README.md", ROOT / "cluster_deployement.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with clip.mp4, on the Python path as the pages ask for."""
    shutil.copy(sample_clip(), tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path
    sys.modules.pop("my_detectors", None)


def test_the_new_detector_works_as_its_page_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, use = blocks("new_detector.md", "python")
    assert len([line for line in module.splitlines() if line.strip()]) <= 30, "as the heading promises"
    (folder / "my_detectors.py").write_text(module)
    exec(use, {})
    shell = blocks("new_detector.md", "sh")[0].replace("\\\n", " ")
    quoted = re.search(r"--detector '(.*?)'", shell)
    assert quoted is not None
    assert analyze_command.main(["clip.mp4", "--detector", quoted[1], "--frame-ratio", "0.05"]) == 0
    assert "CornerDetector" in capsys.readouterr().out
    entry = blocks("new_detector.md", "json")[0]
    assert '"my_detectors:CornerDetector"' in entry


@pytest.mark.usefixtures("models")
def test_the_python_api_works_as_its_page_says(folder: Path) -> None:
    pytest.importorskip("supervision")
    names: dict[str, object] = {}
    for block in blocks("python_api.md", "python"):
        exec(block, names)
    assert (folder / "clip.report.html").is_file()


def test_every_key_is_on_the_page() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = set(DOCUMENT.checks) | set(ARGUMENTS.checks) | set(OnnxDetector.checks)
    for name, section in DOCUMENT.checks.items():
        if isinstance(section, Section) and name not in ("human_detection", "ecr", "ecs"):
            keys |= {f"{name}.{key}" for key in section.checks}
    cells = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    assert {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)} == keys


def test_every_key_of_a_model_yaml_is_on_its_page() -> None:
    page = (ROOT / "docs" / "onnx_models.md").read_text(encoding="utf-8")
    table = page.split("| key | default | meaning |")[1].split("\n\n")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    assert {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)} == set(MODEL_YAML.checks)


def test_every_layout_is_on_the_page_of_onnx_models() -> None:
    page = (ROOT / "docs" / "onnx_models.md").read_text(encoding="utf-8")
    assert set(
        re.findall(r"^\| `(\w+)` \| .* \| .* \|$", page.split("## model.yaml")[0], re.MULTILINE)
    ) == set(LAYOUTS)


def test_the_defaults_on_the_page_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for name, value in asdict(WorkerSettings()).items():
        assert f"| `worker.{name}` | {value} |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_have_the_options_that_the_pages_name(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parsers = {
        "analyze": analyze_command.main,
        "anonymize": anonymize_command.main,
        "submit": submit_command.main,
        "cost": cost_command.main,
        "evaluate": evaluate_command.main,
        "export": export_command.main,
        "report": report_command.main,
        "sample": sample_command.main,
    }
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for program, arguments in re.findall(r"human-detector ([a-z]+)([^#\n`|]*)", text):
        assert program in COMMANDS, program
        if program in parsers:
            with pytest.raises(SystemExit):
                parsers[program](["--help"])
            known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
            assert set(re.findall(r"--[a-z-]+", arguments)) <= known, arguments


def test_every_format_is_on_the_page() -> None:
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(EXPORTERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_scripts_that_a_page_runs_exist(page: Path) -> None:
    shell = "\n".join(
        re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )
    for script in re.findall(r"^(?:\./|python |\.venv/bin/python )([\w./]+\.(?:sh|py))", shell, re.MULTILINE):
        assert (ROOT / script).is_file(), script
