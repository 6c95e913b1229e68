/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson_oracle - another parser to disagree with.
 *
 * jansson uses some of our names for its own functions. Nothing here calls those, so they are
 * renamed while its header is read; the loader binds jansson's own calls to jansson.
 */
#ifndef SUPPORT_JANSSON_ORACLE_H
#define SUPPORT_JANSSON_ORACLE_H

#define JSON_NULL JANSSON_NULL
#define JSON_STRING JANSSON_STRING
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_OBJECT JANSSON_OBJECT
#define json_copy jansson_copy
#define json_equal jansson_equal
#define json_null jansson_null
#define json_string jansson_string
#include <jansson.h>
#undef JSON_NULL
#undef JSON_STRING
#undef JSON_ARRAY
#undef JSON_OBJECT
#undef json_boolean
#undef json_copy
#undef json_equal
#undef json_null
#undef json_string

#endif
