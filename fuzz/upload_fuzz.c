/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload_fuzz - bytes as a list of ids on its way in, in lines or as JSON.
 *
 * However the bytes are cut, the members are the same. The first byte says where and which form.
 */
#include "dialect/admin/cohort_upload.h"
#include "fuzz.h"

static bool upload(struct arena *arena, struct str type, struct str bytes, size_t step,
                   struct cohort_members **members)
{
    struct http_body_sink *sink = NULL;
    require(!failed(cohort_upload_open(type, &sink)));
    for (size_t at = 0; at < bytes.size; at += step) {
        if (!sink->write(sink, str_slice(bytes, at, at + step)))
            break;
    }
    return !failed(cohort_upload_finish(sink, arena, members));
}

static void compare(const struct cohort_members *one, const struct cohort_members *other)
{
    require(cohort_members_count(one) == cohort_members_count(other));
    for (size_t i = 0; i < cohort_members_count(one); i++)
        require(str_equal(cohort_member_at(one, i), cohort_member_at(other, i)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena arena;
    arena_open(&arena, 1024);
    struct str type = data[0] % 2 == 0 ? STR("text/plain") : STR("application/json");
    struct str bytes = {(const char *)data + 1, size - 1};
    struct cohort_members *whole = NULL, *cut = NULL;
    bool is_whole = upload(&arena, type, bytes, bytes.size + 1, &whole);
    bool is_cut = upload(&arena, type, bytes, (size_t)data[0] / 2 % 16 + 1, &cut);
    require(is_whole == is_cut);
    if (is_whole) {
        compare(whole, cut);
        cohort_members_release(whole);
        cohort_members_release(cut);
    }
    arena_close(&arena);
    return 0;
}
