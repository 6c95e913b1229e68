/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - a page a person sees: plain HTML, no script, one style sheet of ours.
 *
 * What comes from outside goes in with page_say and page_value, which escape it. Every page is
 * kept by nobody, framed by nobody, and tells nobody where it was.
 */
#ifndef LOGIN_PAGE_H
#define LOGIN_PAGE_H

#include "dialect/exchange.h"

struct page {
    struct exchange *x;
    struct buf buf;
};

void page_begin(struct page *page, struct exchange *x, const char *title);
void page_add(struct page *page, const char *html); /* ours, as it is */
void page_say(struct page *page, struct str text);  /* anybody's, escaped */
/* <input type="hidden" …>; nothing when the value is absent. */
void page_hide(struct page *page, const char *name, struct str value);
/* A sentence that something is not so; nothing when it is absent. */
void page_object(struct page *page, struct str sentence);
/* E-mail and password, or a token: what form.h reads. The e-mail is filled in. */
void page_sign_in_fields(struct page *page, struct str email);

/* form_target: where a form's answer may lead beside ourselves, as a source of a content policy;
 * absent: nowhere. lines: more header lines, or "". */
void page_end(struct page *page, int status, struct str form_target, const char *lines);

/* A page that says one thing. */
void page_answer(struct exchange *x, int status, const char *title, struct str sentence,
                 const char *lines);

/* The header line for whoever is to come again later; "" for 0 seconds. */
const char *page_retry_line(struct exchange *x, uint32_t retry_after_s);

void page_get_style(struct exchange *x); /* GET /cli/page.css */

#endif
