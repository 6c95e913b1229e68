/* SPDX-License-Identifier: Apache-2.0 */
/* file - an answer whose body is a file: see struct http_response.file. */
#ifndef HTTP_FILE_H
#define HTTP_FILE_H

#include "http/http.h"

/* http_respond, for one that has a file. */
void file_send(struct http_request *request, const struct http_response *response);

#endif
