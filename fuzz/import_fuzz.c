/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_fuzz - bytes as another system's documents: JSON and YAML, every vendor's importer.
 *
 * The first byte says whose. What an importer makes is a document that the server takes, and each
 * of its rows says what became of something.
 */
#include "base/random.h"
#include "dialect/admin/transfer.h"
#include "fuzz.h"
#include "import/import.h"
#include "import/source.h"

static void check_result(struct arena *arena, const struct import_result *result)
{
    struct transfer transfer = {0};
    struct fault fault = transfer_read(arena, NULL, 1, result->document, &transfer);
    require(!failed(fault));
    transfer_close(&transfer);
    for (size_t i = 0; i < result->row_count; i++)
        require(!str_is_empty(import_outcome_text(result->rows[i].outcome)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    random_open();
    struct arena arena;
    arena_open(&arena, 4096);
    struct str text = {(const char *)data + 1, size - 1};
    size_t count = 0;
    const struct importer *const *all = importers(&count);
    size_t which = data[0] % (count + 1);
    struct json tree;
    struct import_result result = {0};
    struct import_options options = {.key_prefix = data[0] >= 128 ? STR("x.") : (struct str){0}};
    if (which == count)
        (void)failed(source_parse_yaml(&arena, text, &tree));
    else if (!failed(all[which]->read(&arena, text, &options, &result)))
        check_result(&arena, &result);
    arena_close(&arena);
    return 0;
}
