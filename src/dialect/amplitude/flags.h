/* SPDX-License-Identifier: Apache-2.0 */
/* flags - the array of flag configurations of a deployment, put together from what was written
 * ahead. amplitude-evaluation.md 4. */
#ifndef AMPLITUDE_FLAGS_H
#define AMPLITUDE_FLAGS_H

#include "dialect/amplitude/pieces.h"

/* The bodies that are kept with a snapshot, per deployment. */
enum flags_form {
    FLAGS_PLAIN,
    FLAGS_GZIP,
    FLAGS_REMOTE_TOLD, /* remote flags whole, too */
    FLAGS_REMOTE_TOLD_GZIP,
    FLAGS_STREAM, /* as an event of a stream */
};

/* Made when first asked for, and kept with the snapshot; borrowed from it. Any thread. */
struct shared_body *flags_body(const struct snapshot *snapshot, uint64_t deployment,
                               enum flags_form form);

#endif
