/* SPDX-License-Identifier: Apache-2.0 */
/* page - a page a person sees: see page.h. */
#include "dialect/login/page.h"

/* security checklist, rule 31; a form's target counts for where its answer redirects to as well. */
#define POLICY                                                                                     \
    "Content-Security-Policy: default-src 'none'; style-src 'self'; base-uri 'none'; "             \
    "frame-ancestors 'none'; form-action 'self'"

static const char style[] =
    ":root{color-scheme:light dark;--line:#8a8f98;--accent:#1f5fbf;--no:#b3261e}\n"
    "@media(prefers-color-scheme:dark){:root{--accent:#8ab4f8;--no:#f2b8b5}}\n"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0}\n"
    "main{max-width:28rem;margin:8vh auto;padding:0 1.25rem}\n"
    "h1{font-size:1.4rem}\n"
    "h2{font-size:1rem;margin:1.5rem 0 .25rem}\n"
    "label{display:block;margin:.75rem 0 .25rem}\n"
    "input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid "
    "var(--line);border-radius:.4rem}\n"
    "button{font:inherit;margin:1.25rem .5rem 0 0;padding:.5rem 1.25rem;border:1px solid "
    "var(--accent);border-radius:.4rem;background:var(--accent);color:Canvas;cursor:pointer}\n"
    "button.other{background:none;color:inherit;border-color:var(--line)}\n"
    ":focus-visible{outline:3px solid var(--accent);outline-offset:2px}\n"
    ".no{border-left:4px solid var(--no);padding:.25rem .75rem}\n"
    ".code{font:1.6rem ui-monospace,monospace;letter-spacing:.1em}\n"
    "dt{font-weight:600}dd{margin:0 0 .5rem}\n"
    "form>p{color:GrayText}\n";

void page_begin(struct page *page, struct exchange *x, const char *title)
{
    page->x = x;
    buf_open(&page->buf, SIZE_MAX);
    page_add(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<title>");
    page_say(page, str_of(title));
    page_add(page, " - Guidon</title>\n<link rel=\"stylesheet\" href=\"/cli/page.css\">\n"
                   "</head>\n<body>\n<main>\n<h1>");
    page_say(page, str_of(title));
    page_add(page, "</h1>\n");
}

void page_add(struct page *page, const char *html)
{
    buf_append(&page->buf, str_of(html));
}

static struct str escape_of(char byte)
{
    switch (byte) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    default:
        return (struct str){0};
    }
}

void page_say(struct page *page, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        struct str escape = escape_of(text.data[i]);
        if (str_is_absent(escape))
            buf_append_byte(&page->buf, text.data[i]);
        else
            buf_append(&page->buf, escape);
    }
}

void page_hide(struct page *page, const char *name, struct str value)
{
    if (str_is_absent(value))
        return;
    page_add(page, "<input type=\"hidden\" name=\"");
    page_add(page, name);
    page_add(page, "\" value=\"");
    page_say(page, value);
    page_add(page, "\">\n");
}

void page_object(struct page *page, struct str sentence)
{
    if (str_is_absent(sentence))
        return;
    page_add(page, "<p class=\"no\" role=\"alert\">");
    page_say(page, sentence);
    page_add(page, "</p>\n");
}

void page_sign_in_fields(struct page *page, struct str email)
{
    page_add(page, "<label for=\"email\">E-mail address</label>\n"
                   "<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" "
                   "maxlength=\"254\" value=\"");
    page_say(page, email);
    page_add(page, "\">\n<label for=\"password\">Password</label>\n"
                   "<input id=\"password\" name=\"password\" type=\"password\" "
                   "autocomplete=\"current-password\" maxlength=\"128\">\n"
                   "<h2>or</h2>\n"
                   "<label for=\"token\">A token of yours, which begins with cli_</label>\n"
                   "<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"off\" "
                   "spellcheck=\"false\" maxlength=\"128\">\n");
}

void page_end(struct page *page, int status, struct str form_target, const char *lines)
{
    struct exchange *x = page->x;
    page_add(page, "</main>\n</body>\n</html>\n");
    x->response.status = status;
    x->response.headers =
        arena_format(x->arena,
                     "Content-Type: text/html; charset=utf-8\r\n"
                     "Cache-Control: no-store\r\n"
                     "Referrer-Policy: no-referrer\r\n"
                     "X-Frame-Options: DENY\r\n" POLICY "%s%.*s\r\n%s",
                     str_is_absent(form_target) ? "" : " ", STR_ARG(form_target), lines);
    x->response.body = arena_copy_str(x->arena, buf_str(&page->buf));
    buf_close(&page->buf);
}

void page_answer(struct exchange *x, int status, const char *title, struct str sentence,
                 const char *lines)
{
    struct page page;
    page_begin(&page, x, title);
    page_add(&page, "<p>");
    page_say(&page, sentence);
    page_add(&page, "</p>\n");
    page_end(&page, status, (struct str){0}, lines);
}

const char *page_retry_line(struct exchange *x, uint32_t retry_after_s)
{
    if (retry_after_s == 0)
        return "";
    return arena_format(x->arena, "Retry-After: %u\r\n", (unsigned)retry_after_s).data;
}

void page_get_style(struct exchange *x)
{
    x->response.status = 200;
    x->response.headers = STR("Content-Type: text/css; charset=utf-8\r\n"
                              "Cache-Control: public, max-age=300\r\n");
    x->response.body = STR(style);
}
