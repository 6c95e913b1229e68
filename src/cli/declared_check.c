/* SPDX-License-Identifier: Apache-2.0 */
/* declared_check - the server's rules, asked without a server: see declared.h. */
#include "cli/declared.h"
#include "dialect/admin/offline.h"
#include "dialect/admin/transfer.h"

static struct fault read_text(const struct declared *declared, struct str text)
{
    struct transfer transfer;
    struct fault fault = transfer_read(declared->arena, NULL, 0, text, &transfer);
    transfer_close(&transfer);
    return fault;
}

static struct str text_of_one(const struct declared *declared, const struct declared_item *item)
{
    bool has_list[DECLARED_KIND_COUNT] = {false};
    struct buf buf;
    has_list[item->kind] = true;
    buf_open(&buf, SIZE_MAX);
    declared_append_whole(&buf, NULL, item, 1, has_list);
    struct str text = arena_copy_str(declared->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* "$.flags[0].rules[1]" of a text with one flag is "$.rules[1]" of that flag. */
static struct str inside(struct str where)
{
    size_t bracket = str_find_byte(where, ']', 0);
    if (bracket == where.size)
        return where;
    struct str rest = str_slice(where, bracket + 1, where.size);
    return str_is_empty(rest) ? STR("") : rest;
}

static void complain(const struct declared *declared, struct complaint *complaint,
                     const struct declared_item *item, struct fault fault)
{
    struct str key = declared_key(item->kind, &item->tree);
    struct str where = inside(fault.where);
    *complaint = (struct complaint){
        .file = item->file->name,
        .where = arena_format(declared->arena, "%s%.*s%.*s", item->file->is_whole ? "" : "$",
                              item->file->is_whole ? (int)key.size : 0, key.data, STR_ARG(where)),
        .why = fault.why};
}

static void check_settings(const struct declared *declared, struct complaint *complaints,
                           size_t *count)
{
    const bool has_list[DECLARED_KIND_COUNT] = {false};
    struct buf buf;
    if (declared->settings == NULL)
        return;
    buf_open(&buf, SIZE_MAX);
    declared_append_whole(&buf, declared->settings, NULL, 0, has_list);
    struct fault fault = read_text(declared, arena_copy_str(declared->arena, buf_str(&buf)));
    buf_close(&buf);
    if (failed(fault))
        complaints[(*count)++] = (struct complaint){STR("settings"), fault.where, fault.why};
}

static struct fault check_together(const struct declared *declared)
{
    struct admin_offline *offline = NULL;
    struct fault fault = admin_offline_open(declared->arena, declared_text(declared), &offline);
    admin_offline_close(offline);
    return fault;
}

struct complaint *declared_check(const struct declared *declared, size_t *count)
{
    struct complaint *complaints =
        ARENA_NEW_ARRAY(declared->arena, struct complaint, declared->item_count + 2);
    *count = 0;
    for (size_t i = 0; i < declared->item_count; i++) {
        struct fault fault = read_text(declared, text_of_one(declared, &declared->items[i]));
        if (failed(fault))
            complain(declared, &complaints[(*count)++], &declared->items[i], fault);
    }
    check_settings(declared, complaints, count);
    if (*count > 0)
        return complaints;
    struct fault fault = check_together(declared);
    if (failed(fault))
        complaints[(*count)++] = (struct complaint){STR(""), fault.where, fault.why};
    return complaints;
}
