/* SPDX-License-Identifier: Apache-2.0 */
/* plan - made, kept, taken up again, shown: see plan.h. */
#include "cli/plan.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/instant.h"
#include "base/sha256.h"
#include "cli/declared.h"
#include "client/address.h"

const struct str plan_format = {"guidon.plan/1", 13};

enum { OPEN_TO_OWNER = 0600 };

static const struct json_budget plan_budget = {
    .depth_max = JSON_DEPTH_MAX,
    .members_max = SIZE_MAX,
    .string_bytes_max = SIZE_MAX,
    .number_bytes_max = 64,
};

static struct str text_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : STR("");
}

static uint64_t number_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    bool is_number = member != NULL && member->type == JSON_NUMBER && member->number >= 0;
    return is_number ? (uint64_t)member->number : 0;
}

size_t plan_change_count(const struct plan *plan)
{
    const struct json *changes = json_find(&plan->report, STR("changes"));
    return changes != NULL && changes->type == JSON_ARRAY ? changes->count : 0;
}

/* ---- making -------------------------------------------------------------------------------------
 */

static int refuse_files(struct session *session, const struct declared *declared)
{
    size_t count = 0;
    const struct complaint *complaints = declared_check(declared, &count);
    for (size_t i = 0; i < count; i++)
        output_note(session, "%.*s%s%.*s: %.*s", STR_ARG(complaints[i].file),
                    str_is_empty(complaints[i].file) ? "" : ": ", STR_ARG(complaints[i].where),
                    STR_ARG(complaints[i].why));
    return count == 0 ? EXIT_OK
                      : session_fail(session, EXIT_FAILED, STR("the files are not valid"),
                                     "`guidon validate` checks them without a server");
}

int plan_read_files(struct session *session, struct str path, struct declared *declared)
{
    struct fault fault = declared_read(&session->arena, path, declared);
    if (!failed(fault))
        return EXIT_OK;
    if (!str_is_empty(fault.where))
        fault.why =
            arena_format(&session->arena, "%.*s: %.*s", STR_ARG(fault.where), STR_ARG(fault.why));
    return session_fail_fault(session, fault);
}

/* What is there now: for what the files leave out. */
static int read_current(struct session *session, struct answer *answer)
{
    struct str path =
        arena_format(&session->arena, "%.*s/export", STR_ARG(session->environment.path));
    *answer = session_get(session, address_with(&session->arena, path, "cohorts", STR("none")));
    return answer->kind == ANSWER_OK ? EXIT_OK : session_refuse(session, answer);
}

static struct str import_path(struct session *session, const struct plan *plan, bool is_dry)
{
    struct str path = arena_format(&session->arena, "%.*s/import", STR_ARG(plan->environment.path));
    path =
        address_with(&session->arena, path, "mode", plan->prunes ? STR("replace") : STR("merge"));
    return is_dry ? address_with(&session->arena, path, "dryRun", STR("true")) : path;
}

static int ask_what_changes(struct session *session, struct plan *plan)
{
    const struct call call = {
        .method = "POST", .path = import_path(session, plan, true), .body = plan->document};
    struct answer answer = client_ask(session->client, &session->arena, &call);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    plan->report = answer.json;
    uint64_t next = number_of(&answer.json, STR("version"));
    plan->version = next == 0 ? 0 : next - 1;
    return EXIT_OK;
}

/* Another salt or arithmetic is no mistake a document could show. */
static void warn(struct session *session, struct plan *plan, const struct declared *declared)
{
    struct arena *arena = &session->arena;
    plan->warnings = ARENA_NEW_ARRAY(arena, struct str, declared->item_count);
    for (size_t i = 0; i < declared->item_count; i++) {
        struct str sentence = declared->items[i].reshuffle;
        if (!str_is_absent(sentence))
            plan->warnings[plan->warning_count++] = arena_format(
                arena, "%.*s: %.*s",
                STR_ARG(declared_key(declared->items[i].kind, &declared->items[i].tree)),
                STR_ARG(sentence));
    }
}

int plan_make(struct session *session, struct str path, bool prunes, struct plan *plan)
{
    struct declared declared;
    struct answer current;
    int status = plan_read_files(session, path, &declared);
    if (status == EXIT_OK)
        status = read_current(session, &current);
    if (status != EXIT_OK)
        return status;
    const struct json *flags = json_find(&current.json, STR("flags"));
    declared_complete(&declared, flags);
    status = refuse_files(session, &declared);
    if (status != EXIT_OK)
        return status;
    char now[INSTANT_TEXT_BYTES];
    instant_format_seconds(clock_wall_ms(clock_system()), now);
    *plan = (struct plan){.environment = session->environment,
                          .made_at = arena_copy_str(&session->arena, str_of(now)),
                          .path = path,
                          .digest = declared.digest,
                          .prunes = prunes,
                          .document = declared_text(&declared)};
    warn(session, plan, &declared);
    return ask_what_changes(session, plan);
}

/* ---- keeping ------------------------------------------------------------------------------------
 */

static void write_texts(struct json_writer *writer, const struct plan *plan)
{
    json_key(writer, STR("warnings"));
    json_array_begin(writer);
    for (size_t i = 0; i < plan->warning_count; i++)
        json_string(writer, plan->warnings[i]);
    json_array_end(writer);
}

/* All but the document, which is long. */
static void write_head(struct json_writer *writer, const struct plan *plan)
{
    json_member_string(writer, STR("format"), plan_format);
    json_key(writer, STR("environment"));
    json_object_begin(writer);
    json_member_u64(writer, STR("number"), plan->environment.number);
    json_member_string(writer, STR("name"), plan->environment.name);
    json_member_string(writer, STR("appId"), plan->environment.app_id);
    json_member_string(writer, STR("appName"), plan->environment.app_name);
    json_object_end(writer);
    json_member_u64(writer, STR("version"), plan->version);
    json_member_string(writer, STR("madeAt"), plan->made_at);
    json_member_string(writer, STR("path"), plan->path);
    json_member_string(writer, STR("digest"), plan->digest);
    json_member_boolean(writer, STR("prune"), plan->prunes);
    static const struct str told[] = {STR("changes"), STR("affected")};
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        const struct json *member = json_find(&plan->report, told[i]);
        if (member != NULL)
            json_member_tree(writer, told[i], member);
    }
    write_texts(writer, plan);
}

static struct str seal_of(struct arena *arena, struct str text)
{
    unsigned char digest[SHA256_BYTES];
    struct sha256 sha256;
    sha256_begin(&sha256);
    sha256_add(&sha256, text);
    sha256_end(&sha256, digest);
    return sha256_hex(arena, digest);
}

/* {"seal": …, "plan": {…}}: the seal is over the plan's text as it stands there. */
static void append_plan(struct buf *buf, const struct plan *plan)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    write_head(&writer, plan);
    json_member_string(&writer, STR("document"), plan->document);
    json_object_end(&writer);
}

struct fault plan_keep(struct session *session, const struct plan *plan, struct str file)
{
    struct buf inner, outer;
    buf_open(&inner, SIZE_MAX);
    buf_open(&outer, SIZE_MAX);
    append_plan(&inner, plan);
    struct json_writer writer;
    json_writer_open(&writer, &outer);
    json_object_begin(&writer);
    json_member_string(&writer, STR("format"), plan_format);
    json_member_string(&writer, STR("seal"), seal_of(&session->arena, buf_str(&inner)));
    json_key(&writer, STR("plan"));
    json_raw(&writer, buf_str(&inner));
    json_object_end(&writer);
    buf_append_byte(&outer, '\n');
    struct fault fault = home_write_file(&session->arena, file, buf_str(&outer), OPEN_TO_OWNER);
    buf_close(&inner);
    buf_close(&outer);
    return fault;
}

/* ---- taking up again ----------------------------------------------------------------------------
 */

bool plan_is_kept(struct str text)
{
    struct str start = str_slice(text, 0, 64);
    return str_contains(start, STR("\"guidon.plan/1\""));
}

static int refuse_damaged(struct session *session)
{
    return session_fail(session, EXIT_FAILED, STR("the plan was changed since it was made"),
                        "make it again with `guidon plan PATH --out FILE`");
}

static bool is_sealed(struct session *session, const struct json *kept, const struct json *inner)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, inner);
    struct str seal = seal_of(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return str_equal(seal, text_of(kept, STR("seal")));
}

static void read_plan(struct session *session, const struct json *inner, struct plan *plan)
{
    const struct json *prune = json_find(inner, STR("prune"));
    *plan = (struct plan){.version = number_of(inner, STR("version")),
                          .made_at = text_of(inner, STR("madeAt")),
                          .path = text_of(inner, STR("path")),
                          .digest = text_of(inner, STR("digest")),
                          .prunes = prune != NULL && prune->type == JSON_BOOLEAN && prune->boolean,
                          .document = text_of(inner, STR("document")),
                          .report = *inner};
    const struct json *warnings = json_find(inner, STR("warnings"));
    uint32_t count = warnings != NULL && warnings->type == JSON_ARRAY ? warnings->count : 0;
    plan->warnings = ARENA_NEW_ARRAY(&session->arena, struct str, count);
    for (uint32_t i = 0; i < count; i++) {
        if (warnings->elements[i].type == JSON_STRING)
            plan->warnings[plan->warning_count++] = warnings->elements[i].string;
    }
}

/* The number, and the name that goes with it: a number alone may be another server's. */
static int find_environment(struct session *session, const struct json *inner, struct plan *plan)
{
    const struct json *environment = json_find(inner, STR("environment"));
    if (environment == NULL)
        return refuse_damaged(session);
    struct str word = arena_format(&session->arena, "%llu",
                                   (unsigned long long)number_of(environment, STR("number")));
    int status = session_find_environment(session, word, &plan->environment);
    if (status != EXIT_OK)
        return status;
    if (!str_equal(plan->environment.app_id, text_of(environment, STR("appId"))) ||
        !str_equal(plan->environment.name, text_of(environment, STR("name"))))
        return session_fail(session, EXIT_CONFLICT,
                            STR("the plan is for an environment of another server"),
                            "--api or GUIDON_API say which server is meant");
    return EXIT_OK;
}

static int check_files(struct session *session, const struct plan *plan)
{
    struct declared declared;
    struct fault fault = declared_read(&session->arena, plan->path, &declared);
    if (fault.kind == FAULT_MISSING || str_equal(plan->path, STR("-")))
        return EXIT_OK; /* planned elsewhere: the plan has all that is needed */
    if (!failed(fault) && str_equal(declared.digest, plan->digest))
        return EXIT_OK;
    return session_fail(session, EXIT_CONFLICT,
                        arena_format(&session->arena, "%.*s has changed since the plan was made",
                                     STR_ARG(plan->path)),
                        "plan again, and look at it");
}

static int check_version(struct session *session, const struct plan *plan)
{
    struct answer answer = session_get(session, plan->environment.path);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    uint64_t version = number_of(&answer.json, STR("version"));
    if (version == plan->version)
        return EXIT_OK;
    return session_fail(session, EXIT_CONFLICT,
                        arena_format(&session->arena,
                                     "the plan is stale: it was made at version %llu, %.*s is at "
                                     "%llu",
                                     (unsigned long long)plan->version,
                                     STR_ARG(plan->environment.name), (unsigned long long)version),
                        "plan again, and look at it");
}

int plan_take(struct session *session, struct str text, struct plan *plan)
{
    struct json *kept = ARENA_NEW(&session->arena, struct json);
    struct fault fault = json_parse(&session->arena, text, &plan_budget, kept);
    const struct json *inner = failed(fault) ? NULL : json_find(kept, STR("plan"));
    if (inner == NULL || !is_sealed(session, kept, inner))
        return refuse_damaged(session);
    read_plan(session, inner, plan);
    int status = find_environment(session, inner, plan);
    if (status == EXIT_OK)
        status = check_files(session, plan);
    return status == EXIT_OK ? check_version(session, plan) : status;
}

/* ---- showing ------------------------------------------------------------------------------------
 */

static size_t count_of(const struct plan *plan, struct str op)
{
    const struct json *changes = json_find(&plan->report, STR("changes"));
    size_t count = 0;
    for (uint32_t i = 0; changes != NULL && i < changes->count; i++)
        count += str_equal(text_of(&changes->elements[i], STR("op")), op);
    return count;
}

static void show_counts(struct session *session, const struct plan *plan)
{
    size_t created = count_of(plan, STR("create")), removed = count_of(plan, STR("delete"));
    size_t changed = plan_change_count(plan) - created - removed;
    output_say(session, "%.*s, version %llu: %zu to add, %zu to change, %zu to remove",
               STR_ARG(plan->environment.name), (unsigned long long)plan->version, created, changed,
               removed);
}

void plan_show(struct session *session, const struct plan *plan)
{
    if (session->format != OUTPUT_TABLE) {
        struct buf buf;
        struct json_writer writer;
        buf_open(&buf, SIZE_MAX);
        json_writer_open(&writer, &buf);
        json_object_begin(&writer);
        write_head(&writer, plan);
        json_object_end(&writer);
        buf_append_byte(&buf, '\n');
        output_raw(buf_str(&buf));
        buf_close(&buf);
    } else {
        resource_show_report(session, &plan->report);
        show_counts(session, plan);
    }
    for (size_t i = 0; i < plan->warning_count; i++)
        output_note(session, "warning: %.*s", STR_ARG(plan->warnings[i]));
}
