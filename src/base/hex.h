/* SPDX-License-Identifier: Apache-2.0 */
/* hex - hexadecimal digits. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

/* 0 to 15, whatever its case; -1 when the byte is no such digit. */
static inline int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* The lower-case digit of a value's lowest four bits. */
static inline char hex_digit(unsigned value)
{
    return "0123456789abcdef"[value & 0xf];
}

#endif
