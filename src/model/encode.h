/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode - what the encoders of documents share. Private to model/.
 */
#ifndef MODEL_ENCODE_H
#define MODEL_ENCODE_H

#include "json/write.h"

/* A text that is absent is left out. */
static inline void encode_optional(struct json_writer *writer, struct str key, struct str text)
{
    if (!str_is_absent(text))
        json_member_string(writer, key, text);
}

#endif
