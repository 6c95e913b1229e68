/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode - flags in the protocol's words: what a variation's value is, how it is spelled, what
 * metadata is passed on. Reference: README.md.
 */
#ifndef OFREP_ENCODE_H
#define OFREP_ENCODE_H

#include "model/flag.h"
#include "json/write.h"

/* Where a flag's values come from, settled for all of its variations at once. */
enum ofrep_source {
    OFREP_FROM_VALUE,    /* the variation's value */
    OFREP_FROM_PAYLOAD,  /* its payload, where it has one */
    OFREP_FROM_SWITCH,   /* on is true, off is false */
    OFREP_FROM_VARIATION /* the variation's id; "off" has none */
};
struct ofrep_values {
    const struct flag *flag;
    enum ofrep_source source;
    bool has_fractions; /* a number among them is none that an integer could hold */
};
struct ofrep_values ofrep_values_of(const struct flag *flag);

/* Absent (json.type is JSON_NULL): the client's code has the value. */
struct ofrep_value {
    struct json json;
    bool is_float; /* a number that is spelled with a point even when it is whole */
};
struct ofrep_value ofrep_value_of(const struct ofrep_values *values, size_t variation);

/* ,{"key":…,"value":…,"variant":…,"metadata":{…},"reason":" */
void ofrep_encode_piece(struct buf *buf, const struct flag *flag, const struct ofrep_value *value,
                        struct str variant);

/* ,{"key":…,"metadata":{},"errorCode":" */
void ofrep_encode_error_piece(struct buf *buf, const struct flag *flag);

/* ,"metadata":{…} of an environment; nothing when it has none to pass on. */
void ofrep_encode_metadata(struct buf *buf, const struct json *metadata);

#endif
