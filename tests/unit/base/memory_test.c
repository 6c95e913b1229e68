/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitized.h"
#include "test.h"

TEST(fresh_memory_is_zeroed)
{
    static const unsigned char zeros[4096];
    unsigned char *bytes = memory_allocate(sizeof(zeros));
    CHECK(memcmp(bytes, zeros, sizeof(zeros)) == 0);
    memory_free(bytes);

    uint64_t *words = MEMORY_NEW_ARRAY(uint64_t, 512);
    CHECK(memcmp(words, zeros, sizeof(zeros)) == 0);
    memory_free(words);
}

TEST(resizing_keeps_what_was_there)
{
    char *text = memory_allocate(4);
    memcpy(text, "flag", 4);
    text = memory_resize(text, 100000);
    CHECK(memcmp(text, "flag", 4) == 0);
    text = memory_resize(text, 2);
    CHECK(memcmp(text, "fl", 2) == 0);
    memory_free(text);
}

TEST(nothing_asked_for_is_still_memory)
{
    void *none = memory_allocate(0);
    CHECK(none != NULL);
    memory_free(none);
    void *resized = memory_resize(NULL, 0);
    CHECK(resized != NULL);
    memory_free(resized);
    memory_free(NULL);
}

TEST(an_impossible_request_never_comes_back)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(STDERR_FILENO);
        memory_allocate_array(SIZE_MAX / 2, 3);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}

/* Under a limit on addresses, as a container or a shell may set one; sanitizers need theirs. */
#if !IS_SANITIZED
static void limit_addresses(rlim_t bytes)
{
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

TEST(what_the_system_refuses_comes_from_the_reserve)
{
    enum { LARGE = 8 << 20 };
    CHECK(memory_open_reserve());
    CHECK(memory_open_reserve());
    CHECK(!memory_is_short());
    char *text = memory_allocate(LARGE);
    memset(text, 'f', LARGE);

    limit_addresses(1 << 20);
    unsigned char *fresh = memory_allocate(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        CHECK(fresh[i] == 0);
    CHECK(memory_is_short());
    CHECK_INT(memory_figures_read().refusals, 1);
    text = memory_resize(text, LARGE + 4096); /* what the system gave is copied */
    CHECK(text[0] == 'f' && text[LARGE - 1] == 'f');
    text = memory_resize(text, 2 * LARGE); /* so is what the reserve gave */
    CHECK(text[0] == 'f' && text[LARGE - 1] == 'f');
    CHECK(memory_is_short());
    CHECK(!memory_is_nearly_gone());
    void *most = memory_resize(NULL, (size_t)LARGE * 3);
    CHECK(memory_is_nearly_gone());
    memory_free(most);
    CHECK(!memory_is_nearly_gone());

    limit_addresses(RLIM_INFINITY);
    text = memory_resize(text, LARGE);
    CHECK(text[0] == 'f' && text[LARGE - 1] == 'f');
    memory_free(text);
    memory_free(fresh);
    CHECK_INT(memory_figures_read().reserve_used_bytes, 0);
    CHECK(!memory_is_short());
}
#define RESERVE_TESTS , what_the_system_refuses_comes_from_the_reserve
#else
#define RESERVE_TESTS
#endif

TESTS(fresh_memory_is_zeroed, resizing_keeps_what_was_there, nothing_asked_for_is_still_memory,
      an_impossible_request_never_comes_back RESERVE_TESTS)
