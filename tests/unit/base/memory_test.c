/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

TESTS(fresh_memory_is_zeroed, resizing_keeps_what_was_there, nothing_asked_for_is_still_memory,
      an_impossible_request_never_comes_back)
