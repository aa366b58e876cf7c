"""What the commands end with, besides 0."""

from __future__ import annotations

EXIT_FAILED = 1
"""Something of what was asked for could not be done."""
EXIT_CONFIGURATION = 2
"""The set-up or the command line is wrong, and nothing was done."""
EXIT_TIMED_OUT = 124
"""As `timeout` ends."""
EXIT_INTERRUPTED = 130
"""As shells say that Ctrl-C has ended a command."""
