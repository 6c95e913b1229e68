/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox - the two fences, and what a server needs inside them: see sandbox.h. */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sanitized.h"
#include "server/sandbox_calls.h"
#include "server/sandbox_files.h"
#include "server/sealed.h"
#include "store/care.h"

enum { REACHABLE_MAX = 64 };

struct places {
    struct reachable list[REACHABLE_MAX];
    size_t count;
    struct arena *arena;
};

/* ---- what is wanted ----------------------------------------------------------------------- */

/* Sanitizers and valgrind do in the process what it is not to do by itself: maps of all memory,
 * reports, tracing. */
static bool is_under_tool(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return IS_SANITIZED || (preloaded != NULL && strstr(preloaded, "vgpreload_") != NULL);
}

void sandbox_open(struct sandbox *sandbox, const struct options *options, struct handover *handover)
{
    *sandbox = (struct sandbox){
        .is_wanted = !str_equal(options->sandbox, STR("off")),
        .is_strict = str_equal(options->sandbox, STR("strict")),
        .inherited = sandbox_calls_inherited(),
    };
    if (sandbox->inherited == 0 && sandbox->is_wanted && !sandbox->is_strict && is_under_tool()) {
        log_warn("sandbox_off", "why=\"a debugging tool is at work\"");
        sandbox->is_wanted = false;
    }
    if (sandbox->inherited == 0 && !sandbox->is_wanted)
        return;
    if (handover->path != NULL)
        sandbox->binary = sealed_text(handover->path);
    if (sandbox->binary != NULL)
        handover->path = sandbox->binary;
}

/* ---- what is reachable --------------------------------------------------------------------- */

static void add(struct places *places, const char *path, enum reach reach)
{
    if (places->count < REACHABLE_MAX)
        places->list[places->count++] = (struct reachable){path, reach};
}

static struct str folder_of(struct str path)
{
    size_t size = path.size;
    while (size > 0 && path.data[size - 1] != '/')
        size--;
    if (size == 0)
        return STR(".");
    return size == 1 ? STR("/") : str_slice(path, 0, size - 1);
}

/* A file that is replaced is another file: so the folder it is in. But not the root of all. */
static void add_folder_of(struct places *places, struct str path, enum reach reach)
{
    struct str folder = folder_of(path);
    struct str place = str_equal(folder, STR("/")) ? path : folder;
    add(places, arena_format(places->arena, "%.*s", STR_ARG(place)).data, reach);
}

/* As it is named, and as it is in the end: certificates are often links to elsewhere. */
static void add_file(struct places *places, struct str path, enum reach reach)
{
    char end[PATH_MAX];
    if (str_is_empty(path))
        return;
    add_folder_of(places, path, reach);
    if (realpath(arena_format(places->arena, "%.*s", STR_ARG(path)).data, end) != NULL)
        add_folder_of(places, str_of(end), reach);
}

/* GUIDON_NAME_FILE: where a setting is read from, now and at a SIGHUP. */
static void add_variables(struct places *places)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        struct str text = str_of(*variable);
        size_t equals = str_find_byte(text, '=', 0);
        struct str name = str_slice(text, 0, equals);
        if (str_starts_with(name, STR("GUIDON_")) && str_ends_with(name, STR("_FILE")) &&
            equals + 1 < text.size)
            add_file(places, str_slice(text, equals + 1, text.size), REACH_READ);
    }
}

/* Who loads programs, as this one's headers name it. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): an address is what the header has */
        const char *text = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        if (info->dlpi_phdr[i].p_type == PT_INTERP)
            *(const char **)found = text;
    }
    return 1; /* the first is the program itself */
}

/* The successor's file may be another one by then, so its folder; the filter of calls sees to it
 * that nothing else in there is started. A program is started by the loader, which is one too. */
static void add_successor(struct places *places, const struct sandbox *sandbox)
{
    const char *loader = NULL;
    dl_iterate_phdr(find_loader, &loader);
    if (sandbox->binary == NULL)
        return;
    add_file(places, str_of(sandbox->binary), REACH_EXECUTE);
    if (loader != NULL)
        add_file(places, str_of(loader), REACH_EXECUTE);
}

/* What the C library, OpenSSL and the successor's loader read; what is known about the machine. */
static void add_system(struct places *places)
{
    static const char *const readable[] = {
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/etc/ld.so.cache",
        "/etc/ld.so.preload",
        "/etc/ssl",
        "/etc/localtime",
        "/usr/share/zoneinfo",
        "/proc/self",
        "/proc/meminfo",
        "/proc/sys/vm/overcommit_memory",
        "/sys/devices/system/cpu",
        "/dev/urandom",
        "/dev/random",
    };
    for (size_t i = 0; i < COUNT_OF(readable); i++)
        add(places, readable[i], REACH_READ);
    add(places, "/dev/null", REACH_WRITE);
}

/* A first start writes it, and that comes later than this; afterwards it is only read. One that
 * died before it had left the store begun and this file empty. */
static void add_token_file(struct places *places, const struct options *options)
{
    struct stat status;
    if (str_is_empty(options->bootstrap_token_file))
        return;
    const char *path =
        arena_format(places->arena, "%.*s", STR_ARG(options->bootstrap_token_file)).data;
    const char *store =
        arena_format(places->arena, "%.*s/" STORE_FILE_NAME, STR_ARG(options->data)).data;
    bool is_first_start =
        stat(store, &status) != 0 || (stat(path, &status) == 0 && status.st_size == 0);
    if (is_first_start) {
        int file = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file >= 0)
            close(file);
    }
    char end[PATH_MAX];
    if (realpath(path, end) != NULL)
        add(places, arena_format(places->arena, "%s", end).data,
            is_first_start ? REACH_WRITE : REACH_READ);
}

static void find_places(struct places *places, const struct sandbox *sandbox,
                        const struct options *options)
{
    const char *data = arena_format(places->arena, "%.*s", STR_ARG(options->data)).data;
    (void)mkdir(data, 0700); /* what is wrong with it, the store says better */
    add(places, data, REACH_WRITE);
    add_token_file(places, options);
    add_file(places, options->config_file, REACH_READ);
    add_file(places, options->tls_certificate, REACH_READ);
    add_file(places, options->tls_key, REACH_READ);
    add_variables(places);
    add_successor(places, sandbox);
    add_system(places);
}

/* ---- the fences ---------------------------------------------------------------------------- */

/* Without a fence the server starts all the same, and says so; unless it is not to. */
static struct fault do_without(const struct sandbox *sandbox, const char *fence,
                               struct arena *arena)
{
    const char *why = strerrordesc_np(errno);
    why = why == NULL ? "the kernel has it not" : why;
    if (!sandbox->is_strict) {
        log_warn("sandbox_incomplete", "without=%s why=\"%s\"", fence, why);
        return fault_none();
    }
    return fault_make(FAULT_UNAVAILABLE, STR("sandbox"),
                      arena_format(arena, "sandbox is strict, and there is no %s: %s", fence, why));
}

struct fault sandbox_confine_files(struct sandbox *sandbox, const struct options *options,
                                   struct arena *arena, bool has_abstract_socket)
{
    if (sandbox->inherited > 0 || !sandbox->is_wanted)
        return fault_none();
    struct places places = {.count = 0, .arena = arena};
    find_places(&places, sandbox, options);
    errno = 0;
    sandbox->landlock = sandbox_files_confine(places.list, places.count, has_abstract_socket);
    return sandbox->landlock > 0 ? fault_none() : do_without(sandbox, "landlock", arena);
}

struct fault sandbox_confine_calls(struct sandbox *sandbox, struct arena *arena)
{
    if (sandbox->inherited > 0) {
        log_info("sandbox_inherited", "revision=%u", (unsigned)sandbox->inherited);
        return fault_none();
    }
    if (!sandbox->is_wanted || sandbox->has_calls) /* up already: the leap to a successor failed */
        return fault_none();
    errno = 0;
    sandbox->has_calls = sandbox_calls_confine(sandbox->binary, SANDBOX_REVISION);
    if (!sandbox->has_calls)
        return do_without(sandbox, "seccomp", arena);
    log_info("sandbox_on", "revision=%d landlock=%d seccomp=true", SANDBOX_REVISION,
             sandbox->landlock);
    return fault_none();
}

void sandbox_confine_child(const struct sandbox *sandbox)
{
    if (sandbox->inherited == 0 && sandbox->is_wanted && !sandbox->has_calls)
        (void)sandbox_calls_confine(sandbox->binary, SANDBOX_REVISION);
}

struct fault sandbox_check(const struct options *options, struct arena *arena)
{
    uint32_t inherited = sandbox_calls_inherited();
    if (inherited == 0)
        return fault_none();
    if (inherited < SANDBOX_REVISION)
        return fault_make(FAULT_UNAVAILABLE, STR("sandbox"),
                          STR("this release needs more than the sandbox of the one that runs "
                              "allows: stop and start it instead"));
    int data = open(arena_format(arena, "%.*s", STR_ARG(options->data)).data,
                    O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600); /* a file without a name */
    if (data < 0 && errno == EACCES)
        return fault_make(FAULT_UNAVAILABLE, STR("sandbox"),
                          arena_format(arena,
                                       "%.*s is outside the sandbox of the server that runs: stop "
                                       "and start it instead",
                                       STR_ARG(options->data)));
    if (data >= 0)
        close(data);
    return fault_none();
}
