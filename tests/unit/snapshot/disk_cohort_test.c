/* SPDX-License-Identifier: Apache-2.0 */
/* What a start without the store serves: provenance, deployments, tokens, cohorts; and the files
 * that hold the cohorts' members. */
#include "snapshot/cohort_document.h"
#include "snapshot/disk.h"
#include "json/write.h"

#include "fixture.h"
#include "scratch.h"

static void save(const struct scratch *scratch, uint64_t version, size_t member_count)
{
    struct view *view = fixture_view(version, member_count);
    CHECK_OK(disk_save(scratch_path(scratch), view));
    view_release(view);
}

static struct view *load(const struct scratch *scratch)
{
    struct view *view = NULL;
    CHECK_OK(disk_load(scratch_path(scratch), fixture_render, 1, &view));
    return view;
}

static uint64_t loaded_version(const struct scratch *scratch)
{
    struct view *view = load(scratch);
    uint64_t version = view_find(view, FIXTURE_ENVIRONMENT)->version;
    view_release(view);
    return version;
}

/* The files whose names begin so; *path is one of them. */
static size_t find_files(const struct scratch *scratch, const char *prefix, char path[512])
{
    size_t count = 0;
    DIR *directory = opendir(scratch->path);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(path, 512, "%s/%s", scratch->path, entry->d_name);
        count++;
    }
    closedir(directory);
    return count;
}

static void cohort_path(const struct scratch *scratch, const struct cohort_digest *digest,
                        char path[512])
{
    int at = snprintf(path, 512, "%s/cohort-", scratch->path);
    for (size_t i = 0; i < sizeof(digest->bytes); i++)
        at += snprintf(path + at, 512 - (size_t)at, "%02x", digest->bytes[i]);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

TEST(provenance_is_what_it_was)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    save(&scratch, 41, 5);
    struct view *view = load(&scratch);
    const struct snapshot *snapshot = view_find(view, FIXTURE_ENVIRONMENT);
    const struct provenance *provenance =
        &snapshot_find_flag(snapshot, STR("greeting"))->provenance;
    CHECK_INT(provenance->number, 41);
    CHECK_INT(provenance->sequence, 3);
    CHECK_INT(provenance->created_ms, 100);
    CHECK_INT(provenance->modified_ms, 300);
    CHECK_STR(provenance->created_by, STR("owner@localhost"));
    CHECK_STR(provenance->modified_by, STR("token_1"));
    CHECK(snapshot_find_number(snapshot, 5) == snapshot_find_flag(snapshot, STR("zoo")));
    CHECK(str_is_absent(snapshot_find_number(snapshot, 5)->provenance.created_by));
    view_release(view);
    scratch_close(&scratch);
}

TEST(deployments_and_tokens_are_what_they_were)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    save(&scratch, 1, 5);
    struct view *view = load(&scratch);
    const struct catalog *catalog = view->catalog;
    CHECK_INT(catalog->deployment_count, 2);
    const struct catalog_deployment *web = catalog_find_deployment(catalog, FIXTURE_DEPLOYMENT);
    CHECK_STR(web->label, STR("web"));
    CHECK_STR(web->key, STR("client-abc"));
    CHECK_INT(web->kind, CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK_INT(web->environment, FIXTURE_ENVIRONMENT);
    CHECK_INT(web->created_ms, 6);
    CHECK(catalog_find_deployment(catalog, FIXTURE_ARCHIVED)->is_archived);
    const struct catalog_credential *token = catalog_find_credential(catalog, STR("token_1"));
    CHECK_STR(token->name, STR("ci"));
    CHECK_INT(token->expires_ms, 1000);
    CHECK_INT(token->environment_count, 1);
    CHECK_INT(token->environments[0], FIXTURE_ENVIRONMENT);
    CHECK_INT(catalog_find_credential(catalog, STR("key_2"))->deployment, FIXTURE_DEPLOYMENT);
    CHECK(token->is_read_only);
    CHECK(!catalog_find_credential(catalog, STR("key_2"))->is_read_only);
    CHECK(catalog->environments[0].hides_flags_by_default);
    CHECK_INT(catalog->users[0].created_ms, 1);
    CHECK_INT(catalog->keyring.entry_count, 4);
    view_release(view);
    scratch_close(&scratch);
}

TEST(cohorts_are_what_they_were)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    save(&scratch, 1, 1000);
    struct view *view = load(&scratch);
    const struct snapshot *snapshot = view_find(view, FIXTURE_ENVIRONMENT);
    CHECK_INT(snapshot->state.cohort_count, 2);
    const struct cohort *large = environment_find_cohort(&snapshot->state, STR("large"));
    CHECK_STR(large->name, STR("Beta testers"));
    CHECK(str_is_absent(large->description));
    CHECK_STR(large->group_type, STR("User"));
    CHECK_INT(large->modified_ms, 1234);
    CHECK_INT(large->size, 1000);
    CHECK(cohort_has(large, STR("member-999")));
    CHECK(!cohort_has(large, STR("member-1000")));
    view_release(view);
    scratch_close(&scratch);
}

TEST(equal_members_are_written_once_and_shared_when_loaded)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    save(&scratch, 1, 3); /* both cohorts have the same three */
    save(&scratch, 2, 3);
    char path[512];
    CHECK_INT(find_files(&scratch, "cohort-", path), 1);
    struct view *view = load(&scratch);
    const struct snapshot *snapshot = view_find(view, FIXTURE_ENVIRONMENT);
    CHECK(snapshot->state.cohorts[0]->members == snapshot->state.cohorts[1]->members);
    view_release(view);
    scratch_close(&scratch);
}

TEST(a_list_goes_with_the_last_generation_that_refers_to_it)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    random_open();
    char small[512];
    char large[512];
    char any[512];
    struct cohort_revision *three = fixture_cohort(STR("beta"), 3);
    struct cohort_revision *many = fixture_cohort(STR("large"), 100);
    cohort_path(&scratch, &three->digest, small);
    cohort_path(&scratch, &many->digest, large);
    save(&scratch, 1, 100);
    for (uint64_t version = 2; version <= DISK_GENERATIONS; version++) {
        save(&scratch, version, 3);
        CHECK(exists(large)); /* version 1 is kept still */
    }
    save(&scratch, DISK_GENERATIONS + 1, 3);
    CHECK(!exists(large));
    CHECK(exists(small));
    CHECK_INT(find_files(&scratch, "cohort-", any), 1);
    cohort_revision_release(three);
    cohort_revision_release(many);
    scratch_close(&scratch);
}

TEST(a_generation_without_its_members_is_not_whole)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    save(&scratch, 1, 3);
    save(&scratch, 2, 100);
    CHECK_INT(loaded_version(&scratch), 2);
    struct cohort_revision *many = fixture_cohort(STR("large"), 100);
    char path[512];
    cohort_path(&scratch, &many->digest, path);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(loaded_version(&scratch), 1);
    cohort_revision_release(many);
    scratch_close(&scratch);
}

TEST(any_flipped_bit_in_a_list_makes_its_generations_unusable)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    save(&scratch, 1, 3);
    save(&scratch, 2, 40);
    struct cohort_revision *many = fixture_cohort(STR("large"), 40);
    char path[512];
    cohort_path(&scratch, &many->digest, path);
    unsigned char whole[4096];
    int file = open(path, O_RDWR);
    ssize_t size = read(file, whole, sizeof(whole));
    CHECK(size > 32);
    for (off_t bit = 0; bit < (off_t)size * 8; bit += 3) {
        unsigned char bad = (unsigned char)(whole[bit / 8] ^ (1u << (bit % 8)));
        CHECK_INT(pwrite(file, &bad, 1, bit / 8), 1);
        CHECK_INT(loaded_version(&scratch), 1);
        CHECK_INT(pwrite(file, &whole[bit / 8], 1, bit / 8), 1);
    }
    CHECK_INT(loaded_version(&scratch), 2);
    CHECK_INT(ftruncate(file, size - 1), 0);
    CHECK_INT(loaded_version(&scratch), 1);
    close(file);
    cohort_revision_release(many);
    scratch_close(&scratch);
}

TEST(a_file_of_an_older_format_counts_as_not_there)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    save(&scratch, 1, 3);
    char path[512];
    CHECK_INT(find_files(&scratch, "snapshot-", path), 1);
    int file = open(path, O_RDWR);
    const unsigned char format = 1;
    CHECK_INT(pwrite(file, &format, 1, 8), 1);
    close(file);
    struct view *view = NULL;
    CHECK_FAULT(disk_load(scratch_path(&scratch), fixture_render, 1, &view), FAULT_MISSING);
    save(&scratch, 2, 3); /* and is no obstacle */
    CHECK_INT(loaded_version(&scratch), 2);
    scratch_close(&scratch);
}

/* ---- documents ---------------------------------------------------------------------------- */

TEST(a_cohort_document_is_canonical_and_strict)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct cohort_revision *revision = fixture_cohort(STR("beta"), 3);
    revision->cohort.description = STR("who \"asked\"");
    struct buf text;
    buf_open(&text, SIZE_MAX);
    cohort_document_encode(&revision->cohort, &revision->digest, &text);
    struct cohort cohort;
    struct cohort_digest digest;
    CHECK_OK(cohort_document_decode(&arena, buf_str(&text), &cohort, &digest));
    CHECK_STR(cohort.id, STR("beta"));
    CHECK_STR(cohort.description, revision->cohort.description);
    CHECK_INT(cohort.size, 3);
    CHECK_INT(cohort.modified_ms, 1234);
    assert_memory_equal(digest.bytes, revision->digest.bytes, sizeof(digest.bytes));
    struct json json;
    struct buf canonical;
    buf_open(&canonical, SIZE_MAX);
    CHECK_OK(json_parse(&arena, buf_str(&text), &json_budget_default, &json));
    json_append_canonical(&canonical, &json);
    CHECK_STR(buf_str(&canonical), buf_str(&text));

    static const struct str bad[] = {
        STR(""),
        STR("[]"),
        STR("{}"),
        STR("{\"digest\":\"00\",\"groupType\":\"User\",\"id\":\"a\",\"modifiedMs\":1,\"size\":1}"),
        STR("{\"digest\":\"0000000000000000000000000000000000000000000000000000000000000000\","
            "\"groupType\":\"User\",\"id\":\"a\",\"modifiedMs\":1,\"size\":-1}"),
        STR("{\"digest\":\"0000000000000000000000000000000000000000000000000000000000000000\","
            "\"groupType\":\"User\",\"id\":\"a\",\"modifiedMs\":1,\"size\":1,\"x\":1}"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK_FAULT(cohort_document_decode(&arena, bad[i], &cohort, &digest), FAULT_INVALID);
    buf_close(&canonical);
    buf_close(&text);
    cohort_revision_release(revision);
    arena_close(&arena);
}

TESTS(provenance_is_what_it_was, deployments_and_tokens_are_what_they_were,
      cohorts_are_what_they_were, equal_members_are_written_once_and_shared_when_loaded,
      a_list_goes_with_the_last_generation_that_refers_to_it,
      a_generation_without_its_members_is_not_whole,
      any_flipped_bit_in_a_list_makes_its_generations_unusable,
      a_file_of_an_older_format_counts_as_not_there, a_cohort_document_is_canonical_and_strict)
