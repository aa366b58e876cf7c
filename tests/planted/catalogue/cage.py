"""Faults in the cage of the decoder and the analysis: a door that does not close."""

from __future__ import annotations

from planted.fault import Fault

DOOR_TESTS = "tests/processes/cage/test_decoder_door.py"
ANALYSIS_TESTS = "tests/processes/cage/test_analysis_confinement.py"

CAGE = [
    Fault(
        "a decoder may start processes",
        "processes.cage.seccomp_filters",
        "filter_decoder",
        old='allow("clone", condition(0, masked, of_a_thread | of_others, of_a_thread))',
        new='allow("clone")',
        try_first=DOOR_TESTS,
    ),
    Fault(
        "a decoder may make code",
        "processes.cage.seccomp_filters",
        "filter_decoder",
        old='allow("mmap", no_code, condition(3, masked, kind, mmap.MAP_PRIVATE))',
        new='allow("mmap", condition(3, masked, kind, mmap.MAP_PRIVATE))',
        try_first=DOOR_TESTS,
    ),
    Fault(
        "a decoder may take memory that is not counted",
        "processes.cage.seccomp_filters",
        "filter_decoder",
        old="kind | mmap.MAP_ANONYMOUS, mmap.MAP_SHARED",
        new="kind, mmap.MAP_SHARED",
        try_first=DOOR_TESTS,
    ),
    Fault(
        "a decoder lives on after a call that is none of its business",
        "processes.cage.seccomp_filters",
        "filter_decoder",
        old="rules.add(library.KILL_PROCESS, name)",
        new="pass",
        try_first=DOOR_TESTS,
    ),
    Fault(
        "calls by the numbers of another kind of processor are allowed",
        "processes.cage.seccomp_filters",
        "_Rules.__init__",
        old="ACT_BADARCH, library.KILL_PROCESS",
        new="ACT_BADARCH, library.ALLOW",
        try_first=DOOR_TESTS,
    ),
    Fault(
        "threads that are there already are not held",
        "processes.cage.seccomp_filters",
        "_Rules.__init__",
        old="attributes.CTL_TSYNC, 1",
        new="attributes.CTL_TSYNC, 0",
        try_first=DOOR_TESTS,
    ),
    Fault(
        "a decoder keeps what it has inherited open",
        "processes.cage.limits",
        "close_other_descriptors",
        old="os.close(descriptor)",
        new="pass",
        try_first=DOOR_TESTS,
    ),
    Fault(
        "a decoder may have any number of descriptors",
        "processes.cage.limits",
        "limit_resources",
        old="resource.RLIMIT_NOFILE: MOST_DESCRIPTORS,",
        new="",
        try_first=DOOR_TESTS,
    ),
    Fault(
        "the analysis may end other processes",
        "processes.cage.seccomp_filters",
        "filter_analysis",
        old="refuse(name, condition(0, other_than, os.getpid()))",
        new="pass",
        try_first=ANALYSIS_TESTS,
    ),
    Fault(
        "the analysis may send datagrams to what listens on its machine",
        "processes.cage.seccomp_filters",
        "filter_analysis",
        old='refuse("socketpair", condition(1, masked, _SOCKET_TYPE, socket.SOCK_DGRAM))',
        new="pass",
        try_first=ANALYSIS_TESTS,
    ),
]
