/* SPDX-License-Identifier: Apache-2.0 */
/* device_logins - machines that wait for a person to say yes: see device_logins.h. */
#include "dialect/login/device_logins.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/random.h"

enum {
    DEVICE_CODE_BYTES = 43,
    SLOW_DOWN_MS = 5000, /* RFC 8628 section 3.5 */
    GRACE_MS = 500,      /* a question on time may overtake the clock by its way here */
};

/* RFC 8628 section 6.1: no vowels, so that no word comes of it, and nothing to mistake. */
static const char alphabet[] = "BCDFGHJKLMNPQRSTVWXZ";
enum { LETTERS = sizeof(alphabet) - 1 };

enum state { STATE_FREE, STATE_PENDING, STATE_ALLOWED, STATE_MAKING, STATE_DENIED };

struct login {
    enum state state;
    unsigned char device_code[DIGEST_BYTES]; /* its digest: the code itself is the machine's */
    char user_code[USER_CODE_BYTES];
    char place[PLACE_BYTES_MAX];
    size_t place_bytes;
    int64_t ends_ms, next_ask_ms, interval_ms; /* monotonic */
    struct device_question question;
    struct device_approval approval;
};

struct device_logins {
    const struct clock *clock;
    pthread_mutex_t mutex; /* guards the rest */
    size_t used;           /* none beyond was ever used */
    struct login logins[DEVICE_LOGINS_MAX];
};

struct device_logins *device_logins_open(const struct clock *clock)
{
    struct device_logins *logins = MEMORY_NEW(struct device_logins);
    logins->clock = clock;
    pthread_mutex_init(&logins->mutex, NULL);
    return logins;
}

void device_logins_close(struct device_logins *logins)
{
    pthread_mutex_destroy(&logins->mutex);
    memory_free(logins);
}

/* ---- codes ----------------------------------------------------------------------------------- */

static void name_code(struct str code, unsigned char name[DIGEST_BYTES])
{
    struct digest digest;
    digest_begin(&digest);
    digest_add_text(&digest, STR("guidon device code"));
    digest_add_text(&digest, code);
    digest_end(&digest, name, DIGEST_BYTES);
}

/* Bytes beyond the last whole alphabet are drawn again, so that all letters are as likely. */
static void draw_user_code(char code[USER_CODE_BYTES])
{
    enum { EVEN = 256 / LETTERS * LETTERS };
    for (size_t i = 0; i < USER_CODE_BYTES;) {
        unsigned char byte;
        random_fill(&byte, sizeof(byte));
        if (byte < EVEN)
            code[i++] = alphabet[byte % LETTERS];
    }
}

struct str user_code_text(struct arena *arena, const char code[USER_CODE_BYTES])
{
    enum { HALF = USER_CODE_BYTES / 2 };
    return arena_format(arena, "%.*s-%.*s", HALF, code, HALF, code + HALF);
}

bool user_code_parse(struct str text, char code[USER_CODE_BYTES])
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte >= 'a' && byte <= 'z')
            byte = (char)(byte - 'a' + 'A');
        if (byte == '-' || byte == ' ')
            continue;
        if (byte == '\0' || strchr(alphabet, byte) == NULL || size == USER_CODE_BYTES)
            return false;
        code[size++] = byte;
    }
    return size == USER_CODE_BYTES;
}

/* ---- with the mutex held --------------------------------------------------------------------- */

static bool is_waiting(const struct login *login, int64_t now_ms)
{
    return login->state != STATE_FREE && login->ends_ms > now_ms;
}

static struct login *find_user_code(struct device_logins *logins, const char code[USER_CODE_BYTES],
                                    int64_t now_ms)
{
    for (size_t i = 0; i < logins->used; i++) {
        struct login *login = &logins->logins[i];
        if (is_waiting(login, now_ms) && memcmp(login->user_code, code, USER_CODE_BYTES) == 0)
            return login;
    }
    return NULL;
}

/* By the digest of 256 bits nobody else knows: how far the comparison gets tells nothing. */
static struct login *find_device_code(struct device_logins *logins, struct str device_code)
{
    unsigned char name[DIGEST_BYTES];
    name_code(device_code, name);
    for (size_t i = 0; i < logins->used; i++) {
        struct login *login = &logins->logins[i];
        if (login->state != STATE_FREE && memcmp(login->device_code, name, sizeof(name)) == 0)
            return login;
    }
    return NULL;
}

static size_t count_from(const struct device_logins *logins, struct str place, int64_t now_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < logins->used; i++) {
        const struct login *login = &logins->logins[i];
        count += is_waiting(login, now_ms) &&
                 str_equal((struct str){login->place, login->place_bytes}, place);
    }
    return count;
}

/* A free one; else the one that ended first, whose machine has had its time to hear so. */
static struct login *find_room(struct device_logins *logins, int64_t now_ms)
{
    struct login *oldest = NULL;
    for (size_t i = 0; i < logins->used; i++) {
        struct login *login = &logins->logins[i];
        if (login->state == STATE_FREE)
            return login;
        if (login->ends_ms <= now_ms && (oldest == NULL || login->ends_ms < oldest->ends_ms))
            oldest = login;
    }
    bool is_long_ended = oldest != NULL && oldest->ends_ms + DEVICE_LIFE_S * 1000 <= now_ms;
    if (!is_long_ended && logins->used < DEVICE_LOGINS_MAX)
        return &logins->logins[logins->used++];
    return oldest;
}

static void copy_text(char *room, size_t room_bytes, struct str text)
{
    size_t size = text.size < room_bytes ? text.size : room_bytes - 1;
    memset(room, 0, room_bytes);
    if (size > 0)
        memcpy(room, text.data, size);
}

static void fill(struct device_logins *logins, struct login *login, struct str place,
                 struct str address)
{
    int64_t now_ms = clock_monotonic_ms(logins->clock);
    int64_t wall_ms = clock_wall_ms(logins->clock);
    *login = (struct login){
        .state = STATE_PENDING,
        .place_bytes = place.size,
        .ends_ms = now_ms + DEVICE_LIFE_S * 1000,
        .next_ask_ms = now_ms,
        .interval_ms = DEVICE_INTERVAL_S * 1000,
        .question = {.asked_ms = wall_ms, .ends_ms = wall_ms + DEVICE_LIFE_S * 1000},
    };
    assert(place.size <= sizeof(login->place));
    memcpy(login->place, place.data, place.size);
    copy_text(login->question.address, sizeof(login->question.address), address);
}

/* ---- use ------------------------------------------------------------------------------------- */

static struct fault begin(struct device_logins *logins, struct str place, struct str address,
                          struct str device_code, char user_code[USER_CODE_BYTES])
{
    int64_t now_ms = clock_monotonic_ms(logins->clock);
    if (count_from(logins, place, now_ms) >= DEVICE_LOGINS_PER_PLACE_MAX)
        return fault_make(FAULT_LIMIT, STR(""), STR("too many logins wait from this address"));
    struct login *login = find_room(logins, now_ms);
    if (login == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR(""), STR("too many logins wait"));
    fill(logins, login, place, address);
    login->state = STATE_FREE; /* its own code is no other's */
    do {
        draw_user_code(user_code);
    } while (find_user_code(logins, user_code, now_ms) != NULL);
    login->state = STATE_PENDING;
    memcpy(login->user_code, user_code, USER_CODE_BYTES);
    name_code(device_code, login->device_code);
    return fault_none();
}

struct fault device_logins_begin(struct device_logins *logins, struct arena *arena,
                                 struct str place, struct str address, struct str *device_code,
                                 struct str *user_code)
{
    char code[USER_CODE_BYTES];
    char *secret = arena_allocate(arena, DEVICE_CODE_BYTES);
    random_base62(secret, DEVICE_CODE_BYTES);
    struct str made = {secret, DEVICE_CODE_BYTES};
    pthread_mutex_lock(&logins->mutex);
    struct fault fault = begin(logins, place, address, made, code);
    pthread_mutex_unlock(&logins->mutex);
    if (failed(fault))
        return fault;
    *device_code = made;
    *user_code = user_code_text(arena, code);
    return fault;
}

bool device_logins_find(struct device_logins *logins, const char code[USER_CODE_BYTES],
                        struct device_question *question)
{
    pthread_mutex_lock(&logins->mutex);
    const struct login *login = find_user_code(logins, code, clock_monotonic_ms(logins->clock));
    bool is_asking = login != NULL && login->state == STATE_PENDING;
    if (is_asking)
        *question = login->question;
    pthread_mutex_unlock(&logins->mutex);
    return is_asking;
}

bool device_logins_answer(struct device_logins *logins, const char code[USER_CODE_BYTES],
                          const struct device_approval *approval)
{
    pthread_mutex_lock(&logins->mutex);
    struct login *login = find_user_code(logins, code, clock_monotonic_ms(logins->clock));
    bool is_asking = login != NULL && login->state == STATE_PENDING;
    if (is_asking && approval != NULL)
        login->approval = *approval;
    if (is_asking)
        login->state = approval == NULL ? STATE_DENIED : STATE_ALLOWED;
    pthread_mutex_unlock(&logins->mutex);
    return is_asking;
}

/* Who asks too early waits 5 s longer from then on (RFC 8628 section 3.5). */
static bool comes_too_early(struct login *login, int64_t now_ms)
{
    bool is_early = now_ms + GRACE_MS < login->next_ask_ms;
    if (is_early)
        login->interval_ms += SLOW_DOWN_MS;
    login->next_ask_ms = now_ms + login->interval_ms;
    return is_early;
}

static enum device_answer ask(struct login *login, int64_t now_ms, struct device_approval *approval)
{
    if (login->ends_ms <= now_ms)
        return DEVICE_EXPIRED;
    if (login->state == STATE_DENIED)
        return DEVICE_DENIED;
    if (comes_too_early(login, now_ms))
        return DEVICE_SLOW_DOWN;
    if (login->state != STATE_ALLOWED)
        return DEVICE_PENDING;
    login->state = STATE_MAKING;
    *approval = login->approval;
    return DEVICE_GRANTED;
}

enum device_answer device_logins_ask(struct device_logins *logins, struct str device_code,
                                     struct device_approval *approval)
{
    pthread_mutex_lock(&logins->mutex);
    struct login *login = find_device_code(logins, device_code);
    enum device_answer answer =
        login == NULL ? DEVICE_UNKNOWN : ask(login, clock_monotonic_ms(logins->clock), approval);
    pthread_mutex_unlock(&logins->mutex);
    return answer;
}

static enum state state_after(enum device_outcome outcome)
{
    switch (outcome) {
    case DEVICE_HANDED_OUT:
        return STATE_FREE;
    case DEVICE_REFUSED:
        return STATE_DENIED;
    case DEVICE_PUT_OFF:
        break;
    }
    return STATE_ALLOWED;
}

void device_logins_settle(struct device_logins *logins, struct str device_code,
                          enum device_outcome outcome)
{
    pthread_mutex_lock(&logins->mutex);
    struct login *login = find_device_code(logins, device_code);
    /* Its time may have run out meanwhile, and another may have its place. */
    if (login != NULL && login->state == STATE_MAKING)
        login->state = state_after(outcome);
    pthread_mutex_unlock(&logins->mutex);
}
