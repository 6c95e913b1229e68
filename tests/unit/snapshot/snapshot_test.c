/* SPDX-License-Identifier: Apache-2.0 */
/* Views: forward only, shared, freed by the last reader; and the copy on disk. */
#include <pthread.h>

#include "snapshot/disk.h"

#include "fixture.h"
#include "scratch.h"

static struct view *make_view(uint64_t version)
{
    return fixture_view(version, 2);
}

TEST(a_reader_keeps_its_view_until_it_refreshes)
{
    struct view_slot *slot = view_slot_open();
    struct view_reader reader = {.slot = slot};
    CHECK(view_reader_refresh(&reader) == NULL);
    view_publish(slot, make_view(1));
    struct view *held = view_reader_refresh(&reader);
    CHECK_INT(view_find(held, 7)->version, 1);
    view_publish(slot, make_view(2));
    CHECK_INT(view_find(held, 7)->version, 1); /* still readable: the reader holds it */
    CHECK_INT(view_find(view_reader_refresh(&reader), 7)->version, 2);
    CHECK(view_find(reader.view, 8) == NULL);
    view_reader_close(&reader);
    view_slot_close(slot);
}

enum { PUBLICATIONS = 300, READERS = 3 };

static void *read_on(void *slot)
{
    struct view_reader reader = {.slot = slot};
    uint64_t last = 0;
    while (last < PUBLICATIONS) {
        struct view *view = view_reader_refresh(&reader);
        const struct snapshot *snapshot = view_find(view, 7);
        char body[64];
        snprintf(body, sizeof(body), "version %llu", (unsigned long long)snapshot->version);
        if (snapshot->version < last || !str_equal(snapshot->renderings[0].headers, str_of(body)))
            return slot; /* went back, or a mixture */
        last = snapshot->version;
    }
    view_reader_close(&reader);
    return NULL;
}

TEST(readers_never_see_an_older_or_a_mixed_view)
{
    struct view_slot *slot = view_slot_open();
    view_publish(slot, make_view(0));
    pthread_t readers[READERS];
    for (size_t i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, read_on, slot);
    for (uint64_t version = 1; version <= PUBLICATIONS; version++)
        view_publish(slot, make_view(version));
    for (size_t i = 0; i < READERS; i++) {
        void *wrong = NULL;
        pthread_join(readers[i], &wrong);
        CHECK(wrong == NULL);
    }
    view_slot_close(slot);
}

/* ---- on disk ----------------------------------------------------------------------------- */

static struct view *load(const struct scratch *scratch, enum fault_kind expected)
{
    struct view *view = NULL;
    struct fault fault = disk_load(scratch_path(scratch), fixture_render, 1, &view);
    CHECK_FAULT(fault, expected);
    return view;
}

static void save(const struct scratch *scratch, uint64_t version)
{
    struct view *view = make_view(version);
    CHECK_OK(disk_save(scratch_path(scratch), view));
    view_release(view);
}

TEST(an_earlier_generation_can_be_had_and_the_good_one_is_kept)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    struct str directory = scratch_path(&scratch);
    CHECK_INT(disk_newest(directory), 0);
    CHECK_INT(disk_good(directory), 0);
    save(&scratch, 1);
    CHECK_OK(disk_keep_good(directory, 1));
    for (uint64_t version = 2; version <= 3 * DISK_GENERATIONS; version++)
        save(&scratch, version);
    CHECK_INT(disk_newest(directory), 3 * DISK_GENERATIONS);
    CHECK_INT(disk_good(directory), 1);
    struct view *view = NULL;
    uint64_t generation = 0;
    CHECK_OK(disk_load_up_to(directory, 2 * DISK_GENERATIONS + 3, fixture_render, 1, &view,
                             &generation));
    CHECK_INT(generation, 2 * DISK_GENERATIONS + 3);
    view_release(view);
    CHECK_OK(disk_load_up_to(directory, 1, fixture_render, 1, &view, &generation));
    CHECK_INT(generation, 1);
    CHECK_INT(view_find(view, 7)->version, 1);
    view_release(view);
    disk_forget(directory, 1);
    CHECK_INT(disk_good(directory), 0);
    CHECK_FAULT(disk_load_up_to(directory, 1, fixture_render, 1, &view, &generation),
                FAULT_MISSING);
    scratch_close(&scratch);
}

TEST(what_is_saved_is_what_loads)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    load(&scratch, FAULT_MISSING);
    save(&scratch, 41);
    struct view *view = load(&scratch, FAULT_NONE);
    CHECK(view->is_read_only);
    const struct snapshot *snapshot = view_find(view, 7);
    CHECK_INT(snapshot->version, 41);
    CHECK_INT(snapshot->settings.document_form, DOCUMENT_FORM_CORE);
    CHECK_STR(snapshot->renderings[0].headers, STR("version 41"));
    CHECK_STR(snapshot->state.flags[0]->variations[0].value.string, STR("grüß\n\"dich\""));
    const struct catalog *catalog = view->catalog;
    CHECK_INT(catalog->users[0].role, ROLE_OWNER);
    CHECK_STR(catalog->apps[0].name, STR("shop"));
    CHECK_INT(catalog->environments[0].monthly_quota, 4);
    CHECK_STR(catalog->credentials[0].shown, STR("shown_"));
    CHECK_INT(catalog->credentials[0].hash.bytes[31], 9);
    CHECK_INT(catalog->keyring.entry_count, 4);
    view_release(view);
    scratch_close(&scratch);
}

static size_t count_files(const struct scratch *scratch)
{
    size_t count = 0;
    DIR *directory = opendir(scratch->path);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        count += entry->d_name[0] == 's' ? 1 : 0;
    closedir(directory);
    return count;
}

TEST(a_few_generations_are_kept_and_no_more)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    for (uint64_t version = 1; version <= DISK_GENERATIONS + 3; version++)
        save(&scratch, version);
    CHECK_INT(count_files(&scratch), DISK_GENERATIONS);
    struct view *view = load(&scratch, FAULT_NONE);
    CHECK_INT(view_find(view, 7)->version, DISK_GENERATIONS + 3);
    view_release(view);
    scratch_close(&scratch);
}

static void file_name(const struct scratch *scratch, int generation, char path[512])
{
    snprintf(path, 512, "%s/snapshot-%020d", scratch->path, generation);
}

static size_t read_file(const char *path, unsigned char *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t got = fread(data, 1, size, file);
    fclose(file);
    return got;
}

static void write_file(const char *path, const unsigned char *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

TEST(any_flipped_bit_and_any_cut_falls_back_a_generation)
{
    struct scratch scratch;
    CHECK(scratch_open(&scratch));
    save(&scratch, 1);
    save(&scratch, 2);
    char path[512];
    file_name(&scratch, 2, path);
    static unsigned char whole[65536];
    size_t size = read_file(path, whole, sizeof(whole));
    for (size_t bit = 0; bit < size * 8; bit += 11) {
        whole[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        write_file(path, whole, size);
        struct view *view = load(&scratch, FAULT_NONE);
        CHECK_INT(view_find(view, 7)->version, 1);
        view_release(view);
        whole[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
    for (size_t cut = 0; cut < size; cut += 13) {
        write_file(path, whole, cut);
        struct view *view = load(&scratch, FAULT_NONE);
        CHECK_INT(view_find(view, 7)->version, 1);
        view_release(view);
    }
    write_file(path, whole, size);
    struct view *view = load(&scratch, FAULT_NONE);
    CHECK_INT(view_find(view, 7)->version, 2);
    view_release(view);
    scratch_close(&scratch);
}

TESTS(a_reader_keeps_its_view_until_it_refreshes, readers_never_see_an_older_or_a_mixed_view,
      what_is_saved_is_what_loads, an_earlier_generation_can_be_had_and_the_good_one_is_kept,
      a_few_generations_are_kept_and_no_more, any_flipped_bit_and_any_cut_falls_back_a_generation)
