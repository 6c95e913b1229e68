/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan - where the plain part of a string ends.
 *
 * Reading and writing both ask the same: how many bytes until a quote, a backslash or a control
 * character? Eight bytes are looked at together; the usual tricks of finding a byte in a word
 * (Mycroft) apply, and a false alarm only ever lies above a true one.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SCAN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define SCAN_HIGH SCAN_EACH(0x80)

/* The top bit of each byte that is a quote, a backslash or a control. Subtracting borrows into the
 * top bit where a byte is below 0x20, or zero once the quote (or backslash) is taken out of it. */
static inline uint64_t scan_specials(uint64_t word)
{
    uint64_t controls = word - SCAN_EACH(0x20);
    uint64_t quotes = (word ^ SCAN_EACH('"')) - SCAN_EACH(0x01);
    uint64_t backslashes = (word ^ SCAN_EACH('\\')) - SCAN_EACH(0x01);
    return (controls | quotes | backslashes) & ~word & SCAN_HIGH;
}

static inline bool scan_is_special(unsigned char byte)
{
    return byte == '"' || byte == '\\' || byte < 0x20;
}

/* Bytes before the first special one; `size` when there is none. *high collects the top bits of the
 * bytes passed: zero means they were ASCII. */
static inline size_t scan_plain(const char *bytes, size_t size, uint64_t *high)
{
    size_t at = 0;
    for (; size - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, sizeof(word));
        word = le64toh(word); /* the first byte lowest, so that the first find is too */
        uint64_t found = scan_specials(word);
        if (found != 0) {
            uint64_t before = (found & (0 - found)) - 1;
            *high |= word & before & SCAN_HIGH;
            return at + (size_t)__builtin_ctzll(found) / 8;
        }
        *high |= word & SCAN_HIGH;
    }
    for (; at < size && !scan_is_special((unsigned char)bytes[at]); at++)
        *high |= (unsigned char)bytes[at] & 0x80u;
    return at;
}

#endif
