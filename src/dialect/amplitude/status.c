/* SPDX-License-Identifier: Apache-2.0 */
/* status - the health check that clients know from the vendor's proxy. amplitude-evaluation.md 13.
 */
#include "dialect/amplitude/evaluate.h"

void amplitude_get_status(struct exchange *x)
{
    x->response.status = 200;
    x->response.headers = STR("Content-Type: text/plain; charset=utf-8\r\n"
                              "Cache-Control: no-store\r\n"
                              "Access-Control-Allow-Origin: *\r\n");
    x->response.body = STR("OK");
}
