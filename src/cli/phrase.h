/* SPDX-License-Identifier: Apache-2.0 */
/* phrase - parts of a flag's document as people say them: conditions, serves, lists. */
#ifndef CLI_PHRASE_H
#define CLI_PHRASE_H

#include "base/buf.h"
#include "json/json.h"

/* "plan text is {pro} and not in segment beta"; "20 % on, else off"; {a, b}; else JSON. What is
 * long is cut. */
void phrase_append(struct buf *buf, const struct json *value);
/* /context/user/country is country for a person. */
void phrase_append_attribute(struct buf *buf, struct str attribute);

#endif
