/* SPDX-License-Identifier: Apache-2.0 */
/* What is read back from the disk: nothing half, and no more rights than were written. */
#include "base/random.h"
#include "snapshot/disk.h"
#include "snapshot/disk_payload.h"

#include "scratch.h"
#include "test.h"

static void render_nothing(struct snapshot *snapshot)
{
    (void)snapshot;
}

static struct fault load_nothing(void *context, struct arena *arena,
                                 const struct cohort_digest *digest, struct str *stored_form)
{
    (void)context;
    (void)arena;
    (void)digest;
    (void)stored_form;
    return fault_make(FAULT_MISSING, STR("cohort"), STR("there are none"));
}

static const struct members_source no_members = {load_nothing, NULL};

TEST(a_directory_without_a_whole_snapshot_has_none)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    char path[512];
    snprintf(path, sizeof(path), "%s/snapshot-00000000000000000001", scratch.path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("GUIDONSN and then nothing that fits", file);
    fclose(file);
    struct view *view = NULL;
    CHECK_FAULT(disk_load(scratch_path(&scratch), render_nothing, 1, &view), FAULT_MISSING);
    scratch_close(&scratch);
}

/* Of a later version of this program, say. It must not become the nearest kind that is known. */
TEST(a_credential_of_an_unknown_kind_is_left_out)
{
    struct arena arena;
    arena_open(&arena, 1024);
    random_open();
    struct str payload =
        STR("{\"users\":[{\"id\":\"user_1\",\"email\":\"o@localhost\",\"role\":4}],"
            "\"apps\":[],\"environments\":[],\"credentials\":["
            "{\"id\":\"key_1\",\"hash\":\"01\",\"kind\":99,\"userId\":\"user_1\"},"
            "{\"id\":\"token_1\",\"hash\":\"02\",\"kind\":2,\"userId\":\"user_1\"}]}");
    struct view *view = NULL;
    CHECK_OK(disk_payload_decode(&arena, payload, no_members, render_nothing, 1, &view));
    CHECK_INT(view->catalog->credential_count, 1);
    CHECK_STR(view->catalog->credentials[0].id, STR("token_1"));
    CHECK_INT(view->catalog->credentials[0].kind, CREDENTIAL_PERSONAL);
    view_release(view);
    arena_close(&arena);
}

/* Behind a checksum that holds: damage before it was made, or a later version's. */
TEST(rows_that_fit_nothing_are_refused_and_never_believed)
{
    static const char *const payloads[] = {
        "{\"apps\":[],\"environments\":[{\"number\":1,\"appId\":\"app_1\"}]}",
        "{\"apps\":[{\"id\":\"app_1\"}],\"environments\":["
        "{\"number\":2,\"appId\":\"app_1\"},{\"number\":1,\"appId\":\"app_1\"}]}",
        "{\"apps\":[{\"id\":\"app_1\"}],\"environments\":["
        "{\"number\":1e300,\"appId\":\"app_1\"}]}",
    };
    random_open();
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        struct arena arena;
        struct view *view = NULL;
        arena_open(&arena, 1024);
        CHECK_FAULT(
            disk_payload_decode(&arena, str_of(payloads[i]), no_members, render_nothing, 1, &view),
            FAULT_INVALID);
        CHECK(view == NULL);
        arena_close(&arena);
    }
}

TEST(environments_of_a_token_are_whole_numbers_in_order)
{
    struct arena arena;
    arena_open(&arena, 1024);
    random_open();
    struct str payload =
        STR("{\"users\":[{\"id\":\"user_1\",\"email\":\"o@localhost\",\"role\":4}],"
            "\"credentials\":[{\"id\":\"token_1\",\"hash\":\"02\",\"kind\":2,"
            "\"userId\":\"user_1\",\"environments\":[1,1.5,1.7,1e300,3,2]}]}");
    struct view *view = NULL;
    CHECK_OK(disk_payload_decode(&arena, payload, no_members, render_nothing, 1, &view));
    CHECK_INT(view->catalog->credential_count, 1);
    view_release(view);
    arena_close(&arena);
}

TESTS(a_directory_without_a_whole_snapshot_has_none, a_credential_of_an_unknown_kind_is_left_out,
      rows_that_fit_nothing_are_refused_and_never_believed,
      environments_of_a_token_are_whole_numbers_in_order)
