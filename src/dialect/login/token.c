/* SPDX-License-Identifier: Apache-2.0 */
/* token - a person's new token for a command line: see token.h. */
#include "dialect/login/token.h"

#include "base/instant.h"

struct str token_name(struct arena *arena, int64_t now_ms)
{
    char text[INSTANT_TEXT_BYTES];
    instant_format(now_ms, text);
    struct str date = str_of(text);
    return arena_format(arena, "cli on %.*s",
                        STR_ARG(str_slice(date, 0, str_find_byte(date, 'T', 0))));
}

struct fault token_make(struct exchange *x, const struct signed_in *person, struct str *secret)
{
    struct change change = {
        .kind = CHANGE_CREATE_TOKEN,
        .caller = &person->caller,
        .arena = x->arena,
        .action = STR("token.create"),
        .key_kind = CREDENTIAL_PERSONAL,
        .user_id = person->caller.user_id,
        .name = token_name(x->arena, x->now_ms),
        .expires_ms = person->caller.expires_ms,
    };
    struct fault fault = change_apply(x->services->changer, &change);
    *secret = change.secret;
    return fault;
}
