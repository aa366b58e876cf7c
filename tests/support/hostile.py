"""Texts that strangers could have chosen: script for a page, and names that a terminal or a log would obey."""

from __future__ import annotations

from typing import Any

RAN = "window.ran.push"
SCRIPTS = (
    f"</script></title></style><script>{RAN}(1)</script>"
    f'<img src=x onerror="{RAN}(2)" style="position:fixed"><svg onload="{RAN}(3)"></svg>'
    f"\" onmouseover='{RAN}(4)' autofocus onfocus='{RAN}(5)' style='position:fixed;inset:0' x='"
    f"<iframe srcdoc='<script>parent.{RAN}(6)</script>'></iframe><base href='https://elsewhere.invalid/'>"
    f"<meta http-equiv=refresh content='0;url=https://elsewhere.invalid/'>{{{{js}}}}"
)
KEYS_OF_NAMES = ("detectors", "detections")
"""Under these, the keys are names that a result's author chooses, too."""


def with_scripts(value: Any, under: str = "") -> Any:
    """A document in which every text, and every name that is a key, ends in script."""
    match value:
        case str():
            return value + SCRIPTS
        case list():
            return [with_scripts(each) for each in value]
        case dict():
            suffix = SCRIPTS if under in KEYS_OF_NAMES else ""
            return {f"{key}{suffix}": with_scripts(each, key) for key, each in value.items()}
    return value


CLEAR, TITLE, TURN = "\x1b[2J", "\x1b]0;owned\x07", "\u202e"
OBEYED = (CLEAR, TITLE, "\x07", "\x9b", TURN, "\u2066")
"""Nothing of this reaches a terminal or a log: screens cleared, titles set, bells, text that runs backwards."""
NAME = f"a{CLEAR}{TITLE}b\x9b2Jc\r{TURN}gpj\u2066<b>\n12:00:00 INFO    done [video_id=1]"
"""Of a file, or a key. It ends in what looks like a line of our own."""
SPELLED = r"a\x1b[2J\x1b]0;owned\x07b\x9b2Jc\r\u202egpj\u2066<b>\n12:00:00 INFO    done [video_id=1]"
"""How it is shown."""
