/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_calls - the filter of system calls: see sandbox_calls.h.
 *
 * A program for the kernel's classic BPF, written from two tables: calls that are allowed with
 * certain arguments, and calls that are allowed as they are. Of the latter the kernel remembers the
 * answer and does not run the program (since 5.11), so that the order matters little.
 */
#include "server/sandbox_calls.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/sandbox_table.h"

#if defined(__x86_64__)
#define OUR_MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE AUDIT_ARCH_AARCH64
#else
#define OUR_MACHINE 0 /* no table was tried there */
#endif

enum {
    PROGRAM_STEPS_MAX = 1024,
    X32_BIT = 0x40000000,      /* another set of numbers on x86-64: nothing of ours is from it */
    QUESTION = 0x47756964,     /* getpriority() of this kind asks which revision the filter is */
    ANSWER_ERRNO_BASE = 0xe00, /* plus the revision; no error of the kernel's is as large */
    REVISIONS_MAX = 0xff,
};

struct program {
    struct sock_filter steps[PROGRAM_STEPS_MAX];
    unsigned short count;
};

static void put(struct program *program, struct sock_filter step)
{
    assert(program->count < PROGRAM_STEPS_MAX);
    program->steps[program->count++] = step;
}

static void put_load(struct program *program, size_t offset)
{
    put(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void put_load_number(struct program *program)
{
    put_load(program, offsetof(struct seccomp_data, nr));
}

/* The next `skipped` steps are only for values that are equal. */
static void put_unless_equal(struct program *program, uint32_t value, uint8_t skipped)
{
    put(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped));
}

static void put_return(struct program *program, uint32_t action)
{
    put(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static size_t tests_of(const struct call_allowed *row)
{
    size_t count = 0;
    while (count < CALL_TESTS_MAX && row->tests[count].mask != 0)
        count++;
    return count;
}

/* Words of the arguments, low before high: both machines are little-endian. */
static void put_tested(struct program *program, const struct call_allowed *row, uint32_t action)
{
    enum { STEPS_PER_TEST = 3 };
    size_t count = tests_of(row);
    put_load_number(program);
    put_unless_equal(program, (uint32_t)row->number, (uint8_t)(count * STEPS_PER_TEST + 1));
    for (size_t i = 0; i < count; i++) {
        const struct call_test *test = &row->tests[i];
        size_t left = count - i - 1;
        put_load(program, offsetof(struct seccomp_data, args) + test->word * sizeof(uint32_t));
        put(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, test->mask));
        put_unless_equal(program, test->value, (uint8_t)(left * STEPS_PER_TEST + 1));
    }
    put_return(program, action);
}

static void put_machine(struct program *program)
{
    put_load(program, offsetof(struct seccomp_data, arch));
    put(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_MACHINE, 1, 0));
    put_return(program, SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)
    put_load_number(program);
    put(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    put_return(program, SECCOMP_RET_KILL_PROCESS);
#endif
}

static void put_exec(struct program *program, const char *path)
{
    uint64_t address = (uint64_t)(uintptr_t)path;
    const struct call_allowed row = {
        SYS_execve,
        {{0, UINT32_MAX, (uint32_t)address}, {1, UINT32_MAX, (uint32_t)(address >> 32)}}};
    put_tested(program, &row, SECCOMP_RET_ALLOW);
}

static void put_answer(struct program *program, uint32_t revision)
{
    const struct call_allowed row = {SYS_getpriority, {{0, UINT32_MAX, QUESTION}}};
    put_tested(program, &row, SECCOMP_RET_ERRNO | (ANSWER_ERRNO_BASE + revision));
}

static void put_tables(struct program *program)
{
    for (size_t i = 0; i < sandbox_tested_count; i++)
        put_tested(program, &sandbox_tested[i], SECCOMP_RET_ALLOW);
    put_load_number(program);
    for (size_t i = 0; i < sandbox_allowed_count; i++) {
        put_unless_equal(program, (uint32_t)sandbox_allowed[i], 1);
        put_return(program, SECCOMP_RET_ALLOW);
    }
    for (size_t i = 0; i < sandbox_unknown_count; i++) {
        put_unless_equal(program, (uint32_t)sandbox_unknown[i], 1);
        put_return(program, SECCOMP_RET_ERRNO | ENOSYS);
    }
    put_return(program, SECCOMP_RET_ERRNO | EPERM);
}

bool sandbox_calls_confine(const char *path, uint32_t revision)
{
    assert(revision > 0);
    assert(revision <= REVISIONS_MAX);
    if (OUR_MACHINE == 0) {
        errno = ENOSYS;
        return false;
    }
    struct program program = {.count = 0};
    put_machine(&program);
    put_answer(&program, revision);
    if (path != NULL)
        put_exec(&program, path);
    put_tables(&program);
    const struct sock_fprog filter = {.len = program.count, .filter = program.steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                   SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) == 0;
}

uint32_t sandbox_calls_inherited(void)
{
    if (syscall(SYS_getpriority, QUESTION, 0) >= 0 || errno < ANSWER_ERRNO_BASE)
        return 0;
    return (uint32_t)errno - ANSWER_ERRNO_BASE;
}
