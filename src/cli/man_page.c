/* SPDX-License-Identifier: Apache-2.0 */
/* man_page - the little roff that manual pages need: see man.h. */
#include "cli/man.h"

#include <string.h>

/* groff_char(7): a bare '-' may become a hyphen nobody can paste, a bare '\'' a curved quote. */
static void append_escaped(struct buf *buf, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        switch (*at) {
        case '\\':
            buf_append(buf, STR("\\e"));
            break;
        case '-':
            buf_append(buf, STR("\\-"));
            break;
        case '\'':
            buf_append(buf, STR("\\(aq"));
            break;
        case '`':
            buf_append(buf, STR("\\(ga"));
            break;
        case '^':
            buf_append(buf, STR("\\(ha"));
            break;
        case '~':
            buf_append(buf, STR("\\(ti"));
            break;
        default:
            buf_append_byte(buf, *at);
        }
    }
}

void roff_append_text(struct buf *buf, const char *text)
{
    if (text[0] == '.') /* would be a request */
        buf_append(buf, STR("\\&"));
    append_escaped(buf, text);
    buf_append_byte(buf, '\n');
}

static void append_upper(struct buf *buf, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        char c = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
        const char one[] = {c, '\0'};
        append_escaped(buf, one);
    }
}

/* The date is left empty: the same program writes the same pages. */
void roff_begin(struct buf *buf, const char *name, int section, const char *summary)
{
    buf_append(buf, STR(".\\\" made by `guidon man`\n.TH \""));
    append_upper(buf, name);
    buf_append_format(buf, "\" %d \"\" \"guidon %s\" \"Guidon\"\n.SH NAME\n", section,
                      GUIDON_VERSION);
    append_escaped(buf, name);
    buf_append(buf, STR(" \\- "));
    append_escaped(buf, summary);
    buf_append_byte(buf, '\n');
}

void roff_heading(struct buf *buf, const char *title)
{
    buf_append(buf, STR(".SH "));
    append_upper(buf, title);
    buf_append_byte(buf, '\n');
}

void roff_paragraph(struct buf *buf, const char *text)
{
    buf_append(buf, STR(".PP\n"));
    roff_append_text(buf, text);
}

void roff_item(struct buf *buf, const char *term, const char *text)
{
    buf_append(buf, STR(".TP\n\\fB"));
    append_escaped(buf, term);
    buf_append(buf, STR("\\fR\n"));
    roff_append_text(buf, text);
}

void roff_examples(struct buf *buf, const char *const *examples)
{
    buf_append(buf, STR(".PP\n.RS 4\n.nf\n"));
    for (size_t i = 0; examples[i] != NULL; i++) {
        buf_append(buf, STR("guidon "));
        roff_append_text(buf, examples[i]);
    }
    buf_append(buf, STR(".fi\n.RE\n"));
}
