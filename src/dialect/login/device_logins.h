/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_logins - machines that wait for a person to say yes (RFC 8628).
 *
 * A machine gets a device code, which only it knows, and a user code, which a person types into a
 * page elsewhere. The person's answer waits here until the machine asks for it. In memory only:
 * a bounded number, ten minutes each; a restart forgets them. Any thread.
 *
 * No token is kept: the person's yes is, and the machine's next question makes the token of it.
 */
#ifndef LOGIN_DEVICE_LOGINS_H
#define LOGIN_DEVICE_LOGINS_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "dialect/sign_in.h"

enum {
    DEVICE_LIFE_S = 600,
    DEVICE_INTERVAL_S = 5,
    DEVICE_LOGINS_MAX = 1024,
    DEVICE_LOGINS_PER_PLACE_MAX = 10,
    USER_CODE_BYTES = 8,
    DEVICE_ADDRESS_BYTES_MAX = 64,
    DEVICE_ID_BYTES_MAX = 64,
};

struct device_logins;
struct device_logins *device_logins_open(const struct clock *clock);
void device_logins_close(struct device_logins *logins);

/* A new one, asked for from this address. Codes in the arena, the user's as "WDJB-MJHT".
 * FAULT_LIMIT: too many wait from that place; FAULT_UNAVAILABLE: altogether. */
struct fault device_logins_begin(struct device_logins *logins, struct arena *arena,
                                 struct str place, struct str address, struct str *device_code,
                                 struct str *user_code) MUST_CHECK;

/* What a person types, as it is kept: capital letters without the dash. False: no user code. */
bool user_code_parse(struct str text, char code[USER_CODE_BYTES]);
/* "WDJB-MJHT", in the arena. */
struct str user_code_text(struct arena *arena, const char code[USER_CODE_BYTES]);

/* What asks, for the page. False: nothing waits under this code (any longer). */
struct device_question {
    char address[DEVICE_ADDRESS_BYTES_MAX]; /* ends with a NUL */
    int64_t asked_ms, ends_ms;              /* wall */
};
bool device_logins_find(struct device_logins *logins, const char code[USER_CODE_BYTES],
                        struct device_question *question);

/* Who said yes: by a password when there is no credential. Each ends with a NUL. */
struct device_approval {
    char user_id[DEVICE_ID_BYTES_MAX], credential_id[DEVICE_ID_BYTES_MAX];
};
/* The person's answer; approval NULL: no. False: somebody answered before, or its time is up. */
bool device_logins_answer(struct device_logins *logins, const char code[USER_CODE_BYTES],
                          const struct device_approval *approval);

/* What the machine hears. DEVICE_GRANTED is heard by one at a time, who makes the token and then
 * calls device_logins_settle. */
enum device_answer {
    DEVICE_PENDING,
    DEVICE_SLOW_DOWN,
    DEVICE_DENIED,
    DEVICE_EXPIRED,
    DEVICE_UNKNOWN,
    DEVICE_GRANTED,
};
enum device_answer device_logins_ask(struct device_logins *logins, struct str device_code,
                                     struct device_approval *approval);
enum device_outcome {
    DEVICE_HANDED_OUT, /* the code is spent */
    DEVICE_REFUSED,    /* whoever said yes may not any longer: it counts as a no */
    DEVICE_PUT_OFF,    /* the machine may ask again */
};
void device_logins_settle(struct device_logins *logins, struct str device_code,
                          enum device_outcome outcome);

#endif
