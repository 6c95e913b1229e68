/* SPDX-License-Identifier: Apache-2.0 */
/*
 * goff - GO Feature Flag files, JSON or YAML: see import.h.
 *
 * A file is an object of flags; the answer that a relay proxy gives its SDKs has them as "flags".
 */
#include "import/goff/goff.h"

#include "import/goff/flag.h"
#include "import/source.h"

static bool has_a_flag(const struct json *json)
{
    for (uint32_t i = 0; json != NULL && json->type == JSON_OBJECT && i < json->count; i++) {
        if (source_object(&json->members[i].value, "variations") != NULL)
            return true;
    }
    return false;
}

static void report_notes(struct draft *draft, const struct notes *notes)
{
    if (notes->coerces)
        report_say(&draft->report, STR("comparison"), STR("==, <, …"), IMPORT_PARTLY,
                   "an attribute is compared as the type it has: \"5\" is not 5 here");
    if (notes->looks_in_lists)
        report_say(&draft->report, STR("comparison"), STR("in"), IMPORT_PARTLY,
                   "an attribute that is a list is among values here when one of its elements is");
}

static struct fault read_document(struct arena *arena, struct str text,
                                  const struct import_options *options,
                                  struct import_result *result)
{
    struct json json;
    struct draft draft;
    struct notes notes = {0};
    struct fault fault = source_parse(arena, text, &json);
    if (failed(fault))
        return fault;
    const struct json *flags = source_object(&json, "flags");
    if (!has_a_flag(flags))
        flags = &json;
    if (flags->type != JSON_OBJECT || (flags->count > 0 && !has_a_flag(flags)))
        return fault_make(
            FAULT_INVALID, STR(""),
            STR("is no file of flags with variations; the format that had true, false "
                "and default is not read"));
    draft_begin(&draft, arena, options);
    for (uint32_t i = 0; i < flags->count; i++)
        flag_read(&draft, &flags->members[i], &notes);
    report_notes(&draft, &notes);
    return draft_finish(&draft, result);
}

const struct importer goff_importer = {
    .name = STR("goff"),
    .summary = STR("GO Feature Flag files, JSON or YAML"),
    .read = read_document,
};
