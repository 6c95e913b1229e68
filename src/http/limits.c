/* SPDX-License-Identifier: Apache-2.0 */
/* limits - what a client may ask for before it is refused: see struct http_limits. */
#include "http/http.h"

/* Header limits are wide because some clients send the whole user in one header. */
const struct http_limits http_limits_default = {
    .request_line_bytes = 8 * 1024,
    .header_bytes = 64 * 1024,
    .header_count = 64,
    .header_value_bytes = 32 * 1024,
    .body_bytes = 16 * 1024 * 1024,
    .large_bodies_bytes = 128 * 1024 * 1024,
    .connections = 20000,
    .requests_per_connection = 10000,
    .pipelined_requests = 16,
    .header_timeout_ms = 10000,
    .body_timeout_ms = 30000,
    .idle_timeout_ms = 60000,
    .write_timeout_ms = 10000,
    .handler_timeout_ms = 5000,
    .body_bytes_per_second_min = 500,
    .drain_timeout_ms = 8000,
};
