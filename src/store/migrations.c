/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrations - the schema: see migrations.h.
 *
 * Once released, a migration's text never changes: add another. The words between @ are what
 * engines do not share (struct engine_kind.words):
 *     @NUMBER@  a 64-bit integer            @STRICT@  table options: types are enforced
 *     @BYTES@   bytes                       @KEYED@   the same, stored in order of its key; for
 *     @KEY@     text compared by bytes                small rows only
 *
 * The environment comes first in every key below it. Numbers of environments, deployments, flags
 * and audit rows come from rows that are locked by being updated (counter, audit_head), never from
 * sequences: a sequence has gaps and an order of its own.
 */
#include "store/migrations.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

/* clang-format off */
static const char truth[] =
    "CREATE TABLE counter ("
    "  name @KEY@ NOT NULL PRIMARY KEY,"
    "  value @NUMBER@ NOT NULL"
    ") @KEYED@;"
    "INSERT INTO counter (name, value) VALUES ('environment', 0);"

    "CREATE TABLE app_user ("
    "  id @KEY@ NOT NULL PRIMARY KEY,"
    "  email TEXT NOT NULL UNIQUE,"
    "  role TEXT NOT NULL,"
    "  created_ms @NUMBER@ NOT NULL"
    ") @KEYED@;"

    "CREATE TABLE app ("
    "  id @KEY@ NOT NULL PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE,"
    "  owner_user_id @KEY@ NOT NULL REFERENCES app_user (id),"
    "  hides_flags_by_default @NUMBER@ NOT NULL,"
    "  created_ms @NUMBER@ NOT NULL"
    ") @KEYED@;"

    "CREATE TABLE environment ("
    "  number @NUMBER@ NOT NULL PRIMARY KEY,"
    "  id @KEY@ NOT NULL UNIQUE,"
    "  app_id @KEY@ NOT NULL REFERENCES app (id),"
    "  name TEXT NOT NULL,"
    "  version @NUMBER@ NOT NULL,"
    "  created_ms @NUMBER@ NOT NULL,"
    "  monthly_quota @NUMBER@ NOT NULL,"
    "  UNIQUE (app_id, name)"
    ") @STRICT@;"

    "CREATE TABLE credential ("
    "  id @KEY@ NOT NULL PRIMARY KEY,"
    "  kind TEXT NOT NULL,"
    "  hash @BYTES@ NOT NULL UNIQUE,"
    "  shown TEXT NOT NULL,"
    "  tail TEXT NOT NULL,"
    "  user_id @KEY@ REFERENCES app_user (id),"
    "  app_id @KEY@ REFERENCES app (id),"
    "  environment @NUMBER@ REFERENCES environment (number),"
    "  created_ms @NUMBER@ NOT NULL,"
    "  expires_ms @NUMBER@ NOT NULL,"
    "  revoked_ms @NUMBER@ NOT NULL"
    ") @STRICT@;"
    "CREATE INDEX credential_live ON credential (created_ms, id) WHERE revoked_ms = 0;"

    /* Version 0 is the empty beginning: its row says since when the environment exists. */
    "CREATE TABLE environment_version ("
    "  environment @NUMBER@ NOT NULL REFERENCES environment (number),"
    "  version @NUMBER@ NOT NULL,"
    "  at_ms @NUMBER@ NOT NULL,"
    "  PRIMARY KEY (environment, version)"
    ") @KEYED@;"

    /* Current in [version_from, version_to); version_to is 0 while it is current. The unique index
     * of current rows is both a promise (one per key) and the fast way to load them; the index of
     * ended ones finds what was current at version n among what has ended since. */
    "CREATE TABLE revision ("
    "  environment @NUMBER@ NOT NULL,"
    "  kind @KEY@ NOT NULL,"
    "  key @KEY@ NOT NULL,"
    "  version_from @NUMBER@ NOT NULL,"
    "  version_to @NUMBER@ NOT NULL,"
    "  object_id @KEY@ NOT NULL,"
    "  is_tombstone @NUMBER@ NOT NULL,"
    "  checksum @BYTES@ NOT NULL,"
    "  document TEXT NOT NULL,"
    "  PRIMARY KEY (environment, kind, key, version_from),"
    "  FOREIGN KEY (environment, version_from)"
    "    REFERENCES environment_version (environment, version)"
    ") @STRICT@;"
    "CREATE UNIQUE INDEX revision_current ON revision (environment, kind, key)"
    "  WHERE version_to = 0;"
    "CREATE INDEX revision_ended ON revision (environment, version_to) WHERE version_to <> 0;"

    /* No foreign keys: what was done stays written even where its object is gone. */
    "CREATE TABLE audit ("
    "  sequence @NUMBER@ NOT NULL PRIMARY KEY,"
    "  at_ms @NUMBER@ NOT NULL,"
    "  actor TEXT NOT NULL,"
    "  action TEXT NOT NULL,"
    "  app_id TEXT,"
    "  environment @NUMBER@ NOT NULL,"
    "  version @NUMBER@ NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  detail TEXT NOT NULL,"
    "  previous_hash @BYTES@ NOT NULL,"
    "  hash @BYTES@ NOT NULL"
    ") @STRICT@;"
    /* Its one row is the end of the chain; no hash before the first row. */
    "CREATE TABLE audit_head ("
    "  id @NUMBER@ NOT NULL PRIMARY KEY,"
    "  sequence @NUMBER@ NOT NULL,"
    "  hash @BYTES@"
    ") @STRICT@;"
    "INSERT INTO audit_head (id, sequence) VALUES (1, 0);"

    "CREATE TABLE event ("
    "  environment @NUMBER@ NOT NULL,"
    "  event_id @KEY@ NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  flag_key TEXT,"
    "  variation TEXT,"
    "  subject_id TEXT,"
    "  version @NUMBER@ NOT NULL,"
    "  at_ms @NUMBER@ NOT NULL,"
    "  received_ms @NUMBER@ NOT NULL,"
    "  document TEXT NOT NULL,"
    "  PRIMARY KEY (environment, event_id)"
    ") @STRICT@;"

    "CREATE TABLE quota_use ("
    "  environment @NUMBER@ NOT NULL,"
    "  month @NUMBER@ NOT NULL,"
    "  used @NUMBER@ NOT NULL,"
    "  PRIMARY KEY (environment, month)"
    ") @KEYED@;";

static const char objects[] =
    "INSERT INTO counter (name, value) VALUES ('deployment', 0);"

    /* What has a numeric identity: flags, of whatever kind. Its group says which of them a list is
     * about (enum flag_kind). */
    "CREATE TABLE object ("
    "  number @NUMBER@ NOT NULL PRIMARY KEY,"
    "  environment @NUMBER@ NOT NULL REFERENCES environment (number),"
    "  object_id @KEY@ NOT NULL,"
    "  object_group @NUMBER@ NOT NULL,"
    "  created_ms @NUMBER@ NOT NULL,"
    "  created_by TEXT NOT NULL,"
    "  UNIQUE (environment, object_id)"
    ") @STRICT@;"

    /* Revisions learn who wrote them and which of their object's they are; tombstones bear the
     * number of the revision they ended. Actors of those there were come from the audit row of
     * their version, where there is one. */
    "ALTER TABLE revision ADD COLUMN actor TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE revision ADD COLUMN sequence @NUMBER@ NOT NULL DEFAULT 0;"
    "CREATE INDEX revision_upgrade ON revision (environment, version_from);"
    "UPDATE revision SET actor = written.actor"
    "  FROM (SELECT a.environment, a.version, a.actor FROM audit AS a"
    "    JOIN (SELECT min(sequence) AS sequence FROM audit WHERE version > 0"
    "      GROUP BY environment, version) AS one ON one.sequence = a.sequence) AS written"
    "  WHERE revision.environment = written.environment"
    "  AND revision.version_from = written.version;"
    "DROP INDEX revision_upgrade;"
    "UPDATE revision SET sequence = counted.sequence"
    "  FROM (SELECT environment, kind, key, version_from,"
    "      count(CASE WHEN is_tombstone = 0 THEN 1 END) OVER"
    "        (PARTITION BY environment, kind, object_id ORDER BY version_from, key) AS sequence"
    "    FROM revision) AS counted"
    "  WHERE revision.environment = counted.environment AND revision.kind = counted.kind"
    "  AND revision.key = counted.key AND revision.version_from = counted.version_from;"
    "CREATE UNIQUE INDEX revision_object ON revision (environment, kind, object_id, sequence)"
    "  WHERE is_tombstone = 0;"
    /* Lists of flags' revisions walk the versions from the newest end. */
    "CREATE INDEX environment_version_at ON environment_version (environment, at_ms, version);"
    "CREATE INDEX revision_listed ON revision (environment, version_from)"
    "  WHERE kind = 'flag' AND is_tombstone = 0;"

    /* Flags there were get their numbers in the order in which they were made; all were plain. */
    "INSERT INTO object (environment, object_id, number, object_group, created_ms, created_by)"
    "  SELECT r.environment, r.object_id,"
    "    row_number() OVER (ORDER BY v.at_ms, r.environment, r.version_from, r.key),"
    "    0, v.at_ms, r.actor"
    "  FROM revision AS r JOIN environment_version AS v"
    "    ON v.environment = r.environment AND v.version = r.version_from"
    "  WHERE r.kind = 'flag' AND r.is_tombstone = 0 AND r.sequence = 1;"
    "INSERT INTO counter (name, value) SELECT 'flag', count(*) FROM object;"

    "CREATE TABLE deployment ("
    "  number @NUMBER@ NOT NULL PRIMARY KEY,"
    "  environment @NUMBER@ NOT NULL REFERENCES environment (number),"
    "  label TEXT NOT NULL,"
    "  key TEXT NOT NULL UNIQUE,"
    "  kind TEXT NOT NULL,"
    "  is_archived @NUMBER@ NOT NULL,"
    "  created_ms @NUMBER@ NOT NULL"
    ") @STRICT@;"

    "ALTER TABLE credential ADD COLUMN name TEXT;"
    "ALTER TABLE credential ADD COLUMN deployment @NUMBER@ REFERENCES deployment (number);"
    "CREATE TABLE credential_environment ("
    "  credential_id @KEY@ NOT NULL REFERENCES credential (id),"
    "  environment @NUMBER@ NOT NULL REFERENCES environment (number),"
    "  PRIMARY KEY (credential_id, environment)"
    ") @KEYED@;"

    /* By the SHA-256 of the bytes. None is ever removed: any version can be read again. */
    "CREATE TABLE cohort_members ("
    "  digest @BYTES@ NOT NULL PRIMARY KEY,"
    "  bytes @BYTES@ NOT NULL"
    ") @STRICT@;"

    /* What is remembered of devices and people; kinds: enum note_kind. */
    "CREATE TABLE note ("
    "  kind @KEY@ NOT NULL,"
    "  environment @NUMBER@ NOT NULL,"
    "  key @KEY@ NOT NULL,"
    "  value TEXT NOT NULL,"
    "  at_ms @NUMBER@ NOT NULL,"
    "  PRIMARY KEY (kind, environment, key)"
    ") @STRICT@;"
    "CREATE INDEX note_newest ON note (kind, at_ms, environment, key);";

static const char administration[] =
    /* A deleted user's row stays for those who refer to it; its e-mail makes room for another's, and
     * an id is nobody's e-mail. */
    "ALTER TABLE app_user ADD COLUMN deleted_ms @NUMBER@ NOT NULL DEFAULT 0;"
    "ALTER TABLE app_user ADD COLUMN former_email TEXT;"
    "CREATE UNIQUE INDEX app_user_email ON app_user (lower(email)) WHERE deleted_ms = 0;"

    "ALTER TABLE credential ADD COLUMN is_read_only @NUMBER@ NOT NULL DEFAULT 0;"

    /* What holds until settings are written: the app's default on the day it was made, whatever
     * becomes of that default. */
    "ALTER TABLE environment ADD COLUMN hides_flags_by_default @NUMBER@ NOT NULL DEFAULT 0;"
    "UPDATE environment SET hides_flags_by_default ="
    "  (SELECT a.hides_flags_by_default FROM app AS a WHERE a.id = environment.app_id);"

    /* Requests that may come twice: the key with what was asked and what was answered. */
    "CREATE TABLE once ("
    "  key @BYTES@ NOT NULL PRIMARY KEY,"
    "  fingerprint @BYTES@ NOT NULL,"
    "  at_ms @NUMBER@ NOT NULL,"
    "  version @NUMBER@ NOT NULL,"
    "  created_id TEXT NOT NULL,"
    "  sealed @BYTES@ NOT NULL"
    ") @STRICT@;"
    "CREATE INDEX once_oldest ON once (at_ms);"

    /* The trail, newest first, by whatever it is asked for. */
    "CREATE INDEX audit_environment ON audit (environment, sequence);"
    "CREATE INDEX audit_version ON audit (environment, version);"
    "CREATE INDEX audit_subject ON audit (subject, sequence);"
    "CREATE INDEX audit_actor ON audit (actor, sequence);"
    "CREATE INDEX audit_time ON audit (at_ms, sequence);"

    /* What a version changed, whatever its kind; lists of flags find theirs in it as well. The
     * environment comes second, so that nobody who asks for an environment whole takes this way. */
    "DROP INDEX revision_listed;"
    "CREATE INDEX revision_begun ON revision (version_from, environment);";

static const char passwords[] =
    /* What a person's password is checked against (auth/password.h); NULL: none was ever set. */
    "ALTER TABLE app_user ADD COLUMN password TEXT;";

static const char journal[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "  number @NUMBER@ NOT NULL PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  applied_ms @NUMBER@ NOT NULL,"
    "  checksum @BYTES@ NOT NULL"
    ") @STRICT@;";
/* clang-format on */

static const struct migration migrations[] = {
    {{"0001_truth", 10}, {truth, sizeof(truth) - 1}},
    {{"0002_objects", 12}, {objects, sizeof(objects) - 1}},
    {{"0003_administration", 19}, {administration, sizeof(administration) - 1}},
    {{"0004_passwords", 14}, {passwords, sizeof(passwords) - 1}},
};

const struct migration *migrations_list(size_t *count)
{
    *count = COUNT_OF(migrations);
    return migrations;
}

struct checksum {
    unsigned char bytes[crypto_hash_sha256_BYTES];
};

/* Over the text with its @WORDS@: the same on every engine. */
static struct checksum migration_checksum(const struct migration *migration)
{
    struct checksum checksum;
    crypto_hash_sha256(checksum.bytes, (const unsigned char *)migration->sql.data,
                       migration->sql.size);
    return checksum;
}

/* ---- words ------------------------------------------------------------------------------- */

static struct str find_word(const struct engine_kind *kind, struct str token)
{
    for (size_t i = 0; i < kind->word_count; i++) {
        if (str_equal(kind->words[i].token, token))
            return kind->words[i].text;
    }
    return (struct str){0};
}

static void append_in_dialect(struct buf *buf, struct str sql, const struct engine_kind *kind)
{
    size_t at = 0;
    while (at < sql.size) {
        size_t open = str_find_byte(sql, '@', at);
        buf_append(buf, str_slice(sql, at, open));
        if (open == sql.size)
            return;
        size_t close = str_find_byte(sql, '@', open + 1);
        assert(close < sql.size);
        struct str word = find_word(kind, str_slice(sql, open, close + 1));
        assert(!str_is_absent(word));
        buf_append(buf, word);
        at = close + 1;
    }
}

static struct fault run_script(struct store *store, struct str sql)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    append_in_dialect(&buf, sql, store->engine->kind);
    struct fault fault = store_execute_script(store, buf_str(&buf));
    buf_close(&buf);
    return fault;
}

/* ---- what has been applied --------------------------------------------------------------- */

static struct fault check_applied(const struct row *row, void *context)
{
    uint64_t *applied = context;
    uint64_t number = row_u64(row, 0);
    if (number > COUNT_OF(migrations))
        return fault_make(FAULT_UNAVAILABLE, STR("schema_migration"),
                          STR("the store was made by a newer version of this program"));
    struct checksum checksum = migration_checksum(&migrations[*applied]);
    struct str known = {(const char *)checksum.bytes, sizeof(checksum.bytes)};
    if (number != *applied + 1 || !str_equal(row_text(row, 1), known))
        return fault_make(FAULT_UNAVAILABLE, STR("schema_migration"),
                          STR("the store was made by a different program"));
    *applied = number;
    return fault_none();
}

static struct fault find_applied(struct store *store, uint64_t *applied)
{
    static const char sql[] = "SELECT number, checksum FROM schema_migration ORDER BY number";
    *applied = 0;
    return store_query(store, sql, NULL, 0, check_applied, applied);
}

struct fault migrations_count(struct store *store, uint64_t *count)
{
    return find_applied(store, count);
}

struct fault migrations_check(struct store *store)
{
    uint64_t applied = 0;
    struct fault fault = find_applied(store, &applied);
    if (failed(fault))
        return fault;
    if (applied < COUNT_OF(migrations))
        return fault_make(FAULT_UNAVAILABLE, STR("schema_migration"),
                          STR("the store has not been brought up to date"));
    return fault_none();
}

/* ---- applying ---------------------------------------------------------------------------- */

/* `sql`, and a note of it unless it is what makes the notebook, in one transaction. */
static struct fault apply(struct store *store, struct str sql, const struct migration *migration)
{
    static const char note[] = "INSERT INTO schema_migration (number, name, applied_ms, checksum)"
                               " VALUES ($1, $2, $3, $4)";
    struct fault fault = store_begin(store);
    if (failed(fault))
        return fault;
    fault = run_script(store, sql);
    if (!failed(fault) && migration != NULL) {
        struct checksum checksum = migration_checksum(migration);
        /* For people who look; no rule depends on it, so the system's clock will do. */
        const struct bind binds[] = {bind_u64((uint64_t)(migration - migrations) + 1),
                                     bind_text(migration->name),
                                     bind_integer(clock_wall_ms(clock_system())),
                                     bind_bytes(checksum.bytes, sizeof(checksum.bytes))};
        fault = store_execute(store, note, binds, COUNT_OF(binds), NULL);
    }
    if (failed(fault)) {
        store_rollback(store);
        return fault;
    }
    return store_commit(store);
}

struct fault migrations_apply(struct store *store)
{
    struct fault fault = apply(store, STR(journal), NULL);
    if (failed(fault))
        return fault;
    uint64_t applied = 0;
    fault = find_applied(store, &applied);
    for (size_t i = applied; i < COUNT_OF(migrations) && !failed(fault); i++)
        fault = apply(store, migrations[i].sql, &migrations[i]);
    return fault;
}
