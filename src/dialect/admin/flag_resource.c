/* SPDX-License-Identifier: Apache-2.0 */
/* flag_resource - a flag as the admin API shows it: see flag_resource.h. */
#include "dialect/admin/flag_resource.h"

#include "dialect/admin/definition.h"

static struct str present(struct str text)
{
    return str_is_absent(text) ? STR("") : text;
}

void flag_resource_write(struct json_writer *writer, const struct flag_resource *resource)
{
    const struct provenance *provenance = &resource->provenance;
    json_object_begin(writer);
    json_key(writer, STR("document"));
    definition_write_flag(writer, resource->flag);
    json_member_string(writer, STR("id"), resource->flag->id);
    json_member_u64(writer, STR("number"), provenance->number);
    json_member_u64(writer, STR("revision"), provenance->sequence);
    json_member_u64(writer, STR("version"), resource->version);
    admin_member_instant(writer, STR("createdAt"), provenance->created_ms);
    json_member_string(writer, STR("createdBy"), present(provenance->created_by));
    admin_member_instant(writer, STR("modifiedAt"), provenance->modified_ms);
    json_member_string(writer, STR("modifiedBy"), present(provenance->modified_by));
    json_object_end(writer);
}

static struct str location_of(struct exchange *x, struct str key)
{
    return arena_format(x->arena, "/admin/v1/environments/%.*s/flags/%.*s",
                        STR_ARG(x->parameters[0]), STR_ARG(key));
}

void flag_resource_answer(struct exchange *x, const struct flag_resource *resource, int status)
{
    struct admin_answer answer;
    x->version = resource->version;
    flag_resource_write(admin_answer_begin(&answer), resource);
    admin_answer_tag(x, admin_tag_of_flag(x->arena, &resource->provenance));
    admin_answer_end(x, &answer, status);
    if (status == 201)
        x->response.headers =
            arena_format(x->arena, "%.*sLocation: %.*s\r\n", STR_ARG(x->response.headers),
                         STR_ARG(location_of(x, resource->flag->key)));
}

/* ---- written -------------------------------------------------------------------------------- */

struct str flag_tag_in_edit(struct edit *edit, struct str key)
{
    const struct provenance *provenance = edit_flag_provenance(edit, key);
    return provenance == NULL ? (struct str){0} : admin_tag_of_flag(edit_arena(edit), provenance);
}

struct fault flag_written_put(struct flag_written *written, struct edit *edit,
                              const struct flag *flag, const struct json *tree)
{
    const struct provenance *before = edit_flag_provenance(edit, flag->key);
    const struct flag *current = environment_find_flag(edit_state(edit), flag->key);
    struct fault fault = edit_put_flag(edit, flag);
    if (failed(fault))
        return definition_place_fault(edit_arena(edit), tree, fault);
    written->flag = flag_copy(written->arena, edit_find_flag(edit, flag->key));
    written->was_there = current != NULL && str_equal(current->id, written->flag.id);
    if (written->was_there && before != NULL) {
        written->before = *before;
        written->before.created_by = arena_copy_str(written->arena, before->created_by);
    }
    return fault_none();
}

struct flag_resource flag_written_resource(const struct flag_written *written,
                                           const struct change *change)
{
    struct flag_resource resource = {.flag = &written->flag, .version = change->version};
    struct provenance *provenance = &resource.provenance;
    *provenance = written->before;
    if (!written->was_there && provenance->number == 0)
        *provenance = (struct provenance){.number = change->created_number,
                                          .created_ms = change->at_ms,
                                          .created_by = change->caller->actor};
    provenance->sequence++;
    provenance->modified_ms = change->at_ms;
    provenance->modified_by = change->caller->actor;
    return resource;
}

bool flag_find(struct exchange *x, const struct snapshot *snapshot,
               const struct flag_revision **revision)
{
    *revision = snapshot_find_flag(snapshot, x->parameters[1]);
    return *revision != NULL ||
           admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such flag"));
}
