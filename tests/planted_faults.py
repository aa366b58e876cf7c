"""Plants small faults into the life of a message and into the cage, one after another, to see that the tests notice each of them.

python tests/planted_faults.py [--only NAME] [--file MORE.py] [--by GUARD] [--list]

A fault is a text of one function that is replaced in a copy of the product; the working tree stays as it is. The
copy is shown to the simulation, then to the quick tests, until something fails. Further faults are written in a file
of one's own, which needs no import:

    FAULTS = [
        Fault(
            name="a deletion does not ask which object it is",
            module="aws.storage",
            function="Storage.remove",
            old="**_if_match(stored)",
            new="",
        ),
    ]

The old text must occur once in the function. A text of several lines is indented as one likes, since only how its
lines are indented to each other counts. `try_first="tests/aws/test_storage.py"` names the guard that sees it soonest,
which saves time; all others are asked if that one sees nothing.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.requirements import need_packages_of

need_packages_of("requirements-dev.txt")

from planted.catalogue import FAULTS
from planted.fault import DoesNotApply, Fault
from planted.guards import Guard
from planted.trial import attempts, guards_for, table


def main(arguments: Sequence[str]) -> int:
    """Entry point; returns 1 when a fault survives, and 2 when one does not apply."""
    options = _parser().parse_args(arguments)
    try:
        # The file's come first: whoever wrote them waits for them.
        faults = [*(fault for file in options.file for fault in _faults_in(file)), *FAULTS]
        if options.only:
            faults = [fault for fault in faults if any(text in fault.name for text in options.only)]
        if not faults:
            raise ValueError(f"no fault has such a name: {', '.join(options.only)}")
        only = Guard.of(options.by) if options.by else None
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if mistakes := list(_mistakes(faults)):
        print(*mistakes, sep="\n", file=sys.stderr)
        return 2
    if options.list:
        for fault in faults:
            print(f"{fault.name}  ({fault.place})")
        return 0
    trials = []
    for trial in attempts(faults, only):
        print(trial, flush=True)
        trials.append(trial)
    survivors = [trial.fault.name for trial in trials if trial.guard is None]
    print(f"\n{table(trials)}\n\n{len(trials) - len(survivors)} of {len(trials)} faults were caught")
    for name in survivors:
        print(f"SURVIVED: {name}")
    return 1 if survivors else 0


def _parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python tests/planted_faults.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="faults with this in their name"
    )
    parser.add_argument(
        "--file", action="append", default=[], type=Path, metavar="MORE.py", help="further faults"
    )
    parser.add_argument(
        "--by", metavar="GUARD", help="ask only this guard: `tests/simulation`, or a file of tests"
    )
    parser.add_argument("--list", action="store_true", help="name the faults, and plant none")
    return parser


def _faults_in(file: Path) -> list[Fault]:
    """The faults of somebody else's file."""
    found = runpy.run_path(str(file), init_globals={"Fault": Fault}).get("FAULTS")
    if not isinstance(found, list | tuple):
        raise ValueError(f"{file} has no list FAULTS")
    try:
        return [fault if isinstance(fault, Fault) else Fault(**fault) for fault in found]
    except TypeError as error:
        raise ValueError(f"{file} has something in FAULTS that is no fault: {error}") from error


def _mistakes(faults: Sequence[Fault]) -> Iterator[Exception]:
    """What is wrong with the faults themselves."""
    for fault in faults:
        try:
            fault.source()
            guards_for(fault)
        except (DoesNotApply, ValueError) as error:
            yield error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
