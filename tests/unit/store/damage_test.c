/* SPDX-License-Identifier: Apache-2.0 */
/* A damaged file is refused, or what was damaged is not served. */
#include "world.h"

static struct str document_of(struct world *world, uint64_t version)
{
    return arena_format(&world->arena, "%02000d", (int)version);
}

static void fill(struct world *world)
{
    for (uint64_t version = 1; version <= 60; version++)
        change(world, arena_format(&world->arena, "k%d", (int)version % 20),
               document_of(world, version));
    close_store(world); /* everything is in the file now */
}

static void flip(struct world *world, off_t offset, size_t bytes)
{
    FILE *file = fopen(file_of(world, "guidon.db"), "r+b");
    CHECK(file != NULL);
    for (size_t i = 0; i < bytes; i++) {
        CHECK_INT(fseeko(file, offset + (off_t)i, SEEK_SET), 0);
        int byte = fgetc(file);
        CHECK_INT(fseeko(file, offset + (off_t)i, SEEK_SET), 0);
        CHECK(fputc(~byte & 0xff, file) != EOF);
    }
    CHECK_INT(fclose(file), 0);
}

TEST(a_file_with_a_damaged_header_is_refused)
{
    static const off_t offsets[] = {0, 15, 16, 18, 47, 100};
    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        struct world world;
        world_open(&world);
        fill(&world);
        flip(&world, offsets[i], 2);
        CHECK_FAULT(open_store(&world), FAULT_UNAVAILABLE);
        CHECK(world.store == NULL);
        flip(&world, offsets[i], 2);
        CHECK_OK(open_store(&world)); /* and it was not made worse */
        world_close(&world);
    }
}

TEST(a_file_cut_short_is_refused)
{
    struct world world;
    world_open(&world);
    fill(&world);
    CHECK_INT(truncate(file_of(&world, "guidon.db"), (off_t)file_size(&world) / 2), 0);
    struct fault fault = open_store(&world);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, STR("the store is damaged"));
    world_close(&world);
}

/* What was written is read back, or it is refused: never something else. */
static bool is_intact_or_refused(struct world *world)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    if (failed(open_store(world)))
        return true;
    struct fault fault =
        store_load_environment_at(world->store, &world->arena, 1, 60, &rows, &count);
    if (failed(fault))
        return fault.kind == FAULT_UNAVAILABLE;
    bool is_intact = count == 20;
    for (size_t i = 0; i < count && is_intact; i++)
        is_intact = rows[i].version_from > 40 &&
                    str_equal(rows[i].document, document_of(world, rows[i].version_from));
    return is_intact;
}

TEST(damaged_pages_are_refused_or_harmless)
{
    uint32_t seed = 977;
    print_message("seed %u\n", seed);
    struct world world;
    size_t refused = 0;
    world_open(&world);
    fill(&world);
    size_t pages = file_size(&world) / 4096;
    for (size_t page = 0; page < pages; page++) {
        seed = seed * 1664525u + 1013904223u;
        off_t offset = (off_t)(page * 4096 + (page == 0 ? 100 : 0) + seed % 3000);
        flip(&world, offset, 8);
        CHECK(is_intact_or_refused(&world));
        refused += world.store == NULL;
        close_store(&world); /* opening changed nothing, so the flip can be taken back */
        flip(&world, offset, 8);
    }
    print_message("%zu pages, %zu refused at the start\n", pages, refused);
    CHECK(refused > 0);
    CHECK(is_intact_or_refused(&world));
    CHECK(world.store != NULL);
    world_close(&world);
}

TESTS(a_file_with_a_damaged_header_is_refused, a_file_cut_short_is_refused,
      damaged_pages_are_refused_or_harmless)
