/* SPDX-License-Identifier: Apache-2.0 */
/* What a full disk is called by those who change things, and by those who only ask and report. */
#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/evaluate.h"
#include "dialect/superflag/answer.h"
#include "test.h"

typedef void refuse_function(struct exchange *x, struct fault fault, int status, struct str allow);

static const struct {
    refuse_function *refuse;
    int status;
    const char *body;
} dialects[] = {
    {superflag_refuse, 507, "{\"error\":\"the disk is full\"}"},
    {amplitude_refuse, 507,
     "{\"error\":\"The disk is full: nothing was changed\",\"code\":\"full\"}"},
    {amplitude_refuse_evaluation, 503, "temporarily unavailable"}, /* SDKs keep what they report */
};

TEST(a_full_disk_is_told_in_each_dialects_form)
{
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(dialects); i++) {
        struct http_request request = {.path = STR("/")};
        struct exchange x = {.arena = &arena, .request = &request};
        dialects[i].refuse(&x, fault_make(FAULT_FULL, STR(""), STR("the disk is full")), 0,
                           (struct str){0});
        CHECK_INT(x.response.status, dialects[i].status);
        CHECK(str_contains(x.response.body, str_of(dialects[i].body)));
        CHECK_INT(str_contains(x.response.headers, STR("Retry-After: 1\r\n")),
                  dialects[i].status == 503);
    }
    arena_close(&arena);
}

TESTS(a_full_disk_is_told_in_each_dialects_form)
