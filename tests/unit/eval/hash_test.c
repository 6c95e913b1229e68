/* SPDX-License-Identifier: Apache-2.0 */
/* hash - the numbers other implementations of the same arithmetic come to. */
#include "test.h"

#include "eval/hash.h"

/* STR is no constant expression; this is. */
// clang-format off
#define TEXT(literal) {(literal), sizeof(literal) - 1}
// clang-format on

static const struct {
    struct str text;
    uint32_t hash;
} fnv_vectors[] = {
    {TEXT(""), 2166136261u},
    {TEXT("a"), 3826002220u},
    {TEXT("ab"), 1294271946u},
    {TEXT("abc"), 440920331u},
    {TEXT("foobar"), 3214735720u},
    {TEXT("checkout-v2::acct_77"), 1833240718u},
    {TEXT("caf\xC3\xA9"), 856211068u},
    {TEXT("na\xC3\xAFve-flag:s1:\xC3\xBCser"), 1620285731u},
    {TEXT("\xE4\xB8\xAD\xE6\x96\x87"), 1362277805u},
    {TEXT("\xF0\x9F\x9A\x80"), 1261604408u},
    {TEXT("x:\xF0\x9F\x9A\x80:y"), 3959591435u},
    {TEXT("\0"), 84696351u},
    {TEXT("\xEF\xBF\xBF"), 2041487694u},
    {TEXT("line\nbreak"), 527786666u},
    {TEXT("  padded  "), 745082331u},
};

TEST(fnv1a_counts_utf16_units)
{
    for (size_t i = 0; i < COUNT_OF(fnv_vectors); i++)
        CHECK_INT(hash_fnv1a_utf16(fnv_vectors[i].text), fnv_vectors[i].hash);
}

TEST(fnv1a_continues_where_it_stopped)
{
    for (size_t i = 0; i < COUNT_OF(fnv_vectors); i++) {
        uint32_t hash = hash_fnv1a_utf16(STR("flag:salt:"));
        struct str text = fnv_vectors[i].text;
        uint32_t whole = hash_fnv1a_utf16_continue(hash, text);
        uint32_t ascii_head = 0;
        while (ascii_head < text.size && (unsigned char)text.data[ascii_head] < 0x80)
            ascii_head++;
        hash = hash_fnv1a_utf16_continue(hash, str_slice(text, 0, ascii_head));
        hash = hash_fnv1a_utf16_continue(hash, str_slice(text, ascii_head, text.size));
        CHECK_INT(hash, whole);
    }
}

TEST(fnv1a_of_units_takes_lone_surrogates)
{
    const uint16_t lone[] = {55357};
    const uint16_t pair[] = {55357, 56960};
    CHECK_INT(hash_fnv1a_units(lone, COUNT_OF(lone)), 931276136u);
    CHECK_INT(hash_fnv1a_units(pair, COUNT_OF(pair)), 1261604408u);
    CHECK_INT(hash_fnv1a_units(pair, 0), HASH_FNV1A_BASIS);
}

TEST(murmur3_is_appleby_s)
{
    CHECK_INT(hash_murmur3_32(STR(""), 0), 0);
    CHECK_INT(hash_murmur3_32(STR("a"), 0), 1009084850u);
    CHECK_INT(hash_murmur3_32(STR("salt/user"), 0), 1464243757u);
    CHECK_INT(hash_murmur3_32(STR("mHqB/\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"), 0), 586077695u);
    CHECK_INT(hash_murmur3_32((struct str){0}, 1), 0x514E28B7u);
}

TEST(murmur3_continues_where_it_stopped)
{
    const struct str text = STR("a salt of any length/and a user");
    for (size_t size = 0; size <= text.size; size++) {
        struct str whole = str_slice(text, 0, size);
        for (size_t first = 0; first <= size; first++) {
            for (size_t second = first; second <= size; second++) {
                struct hash_murmur3 begun = hash_murmur3_begin(str_slice(whole, 0, first), 7);
                begun = hash_murmur3_continue(&begun, str_slice(whole, first, second));
                CHECK_INT(hash_murmur3_finish(&begun, str_slice(whole, second, size)),
                          hash_murmur3_32(whole, 7));
            }
        }
    }
}

TESTS(fnv1a_counts_utf16_units, fnv1a_continues_where_it_stopped,
      fnv1a_of_units_takes_lone_surrogates, murmur3_is_appleby_s,
      murmur3_continues_where_it_stopped)
