"""Which system calls a decoder may make, and which an analysis may not.

What a processor lacks is passed over.
"""

# ruff: noqa: SIM905  # forty names in a row read better than forty lines

from __future__ import annotations

_OPENED_BEFORE = "read pread64 write lseek fstat close recvmsg recvfrom poll ppoll".split()
_MEMORY = "munmap mremap brk".split()
_THREADS = "exit exit_group set_robust_list rseq sched_yield sched_getaffinity getcpu".split()
_TIME = "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time".split()
_CHANCE_AND_ITSELF = "getrandom getpid gettid sysinfo".split()
_SIGNALS_THAT_ARRIVE = "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall".split()

DECODING = _OPENED_BEFORE + _MEMORY + _THREADS + _TIME + _CHANCE_AND_ITSELF + _SIGNALS_THAT_ARRIVE
"""What PyAV, NumPy, OpenCV and Python need to decode, whatever the arguments. mmap, clone and others
come with conditions: seccomp_filters.py."""

PROGRAMS = "execve execveat".split()
NEW_PROCESSES = "fork vfork".split()
"""As calls of their own, on x86_64; elsewhere, and in the C library, it is a clone without CLONE_THREAD."""

_OTHER_PROCESSES = "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp".split()
_THE_MACHINE = """
    mount umount2 mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick pivot_root chroot
    unshare setns swapon swapoff quotactl quotactl_fd acct init_module finit_module delete_module kexec_load
    kexec_file_load reboot iopl ioperm modify_ldt settimeofday clock_settime clock_adjtime adjtimex
    sethostname setdomainname syslog lookup_dcookie name_to_handle_at open_by_handle_at
""".split()
_WAYS_INTO_THE_KERNEL = """
    bpf keyctl add_key request_key userfaultfd perf_event_open io_uring_setup io_uring_enter
    io_uring_register
""".split()
"""Large, and the place of many holes that were found; io_uring also does what filters refuse elsewhere."""

_DANGEROUS = _OTHER_PROCESSES + _THE_MACHINE + _WAYS_INTO_THE_KERNEL

DEADLY = PROGRAMS + _DANGEROUS
"""No decoder asks for one of these unless it has been broken into: then it ends at once."""

_RIGHTS = """
    chmod fchmod fchmodat chown fchown lchown fchownat setxattr lsetxattr fsetxattr removexattr lremovexattr
    fremovexattr setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    mknod mknodat
""".split()
_CONNECTIONS = "socket connect bind listen accept accept4".split()
_SIGNALS = "tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal".split()

ANALYSIS_REFUSES = _DANGEROUS + _RIGHTS + _CONNECTIONS + _SIGNALS
"""Whatever the arguments."""

UNKNOWN_TO_LIBSECCOMP = {"fchmodat2": 452}
"""Calls that are younger than Debian 12's libseccomp, and their numbers, the same on all processors."""
