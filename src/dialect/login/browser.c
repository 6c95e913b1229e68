/* SPDX-License-Identifier: Apache-2.0 */
/* browser - a login in a browser on the machine of the command line: see browser.h. */
#include "dialect/login/browser.h"

#include "dialect/login/form.h"
#include "dialect/login/page.h"
#include "dialect/login/token.h"
#include "dialect/peer.h"

enum { PORT_FALLBACK = 3737, PORT_LEAST = 1024, PORT_MOST = 65535, STATE_BYTES_MAX = 128 };

/* Where the command line listens, and what it wants to hear again. */
struct target {
    uint64_t port;
    struct str state; /* absent: it did not say */
};

/* RFC 3986 section 2.3: goes into an address as it is. */
static bool is_unreserved(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static bool is_state(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_unreserved(text.data[i]))
            return false;
    }
    return text.size >= 1 && text.size <= STATE_BYTES_MAX;
}

/* False when the exchange is answered. */
static bool read_target(struct exchange *x, struct str port, struct str state,
                        struct target *target)
{
    *target = (struct target){.port = PORT_FALLBACK, .state = state};
    bool is_port = str_is_absent(port) || (str_parse_u64(port, &target->port) &&
                                           target->port >= PORT_LEAST && target->port <= PORT_MOST);
    if (is_port && (str_is_absent(state) || is_state(state)))
        return true;
    page_answer(x, 400, "This is not a login",
                STR("This address is not one that the command line makes: start its login again."),
                "");
    return false;
}

/* ---- the page -------------------------------------------------------------------------------- */

static void say_what_happens(struct page *page, const struct target *target)
{
    struct exchange *x = page->x;
    page_add(page, "<p>A command line wants to work as you. Go on only if you have just started "
                   "its login yourself.</p>\n<dl>\n<dt>Asked from</dt><dd>");
    page_say(page, peer_address(x));
    page_add(page, "</dd>\n<dt>Answers to</dt><dd>port ");
    page_say(page, arena_format(x->arena, "%llu", (unsigned long long)target->port));
    page_add(page, " of the computer this browser runs on</dd>\n<dt>It gets</dt>"
                   "<dd>a new token of yours, named \xe2\x80\x9c");
    page_say(page, token_name(x->arena, x->now_ms));
    page_add(page, "\xe2\x80\x9d, which may do what you may until it is revoked</dd>\n</dl>\n");
}

static struct str origin_of(struct exchange *x, const struct target *target)
{
    return arena_format(x->arena, "http://localhost:%llu", (unsigned long long)target->port);
}

static void show(struct exchange *x, const struct target *target, struct str email, int status,
                 struct str objection, uint32_t retry_after_s)
{
    struct page page;
    page_begin(&page, x, "Sign in for the command line");
    page_object(&page, objection);
    say_what_happens(&page, target);
    page_add(&page, "<form method=\"post\" action=\"/cli/login\">\n");
    page_hide(&page, "port", arena_format(x->arena, "%llu", (unsigned long long)target->port));
    page_hide(&page, "state", target->state);
    page_sign_in_fields(&page, email);
    page_add(&page, "<button>Sign in</button>\n</form>\n");
    page_end(&page, status, origin_of(x, target), page_retry_line(x, retry_after_s));
}

void login_get_page(struct exchange *x)
{
    struct str port = {0};
    struct str state = {0};
    struct target target;
    struct fault fault = exchange_query(x, STR("port"), &port);
    if (!failed(fault))
        fault = exchange_query(x, STR("state"), &state);
    if (read_target(x, failed(fault) ? STR("-") : port, state, &target))
        show(x, &target, STR(""), 200, (struct str){0}, 0);
}

/* ---- back to the command line ---------------------------------------------------------------- */

static void append_escaped(struct buf *buf, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_unreserved(text.data[i]))
            buf_append_byte(buf, text.data[i]);
        else
            buf_append_format(buf, "%%%02X", (unsigned)(unsigned char)text.data[i]);
    }
}

static void send_back(struct exchange *x, const struct target *target, struct str secret,
                      struct str email)
{
    struct buf line;
    buf_open(&line, SIZE_MAX);
    buf_append(&line, STR("Location: "));
    buf_append(&line, origin_of(x, target));
    buf_append(&line, STR("/callback?token="));
    append_escaped(&line, secret);
    buf_append(&line, STR("&email="));
    append_escaped(&line, email);
    if (!str_is_absent(target->state)) {
        buf_append(&line, STR("&state="));
        append_escaped(&line, target->state);
    }
    buf_append(&line, STR("\r\n"));
    const char *lines = arena_format(x->arena, "%.*s", STR_ARG(buf_str(&line))).data;
    buf_close(&line);
    page_answer(x, 303, "Signed in", STR("The command line has its token. Close this page."),
                lines);
}

/* A sentence for what the change was refused for. */
static struct fault for_a_person(struct fault fault)
{
    if (fault_is_passing(fault))
        fault.why = STR("The server makes no tokens at this moment: try again later.");
    else if (failed(fault))
        fault.why = STR("The server makes no token for you: ask whoever runs it.");
    return fault;
}

void login_post_page(struct exchange *x)
{
    enum { LATER_S = 2 };
    struct form form;
    struct target target;
    if (!form_open(x, &form) ||
        !read_target(x, form_text(&form, STR("port")), form_text(&form, STR("state")), &target))
        return;
    struct signed_in person;
    struct str secret;
    uint32_t retry_after_s = 0;
    struct str email = arena_copy_str(x->arena, form_text(&form, STR("email")));
    if (!str_is_absent(target.state))
        target.state = arena_copy_str(x->arena, target.state);
    struct fault fault = form_sign_in(x, &form, &person, &retry_after_s);
    form_forget(x, &form);
    if (!failed(fault)) {
        fault = for_a_person(token_make(x, &person, &secret));
        retry_after_s = fault_is_passing(fault) ? LATER_S : 0;
    }
    if (failed(fault))
        show(x, &target, email, form_status(fault), fault.why, retry_after_s);
    else
        send_back(x, &target, secret, person.email);
}
