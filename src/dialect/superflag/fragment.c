/* SPDX-License-Identifier: Apache-2.0 */
/* fragment - pieces of JSON that several of the vendor's documents share. */
#include "dialect/superflag/fragment.h"

#include "base/instant.h"
#include "model/codec.h"

void superflag_append_optional(struct json_writer *writer, struct str key, struct str text)
{
    if (!str_is_absent(text))
        json_member_string(writer, key, text);
}

void superflag_append_texts(struct json_writer *writer, struct str key, const struct str *texts,
                            size_t count)
{
    json_key(writer, key);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        json_string(writer, texts[i]);
    json_array_end(writer);
}

void superflag_append_instant(struct json_writer *writer, struct str key, int64_t ms)
{
    char text[INSTANT_TEXT_BYTES];
    instant_format(ms, text);
    json_member_string(writer, key, str_of(text));
}

void superflag_append_source(struct json_writer *writer, const struct environment_state *state)
{
    json_key(writer, STR("source"));
    json_object_begin(writer);
    json_member_string(writer, STR("app"), state->app_id);
    json_member_string(writer, STR("environment"), state->name);
    json_object_end(writer);
}

void superflag_append_schedule(struct json_writer *writer, struct str key,
                               const struct schedule *schedule)
{
    if (str_is_absent(schedule->start) && str_is_absent(schedule->end))
        return;
    json_key(writer, key);
    schedule_encode(schedule, writer);
}
