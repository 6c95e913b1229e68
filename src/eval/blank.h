/* SPDX-License-Identifier: Apache-2.0 */
/* blank - white space and line ends as ECMAScript's trim() takes them. */
#ifndef EVAL_BLANK_H
#define EVAL_BLANK_H

#include "base/str.h"

struct str blanks_trim(struct str text); /* of valid UTF-8 */

#endif
