"""OnnxDetector: finds what an ONNX model of one's own knows, by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from human_detector.detectors.graph_detector import GraphDetector
from human_detector.detectors.kept_classes import ClassId, Label, OneOrMore
from human_detector.errors import ConfigurationError
from human_detector.inference.engine import Engine
from human_detector.validation import Check, ListOf, Text


class OnnxDetector(GraphDetector):
    """Keeps what an ONNX model finds: all classes under their own names, some of them, or some by number.

    Args:
        model: see `GraphDetector`.
        classes: the name of the class that is kept, or a list of names; all that the model knows by default.
            Detections are labelled with these names.
        class_id: classes by their number, instead; see `GraphDetector`.
        label: the same.
        **arguments: those of `GraphDetector` and `Detector`.
    """

    checks: ClassVar[Mapping[str, Check]] = {
        **GraphDetector.checks,
        "classes": OneOrMore(
            (Text(), ListOf(Text(), "a list", fewest=1)), "the name of a class, or a list of names"
        ),
    }

    def __init__(
        self,
        *,
        model: str,
        classes: str | Sequence[str] | None = None,
        class_id: ClassId | None = None,
        label: Label | None = None,
        **arguments: Any,
    ) -> None:
        if classes is not None and class_id is not None:
            raise ValueError("classes: found beside class_id, valid is one of the two")
        if label is not None and class_id is None:
            raise ValueError("label: found without class_id, valid is none beside names of classes")
        super().__init__(model=model, class_id=class_id or 1, label=label, **arguments)
        self._by_name = class_id is None
        self.classes = [classes] if isinstance(classes, str) else classes

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments in effect."""
        arguments = super().arguments
        if self._by_name:
            del arguments["class_id"], arguments["label"]
        if self.classes is not None:
            arguments["classes"] = self.classes
        return arguments

    def _kept_classes(self, engine: Engine) -> dict[int, str]:
        """The classes that are kept, which only the model knows by name."""
        known = engine.class_names
        if not self._by_name:
            return super()._kept_classes(engine)
        if not known:
            raise ConfigurationError(
                f"the model {self.model!r} does not say what its classes are called: put names into its "
                "model.yaml, or give class_id and label"
            )
        if self.classes is None:
            return dict(known)
        for name in self.classes:
            if name not in known.values():
                raise ConfigurationError(f"classes: found {name!r}, {_valid(name, list(known.values()))}")
        return {number: name for number, name in known.items() if name in self.classes}


def _valid(name: str, known: Sequence[str]) -> str:
    """What the model knows, or of a long list what is like the name."""
    if len(known) <= 10:
        return f"the model knows {', '.join(known)}"
    close = difflib.get_close_matches(name, known, n=3)
    others = f"{len(known)} others, such as {', '.join(known[:3])}"
    return (
        f"the model knows {', '.join(close)} (did you mean that?) and {others}"
        if close
        else (f"the model knows {others}")
    )
