/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what a process behind the fences can no longer do, tried in one that is.
 *
 * Each try is a process of its own, fenced in as the server is, and says with its exit status what
 * came of it: the errno. What the kernel of the machine cannot enforce is skipped aloud.
 */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitized.h"
#include "scratch.h"
#include "server/sandbox_calls.h"
#include "server/sandbox_files.h"
#include "server/sealed.h"
#include "test.h"

enum { NOT_FENCED = 255 };

struct place {
    struct scratch folder;
    char data[320], outside[320], other_program[320];
};

static const char *inside(struct place *place, char *room, size_t size, const char *name)
{
    snprintf(room, size, "%s/%s", place->folder.path, name);
    return room;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    CHECK(file >= 0);
    CHECK(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(fchmod(file, mode) == 0);
    close(file);
}

static void place_open(struct place *place)
{
    CHECK(scratch_open(&place->folder));
    inside(place, place->data, sizeof(place->data), "data");
    inside(place, place->outside, sizeof(place->outside), "outside");
    inside(place, place->other_program, sizeof(place->other_program), "other");
    CHECK(mkdir(place->data, 0700) == 0);
    write_file(place->outside, "not yours", 0644);
    write_file(place->other_program, "#!/bin/true\n", 0755);
}

static void place_close(struct place *place)
{
    char path[352];
    snprintf(path, sizeof(path), "%s/mine", place->data);
    unlink(path);
    snprintf(path, sizeof(path), "%s/yours", place->data);
    unlink(path);
    rmdir(place->data);
    unlink(place->outside);
    unlink(place->other_program);
    rmdir(place->folder.path);
}

/* ---- one try ------------------------------------------------------------------------------- */

/* 0, or the errno of what it tried. */
typedef int (*try_it)(struct place *place);

static int outcome(bool is_well)
{
    return is_well ? 0 : errno;
}

static bool fence_in(struct place *place, const char *program)
{
    const struct reachable list[] = {
        {place->data, REACH_WRITE}, {"/usr", REACH_READ},       {"/lib", REACH_READ},
        {"/lib64", REACH_READ},     {"/dev/null", REACH_WRITE}, {"/usr/bin", REACH_EXECUTE},
        {"/lib", REACH_EXECUTE},    {"/lib64", REACH_EXECUTE},  {"/proc/self", REACH_READ},
        {"/nowhere", REACH_READ},
    };
    return sandbox_files_confine(list, COUNT_OF(list), false) > 0 &&
           sandbox_calls_confine(program, SANDBOX_REVISION);
}

/* The exit status of the fenced one; NOT_FENCED where there is nothing to fence with. */
static int attempt(try_it tried, const char *program)
{
    struct place place;
    place_open(&place);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        const char *sealed = program == NULL ? NULL : sealed_text(program);
        _exit(fence_in(&place, sealed) ? tried(&place) : NOT_FENCED);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    place_close(&place);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Whether this machine can; the suite says so when not. */
static bool can_fence(void)
{
    int nothing(struct place * place);
    if (IS_SANITIZED) {
        print_message("skipped: a sanitizer needs what the fences forbid\n");
        return false;
    }
    if (attempt(nothing, NULL) != NOT_FENCED)
        return true;
    print_message("skipped: this kernel lacks Landlock or seccomp\n");
    return false;
}

int nothing(struct place *place)
{
    (void)place;
    return 0;
}

static int refused_count; /* for whoever keeps figures */

#define CHECK_REFUSED(tried, expected)                                                             \
    do {                                                                                           \
        int got = attempt(tried, "/usr/bin/true");                                                 \
        if (got != (expected))                                                                     \
            print_error("%s: errno %d, expected %d\n", #tried, got, expected);                     \
        CHECK_INT(got, expected);                                                                  \
        refused_count++;                                                                           \
    } while (0)

/* ---- programs ------------------------------------------------------------------------------ */

static int start(const char *program)
{
    char *const arguments[] = {(char *)(uintptr_t)program, NULL};
    execve(program, arguments, environ);
    return errno;
}

static int start_shell(struct place *place)
{
    (void)place;
    return start("/usr/bin/sh");
}

/* The very program that may be started, but not by the sealed text. */
static int start_by_other_words(struct place *place)
{
    (void)place;
    return start("/usr/bin/true");
}

static int start_by_descriptor(struct place *place)
{
    (void)place;
    int file = open("/usr/bin/true", O_PATH | O_CLOEXEC);
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    fexecve(file, arguments, environ);
    return errno;
}

static int start_what_was_written(struct place *place)
{
    char path[352];
    snprintf(path, sizeof(path), "%s/mine", place->data);
    write_file(path, "#!/usr/bin/true\n", 0700);
    return start(path);
}

static int start_sealed(struct place *place)
{
    (void)place;
    const char *sealed = (const char *)((uintptr_t)32 << 32);
    return start(sealed);
}

TEST(no_program_can_be_started)
{
    if (!can_fence())
        return;
    CHECK_REFUSED(start_shell, EPERM);
    CHECK_REFUSED(start_by_other_words, EPERM);
    CHECK_REFUSED(start_by_descriptor, EPERM);
    CHECK_REFUSED(start_what_was_written, EPERM);
}

TEST(but_the_successor_where_it_always_is)
{
    if (!can_fence())
        return;
    CHECK_INT(attempt(start_sealed, "/usr/bin/true"), 0);
    CHECK_INT(attempt(start_sealed, "/usr/bin/false"), 1);
}

static int sealed_can_be_changed(struct place *place)
{
    (void)place;
    char *sealed = (char *)((uintptr_t)32 << 32);
    bool is_changed = mprotect(sealed, 4096, PROT_READ | PROT_WRITE) == 0 ||
                      munmap(sealed, 4096) == 0 ||
                      mmap(sealed, 4096, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
    return is_changed ? 0 : errno;
}

TEST(the_sealed_path_cannot_be_changed)
{
    if (!can_fence())
        return;
    /* mseal came with Linux 6.10 */
    if (syscall(462, NULL, 0UL, 0UL) != 0) {
        print_message("skipped: this kernel has no mseal\n");
        return;
    }
    CHECK_REFUSED(sealed_can_be_changed, EPERM);
}

/* ---- files --------------------------------------------------------------------------------- */

static int read_outside(struct place *place)
{
    return outcome(open(place->outside, O_RDONLY | O_CLOEXEC) >= 0);
}

static int write_outside(struct place *place)
{
    return outcome(open(place->outside, O_WRONLY | O_CLOEXEC) >= 0);
}

static int make_outside(struct place *place)
{
    char path[352];
    return outcome(
        open(inside(place, path, sizeof(path), "new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
}

static int remove_outside(struct place *place)
{
    return outcome(unlink(place->outside) == 0);
}

static int list_outside(struct place *place)
{
    return outcome(open(place->folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
}

static int read_passwords(struct place *place)
{
    (void)place;
    return outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
}

static int read_memory_of_parent(struct place *place)
{
    char path[64];
    (void)place;
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
    return outcome(open(path, O_RDONLY | O_CLOEXEC) >= 0);
}

static int write_what_is_read_only(struct place *place)
{
    (void)place;
    return outcome(open("/usr/bin/true", O_WRONLY | O_CLOEXEC) >= 0);
}

static int carry_out(struct place *place)
{
    char from[352];
    char to[352];
    snprintf(from, sizeof(from), "%s/mine", place->data);
    write_file(from, "secret", 0600);
    return outcome(rename(from, inside(place, to, sizeof(to), "mine")) == 0);
}

TEST(no_file_outside_can_be_opened_made_or_removed)
{
    if (!can_fence())
        return;
    CHECK_REFUSED(read_outside, EACCES);
    CHECK_REFUSED(write_outside, EACCES);
    CHECK_REFUSED(make_outside, EACCES);
    CHECK_REFUSED(remove_outside, EACCES);
    CHECK_REFUSED(list_outside, EACCES);
    CHECK_REFUSED(read_passwords, EACCES);
    CHECK_REFUSED(read_memory_of_parent, EACCES);
    CHECK_REFUSED(write_what_is_read_only, EACCES);
    int got = attempt(carry_out, NULL);
    CHECK(got == EXDEV || got == EACCES);
}

static int work_inside(struct place *place)
{
    char one[352];
    char other[352];
    snprintf(one, sizeof(one), "%s/mine", place->data);
    snprintf(other, sizeof(other), "%s/yours", place->data);
    write_file(one, "bytes", 0600);
    return outcome(rename(one, other) == 0 && open(other, O_RDWR | O_CLOEXEC) >= 0 &&
                   unlink(other) == 0);
}

TEST(the_data_directory_can_be_worked_in)
{
    if (!can_fence())
        return;
    CHECK_INT(attempt(work_inside, NULL), 0);
}

/* ---- the network --------------------------------------------------------------------------- */

static int make_socket(int family, int type)
{
    return outcome(socket(family, type | SOCK_CLOEXEC, 0) >= 0);
}

#define NO_SOCKET(name, family, type)                                                              \
    static int name(struct place *place)                                                           \
    {                                                                                              \
        (void)place;                                                                               \
        return make_socket(family, type);                                                          \
    }
NO_SOCKET(socket_tcp, AF_INET, SOCK_STREAM)
NO_SOCKET(socket_tcp_six, AF_INET6, SOCK_STREAM)
NO_SOCKET(socket_udp, AF_INET, SOCK_DGRAM)
NO_SOCKET(socket_unix, AF_UNIX, SOCK_STREAM)
NO_SOCKET(socket_netlink, AF_NETLINK, SOCK_RAW)
NO_SOCKET(socket_packet, AF_PACKET, SOCK_RAW)
NO_SOCKET(socket_vsock, AF_VSOCK, SOCK_STREAM)
NO_SOCKET(socket_alg, AF_ALG, SOCK_SEQPACKET)

TEST(no_socket_of_any_family_can_be_made)
{
    if (!can_fence())
        return;
    CHECK_REFUSED(socket_tcp, EPERM);
    CHECK_REFUSED(socket_tcp_six, EPERM);
    CHECK_REFUSED(socket_udp, EPERM);
    CHECK_REFUSED(socket_unix, EPERM);
    CHECK_REFUSED(socket_netlink, EPERM);
    CHECK_REFUSED(socket_packet, EPERM);
    CHECK_REFUSED(socket_vsock, EPERM);
    CHECK_REFUSED(socket_alg, EPERM);
}

/* A socket from before the fence, to a port where somebody listens. */
static int with_old_socket(bool by_sending)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_ready = bind(listener, (struct sockaddr *)&address, size) == 0 &&
                    listen(listener, 1) == 0 &&
                    getsockname(listener, (struct sockaddr *)&address, &size) == 0;
    if (!is_ready || !sandbox_calls_confine(NULL, SANDBOX_REVISION))
        return NOT_FENCED;
    if (by_sending)
        return outcome(sendto(caller, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address, size) >=
                       0);
    return outcome(connect(caller, (struct sockaddr *)&address, size) == 0);
}

static int in_child(int (*tried)(bool), bool argument)
{
    int status = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(tried(argument));
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(nothing_connects_not_even_by_sending)
{
    if (!can_fence())
        return;
    CHECK_INT(in_child(with_old_socket, false), EPERM);
    CHECK_INT(in_child(with_old_socket, true), EPERM);
}

/* ---- the kernel ---------------------------------------------------------------------------- */

static int trace_parent(struct place *place)
{
    (void)place;
    return outcome(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}

static int mount_something(struct place *place)
{
    return outcome(mount("none", place->data, "tmpfs", 0, NULL) == 0);
}

static int new_namespace(struct place *place)
{
    (void)place;
    return outcome(unshare(CLONE_NEWUSER) == 0);
}

static int child_in_namespace(struct place *place)
{
    (void)place;
    return outcome(syscall(SYS_clone, (unsigned long)(CLONE_NEWUSER | 17), 0, 0, 0, 0) >= 0);
}

static int write_and_run_memory(struct place *place)
{
    (void)place;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
}

static int signal_parent(struct place *place)
{
    (void)place;
    return outcome(kill(getppid(), 0) == 0);
}

static int limit_parent(struct place *place)
{
    (void)place;
    return outcome(syscall(SYS_prlimit64, (long)getppid(), 0, NULL, NULL) == 0);
}

static int become_dumpable(struct place *place)
{
    (void)place;
    return outcome(syscall(SYS_prctl, 4L, 1L) == 0); /* PR_SET_DUMPABLE */
}

TEST(nothing_reaches_the_kernel_or_other_processes)
{
    if (!can_fence())
        return;
    CHECK_REFUSED(trace_parent, EPERM);
    CHECK_REFUSED(mount_something, EPERM);
    CHECK_REFUSED(new_namespace, EPERM);
    CHECK_REFUSED(child_in_namespace, EPERM);
    CHECK_REFUSED(write_and_run_memory, EPERM);
    CHECK_REFUSED(limit_parent, EPERM);
    CHECK_REFUSED(become_dumpable, EPERM);
    CHECK_REFUSED(signal_parent, EPERM);
}

/* Calls that have no business in a server; arguments do not matter, as none is looked at. */
static const int forbidden[] = {
    SYS_bpf,
    SYS_perf_event_open,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_userfaultfd,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_memfd_create,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_kcmp,
    SYS_setns,
    SYS_chroot,
    SYS_pivot_root,
    SYS_umount2,
    SYS_fsopen,
    SYS_open_tree,
    SYS_move_mount,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_acct,
    SYS_quotactl,
    SYS_personality,
    SYS_setuid,
    SYS_setresuid,
    SYS_capset,
    SYS_bind,
    SYS_connect,
    SYS_execveat,
    SYS_fanotify_init,
    SYS_inotify_init1,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_mknodat,
    SYS_symlinkat,
    SYS_linkat,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_syslog,
    SYS_vhangup,
    SYS_shmget,
    SYS_msgget,
    SYS_semget,
    SYS_mq_open,
    SYS_seccomp,
    SYS_landlock_create_ruleset,
};

static int count_let_through(struct place *place)
{
    int through = 0;
    (void)place;
    for (size_t i = 0; i < COUNT_OF(forbidden); i++) {
        if (syscall(forbidden[i], 0L, 0L, 0L, 0L, 0L, 0L) >= 0 || errno != EPERM)
            through++;
    }
    return through;
}

TEST(what_is_not_on_the_list_is_refused)
{
    if (!can_fence())
        return;
    CHECK_INT(attempt(count_let_through, NULL), 0);
    refused_count += (int)COUNT_OF(forbidden);
}

static int other_machine(struct place *place)
{
    (void)place;
#if defined(__x86_64__)
    return outcome(syscall(0x40000000L + SYS_getpid) >= 0); /* by the numbers of x32 */
#else
    raise(SIGSYS);
    return 0;
#endif
}

TEST(another_set_of_numbers_is_the_end)
{
    if (!can_fence())
        return;
    struct place place;
    int status = 0;
    place_open(&place);
    pid_t child = fork();
    if (child == 0)
        _exit(fence_in(&place, NULL) ? other_machine(&place) : NOT_FENCED);
    CHECK(waitpid(child, &status, 0) == child);
    place_close(&place);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(WTERMSIG(status), SIGSYS);
}

/* ---- what must go on ----------------------------------------------------------------------- */

static void *run_thread(void *argument)
{
    *(bool *)argument = true;
    return NULL;
}

/* A thread, a child that is waited for, a pipe, a socket pair: what the server lives from. */
static int live(struct place *place)
{
    bool has_run = false;
    pthread_t thread;
    int ends[2];
    int pair[2];
    char byte = 0;
    (void)place;
    if (pthread_create(&thread, NULL, run_thread, &has_run) != 0 ||
        pthread_join(thread, NULL) != 0 || !has_run)
        return 1;
    if (pipe2(ends, O_CLOEXEC) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 2;
    pid_t child = fork();
    if (child == 0)
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    struct pollfd wait = {.fd = ends[0], .events = POLLIN};
    int status = 0;
    bool is_heard = child > 0 && poll(&wait, 1, 10000) == 1 && read(ends[0], &byte, 1) == 1;
    if (!is_heard || waitpid(child, &status, 0) != child || status != 0)
        return 3;
    child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    bool is_ended = kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child;
    return is_ended && WIFSIGNALED(status) ? 0 : 4;
}

TEST(threads_children_and_pipes_go_on)
{
    if (!can_fence())
        return;
    CHECK_INT(attempt(live, NULL), 0);
}

static int ask_revision(struct place *place)
{
    (void)place;
    return (int)sandbox_calls_inherited();
}

TEST(whoever_is_born_inside_can_tell)
{
    CHECK_INT(sandbox_calls_inherited(), 0);
    if (can_fence())
        CHECK_INT(attempt(ask_revision, NULL), SANDBOX_REVISION);
}

TEST(the_figures)
{
    print_message("refused=%d\n", refused_count);
    CHECK(refused_count > 80 || !can_fence());
}

TESTS(no_program_can_be_started, but_the_successor_where_it_always_is,
      the_sealed_path_cannot_be_changed, no_file_outside_can_be_opened_made_or_removed,
      the_data_directory_can_be_worked_in, no_socket_of_any_family_can_be_made,
      nothing_connects_not_even_by_sending, nothing_reaches_the_kernel_or_other_processes,
      what_is_not_on_the_list_is_refused, another_set_of_numbers_is_the_end,
      threads_children_and_pipes_go_on, whoever_is_born_inside_can_tell, the_figures)
