/* SPDX-License-Identifier: Apache-2.0 */
/* jsonlogic_compare - operands, and the operators that look at them. Private to import/jsonlogic.
 */
#ifndef IMPORT_JSONLOGIC_COMPARE_H
#define IMPORT_JSONLOGIC_COMPARE_H

#include "import/jsonlogic.h"

/* ---- jsonlogic_operand.c --------------------------------------------------------------------- */

enum operand_kind { OPERAND_CONSTANT, OPERAND_ATTRIBUTE, OPERAND_CLOCK };

struct operand {
    enum operand_kind kind;
    struct json constant;
    struct str attribute;
};

/* What is compared: something written down, or an attribute. False: it is computed. */
bool logic_read_operand(struct logic *logic, const struct json *rule, struct operand *operand);
bool logic_read_variable(struct logic *logic, const struct logic_operation *operation,
                         struct operand *operand);
/* A path as ours are written. */
bool logic_say_path(struct logic *logic, struct str path, struct str *attribute);

/* Notes the first obstacle; false. */
bool logic_fail(struct logic *logic, struct str obstacle);

/* Of something written down: false, null, 0, "" and what is empty are not. */
bool logic_is_truthy(const struct json *value);

/* jsonlogic_version.c: [version, operator, version]. */
bool logic_compare_versions(struct logic *logic, const struct logic_operation *operation,
                            struct expression *condition);

/* All but the operators that combine conditions. */
bool logic_compare(struct logic *logic, const struct logic_operation *operation,
                   struct window *window, struct expression *condition);

#endif
