/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question - who is asked about, as of when: what eval and why have in common.
 *
 * USER is a targeting key. --context adds attributes: JSON as it stands, @FILE or - for standard
 * input; --with NAME=VALUE sets one (a JSON value, else a text). --at is a version or an instant,
 * which may lie in the future.
 *
 * With --file an export is asked instead of a server: nothing is sent anywhere, the same code
 * decides (dialect/admin/offline.h), and --at can only be an instant.
 */
#ifndef CLI_QUESTION_H
#define CLI_QUESTION_H

#include "cli/resource.h"

#define QUESTION_OPTIONS                                                                           \
    {"context", '\0', "JSON|@FILE|-", "what is known of them", COMPLETES_FILES, false},            \
        {"with", '\0', "NAME=VALUE", "one attribute", COMPLETES_NOTHING, true},                    \
        {"at", '\0', "V", "as of a version or an instant", COMPLETES_NOTHING, false},              \
    {                                                                                              \
        "file", '\0', "EXPORT", "ask an export, without a server", COMPLETES_FILES, false          \
    }

/* Asks about one flag, or all when key is absent: what is decided, or why. Brings what it needs
 * (server, environment) itself: the command says NEEDS_NOTHING. Returns a status; the answer is OK
 * when it is EXIT_OK. */
int question_ask(struct session *session, const struct invocation *invocation, bool is_why,
                 struct str key, struct str user, struct answer *answer);
/* "there is no flag", when that is what the decision says. */
bool question_is_unknown(const struct json *decision);
int question_refuse_unknown(struct session *session, const struct invocation *invocation,
                            struct str key);

/* The n-th decision of the only result; NULL behind the last. */
const struct json *question_decision(const struct answer *answer, uint32_t n);

#endif
