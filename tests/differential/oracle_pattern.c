/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_pattern - ECMAScript's regular expressions as sets of places: a piece of a pattern takes
 * the places where it may begin to those where it may end. Nothing is tried twice, so nothing can
 * take long, and greedy or not makes no difference to whether something is found.
 *
 * Known are literals, ., classes, the escapes \d \w \s \b and their opposites, \t \n \v \f \r
 * \uXXXX \u{…}, groups, alternatives, look-ahead and counted repeats; of the older grammar (by
 * units) only what the newer one has as well. What else there is does not parse, and is not
 * generated.
 */
#include <string.h>

#include "model/limits.h"
#include "oracle.h"

struct machine {
    struct arena *arena;
    bool by_points;
    const uint32_t *pattern;
    size_t pattern_count;
    const uint32_t *subject;
    size_t count;
    bool is_broken; /* no pattern we know */
};

typedef bool *places; /* count + 1 of them */

static places places_none(struct machine *machine)
{
    return ARENA_NEW_ARRAY(machine->arena, bool, machine->count + 1);
}

static bool places_add(struct machine *machine, places to, const bool *from)
{
    bool has_grown = false;
    for (size_t i = 0; i <= machine->count; i++) {
        has_grown = has_grown || (from[i] && !to[i]);
        to[i] = to[i] || from[i];
    }
    return has_grown;
}

static uint32_t look(const struct machine *machine, size_t at)
{
    return at < machine->pattern_count ? machine->pattern[at] : 0;
}

/* ---- one character --------------------------------------------------------------------------- */

static bool is_line_end(uint32_t point)
{
    return point == '\n' || point == '\r' || point == 0x2028 || point == 0x2029;
}

static bool is_word(uint32_t point)
{
    return ('a' <= point && point <= 'z') || ('A' <= point && point <= 'Z') ||
           ('0' <= point && point <= '9') || point == '_';
}

static bool is_of_kind(uint32_t kind, uint32_t point)
{
    switch (kind) {
    case 'd':
        return '0' <= point && point <= '9';
    case 'w':
        return is_word(point);
    case 's':
        return is_blank_point(point);
    case 'D':
    case 'W':
    case 'S':
        return !is_of_kind(kind | 0x20, point);
    default:
        return false;
    }
}

static uint32_t hex_at(struct machine *machine, size_t from, size_t to)
{
    uint32_t value = 0;
    machine->is_broken = machine->is_broken || from == to;
    for (size_t i = from; i < to; i++) {
        uint32_t c = look(machine, i) | 0x20;
        bool is_digit = '0' <= c && c <= '9';
        if (!is_digit && (c < 'a' || c > 'f'))
            machine->is_broken = true;
        value = value * 16 + (is_digit ? c - '0' : c - 'a' + 10);
    }
    return value;
}

/* What an escape stands for; *at is behind the backslash and moves on. *kind: a class of them. */
static uint32_t take_escape(struct machine *machine, size_t *at, uint32_t *kind)
{
    static const char letters[] = "t\tn\nv\vf\fr\r";
    uint32_t c = look(machine, (*at)++);
    *kind = 0;
    if (c == 'd' || c == 'D' || c == 'w' || c == 'W' || c == 's' || c == 'S')
        *kind = c;
    for (size_t i = 0; letters[i] != '\0'; i += 2) {
        if (c == (uint32_t)letters[i])
            return (uint32_t)letters[i + 1];
    }
    if (c == 'u' && look(machine, *at) == '{' && machine->by_points) {
        size_t end = *at;
        while (end < machine->pattern_count && machine->pattern[end] != '}')
            end++;
        c = hex_at(machine, *at + 1, end);
        *at = end + 1;
        return c;
    }
    if (c == 'u') {
        *at += 4;
        return hex_at(machine, *at - 4, *at);
    }
    static const char marks[] = "^$\\.*+?()[]{}|/-";
    bool is_mark = c != 0 && c < 0x80 && strchr(marks, (int)c) != NULL;
    if (!machine->by_points && c != 0 && c < 0x80 && (c == '_' || !is_word(c)))
        is_mark = true;
    machine->is_broken = machine->is_broken || (*kind == 0 && !is_mark);
    return c;
}

/* A member of a class: a character, or a kind of them. */
static uint32_t take_class_atom(struct machine *machine, size_t *at, uint32_t *kind)
{
    *kind = 0;
    uint32_t c = look(machine, (*at)++);
    if (c != '\\')
        return c;
    if (look(machine, *at) == 'b') {
        (*at)++;
        return '\b';
    }
    return take_escape(machine, at, kind);
}

/* Whether the class that begins at *at (behind its bracket) has the point; *at moves behind it. */
static bool class_has(struct machine *machine, size_t *at, uint32_t point)
{
    bool is_negated = look(machine, *at) == '^';
    bool has = false;
    *at += is_negated ? 1 : 0;
    while (*at < machine->pattern_count && machine->pattern[*at] != ']') {
        uint32_t kind = 0, last_kind = 0;
        uint32_t first = take_class_atom(machine, at, &kind);
        bool is_range = look(machine, *at) == '-' && *at + 1 < machine->pattern_count &&
                        machine->pattern[*at + 1] != ']';
        if (!is_range) {
            has = has || (kind != 0 ? is_of_kind(kind, point) : first == point);
            continue;
        }
        (*at)++;
        uint32_t last = take_class_atom(machine, at, &last_kind);
        if (kind != 0 || last_kind != 0) { /* no range, in the older grammar */
            machine->is_broken = machine->is_broken || machine->by_points;
            has = has || point == '-' || (kind != 0 ? is_of_kind(kind, point) : first == point) ||
                  (last_kind != 0 ? is_of_kind(last_kind, point) : last == point);
            continue;
        }
        machine->is_broken = machine->is_broken || last < first;
        has = has || (first <= point && point <= last);
    }
    if (*at >= machine->pattern_count)
        machine->is_broken = true;
    (*at)++;
    return has != is_negated;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static places match_alternatives(struct machine *machine, size_t *at, const bool *from,
                                 size_t depth);

/* From where a character that `accepts` says yes to stands, to behind it. */
static places match_class(struct machine *machine, size_t *at, const bool *from)
{
    places to = places_none(machine);
    size_t begin = *at;
    class_has(machine, at, 0);
    for (size_t i = 0; i < machine->count; i++) {
        size_t again = begin;
        if (from[i] && class_has(machine, &again, machine->subject[i]))
            to[i + 1] = true;
    }
    return to;
}

static places match_one(struct machine *machine, const bool *from, uint32_t kind, uint32_t point)
{
    places to = places_none(machine);
    for (size_t i = 0; i < machine->count; i++) {
        uint32_t here = machine->subject[i];
        bool holds = kind == '.' ? !is_line_end(here)
                     : kind != 0 ? is_of_kind(kind, here)
                                 : here == point;
        to[i + 1] = from[i] && holds;
    }
    return to;
}

static bool is_boundary(const struct machine *machine, size_t at)
{
    bool before = at > 0 && is_word(machine->subject[at - 1]);
    bool behind = at < machine->count && is_word(machine->subject[at]);
    return before != behind;
}

static places match_place(struct machine *machine, const bool *from, uint32_t kind)
{
    places to = places_none(machine);
    for (size_t i = 0; i <= machine->count; i++) {
        bool holds = kind == '^'   ? i == 0
                     : kind == '$' ? i == machine->count
                                   : is_boundary(machine, i) == (kind == 'b');
        to[i] = from[i] && holds;
    }
    return to;
}

static places match_look_ahead(struct machine *machine, size_t *at, const bool *from,
                               bool is_negated, size_t depth)
{
    places to = places_none(machine);
    size_t begin = *at;
    match_alternatives(machine, at, places_none(machine), depth);
    for (size_t i = 0; i <= machine->count; i++) {
        places here = places_none(machine);
        size_t again = begin;
        bool is_found = false;
        here[i] = true;
        const bool *ends = match_alternatives(machine, &again, here, depth);
        for (size_t j = 0; j <= machine->count; j++)
            is_found = is_found || ends[j];
        to[i] = from[i] && is_found != is_negated;
    }
    return to;
}

static places match_group(struct machine *machine, size_t *at, const bool *from, size_t depth)
{
    bool is_special = look(machine, *at) == '?';
    uint32_t kind = is_special ? look(machine, *at + 1) : ':';
    *at += is_special ? 2 : 0;
    if (kind != ':' && kind != '=' && kind != '!')
        machine->is_broken = true;
    places to = kind == ':' ? match_alternatives(machine, at, from, depth)
                            : match_look_ahead(machine, at, from, kind == '!', depth);
    if (look(machine, *at) != ')')
        machine->is_broken = true;
    (*at)++;
    return to;
}

static places match_escape(struct machine *machine, size_t *at, const bool *from)
{
    uint32_t kind = look(machine, *at);
    if (kind == 'b' || kind == 'B') {
        (*at)++;
        return match_place(machine, from, kind);
    }
    uint32_t point = take_escape(machine, at, &kind);
    return match_one(machine, from, kind, point);
}

static size_t skip_digits(const struct machine *machine, size_t at)
{
    while ('0' <= look(machine, at) && look(machine, at) <= '9')
        at++;
    return at;
}

/* {n}, {n,} or {n,m}: other braces are themselves in the older grammar. */
static bool is_quantifier(const struct machine *machine, size_t at)
{
    size_t end = skip_digits(machine, at + 1);
    if (look(machine, at) != '{' || end == at + 1)
        return false;
    if (look(machine, end) == ',')
        end = skip_digits(machine, end + 1);
    return look(machine, end) == '}';
}

static places match_atom(struct machine *machine, size_t *at, const bool *from, size_t depth)
{
    uint32_t c = look(machine, (*at)++);
    switch (c) {
    case '(':
        return match_group(machine, at, from, depth + 1);
    case '[':
        return match_class(machine, at, from);
    case '\\':
        return match_escape(machine, at, from);
    case '^':
    case '$':
        return match_place(machine, from, c);
    case '*':
    case '+':
    case '?':
        machine->is_broken = true;
        break;
    case '{':
    case '}':
    case ']':
        if (machine->by_points || is_quantifier(machine, *at - 1))
            machine->is_broken = true;
        break;
    default:
        break;
    }
    return match_one(machine, from, c == '.' ? c : 0, c);
}

/* ---- repeats --------------------------------------------------------------------------------- */

struct repeat {
    uint32_t least, most; /* UINT32_MAX: any number */
};

static uint32_t take_count(struct machine *machine, size_t *at, uint32_t otherwise)
{
    uint32_t count = 0;
    size_t from = *at;
    for (; '0' <= look(machine, *at) && look(machine, *at) <= '9'; (*at)++)
        count = count * 10 + look(machine, *at) - '0';
    return *at == from ? otherwise : count;
}

static struct repeat take_repeat(struct machine *machine, size_t *at)
{
    struct repeat repeat = {1, 1};
    if (look(machine, *at) == '{' && !is_quantifier(machine, *at)) {
        machine->is_broken = machine->is_broken || machine->by_points;
        return repeat;
    }
    switch (look(machine, *at)) {
    case '*':
        repeat = (struct repeat){0, UINT32_MAX};
        break;
    case '+':
        repeat.most = UINT32_MAX;
        break;
    case '?':
        repeat.least = 0;
        break;
    case '{':
        (*at)++;
        repeat.least = repeat.most = take_count(machine, at, 0);
        if (look(machine, *at) == ',') {
            (*at)++;
            repeat.most = take_count(machine, at, UINT32_MAX);
        }
        machine->is_broken = machine->is_broken || repeat.most < repeat.least;
        break;
    default:
        return repeat;
    }
    (*at)++;
    *at += look(machine, *at) == '?' ? 1 : 0; /* lazily: the same places */
    return repeat;
}

static places match_repeated(struct machine *machine, size_t *at, const bool *from, size_t depth)
{
    size_t begin = *at;
    match_atom(machine, at, places_none(machine), depth);
    struct repeat repeat = take_repeat(machine, at);
    places now = places_none(machine);
    places_add(machine, now, from);
    for (uint32_t i = 0; i < repeat.least; i++) {
        size_t again = begin;
        now = match_atom(machine, &again, now, depth);
    }
    places all = places_none(machine);
    bool has_grown = places_add(machine, all, now);
    for (uint32_t i = repeat.least; has_grown && i < repeat.most; i++) {
        size_t again = begin;
        now = match_atom(machine, &again, now, depth);
        has_grown = places_add(machine, all, now);
    }
    return all;
}

static places match_sequence(struct machine *machine, size_t *at, const bool *from, size_t depth)
{
    places now = places_none(machine);
    places_add(machine, now, from);
    while (*at < machine->pattern_count && look(machine, *at) != '|' && look(machine, *at) != ')')
        now = match_repeated(machine, at, now, depth);
    return now;
}

static places match_alternatives(struct machine *machine, size_t *at, const bool *from,
                                 size_t depth)
{
    places all = places_none(machine);
    if (depth > 20) {
        machine->is_broken = true;
        *at = machine->pattern_count;
        return all;
    }
    places_add(machine, all, match_sequence(machine, at, from, depth));
    while (look(machine, *at) == '|') {
        (*at)++;
        places_add(machine, all, match_sequence(machine, at, from, depth));
    }
    return all;
}

/* Whether it finds something; *is_known: whether it is a pattern at all. */
static bool finds(struct arena *arena, enum oracle_syntax syntax, struct str pattern,
                  struct str subject, bool *is_known)
{
    bool by_points = syntax == ORACLE_BY_POINTS;
    struct points parts = by_points ? points_of(arena, pattern) : units_of(arena, pattern);
    struct points text = by_points ? points_of(arena, subject) : units_of(arena, subject);
    struct machine machine = {.arena = arena,
                              .by_points = by_points,
                              .pattern = parts.at,
                              .pattern_count = parts.count,
                              .subject = text.at,
                              .count = text.count};
    places everywhere = places_none(&machine);
    for (size_t i = 0; i <= text.count; i++)
        everywhere[i] = true;
    size_t at = 0;
    const bool *ends = match_alternatives(&machine, &at, everywhere, 0);
    bool is_found = false;
    for (size_t i = 0; i <= text.count; i++)
        is_found = is_found || ends[i];
    *is_known = !machine.is_broken && at == parts.count && pattern.size <= REGEX_PATTERN_BYTES_MAX;
    return is_found && *is_known;
}

bool oracle_pattern_finds(struct arena *arena, enum oracle_syntax syntax, struct str pattern,
                          struct str subject)
{
    bool is_known = false;
    return finds(arena, syntax, pattern, subject, &is_known);
}

bool oracle_is_pattern(struct arena *arena, enum oracle_syntax syntax, struct str pattern)
{
    bool is_known = false;
    finds(arena, syntax, pattern, STR(""), &is_known);
    return is_known;
}

/* ---- globs: section 9.11 of the text family -------------------------------------------------- */

struct glob {
    const uint32_t *at;
    size_t count;
};

static struct glob behind(struct glob glob, size_t skipped)
{
    return (struct glob){glob.at + skipped, glob.count - skipped};
}

/* Where a bracket or a brace that begins the glob closes; 0: nowhere. */
static size_t closing(struct glob glob, uint32_t open, uint32_t close)
{
    size_t depth = 0;
    for (size_t i = 0; i < glob.count; i++) {
        if (glob.at[i] == '\\') {
            i++;
            continue;
        }
        if (glob.at[i] == open && (open == '{' || i == 0))
            depth++;
        else if (glob.at[i] == close && --depth == 0)
            return i;
    }
    return 0;
}

static bool glob_matches(struct arena *arena, struct glob glob, struct glob subject);

/* The glob with each alternative of the brace that begins it in its place. */
static bool glob_matches_brace(struct arena *arena, struct glob glob, size_t end,
                               struct glob subject)
{
    size_t from = 1, depth = 0;
    for (size_t i = 1; i <= end; i++) {
        bool is_end = depth == 0 && (i == end || glob.at[i] == ',');
        if (is_end) {
            size_t rest = glob.count - end - 1;
            uint32_t *whole = ARENA_NEW_ARRAY(arena, uint32_t, i - from + rest + 1);
            memcpy(whole, glob.at + from, (i - from) * sizeof(*whole));
            memcpy(whole + (i - from), glob.at + end + 1, rest * sizeof(*whole));
            if (glob_matches(arena, (struct glob){whole, i - from + rest}, subject))
                return true;
            from = i + 1;
        }
        depth += glob.at[i] == '{' ? 1 : 0;
        depth -= glob.at[i] == '}' && i < end ? 1 : 0;
        i += glob.at[i] == '\\' ? 1 : 0;
    }
    return false;
}

static bool glob_class_has(struct glob glob, size_t end, uint32_t unit)
{
    bool is_negated = glob.at[1] == '!';
    bool has = false;
    for (size_t i = is_negated ? 2 : 1; i < end; i++) {
        bool is_range = i + 2 < end && glob.at[i + 1] == '-';
        has = has || (glob.at[i] <= unit && unit <= glob.at[is_range ? i + 2 : i]);
        i += is_range ? 2 : 0;
    }
    return has != is_negated;
}

static bool glob_matches_run(struct arena *arena, struct glob glob, struct glob subject)
{
    bool is_any = glob.count > 1 && glob.at[1] == '*';
    struct glob rest = behind(glob, is_any ? 2 : 1);
    for (size_t i = 0; i <= subject.count; i++) {
        if (glob_matches(arena, rest, behind(subject, i)))
            return true;
        bool may_pass =
            i < subject.count && (is_any ? !is_line_end(subject.at[i]) : subject.at[i] != '/');
        if (!may_pass)
            return false;
    }
    return false;
}

static bool glob_matches(struct arena *arena, struct glob glob, struct glob subject)
{
    if (glob.count == 0)
        return subject.count == 0;
    uint32_t first = glob.at[0];
    size_t brace = first == '{' ? closing(glob, '{', '}') : 0;
    size_t bracket = first == '[' ? closing(glob, '[', ']') : 0;
    if (brace > 0)
        return glob_matches_brace(arena, glob, brace, subject);
    if (first == '*')
        return glob_matches_run(arena, glob, subject);
    if (subject.count == 0)
        return false;
    if (first == '?')
        return subject.at[0] != '/' && glob_matches(arena, behind(glob, 1), behind(subject, 1));
    if (bracket > 0)
        return glob_class_has(glob, bracket, subject.at[0]) &&
               glob_matches(arena, behind(glob, bracket + 1), behind(subject, 1));
    size_t escaped = first == '\\' && glob.count > 1 ? 1 : 0;
    return glob.at[escaped] == subject.at[0] &&
           glob_matches(arena, behind(glob, escaped + 1), behind(subject, 1));
}

bool oracle_glob_matches(struct arena *arena, struct str glob, struct str subject)
{
    struct points parts = units_of(arena, glob);
    struct points text = units_of(arena, subject);
    return glob_matches(arena, (struct glob){parts.at, parts.count},
                        (struct glob){text.at, text.count});
}
