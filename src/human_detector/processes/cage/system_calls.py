"""Which system calls a decoder may make, and which an analysis may not.

What a processor lacks is passed over.
"""

from __future__ import annotations

DECODING = (
    # What was opened or received before: the video, the sockets.
    *("read", "pread64", "lseek", "fstat", "close"),
    *("recvmsg", "recvfrom", "getsockname", "getsockopt", "poll", "ppoll"),
    # Memory; mmap, mprotect and madvise with conditions.
    *("munmap", "mremap", "brk"),
    # Threads; clone and futex with conditions.
    *("exit", "exit_group", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "getcpu"),
    # Time, chance, itself.
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time"),
    *("getrandom", "getpid", "gettid", "sysinfo"),
    # Signals that arrive.
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
)
"""What PyAV, NumPy, OpenCV and Python need to decode, whatever the arguments. write, sendto and others come
with
conditions: seccomp_filters.py."""

PROGRAMS = ("execve", "execveat")
OTHER_PROCESSES = (
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
)
THE_MACHINE = (
    *(
        "mount",
        "umount2",
        "mount_setattr",
        "move_mount",
        "open_tree",
        "fsopen",
        "fsconfig",
        "fsmount",
        "fspick",
    ),
    *("pivot_root", "chroot", "unshare", "setns", "swapon", "swapoff", "quotactl", "quotactl_fd", "acct"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot"),
    *("iopl", "ioperm", "modify_ldt", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex"),
    *("sethostname", "setdomainname", "syslog", "lookup_dcookie", "name_to_handle_at", "open_by_handle_at"),
)
WAYS_INTO_THE_KERNEL = (
    *("bpf", "keyctl", "add_key", "request_key", "userfaultfd", "perf_event_open"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
)
"""Large, and the place of many holes that were found; io_uring also does what filters refuse elsewhere."""

DEADLY = (*PROGRAMS, *OTHER_PROCESSES, *THE_MACHINE, *WAYS_INTO_THE_KERNEL)
"""No decoder asks for one of these unless it has been broken into: then it ends at once."""

RIGHTS = (
    *("chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *(
        "setuid",
        "setgid",
        "setreuid",
        "setregid",
        "setresuid",
        "setresgid",
        "setgroups",
        "setfsuid",
        "setfsgid",
    ),
    *("capset", "mknod", "mknodat"),
)
CONNECTIONS = ("connect", "bind", "listen", "accept", "accept4")
SIGNALS = ("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")

ANALYSIS_REFUSES = (
    *(*OTHER_PROCESSES, *THE_MACHINE, *WAYS_INTO_THE_KERNEL, *RIGHTS, *CONNECTIONS, *SIGNALS),
)
"""Whatever the arguments."""

NEW_PROCESSES = ("fork", "vfork")
"""As calls of their own, on x86_64; elsewhere, and in the C library, it is a clone without CLONE_THREAD."""

UNKNOWN_TO_LIBSECCOMP = {"fchmodat2": 452}
"""Calls that are younger than Debian 12's libseccomp, and their numbers, the same on all processors."""
