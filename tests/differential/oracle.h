/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle - decides flags slowly and plainly, as the wire references of both comparison families
 * say it: nothing is compiled, remembered or shared with the evaluator but the model's nouns.
 *
 * Everything is read from the documents at each question: keys are looked up one by one, texts are
 * taken apart again, patterns are matched by walking sets of places. What it allocates is in the
 * arena it was given. Section numbers in these files are the references'.
 */
#ifndef DIFFERENTIAL_ORACLE_H
#define DIFFERENTIAL_ORACLE_H

#include "base/arena.h"
#include "eval/evaluate.h" /* names of reasons and errors, nothing else */
#include "model/environment.h"

struct oracle_person {
    enum context_form form;
    struct str targeting_key;      /* FLAT */
    const struct json *attributes; /* FLAT: an object or NULL; USER: the tree */
    bool may_lack_key;
    bool remembers; /* sticky variations as oracle_recalled says */
};

struct oracle_answer {
    enum reason reason;
    enum decision_error error;
    int variation; /* or VARIATION_NONE */
    int rule;      /* or RULE_NONE */
};

struct oracle_answer oracle_decide(struct arena *arena, const struct environment_state *state,
                                   const struct flag *flag, const struct oracle_person *person,
                                   int64_t now_ms);
bool oracle_is_member(struct arena *arena, const struct environment_state *state,
                      const struct segment *segment, const struct oracle_person *person,
                      int64_t now_ms);

/* What asking for a flag that is not there ends with: section 13, steps 2 and 4. */
enum decision_error oracle_error_of_nothing(struct arena *arena,
                                            const struct oracle_person *person);

/* What somebody who is remembered had of a sticky flag: a variation by the flag's key, or none. */
int oracle_recalled(const struct flag *flag);

/* ---- the parts ------------------------------------------------------------------------------- */

enum { ORACLE_STACK_MAX = 64 };

struct oracle {
    struct arena *arena;
    const struct environment_state *state;
    const struct oracle_person *person;
    int64_t now_ms;
    const struct flag *stack[ORACLE_STACK_MAX]; /* being decided, outermost first */
    size_t depth;
    const struct segment *visited[ORACLE_STACK_MAX];
    size_t visited_count;
};

struct oracle_answer oracle_decide_inner(struct oracle *oracle, const struct flag *flag);
bool oracle_is_active(const struct schedule *schedule, int64_t now_ms);

/* oracle_text.c: forms of a value. */
struct points {
    uint32_t *at;
    size_t count;
};
struct points points_of(struct arena *arena, struct str text); /* code points */
struct points units_of(struct arena *arena, struct str text);  /* UTF-16 units */
struct str text_of_points(struct arena *arena, struct points points);
int compare_units(struct arena *arena, struct str a, struct str b);
bool is_blank_point(uint32_t point); /* what ECMAScript trims */
struct str trimmed(struct arena *arena, struct str text);
struct str lowered(struct arena *arena, struct str text);
struct str text_of_number(struct arena *arena, double number);
double number_of_text(struct arena *arena, struct str text);           /* ECMAScript's Number() */
struct str text_of_json(struct arena *arena, const struct json *json); /* 10.6; absent: nothing */
struct text_list_form {
    bool is_list;
    struct str *items;
    size_t count;
};
struct text_list_form list_of_json(struct arena *arena, const struct json *json);
bool values_equal(const struct json *a, const struct json *b);
bool parse_moment(struct str text, int64_t *ms); /* section 12, and a date alone */

/* oracle_version.c */
bool compare_semver(struct arena *arena, struct str a, struct str b, int *order);
bool compare_text_version(struct str a, struct str b, int *order); /* false: one is none */
bool is_text_version(struct str text);

/* oracle_hash.c */
uint32_t oracle_fnv_units(struct arena *arena, struct str text);
uint32_t oracle_fnv_bytes(struct str text);
uint32_t oracle_murmur(struct str bytes, uint32_t seed);
uint64_t oracle_sha1_60(struct arena *arena, struct str bytes);

/* oracle_pattern.c: whether a pattern finds something; what does not parse finds nothing. */
enum oracle_syntax { ORACLE_BY_POINTS, ORACLE_BY_UNITS };
bool oracle_pattern_finds(struct arena *arena, enum oracle_syntax syntax, struct str pattern,
                          struct str subject);
bool oracle_is_pattern(struct arena *arena, enum oracle_syntax syntax, struct str pattern);
bool oracle_glob_matches(struct arena *arena, struct str glob, struct str subject);

/* oracle_select.c: what a context has somewhere; NULL: nothing. */
struct str oracle_targeting_key(struct oracle *oracle); /* absent: none */
const struct json *oracle_attribute(struct oracle *oracle, struct str path);
const struct json *oracle_selected(struct oracle *oracle, const struct flag *flag,
                                   struct str selector);
/* Whether there is nothing because the targeting key is missing that would be there. */
bool oracle_lacks_key(struct oracle *oracle, struct str selector);

/* oracle_match.c */
bool oracle_holds(struct oracle *oracle, const struct flag *flag,
                  const struct expression *expression);
bool oracle_segment_has(struct oracle *oracle, const struct segment *segment);
bool oracle_text_is(struct oracle *oracle, const struct flag *flag, struct str selector,
                    const struct str *values, size_t count);
bool oracle_is_in_cohorts(struct oracle *oracle, const struct flag *flag, struct str selector,
                          const struct str *ids, size_t count);

/* oracle_serve.c */
enum served { SERVED, SERVED_NOBODY, SERVED_KEY_MISSING };
enum served oracle_serve(struct oracle *oracle, const struct flag *flag, const struct serve *serve,
                         int *variation);
bool oracle_deals(const struct serve *serve); /* a split decides, not the serve alone */

#endif
