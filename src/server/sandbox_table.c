/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_table - which system calls the filter lets through.
 *
 * Found by tracing every suite, and completed by what the same library functions call on other
 * kernels and under load. Numbers that a machine does not have are left out.
 */
#include "server/sandbox_table.h"

#include <asm/ioctls.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/str.h"

/* The low halves of the arguments. */
enum { FIRST = 0, SECOND = 2, THIRD = 4, FOURTH = 6 };

#define WHEN(word, equals)                                                                         \
    {                                                                                              \
        word, UINT32_MAX, equals                                                                   \
    }
#define WITHOUT(word, bits)                                                                        \
    {                                                                                              \
        word, bits, 0                                                                              \
    }
#define SOCKET_OPTION(level, name)                                                                 \
    {                                                                                              \
        SYS_setsockopt,                                                                            \
        {                                                                                          \
            WHEN(SECOND, level), WHEN(THIRD, name)                                                 \
        }                                                                                          \
    }
#define PROCESS_OPTION(name)                                                                       \
    {                                                                                              \
        SYS_prctl,                                                                                 \
        {                                                                                          \
            WHEN(FIRST, name)                                                                      \
        }                                                                                          \
    }

enum {
    NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                     CLONE_NEWPID | CLONE_NEWNET,
};

const struct call_allowed sandbox_tested[] = {
    /* With MSG_FASTOPEN a TCP socket connects by sending. */
    {SYS_sendto, {WITHOUT(FOURTH, MSG_FASTOPEN)}},
    {SYS_sendmsg, {WITHOUT(THIRD, MSG_FASTOPEN)}},
    /* Threads, the rehearsal and the look at a successor; no namespace. */
    {SYS_clone, {WITHOUT(FIRST, NEW_NAMESPACES)}},
    {SYS_mprotect, {WITHOUT(THIRD, PROT_EXEC)}},
    {SYS_ioctl, {WHEN(SECOND, FIONBIO)}},
    {SYS_ioctl, {WHEN(SECOND, FIONREAD)}},
    {SYS_ioctl, {WHEN(SECOND, FIOCLEX)}},
    {SYS_ioctl, {WHEN(SECOND, TCGETS)}},
    SOCKET_OPTION(IPPROTO_TCP, TCP_NODELAY),
    SOCKET_OPTION(IPPROTO_TCP, TCP_CORK),
    SOCKET_OPTION(IPPROTO_TCP, TCP_KEEPIDLE),
    SOCKET_OPTION(IPPROTO_TCP, TCP_KEEPINTVL),
    SOCKET_OPTION(IPPROTO_TCP, TCP_KEEPCNT),
    SOCKET_OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT),
    SOCKET_OPTION(IPPROTO_TCP, TCP_QUICKACK),
    SOCKET_OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT),
    SOCKET_OPTION(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
    SOCKET_OPTION(SOL_SOCKET, SO_REUSEADDR),
    SOCKET_OPTION(SOL_SOCKET, SO_REUSEPORT),
    SOCKET_OPTION(SOL_SOCKET, SO_KEEPALIVE),
    SOCKET_OPTION(SOL_SOCKET, SO_LINGER),
    SOCKET_OPTION(SOL_SOCKET, SO_SNDBUF),
    SOCKET_OPTION(SOL_SOCKET, SO_RCVBUF),
    /* Between ourselves and a child. */
    {SYS_socketpair, {WHEN(FIRST, AF_UNIX)}},
    /* Our own limits, not another process's. */
    {SYS_prlimit64, {WHEN(FIRST, 0)}},
    {SYS_setpriority, {WHEN(FIRST, PRIO_PROCESS)}},
    {SYS_prctl, {WHEN(FIRST, PR_SET_DUMPABLE), WHEN(SECOND, 0)}},
    PROCESS_OPTION(PR_SET_NAME),
    PROCESS_OPTION(PR_SET_PDEATHSIG),
    PROCESS_OPTION(PR_SET_NO_NEW_PRIVS),
    PROCESS_OPTION(PR_GET_NO_NEW_PRIVS),
    PROCESS_OPTION(PR_GET_SECCOMP),
};
const size_t sandbox_tested_count = COUNT_OF(sandbox_tested);

const int sandbox_allowed[] = {
    /* bytes */
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
    SYS_lseek, SYS_close, SYS_close_range, SYS_fcntl, SYS_dup, SYS_dup3, SYS_pipe2,
    /* files: which, is the other fence's business */
    SYS_openat, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_faccessat2, SYS_readlinkat,
    SYS_getdents64, SYS_statfs, SYS_fstatfs, SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2,
    SYS_fchmod, SYS_fchmodat, SYS_fchown, /* SQLite's, of a log it makes as root */
    SYS_umask, SYS_ftruncate, SYS_fallocate, SYS_fadvise64, SYS_fsync, SYS_fdatasync,
    SYS_sync_file_range, SYS_flock, SYS_getcwd,
    /* memory */
    SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_mlock, SYS_munlock, SYS_msync,
    SYS_membarrier, SYS_getrandom,
    /* threads and children */
    SYS_futex, SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address, SYS_rseq,
    SYS_sched_yield, SYS_sched_getaffinity, SYS_getcpu, SYS_wait4, SYS_waitid, SYS_kill, SYS_tgkill,
    SYS_exit, SYS_exit_group,
    /* signals and time */
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigpending,
    SYS_rt_sigsuspend, SYS_sigaltstack, SYS_restart_syscall, SYS_setitimer, SYS_getitimer,
    SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
    /* loops and the sockets there are */
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2, SYS_ppoll, SYS_pselect6,
    SYS_accept, SYS_accept4, SYS_listen, /* again, on a socket that was handed over */
    SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_recvfrom, SYS_recvmsg, SYS_shutdown,
    /* who and where we are */
    SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_uname, SYS_sysinfo, SYS_getrusage, SYS_times, SYS_getpriority,
#if defined(__x86_64__) /* names that newer machines do without */
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_mkdir, SYS_unlink, SYS_rename,
    SYS_chmod, SYS_dup2, SYS_pipe, SYS_poll, SYS_select, SYS_epoll_create, SYS_epoll_wait, SYS_fork,
    SYS_vfork, SYS_alarm, SYS_pause, SYS_time, SYS_getrlimit,
    SYS_arch_prctl, /* every program's first thread */
#endif
};
const size_t sandbox_allowed_count = COUNT_OF(sandbox_allowed);

/* clone3 has its flags in memory, where a filter cannot see them. */
const int sandbox_unknown[] = {SYS_clone3, SYS_openat2, SYS_io_uring_setup};
const size_t sandbox_unknown_count = COUNT_OF(sandbox_unknown);
