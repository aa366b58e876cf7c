"""`human-detector models add` and `inspect`, as their users type them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from human_detector.commands import models as models_command
from human_detector.inference.model_files import find_model
from support.file_server import FileServer
from support.onnx_models import fixed_detector

FOUND = np.array([[[0, 0, 8, 8, 0.9, 0]]], np.float32)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models, which is not there yet."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that works, with its description."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.yaml").write_text("names: [person]")
    return fixed_detector(tmp_path / "mine" / "trained.onnx", {"out": FOUND})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A web server of this machine, which no proxy stands before."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = FileServer()
    yield running
    running.close()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_model_is_added_with_its_description(
    folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert models_command.main(["add", "people", str(model)]) == 0
    assert capsys.readouterr().out == f"people: ready: {folder}/people/model.onnx\n"
    assert names(folder) == ["people"]
    assert names(folder / "people") == ["model.onnx", "model.yaml"]
    assert find_model("people").read_bytes() == model.read_bytes()

    assert models_command.main(["list"]) == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("people "))
    assert row.split() == ["people", "as", "added", "0", "MB", f"{folder}/people"]

    assert models_command.main(["inspect", "people"]) == 0
    assert "classes:   1 person\n" in capsys.readouterr().out


def test_a_description_from_elsewhere(folder: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("names: [human]")
    description = ["--description", str(tmp_path / "other.yaml")]
    assert models_command.main(["add", "people", str(model), *description]) == 0
    assert (folder / "people" / "model.yaml").read_text() == "names: [human]"


def test_a_model_from_the_web(folder: Path, model: Path, server: FileServer) -> None:
    content = model.read_bytes()
    server.files["/x/trained.onnx"] = content
    url = f"{server.url}/x/trained.onnx"
    assert models_command.main(["add", "people", url, "--sha256", sha256(content).upper()]) == 0
    assert names(folder) == ["people"]
    assert find_model("people").read_bytes() == content


def test_a_download_that_broke_off_is_gone_on_with(folder: Path, model: Path, server: FileServer) -> None:
    content = model.read_bytes()
    folder.mkdir()
    (folder / "people.part").write_bytes(content[:100])
    server.files["/trained.onnx"] = content
    assert (
        models_command.main(["add", "people", f"{server.url}/trained.onnx", "--sha256", sha256(content)]) == 0
    )
    assert server.ranges == ["bytes=100-"]
    assert names(folder) == ["people"]


def test_what_is_wrong_is_one_sentence_and_leaves_nothing(
    folder: Path, model: Path, server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = model.read_bytes()
    cut_off = tmp_path / "cut.onnx"
    cut_off.write_bytes(content[:-20])
    server.files["/trained.onnx"] = content
    url = f"{server.url}/trained.onnx"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("nms_iuo: 1")
    for arguments, status, sentence in [
        (["centerface", str(model)], 2, "NAME: found 'centerface', which human-detector models get gets"),
        (["people", str(cut_off)], 2, f"{cut_off} cannot be loaded (it is cut off, or no ONNX file)"),
        (
            ["people", str(model), "--sha256", "0" * 64],
            2,
            "is missing or has a wrong checksum (not sha256 000",
        ),
        (["people", url], 2, "--sha256: missing, a URL needs it"),
        (["people", url, "--sha256", "0" * 64], 1, "gave a file with a wrong checksum (not sha256 000"),
        (["people", f"{server.url}/no.onnx", "--sha256", "0" * 64], 1, "HTTP status 404"),
        (["people", str(tmp_path / "no.onnx")], 1, "no.onnx: No such file or directory"),
        (
            ["people", str(model), "--description", str(wrong)],
            2,
            f"add: {wrong}: nms_iuo: unknown key (did you mean nms_iou?)",
        ),
    ]:
        assert models_command.main(["add", *arguments]) == status
        last = capsys.readouterr().err.splitlines()[-1]
        assert last.startswith("human-detector models add: ")
        assert sentence in last
        assert not folder.exists() or names(folder) == []


def test_a_name_that_is_taken_is_kept(folder: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models_command.main(["add", "people", str(model)]) == 0
    assert models_command.main(["add", "people", str(model)]) == 2
    assert f"which is there already; delete {folder}/people to replace it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["../people", "x.onnx"], "NAME: found '../people', valid is letters, digits, _ . and -"),
        (["people", "x.pt"], "PATH|URL: found 'x.pt', valid is an ONNX file (.onnx) or a frozen graph (.pb)"),
        (["people", "x.onnx", "--sha256", "abc"], "--sha256: found 'abc', valid is 64 hexadecimal digits"),
    ],
)
def test_a_wrong_command_line(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        models_command.main(["add", *arguments])
    assert sentence in capsys.readouterr().err


def test_inspect_shows_what_a_model_takes_and_says(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models_command.main(["inspect", str(model)]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == [
        f"file:      {model}, 0.0 MB",
        "input:     picture float32 [1, 3, 64, 64]",
        "output:    out float32 [1, 1, 6]",
        "layout:    yolo_nms, one array [N, M, 6]: corners, score, class",
        "read:      boxes from out",
        "frames:    64x64, letterbox, rgb, (pixel - 0) / 255",
        "boxes:     xyxy in pixels, all stay",
        "classes:   1 person",
    ]
    assert last.startswith("engine:    ")


def test_inspect_shows_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = fixed_detector(tmp_path / "model.onnx", {"logits": np.zeros((1, 1000), np.float32)})
    assert models_command.main(["inspect", str(path)]) == 2
    shown = capsys.readouterr()
    assert "output:    logits float32 [1, 1000]\n" in shown.out
    assert "found the outputs logits float32 [1, 1000], which are of no layout that is known" in shown.err
