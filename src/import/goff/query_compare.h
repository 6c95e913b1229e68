/* SPDX-License-Identifier: Apache-2.0 */
/* query_compare - one comparison of a query. Private to import/goff/query. */
#ifndef IMPORT_GOFF_QUERY_COMPARE_H
#define IMPORT_GOFF_QUERY_COMPARE_H

#include "import/goff/query.h"

enum query_value_kind {
    QUERY_NULL,
    QUERY_BOOLEAN,
    QUERY_WHOLE,    /* 5, -5: compared with the whole part of an attribute */
    QUERY_FRACTION, /* 5.0 */
    QUERY_VERSION,  /* 1.2.3, without quotes */
    QUERY_TEXT,
    QUERY_LIST,
};

struct query_value {
    enum query_value_kind kind;
    bool boolean;
    double number;
    struct str text; /* QUERY_TEXT, QUERY_VERSION */
    const struct query_value *elements;
    size_t element_count;
};

/* What a word is that is no text. False, with the obstacle: nothing that the language has. */
bool query_value_of(struct query *query, struct str word, struct query_value *value);

bool query_present(struct query *query, struct str attribute, struct expression *condition);
bool query_compare(struct query *query, struct str attribute, struct str name,
                   const struct query_value *value, struct expression *condition);

#endif
