/* SPDX-License-Identifier: Apache-2.0 */
/* steps - what a question costs, counted and not timed. */
#ifndef UNIT_STORE_STEPS_H
#define UNIT_STORE_STEPS_H

#include "world.h"

#include "store/connection.h"
#include "store/sqlite/connection.h"

/* Steps of SQLite's machine since the last time it was asked. */
static inline int steps_taken(struct world *world)
{
    struct sqlite_engine *engine = sqlite_engine_of(world->store->engine);
    int steps = 0;
    for (size_t i = 0; i < engine->statement_count; i++)
        steps += sqlite3_stmt_status(engine->statements[i].handle, SQLITE_STMTSTATUS_VM_STEP, true);
    return steps;
}

#endif
