/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval_bench - nanoseconds and allocations per decision, and what a compilation costs.
 *
 * The flag everybody means: one rule of three clauses (country in four, version at least, plan is)
 * that serves a rollout over half. Contexts vary, so that neither the branches nor the hash can be
 * learnt by heart. The best of several rounds is printed: the others measure the neighbours.
 * Allocations are counted as growth of the heap and of the request's arena while deciding.
 *
 * The worst legal flag is looked for: flags full of one kind of clause, as many as a write may
 * bring, on a subject whose texts are prose as long as a context may have it. None of the clauses
 * holds, so that all are tried.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "eval/evaluate.h"
#include "model/codec.h"

enum {
    ROUNDS = 9,
    ROUND_NS = 40 * 1000 * 1000,
    SUBJECT_COUNT = 1024,
    BULK_FLAG_COUNT = 100,
    MANY_FLAG_COUNT = 10000,
    LONG_TEXT_BYTES = 2048,
    FULL_FLAG_CLAUSES = 64 * 32,
    LONG_TEXTS = 32,
    LIST_ELEMENTS = 20,
};

static const int64_t now_ms = 1930900500000;

/* ---- documents ------------------------------------------------------------------------------- */

#define FLAG_HEAD                                                                                  \
    "{\"id\":\"flag_%05d\",\"key\":\"flag-%05d\",\"kind\":\"flag\",\"type\":\"boolean\","          \
    "\"description\":\"d\",\"tags\":[],\"owner\":\"o\",\"lifecycle\":\"active\","                  \
    "\"enabled\":true,\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\",\"comparison\":\"typed\"},"      \
    "\"variations\":[{\"id\":\"off\",\"value\":false},{\"id\":\"on\",\"value\":true}],"            \
    "\"offVariation\":\"off\",\"fallthrough\":{\"variation\":\"off\"},\"rules\":[{\"id\":\"r\","   \
    "\"when\":"
#define FLAG_TAIL                                                                                  \
    ",\"serve\":{\"rollout\":{\"variations\":[{\"variation\":\"on\",\"weight\":50000},"            \
    "{\"variation\":\"off\",\"weight\":50000}]}}}]}"
#define THREE_CLAUSES                                                                              \
    "{\"op\":\"all\",\"expressions\":["                                                            \
    "{\"op\":\"match\",\"attribute\":\"country\",\"operator\":\"in\","                             \
    "\"value\":[\"DE\",\"FR\",\"NL\",\"NO\"]},"                                                    \
    "{\"op\":\"match\",\"attribute\":\"version\",\"operator\":\"semverGte\",\"value\":\"3.2.0\"}," \
    "{\"op\":\"match\",\"attribute\":\"plan\",\"operator\":\"eq\",\"value\":\"pro\"}]}"
#define PATTERN_CLAUSE                                                                             \
    "{\"op\":\"match\",\"attribute\":\"email\",\"operator\":\"matches\","                          \
    "\"value\":\"^[a-z0-9.]+@example\\\\.(com|org)$\"}"

/* ' for ": two inclusions, three segments of two conditions and a bucket, a bucket for the rest. */
/* clang-format off */
#define TEXT_HALF                                                                                  \
    "{'bucket':{'slices':[{'percent':80,'variations':[{'variation':'on','weight':1},"              \
    "{'variation':'control','weight':1}]}],'otherwise':'off'}}"
#define TEXT_MATCH(selector, operator, values)                                                     \
    "{'op':'match','attribute':'/context/user/" selector "','operator':'text " operator "',"       \
    "'value':[" values "]}"
#define TEXT_RULE(id, first, second)                                                               \
    "{'id':'" id "','description':'" id "','when':{'op':'all','expressions':[" first "," second    \
    "]},'serve':" TEXT_HALF "}"
#define TEXT_FLAG                                                                                  \
    "{'id':'flag_%05d','key':'flag-%05d','kind':'flag','type':'string','description':'d',"         \
    "'tags':[],'owner':'o','lifecycle':'active','enabled':true,"                                   \
    "'arithmetic':{'hash':'murmur3_32_utf8','comparison':'text'},"                                 \
    "'bucketBy':'/context/user/user_id','salt':'salt%05d',"                                        \
    "'variations':[{'id':'control','value':'control'},"                                            \
    "{'id':'on','value':'on','included':['qa-1','qa-2']},{'id':'off','value':'off'}],"             \
    "'offVariation':'off','fallthrough':" TEXT_HALF ",'rules':["                                   \
    TEXT_RULE("one", TEXT_MATCH("country", "is", "'JP','KR'"),                                     \
              TEXT_MATCH("language", "is", "'en','de'")) ","                                       \
    TEXT_RULE("two", TEXT_MATCH("user_properties/plan", "is", "'team','enterprise'"),              \
              TEXT_MATCH("version", "version greater or equal", "'3.2.0'")) ","                    \
    TEXT_RULE("three", TEXT_MATCH("country", "is", "'DE','FR','NL','NO'"),                         \
              TEXT_MATCH("user_properties/email", "contains", "'@Example.com'")) "]}"
/* clang-format on */

struct town {
    struct arena arena;
    const struct flag **flags;
    struct environment_state state;
    const struct ruleset *ruleset;
    double compile_ms;
};

static int64_t now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void town_open(struct town *town, size_t flag_count_max)
{
    *town = (struct town){0};
    arena_open(&town->arena, 1 << 16);
    town->flags = calloc(flag_count_max, sizeof(*town->flags));
    if (town->flags == NULL)
        abort();
    town->state = (struct environment_state){
        .app_id = STR("app_1"), .name = STR("production"), .version = 1, .flags = town->flags};
}

static void town_add(struct town *town, struct str text)
{
    struct flag *flag = ARENA_NEW(&town->arena, struct flag);
    struct fault fault = flag_decode(&town->arena, text, flag);
    if (failed(fault)) {
        fprintf(stderr, "%.*s: %.*s\n", STR_ARG(fault.where), STR_ARG(fault.why));
        exit(1);
    }
    town->flags[town->state.flag_count++] = flag;
}

static void town_add_three_clauses(struct town *town, size_t count)
{
    for (int i = 0; i < (int)count; i++)
        town_add(town, arena_format(&town->arena, FLAG_HEAD THREE_CLAUSES FLAG_TAIL, i, i));
}

/* ' for ". */
static struct str quotes(struct str text, struct arena *arena)
{
    char *copy = arena_copy(arena, text.data, text.size);
    for (size_t i = 0; i < text.size; i++)
        copy[i] = copy[i] == '\'' ? '"' : copy[i];
    return (struct str){copy, text.size};
}

static void town_add_text_flags(struct town *town, size_t count)
{
    for (int i = 0; i < (int)count; i++)
        town_add(town, quotes(arena_format(&town->arena, TEXT_FLAG, i, i, i), &town->arena));
}

static void town_compile(struct town *town)
{
    int64_t started_ns = now_ns();
    town->ruleset = ruleset_compile(&town->arena, &town->state);
    town->compile_ms = (double)(now_ns() - started_ns) / 1e6;
}

static void town_close(struct town *town)
{
    ruleset_close(town->ruleset);
    arena_close(&town->arena);
    free(town->flags);
}

/* ---- subjects -------------------------------------------------------------------------------- */

struct crowd {
    struct arena arena;
    struct str keys[SUBJECT_COUNT];
    struct json attributes[SUBJECT_COUNT];
    struct json trees[SUBJECT_COUNT]; /* the same people as a tree: {"user": …} */
    struct context contexts[SUBJECT_COUNT];
};

/* Everybody passes the three clauses, or one in two fails somewhere. */
static void crowd_open(struct crowd *crowd, bool is_uniform)
{
    static const char *const countries[] = {"DE", "FR", "NL", "NO", "US", "JP"};
    arena_open(&crowd->arena, 1 << 16);
    for (size_t i = 0; i < SUBJECT_COUNT; i++) {
        const char *country = countries[(i * 7) % (is_uniform ? 4 : COUNT_OF(countries))];
        const char *plan = !is_uniform && i % 5 == 0 ? "free" : "pro";
        struct str text = arena_format(
            &crowd->arena,
            "{\"email\":\"person.%zu@example.com\",\"age\":%zu,\"plan\":\"%s\",\"beta\":true,"
            "\"country\":\"%s\",\"version\":\"%zu.%zu.1\",\"language\":\"en\"}",
            i, 18 + i % 60, plan, country, 4 + i % 3, i % 30);
        crowd->keys[i] = arena_format(&crowd->arena, "user-%08zu", i * 7919);
        struct str tree = arena_format(
            &crowd->arena,
            "{\"user\":{\"user_id\":\"%.*s\",\"device_id\":\"device-%zu\",\"country\":\"%s\","
            "\"version\":\"%zu.%zu.1\",\"language\":\"en\",\"user_properties\":{\"plan\":\"%s\","
            "\"age\":%zu,\"email\":\"Person.%zu@example.com\"}}}",
            STR_ARG(crowd->keys[i]), i, country, 4 + i % 3, i % 30, plan, 18 + i % 60, i);
        if (failed(json_parse(&crowd->arena, text, &json_budget_default, &crowd->attributes[i])) ||
            failed(json_parse(&crowd->arena, tree, &json_budget_default, &crowd->trees[i])))
            abort();
    }
}

static void crowd_bind(struct crowd *crowd, const struct ruleset *ruleset,
                       struct pattern_scratch *scratch)
{
    for (size_t i = 0; i < SUBJECT_COUNT; i++)
        context_open(&crowd->contexts[i], &crowd->arena, ruleset, crowd->keys[i],
                     &crowd->attributes[i], scratch);
}

/* ---- measuring ------------------------------------------------------------------------------- */

struct task {
    struct town *town;
    struct crowd *crowd;
    struct pattern_scratch *scratch;
    struct arena requests;
    size_t checksum; /* keeps the compiler from deciding nothing */
};

typedef size_t run_function(struct task *task); /* decisions made */

static size_t decide_bound(struct task *task)
{
    const struct flag_rules *flag = &task->town->ruleset->flags[0];
    for (size_t i = 0; i < SUBJECT_COUNT; i++)
        task->checksum +=
            (size_t)evaluate_flag(flag, &task->crowd->contexts[i], now_ms, NULL).variation;
    return SUBJECT_COUNT;
}

static size_t decide_by_key(struct task *task)
{
    for (size_t i = 0; i < SUBJECT_COUNT; i++)
        task->checksum += (size_t)evaluate(task->town->ruleset, STR("flag-00000"),
                                           &task->crowd->contexts[i], now_ms, NULL)
                              .variation;
    return SUBJECT_COUNT;
}

static void open_request(struct task *task, size_t subject, struct context *context)
{
    arena_reset(&task->requests);
    context_open(context, &task->requests, task->town->ruleset, task->crowd->keys[subject],
                 &task->crowd->attributes[subject], task->scratch);
}

static size_t decide_unbound(struct task *task)
{
    const struct flag_rules *flag = &task->town->ruleset->flags[0];
    for (size_t i = 0; i < SUBJECT_COUNT; i++) {
        struct context context;
        open_request(task, i, &context);
        task->checksum += (size_t)evaluate_flag(flag, &context, now_ms, NULL).variation;
    }
    return SUBJECT_COUNT;
}

static size_t decide_all(struct task *task)
{
    const struct ruleset *ruleset = task->town->ruleset;
    for (size_t i = 0; i < SUBJECT_COUNT; i += 64) {
        struct context context;
        open_request(task, i, &context);
        for (size_t j = 0; j < ruleset->flag_count; j++)
            task->checksum +=
                (size_t)evaluate_flag(&ruleset->flags[j], &context, now_ms, NULL).variation;
    }
    return SUBJECT_COUNT / 64 * ruleset->flag_count;
}

static size_t open_only(struct task *task)
{
    for (size_t i = 0; i < SUBJECT_COUNT; i++) {
        struct context context;
        open_request(task, i, &context);
        task->checksum += context.targeting_key.size;
    }
    return SUBJECT_COUNT;
}

static void measure(const char *what, run_function *run, struct task *task)
{
    run(task);
    size_t heap_bytes = mallinfo2().uordblks;
    size_t arena_bytes = task->requests.total_bytes + task->crowd->arena.total_bytes;
    double best_ns = 1e12;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t started_ns = now_ns();
        int64_t elapsed_ns = 0;
        size_t decisions = 0;
        while (elapsed_ns < ROUND_NS) {
            decisions += run(task);
            elapsed_ns = now_ns() - started_ns;
        }
        double ns = (double)elapsed_ns / (double)decisions;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    size_t grown_bytes = mallinfo2().uordblks - heap_bytes + task->requests.total_bytes +
                         task->crowd->arena.total_bytes - arena_bytes;
    printf("%-52s %8.1f ns %8zu bytes\n", what, best_ns, grown_bytes);
}

static void bench_one(struct crowd *uniform, struct crowd *mixed, struct pattern_scratch *scratch)
{
    struct town town;
    town_open(&town, 1);
    town_add_three_clauses(&town, 1);
    town_compile(&town);
    struct task task = {.town = &town, .crowd = uniform, .scratch = scratch};
    arena_open(&task.requests, 4096);
    crowd_bind(uniform, town.ruleset, scratch);
    crowd_bind(mixed, town.ruleset, scratch);
    measure("3 clauses + rollout, all clauses hold", decide_bound, &task);
    measure("  the same, found by key", decide_by_key, &task);
    measure("  the same, context opened and bound", decide_unbound, &task);
    task.crowd = mixed;
    measure("3 clauses + rollout, mixed contexts", decide_bound, &task);
    arena_close(&task.requests);
    town_close(&town);
}

static void bench_bulk(struct crowd *uniform, struct crowd *mixed, struct pattern_scratch *scratch)
{
    struct town town;
    town_open(&town, BULK_FLAG_COUNT);
    town_add_three_clauses(&town, BULK_FLAG_COUNT);
    town_compile(&town);
    struct task task = {.town = &town, .crowd = uniform, .scratch = scratch};
    arena_open(&task.requests, 4096);
    measure("100 such flags, context opened, per flag", decide_all, &task);
    task.crowd = mixed;
    measure("100 such flags, mixed contexts, per flag", decide_all, &task);
    arena_close(&task.requests);
    town_close(&town);
}

static size_t decide_all_for_users(struct task *task)
{
    const struct ruleset *ruleset = task->town->ruleset;
    for (size_t i = 0; i < SUBJECT_COUNT; i += 64) {
        struct context context;
        arena_reset(&task->requests);
        context_open_user(&context, &task->requests, ruleset, &task->crowd->trees[i],
                          task->scratch);
        for (size_t j = 0; j < ruleset->flag_count; j++)
            task->checksum +=
                (size_t)evaluate_flag(&ruleset->flags[j], &context, now_ms, NULL).variation;
    }
    return SUBJECT_COUNT / 64 * ruleset->flag_count;
}

static void bench_text(struct crowd *mixed, struct pattern_scratch *scratch)
{
    struct town town;
    town_open(&town, BULK_FLAG_COUNT);
    town_add_text_flags(&town, BULK_FLAG_COUNT);
    town_compile(&town);
    struct task task = {.town = &town, .crowd = mixed, .scratch = scratch};
    arena_open(&task.requests, 4096);
    measure("100 text flags of three segments each, per flag", decide_all_for_users, &task);
    arena_close(&task.requests);
    town_close(&town);
}

static void bench_pattern(struct crowd *uniform, struct pattern_scratch *scratch)
{
    struct town town;
    town_open(&town, 1);
    town_add(&town, arena_format(&town.arena, FLAG_HEAD PATTERN_CLAUSE FLAG_TAIL, 0, 0));
    town_compile(&town);
    struct task task = {.town = &town, .crowd = uniform, .scratch = scratch};
    arena_open(&task.requests, 4096);
    crowd_bind(uniform, town.ruleset, scratch);
    measure("pattern + rollout", decide_bound, &task);
    arena_close(&task.requests);
    town_close(&town);
}

/* ---- the worst legal flag -------------------------------------------------------------------- */

#define CLAUSE(attribute, operator, value)                                                         \
    "{'op':'match','attribute':'" attribute "','operator':'" operator"','value':" value "}", false
#define TEXT_CLAUSE(attribute, operator, value)                                                    \
    "{'op':'match','attribute':'/context/user/user_properties/" attribute "','operator':'text "    \
    operator"','value':[" value "]}",                                                              \
        true

static const struct shape {
    const char *name;
    const char *clause; /* %d: its number; text clauses all ask something else, or count once */
    bool is_text;
} shapes[] = {
    {"equal to another text", CLAUSE("plan", "eq", "'trial-%d'")},
    {"among eight texts", CLAUSE("text", "in", "[1,2,3,4,'e','f','g','trial-%d']")},
    {"among ten texts",
     CLAUSE("plan", "in", "['a','b','c','d','e','f','g','h','i','trial-account-%d']")},
    {"contains", CLAUSE("text", "contains", "'the lazy d0g'")},
    {"contains, a short needle", CLAUSE("text", "contains", "'zq'")},
    {"later than", CLAUSE("date", "after", "'2041-01-01'")},
    {"of an older version", CLAUSE("version", "semverLt", "'1.%d.0'")},
    {"of an older version, with a pre-release", CLAUSE("release", "semverLt", "'1.%d.0-rc.1'")},
    {"an attribute of its own", CLAUSE("a%d", "eq", "'x'")},
    {"matches, a glance", CLAUSE("text", "matches", "'^(de|at|ch)-[0-9]{1,9}'")},
    {"matches, reading on", CLAUSE("text", "matches", "'^[a-zA-Z ,.]+@'")},
    {"matches, searching for a word", CLAUSE("text", "matches", "'(cat|cow)s'")},
    {"matches, searching for a whole word", CLAUSE("text", "matches", "'\\\\bAndroid'")},
    {"text: is one of ten",
     TEXT_CLAUSE("plan", "is", "'a','b','c','d','e','f','g','h','i','trial-account-%d'")},
    {"text: contains", TEXT_CLAUSE("text", "contains", "'the lazy d0g %d'")},
    {"text: contains, in attributes of their own", TEXT_CLAUSE("t%d", "contains", "'zqx'")},
    {"text: contains, beyond ASCII", TEXT_CLAUSE("greek", "contains", "'the lazy dog %d'")},
    {"text: less", TEXT_CLAUSE("age", "less", "'7','-%d'")},
    {"text: of an older version", TEXT_CLAUSE("release", "version less", "'1.%d.0-rc.1'")},
    {"text: a set has one of ten",
     TEXT_CLAUSE("list", "set contains any", "'a','b','c','d','e','f','g','h','i','j-%d'")},
    {"text: an attribute of its own", TEXT_CLAUSE("a%d", "is", "'x'")},
    {"text: regex, a glance", TEXT_CLAUSE("t%d", "regex match", "'^(de|at|ch)-[0-9]{1,9}'")},
    {"text: regex, searching for a word", TEXT_CLAUSE("t%d", "regex match", "'(cat|cow)s'")},
    {"text: glob", TEXT_CLAUSE("t%d", "glob match", "'**/checkout/*'")},
    {"matches, searching for one of five",
     CLAUSE("text", "matches", "'bot|crawler|spider|slurp|crawling'")},
};

/* A flag of `count` clauses, 32 to a rule; ' for ". */
static struct str full_flag(struct arena *arena, const struct shape *shape, int count)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, STR("{'id':'flag_1','key':'full','kind':'flag','type':'boolean',"
                          "'description':'d','tags':[],'owner':'o','lifecycle':'active',"
                          "'enabled':true,'arithmetic':"));
    buf_append(&text, shape->is_text ? STR("{'hash':'murmur3_32_utf8','comparison':'text'}")
                                     : STR("{'hash':'fnv1a_32_utf16','comparison':'typed'}"));
    buf_append(&text, STR(",'variations':[{'id':'off','value':false},"
                          "{'id':'on','value':true}],'offVariation':'off',"
                          "'fallthrough':{'variation':'off'},'rules':["));
    for (int i = 0; i < count; i++) {
        if (i % 32 == 0)
            buf_append_format(&text,
                              "%s{'id':'r%d','serve':{'variation':'on'},"
                              "'when':{'op':'any','expressions':[",
                              i > 0 ? "]}}," : "", i);
        if (i % 32 > 0)
            buf_append_byte(&text, ',');
        struct str clause = str_of(shape->clause);
        size_t number_at = str_find_byte(clause, '%', 0);
        buf_append(&text, str_slice(clause, 0, number_at));
        if (number_at < clause.size)
            buf_append_format(&text, "%d", i);
        buf_append(&text, str_slice(clause, number_at + 2, clause.size));
    }
    buf_append(&text, STR("]}}]}"));
    struct str copy = quotes(buf_str(&text), arena);
    buf_close(&text);
    return copy;
}

/* The most clauses of that shape that a write may bring. */
static int clauses_allowed(const struct shape *shape)
{
    int allowed = 1;
    for (int step = FULL_FLAG_CLAUSES / 2; step > 0; step /= 2) {
        struct town town;
        town_open(&town, 1);
        town_add(&town, full_flag(&town.arena, shape, allowed + step));
        struct pattern_admission admission;
        pattern_admission_open(&admission, &town.arena);
        if (!failed(ruleset_check_flag(&admission, town.flags[0], NULL)))
            allowed += step;
        arena_close(&town.arena);
        free(town.flags);
    }
    return allowed;
}

static struct str prose(struct arena *arena)
{
    static const char *const words[] = {"the ",  "quick ", "brown ", "fox ",    "jumps ", "over ",
                                        "a ",    "lazy ",  "dog ",   "and ",    "runs ",  "away. ",
                                        "Many ", "more ",  "words ", "follow, "};
    struct buf text;
    uint32_t seed = 7;
    buf_open(&text, LONG_TEXT_BYTES + 16);
    while (text.size < LONG_TEXT_BYTES) {
        seed = seed * 1664525 + 1013904223;
        buf_append(&text, str_of(words[(seed >> 16) % COUNT_OF(words)]));
    }
    struct str copy = arena_copy_str(arena, str_slice(buf_str(&text), 0, LONG_TEXT_BYTES));
    buf_close(&text);
    return copy;
}

/* The best of several decisions, each with a context of its own, in microseconds. */
static double decide_full(struct town *town, const struct json *attributes,
                          struct pattern_scratch *scratch)
{
    double best_us = 1e12;
    struct arena requests;
    arena_open(&requests, 1 << 16);
    for (int round = 0; round < ROUNDS * 20; round++) {
        arena_reset(&requests);
        struct context context;
        int64_t started_ns = now_ns();
        context_open(&context, &requests, town->ruleset, STR("user-1"), attributes, scratch);
        struct decision decision = evaluate_flag(&town->ruleset->flags[0], &context, now_ms, NULL);
        double us = (double)(now_ns() - started_ns) / 1e3;
        if (decision.reason != REASON_FALLTHROUGH)
            abort(); /* a clause held: not all of them were tried */
        best_us = us < best_us ? us : best_us;
    }
    arena_close(&requests);
    return best_us;
}

static void bench_worst(struct pattern_scratch *scratch)
{
    struct arena arena;
    arena_open(&arena, 1 << 16);
    struct str text = prose(&arena);
    struct json attributes;
    struct json text_attributes;
    struct buf more; /* what the text family's shapes ask for */
    buf_open(&more, SIZE_MAX);
    for (int i = 0; i < LONG_TEXTS; i++)
        buf_append_format(&more, ",\"t%d\":\"%.*s\"", i, STR_ARG(text));
    buf_append(&more, STR(",\"list\":[\"0\""));
    for (int i = 1; i < LIST_ELEMENTS; i++)
        buf_append_format(&more, ",\"element-%d\"", i);
    buf_append(&more, STR("],\"greek\":\""));
    for (int i = 0; i < LONG_TEXT_BYTES / 2; i++)
        buf_append(&more, STR("\xCE\x9B"));
    struct str document = arena_format(
        &arena,
        "{\"email\":\"person@example.com\",\"plan\":\"trial-account-x\",\"country\":\"DE\","
        "\"language\":\"en\",\"version\":\"4.12.1\",\"release\":\"4.12.1-beta.2\",\"age\":42,"
        "\"date\":\"2031-03-10T09:30:00.000Z\",\"text\":\"%.*s\"",
        STR_ARG(text));
    struct str plain = arena_format(&arena, "%.*s}", STR_ARG(document));
    struct str whole =
        arena_format(&arena, "%.*s%.*s\"}", STR_ARG(document), STR_ARG(buf_str(&more)));
    buf_close(&more);
    if (failed(json_parse(&arena, plain, &json_budget_default, &attributes)) ||
        failed(json_parse(&arena, whole, &json_budget_default, &text_attributes)))
        abort();
    double worst_us = 0;
    const struct shape *worst = shapes;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        int count = clauses_allowed(&shapes[i]);
        struct town town;
        town_open(&town, 1);
        town_add(&town, full_flag(&town.arena, &shapes[i], count));
        town_compile(&town);
        double us = decide_full(&town, shapes[i].is_text ? &text_attributes : &attributes, scratch);
        printf("%4d x %-45s %8.1f us\n", count, shapes[i].name, us);
        worst = us > worst_us ? &shapes[i] : worst;
        worst_us = us > worst_us ? us : worst_us;
        town_close(&town);
    }
    printf("worst legal flag: %-34s %8.1f us\n", worst->name, worst_us);
    arena_close(&arena);
}

/* ---- what a write waits for ------------------------------------------------------------------ */

/* Ordinary ones, then some of the costliest we know, most of which are refused. */
static void bench_admission(void)
{
    static const char *const patterns[] = {
        "^[a-z0-9.]+@example\\.(com|org)$",
        "@(acme|example)\\.(com|org)$",
        "(?:iPhone|iPad).*OS (\\d+)_(\\d+)",
        "^\\s*(?:[^,]+\\s*,\\s*)*[^,]+\\s*$",
        "^a?a?a?a?a?a?a?a?a?a?a?a?[bc]",
        "(?=.*a)(?=.*b)(?=.*c)(?=.*d)(?=.*e)(?=.*f)(?=.*g)(?=.*h)x",
    };
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        double best_us = 1e12;
        bool is_refused = false;
        for (int round = 0; round < ROUNDS; round++) {
            int64_t started_ns = now_ns();
            is_refused = failed(pattern_check(PATTERN_UNICODE, str_of(patterns[i])));
            double us = (double)(now_ns() - started_ns) / 1e3;
            best_us = us < best_us ? us : best_us;
        }
        printf("%s /%s/ %*s%8.1f us\n", is_refused ? "refused " : "admitted", patterns[i],
               (int)(41 - (int)str_of(patterns[i]).size), "", best_us);
    }
}

/* Flags that lean on nothing, and the same beside a segment that none of them asks about. */
static void bench_budget(struct town *town)
{
    static const struct segment nobody = {.key = STR("nobody")};
    static const struct segment *const segments[] = {&nobody};
    for (size_t count = 0; count <= 1; count++) {
        struct environment_state state = town->state;
        state.segments = segments;
        state.segment_count = count;
        double best_ms = 1e12;
        for (int round = 0; round < ROUNDS; round++) {
            struct arena arena;
            arena_open(&arena, 1 << 16);
            int64_t started_ns = now_ns();
            if (failed(ruleset_check_environment(&arena, &state, NULL)))
                abort();
            double ms = (double)(now_ns() - started_ns) / 1e6;
            best_ms = ms < best_ms ? ms : best_ms;
            arena_close(&arena);
        }
        printf("%-52s %8.2f ms\n",
               count == 0 ? "10,000 plain flags within budget" : "  the same, beside a segment",
               best_ms);
    }
}

/* Flags that each read an attribute of their own: what a wide ruleset asks of a small context. */
static void bench_many(struct crowd *uniform, struct pattern_scratch *scratch)
{
    struct town town;
    town_open(&town, MANY_FLAG_COUNT);
    for (int i = 0; i < MANY_FLAG_COUNT; i++)
        town_add(&town, arena_format(&town.arena,
                                     FLAG_HEAD "{\"op\":\"match\",\"attribute\":\"a%d\","
                                               "\"operator\":\"eq\",\"value\":\"x\"}" FLAG_TAIL,
                                     i, i, i % 500));
    double best_ms = 1e12;
    size_t bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct arena arena;
        arena_open(&arena, 1 << 16);
        int64_t started_ns = now_ns();
        ruleset_close(ruleset_compile(&arena, &town.state));
        double ms = (double)(now_ns() - started_ns) / 1e6;
        best_ms = ms < best_ms ? ms : best_ms;
        bytes = arena.total_bytes;
        arena_close(&arena);
    }
    town_compile(&town);
    struct task task = {.town = &town, .crowd = uniform, .scratch = scratch};
    arena_open(&task.requests, 4096);
    measure("context opened for 500 attributes, nothing asked", open_only, &task);
    measure("10,000 flags, 500 attributes, per flag", decide_all, &task);
    printf("%-52s %8.2f ms %8zu kB\n", "10,000 flags compiled", best_ms, bytes / 1024);
    bench_budget(&town);
    arena_close(&task.requests);
    town_close(&town);
}

int main(void)
{
    static struct crowd uniform;
    static struct crowd mixed;
    random_open();
    struct pattern_scratch *scratch = pattern_scratch_open();
    crowd_open(&uniform, true);
    crowd_open(&mixed, false);
    printf("%-52s %11s %14s\n", "decision", "best", "allocated");
    bench_one(&uniform, &mixed, scratch);
    bench_bulk(&uniform, &mixed, scratch);
    bench_text(&mixed, scratch);
    bench_pattern(&uniform, scratch);
    bench_many(&uniform, scratch);
    bench_worst(scratch);
    bench_admission();
    arena_close(&uniform.arena);
    arena_close(&mixed.arena);
    pattern_scratch_close(scratch);
    return 0;
}
