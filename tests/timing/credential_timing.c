/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential_timing - whether looking a credential up says by its time how wrong it is (promise
 * S8).
 *
 *     credential_timing time COUNT SEED    COUNT timings of each class, drawn at random
 *     credential_timing count              the same calls for callgrind, a dump for each class
 *
 * All classes are of a right form, with a right checksum: what refuses a form needs no secret. Keys
 * are looked up as requests are, in a keyring of as many as there may be.
 *
 * For each two classes of a function, Welch's t of their means is printed, the one that is largest
 * of those that croppings at several percentiles give: slow outliers are the machine's.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "auth/event_token.h"
#include "auth/keyring.h"
#include "auth/secret.h"
#include "base/memory.h"
#include "base/random.h"

enum { LIVE = 2000, REVOKED = 65536, CLASSES = 4, SAMPLES = 1024, SECRET_ROOM = 128 };
enum { PREFIX_CHARACTERS = 9 /* sdk_prod_ */, RANDOM_CHARACTERS = 43 };
enum { COUNTED = 500, SECRET_BYTES = 58, TIMINGS_MAX = 100000000 };

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "credential_timing: %s\n", why);
    exit(1);
}

/* ---- who there is ------------------------------------------------------------------------ */

struct place {
    struct arena arena;
    struct str live[LIVE];
    struct str *revoked; /* REVOKED of them */
    struct keyring keyring;
    struct keyring_memo memo;
    uint64_t dice;
};

/* splitmix64 */
static uint64_t roll(struct place *place, uint64_t sides)
{
    uint64_t mixed = place->dice += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return (mixed ^ (mixed >> 31)) % sides;
}

static struct str new_secret(struct place *place)
{
    struct str shown;
    struct str secret = secret_make(&place->arena, CREDENTIAL_SERVER_KEY, STR("prod"), &shown);
    if (secret.size != SECRET_BYTES || shown.size != PREFIX_CHARACTERS)
        give_up("secrets have another form now");
    return secret;
}

static struct keyring ring_of(struct place *place, const struct str *secrets, size_t count)
{
    struct keyring_entry *entries = ARENA_NEW_ARRAY(&place->arena, struct keyring_entry, count);
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct keyring_entry){
            .hash = secret_hash(secrets[i]),
            .caller = {.kind = CREDENTIAL_SERVER_KEY, .credential_id = STR("key_1")},
        };
    return keyring_build(&place->arena, entries, count);
}

/* The revoked ones were in a keyring, and are not in the one that took its place. */
static void place_open(struct place *place, uint64_t seed)
{
    arena_open(&place->arena, 1024 * 1024);
    place->dice = seed;
    place->revoked = ARENA_NEW_ARRAY(&place->arena, struct str, REVOKED);
    for (size_t i = 0; i < LIVE; i++)
        place->live[i] = new_secret(place);
    for (size_t i = 0; i < REVOKED; i++)
        place->revoked[i] = new_secret(place);
    struct keyring former = ring_of(place, place->revoked, REVOKED);
    if (keyring_find(&former, place->revoked[0], 1) == NULL)
        give_up("a live key is not found");
    place->keyring = ring_of(place, place->live, LIVE);
    keyring_memo_open(&place->memo);
    for (size_t i = 0; i < LIVE; i++)
        if (keyring_memo_find(&place->memo, &place->keyring, 1, place->live[i], 1) == NULL)
            give_up("a live key is not found");
}

/* ---- classes of wrong ones --------------------------------------------------------------- */

/* Right in half of its characters; in all but the first; in none; and right once. */
enum key_class { RIGHT_PREFIX, WRONG_FIRST_BYTE, UNKNOWN, REVOKED_KEY };
static const char *const key_classes[CLASSES] = {"right-prefix", "wrong-first-byte", "unknown",
                                                 "revoked"};

struct sample {
    uint32_t class;
    size_t size;
    char bytes[SECRET_ROOM];
};

/* As secret.c has it, which tells only whether one is right. */
static void put_checksum(char *secret, size_t body_size)
{
    static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t number = 0xCBF29CE484222325u;
    for (size_t i = 0; i < body_size; i++)
        number = (number ^ (unsigned char)secret[i]) * 0x100000001B3u;
    number ^= number >> 32;
    number *= 0xD6E8FEB86659FD93u;
    number ^= number >> 32;
    for (size_t i = body_size; i < SECRET_BYTES; i++) {
        secret[i] = base62[number % 62];
        number /= 62;
    }
}

static char other_than(struct place *place, char byte)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char other = byte;
    while (other == byte)
        other = letters[roll(place, sizeof(letters) - 1)];
    return other;
}

static void draw_key(struct place *place, enum key_class class, struct sample *sample)
{
    struct str live = place->live[roll(place, LIVE)];
    char *random = sample->bytes + PREFIX_CHARACTERS;
    sample->class = class;
    sample->size = SECRET_BYTES;
    memcpy(sample->bytes, live.data, SECRET_BYTES);
    switch (class) {
    case RIGHT_PREFIX:
        random_base62(random + RANDOM_CHARACTERS / 2, RANDOM_CHARACTERS - RANDOM_CHARACTERS / 2);
        break;
    case WRONG_FIRST_BYTE:
        random[0] = other_than(place, random[0]);
        break;
    case UNKNOWN:
        random_base62(random, RANDOM_CHARACTERS);
        break;
    case REVOKED_KEY:
        memcpy(sample->bytes, place->revoked[roll(place, REVOKED)].data, SECRET_BYTES);
        break;
    }
    put_checksum(sample->bytes, PREFIX_CHARACTERS + RANDOM_CHARACTERS);
}

static bool find_key(struct place *place, struct str secret)
{
    return keyring_memo_find(&place->memo, &place->keyring, 1, secret, 1) != NULL;
}

/* Without what a thread remembers, whose slots are dealt by a key of its own. */
static bool find_key_afresh(struct place *place, struct str secret)
{
    return keyring_find(&place->keyring, secret, 1) != NULL;
}

/* Event tokens of one credential: right up to the last digit, wrong from the first, all wrong. */
enum token_class { RIGHT_HEAD, WRONG_HEAD, RANDOM_DIGITS, TOKEN_CLASSES };
static const char *const token_classes[] = {"right-head", "wrong-first-digit", "random"};
#define TOKEN_ID STR("key_0123456789ABCDEFGHIJKL")

static void draw_token(struct place *place, enum token_class class, struct sample *sample)
{
    enum { DIGITS = 43 };
    static const struct credential_hash hash = {{1}};
    struct str right = event_token_make(&place->arena, TOKEN_ID, &hash);
    char *digits = sample->bytes + right.size - DIGITS;
    sample->class = class;
    sample->size = right.size;
    memcpy(sample->bytes, right.data, right.size);
    if (class == RIGHT_HEAD)
        digits[DIGITS - 1] = other_than(place, digits[DIGITS - 1]);
    else if (class == WRONG_HEAD)
        digits[0] = other_than(place, digits[0]);
    else
        random_base62(digits, DIGITS);
}

static bool check_token(struct place *place, struct str token)
{
    static const struct credential_hash hash = {{1}};
    (void)place;
    return event_token_is_of(token, TOKEN_ID, &hash);
}

/* What an oracle looks like: whoever finds none here has not looked well. */
enum naive_class { WRONG_FIRST, WRONG_LAST, NAIVE_CLASSES };
static const char *const naive_classes[] = {"wrong-first-byte", "wrong-last-byte"};

static void draw_naive(struct place *place, uint32_t class, struct sample *sample)
{
    char *wrong = sample->bytes + (class == WRONG_FIRST ? 0 : SECRET_BYTES - 1);
    sample->class = class;
    sample->size = SECRET_BYTES;
    memcpy(sample->bytes, place->live[0].data, SECRET_BYTES);
    *wrong = other_than(place, *wrong);
}

static bool check_naively(struct place *place, struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != place->live[0].data[i])
            return false;
    return true;
}

/* ---- what is looked at ------------------------------------------------------------------- */

struct subject {
    const char *name;
    size_t class_count;
    const char *const *classes;
    void (*draw)(struct place *place, uint32_t class, struct sample *sample);
    bool (*is_right)(struct place *place, struct str text);
    bool (*is_right_afresh)(struct place *place, struct str text);
};

static void draw_key_of(struct place *place, uint32_t class, struct sample *sample)
{
    draw_key(place, (enum key_class) class, sample);
}

static void draw_token_of(struct place *place, uint32_t class, struct sample *sample)
{
    draw_token(place, (enum token_class) class, sample);
}

static const struct subject subjects[] = {
    {"key", CLASSES, key_classes, draw_key_of, find_key, find_key_afresh},
    {"token", TOKEN_CLASSES, token_classes, draw_token_of, check_token, check_token},
    {"naive", NAIVE_CLASSES, naive_classes, draw_naive, check_naively, check_naively},
};

static struct str text_of(const struct sample *sample)
{
    return (struct str){sample->bytes, sample->size};
}

/* ---- timings ----------------------------------------------------------------------------- */

struct timings {
    size_t room; /* in each class */
    size_t count[CLASSES];
    uint32_t *ns[CLASSES];
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static size_t least_count(const struct timings *timings, size_t class_count)
{
    size_t least = timings->count[0];
    for (size_t i = 1; i < class_count; i++)
        least = timings->count[i] < least ? timings->count[i] : least;
    return least;
}

static void time_batch(struct place *place, const struct subject *subject,
                       const struct sample *samples, struct timings *timings)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *sample = &samples[i];
        int64_t before = now_ns();
        bool is_right = subject->is_right(place, text_of(sample));
        int64_t took = now_ns() - before;
        if (is_right)
            give_up("a wrong one was taken");
        if (timings->count[sample->class] < timings->room)
            timings->ns[sample->class][timings->count[sample->class]++] =
                took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    }
}

/* Until each class has as many. Batches are drawn first and timed then, so that drawing leaves no
 * trace in a timing. */
static void time_all(struct place *place, const struct subject *subject, size_t count,
                     struct timings *timings)
{
    static struct sample samples[SAMPLES];
    struct arena keep = place->arena;
    timings->room = count * 2;
    for (size_t i = 0; i < CLASSES; i++)
        timings->ns[i] = MEMORY_NEW_ARRAY(uint32_t, timings->room);
    while (least_count(timings, subject->class_count) < count) {
        arena_open(&place->arena, 64 * 1024);
        for (size_t i = 0; i < SAMPLES; i++)
            subject->draw(place, (uint32_t)roll(place, subject->class_count), &samples[i]);
        time_batch(place, subject, samples, timings);
        arena_close(&place->arena);
    }
    place->arena = keep;
}

static int compare_ns(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

struct moments {
    double count, mean, variance;
};

static struct moments moments_of(const struct timings *timings, size_t class, uint32_t limit_ns)
{
    struct moments moments = {0};
    double squares = 0;
    for (size_t i = 0; i < timings->count[class]; i++) {
        double value = timings->ns[class][i];
        if (value > limit_ns)
            continue;
        moments.count++;
        double off = value - moments.mean;
        moments.mean += off / moments.count;
        squares += off * (value - moments.mean);
    }
    moments.variance = squares / (moments.count - 1);
    return moments;
}

static double welch(struct moments a, struct moments b)
{
    return (a.mean - b.mean) / sqrt(a.variance / a.count + b.variance / b.count);
}

/* A cropping keeps what is not above a percentile of both classes together. */
static double largest_t(const struct timings *timings, size_t a, size_t b)
{
    static const double shares[] = {0.5, 0.75, 0.9, 0.95, 0.99};
    size_t count = timings->count[a] + timings->count[b];
    uint32_t *both = MEMORY_NEW_ARRAY(uint32_t, count);
    memcpy(both, timings->ns[a], timings->count[a] * sizeof(*both));
    memcpy(both + timings->count[a], timings->ns[b], timings->count[b] * sizeof(*both));
    qsort(both, count, sizeof(*both), compare_ns);
    double largest = 0;
    for (size_t i = 0; i < COUNT_OF(shares); i++) {
        uint32_t limit_ns = both[(size_t)((double)(count - 1) * shares[i])];
        double t = welch(moments_of(timings, a, limit_ns), moments_of(timings, b, limit_ns));
        if (fabs(t) > fabs(largest))
            largest = t;
    }
    memory_free(both);
    return largest;
}

static void say_timings(const struct subject *subject, const struct timings *timings)
{
    for (size_t a = 0; a < subject->class_count; a++)
        for (size_t b = a + 1; b < subject->class_count; b++)
            printf("t %s %s %s %.3f %zu\n", subject->name, subject->classes[a], subject->classes[b],
                   largest_t(timings, a, b),
                   timings->count[a] < timings->count[b] ? timings->count[a] : timings->count[b]);
}

static void run_timings(struct place *place, size_t count)
{
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        struct timings timings = {0};
        time_all(place, &subjects[i], count, &timings);
        say_timings(&subjects[i], &timings);
        for (size_t class = 0; class < CLASSES; class ++)
            memory_free(timings.ns[class]);
    }
}

/* ---- counts of instructions -------------------------------------------------------------- */

static void count_class(struct place *place, const struct subject *subject, uint32_t class)
{
    static struct sample samples[COUNTED];
    char name[64];
    for (size_t i = 0; i < COUNTED; i++)
        subject->draw(place, class, &samples[i]);
    snprintf(name, sizeof(name), "%s %s", subject->name, subject->classes[class]);
    size_t right = subject->is_right_afresh(place, text_of(&samples[0]));
    CALLGRIND_DUMP_STATS_AT("between all");
    for (size_t i = 0; i < COUNTED; i++)
        right += subject->is_right_afresh(place, text_of(&samples[i]));
    CALLGRIND_DUMP_STATS_AT(name);
    if (right > 0)
        give_up("a wrong one was taken");
}

/* Hashes that are a live one's but for one byte, behind those the table looks at. */
static void count_comparison(struct place *place, size_t at)
{
    char name[64];
    struct credential_hash wrong[COUNTED];
    size_t found = 0;
    for (size_t i = 0; i < COUNTED; i++) {
        wrong[i] = place->keyring.entries[i].hash;
        wrong[i].bytes[at] ^= 0x5A;
    }
    snprintf(name, sizeof(name), "hash byte-%zu", at);
    found += keyring_find_hash(&place->keyring, &wrong[0], 1) != NULL;
    CALLGRIND_DUMP_STATS_AT("between all");
    for (size_t i = 0; i < COUNTED; i++)
        found += keyring_find_hash(&place->keyring, &wrong[i], 1) != NULL;
    CALLGRIND_DUMP_STATS_AT(name);
    if (found > 0)
        give_up("a wrong one was taken");
}

static void run_counts(struct place *place)
{
    for (size_t i = 0; i < COUNT_OF(subjects); i++)
        for (uint32_t class = 0; class < subjects[i].class_count; class ++)
            count_class(place, &subjects[i], class);
    for (size_t at = 2 * sizeof(uint64_t); at < CREDENTIAL_HASH_BYTES; at += 5)
        count_comparison(place, at);
}

int main(int argc, char **argv)
{
    static struct place place;
    random_open();
    if (argc == 4 && strcmp(argv[1], "time") == 0) {
        size_t count = strtoull(argv[2], NULL, 10);
        if (count < SAMPLES || count > TIMINGS_MAX)
            give_up("COUNT is 1024 at the least");
        place_open(&place, strtoull(argv[3], NULL, 10));
        run_timings(&place, count);
    } else if (argc == 2 && strcmp(argv[1], "count") == 0) {
        place_open(&place, 1);
        run_counts(&place);
    } else {
        give_up("time COUNT SEED, or count");
    }
    return 0;
}
