"""A small fault of the product, as data, and a copy of the product that has it."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from support.paths import ROOT, SRC

PACKAGE = "human_detector"


class DoesNotApply(Exception):
    """A fault is not one of the code as it stands."""


@dataclass(frozen=True)
class Fault:
    """A text that is replaced within one function.

    Attributes:
        name: what is wrong then.
        module: where, such as `aws.queue`; with `human_detector.` before it, or as a path, it is the same.
        function: there, such as `JobQueue.put_off`, or `judge`, or a whole class; empty for the whole module.
        old: a text that occurs once in the function. Of several lines, only how they are indented to each other counts.
        new: what stands there instead.
        try_first: the guard that sees it soonest, such as `tests/aws/test_queue.py`; without it all guards are asked
            one after another. See guards.py.
    """

    name: str
    module: str
    function: str
    old: str
    new: str
    try_first: str = ""

    @property
    def path(self) -> PurePosixPath:
        """The file, below the folder `src`."""
        parts = self.module.removesuffix(".py").replace("/", ".").removeprefix("src.")
        return PurePosixPath(PACKAGE, *parts.removeprefix(f"{PACKAGE}.").split(".")).with_suffix(".py")

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.path.relative_to(PACKAGE)}: {self.function or 'anywhere'}"

    def source(self) -> str:
        """The module with the fault in it.

        Raises:
            DoesNotApply: there is no such module, function or text, or what comes out is no Python.
        """
        try:
            return self._changed((SRC / self.path).read_text(encoding="utf-8"))
        except (OSError, SyntaxError) as error:
            raise self._mistake(f"{self.path}: {error}") from error

    def _changed(self, source: str) -> str:
        lines = source.splitlines(keepends=True)
        first, last = 0, len(lines)
        if self.function:
            function = self._function(ast.parse(source))
            first, last = function.lineno - 1, function.end_lineno or last
        text = "".join(lines[first:last])
        found = [
            (place, indent)
            for indent in {_indent_of(line) for line in lines[first:last]}
            for place in _places(_indented(self.old, indent), text)
            if _indent_of(text[text.rfind("\n", 0, place) + 1 :]) == indent
        ]
        if len(found) != 1:
            raise self._mistake(
                f"the text occurs {len(found)} times in {self.place}, must once: {self.old!r}"
            )
        ((place, indent),) = found
        rest = text[place + len(_indented(self.old, indent)) :]
        text = text[:place] + _indented(self.new, indent) + rest
        changed = "".join([*lines[:first], text, *lines[last:]])
        ast.parse(changed)
        return changed

    def _function(self, module: ast.Module) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef:
        """The function that is named, in the tree of its module."""
        inside: ast.AST = module
        for name in self.function.split("."):
            found = [node for node in _definitions(inside) if node.name == name]
            if len(found) != 1:
                raise self._mistake(f"there are {len(found)} of the name {self.place}, must be one")
            inside = found[0]
        assert isinstance(inside, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        return inside

    def _mistake(self, what: str) -> DoesNotApply:
        return DoesNotApply(f"the fault {self.name!r} does not apply: {what}")


def _definitions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The functions and classes in a piece of code, but not those inside of these."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
        else:
            yield from _definitions(child)


def _indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]


def _places(text: str, where: str) -> list[int]:
    """Where a text occurs in another."""
    return [place for place in range(len(where)) if where.startswith(text, place)]


def _indented(text: str, indent: str) -> str:
    """A text whose lines after the first begin with an indent."""
    lines = textwrap.dedent(text).strip("\n").split("\n")
    return "\n".join([lines[0], *(indent + line if line else line for line in lines[1:])])


@contextmanager
def planted(fault: Fault) -> Iterator[Mapping[str, str]]:
    """A copy of the product with a fault, for the time of a block; the working tree stays as it is.

    Returns:
        The environment of a process that imports the copy, with all processes that it starts.

    Raises:
        DoesNotApply: see `Fault.source`.
        RuntimeError: such a process would not import the copy.
    """
    changed = fault.source()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copy = Path(folder, "src").resolve()
        shutil.copytree(SRC, copy)
        file = copy / fault.path
        file.write_text(changed, encoding="utf-8")
        for compiled in file.parent.glob(f"__pycache__/{file.stem}.*"):
            compiled.unlink()
        environment = {**os.environ, "PYTHONPATH": str(copy), "TMPDIR": folder, "COLUMNS": "400"}
        code = f"import importlib.util; print(importlib.util.find_spec({PACKAGE!r}).origin)"
        found = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        if not Path(found.strip()).is_relative_to(copy):
            raise RuntimeError(f"the copy with the fault is not what Python imports, but {found.strip()}")
        yield environment
