/* SPDX-License-Identifier: Apache-2.0 */
/* config - `guidon config print` and `config check`: as `guidon serve --config …`, which reads the
 * settings and everything they name, and exits. */
#include "base/arena.h"
#include "server/server.h"

int config_run(const char *verb, int count, char **arguments)
{
    struct arena arena;
    arena_open(&arena, 1024);
    char **all = ARENA_NEW_ARRAY(&arena, char *, (size_t)count + 2);
    for (int i = 0; i < count; i++)
        all[i] = arguments[i];
    all[count] = (char *)arena_format(&arena, "--config=%s", verb).data; /* the last one counts */
    int status = serve_run(count + 1, all);
    arena_close(&arena);
    return status;
}
