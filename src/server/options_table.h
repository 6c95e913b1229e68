/* SPDX-License-Identifier: Apache-2.0 */
/* options_table - the one table of settings (options.c), for who reads and who prints them. */
#ifndef SERVER_OPTIONS_TABLE_H
#define SERVER_OPTIONS_TABLE_H

#include "server/options.h"

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_SWITCH };

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset; /* into struct options */
    const char *fallback;
    uint64_t least, most;
    const char *help;
};

extern const struct option options_table[];
extern const size_t options_table_count;

static inline void *member_of(struct options *options, const struct option *option)
{
    return (char *)options + option->offset;
}

static inline const void *member_of_const(const struct options *options,
                                          const struct option *option)
{
    return (const char *)options + option->offset;
}

/* Sources, in the order in which they overrule: a refusal's why says what and where. */
struct fault options_read_defaults(struct arena *arena, struct options *options) MUST_CHECK;
struct fault options_read_file(struct arena *arena, struct str path,
                               struct options *options) MUST_CHECK;
struct fault options_read_variables(struct arena *arena, struct options *options) MUST_CHECK;
struct fault options_read_flags(struct arena *arena, int count, char **arguments,
                                struct options *options) MUST_CHECK;

#endif
