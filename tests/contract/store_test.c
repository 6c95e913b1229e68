/* SPDX-License-Identifier: Apache-2.0 */
/* The store's contract, kept by SQLite. */
#include <sqlite3.h>

#include "store_contract.h"

#include "scratch.h"

static struct scratch place;

void lab_make(void)
{
    CHECK(scratch_open(&place));
}

void lab_remove(void)
{
    scratch_close(&place);
}

struct str lab_place(void)
{
    return scratch_path(&place);
}

void lab_tamper(const char *sql)
{
    char file[300];
    snprintf(file, sizeof(file), "%s/guidon.db", place.path);
    sqlite3 *database = NULL;
    CHECK_INT(sqlite3_open(file, &database), SQLITE_OK);
    CHECK_INT(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(database), SQLITE_OK);
}

#include "store_administration.c"
#include "store_audience.c"
#include "store_audit.c"
#include "store_deployments.c"
#include "store_events.c"
#include "store_once.c"
#include "store_people.c"
#include "store_trail.c"
#include "store_transactions.c"
#include "store_versions.c"
/* Behind the one whose random numbers it uses. */
#include "store_objects.c"

TESTS(STORE_CONTRACT_PEOPLE, STORE_CONTRACT_VERSIONS, STORE_CONTRACT_TRANSACTIONS,
      STORE_CONTRACT_AUDIT, STORE_CONTRACT_EVENTS, STORE_CONTRACT_OBJECTS,
      STORE_CONTRACT_DEPLOYMENTS, STORE_CONTRACT_AUDIENCE, STORE_CONTRACT_ONCE,
      STORE_CONTRACT_TRAIL, STORE_CONTRACT_ADMINISTRATION)
