/* SPDX-License-Identifier: Apache-2.0 */
/* starts - how the last starts ended: see starts.h. */
#include "server/starts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "snapshot/disk.h"

/* Four numbers of 20 digits with blanks behind, one letter, a newline. */
enum { NUMBER_BYTES = 21, NUMBERS = 4, LETTER_AT = NUMBERS * NUMBER_BYTES };
enum { LINE_BYTES = LETTER_AT + 2 };
enum { LOCK_TRIES = 25, LOCK_PAUSE_NS = 20000000 };
enum outcome { OUTCOME_RUNNING = 'r', OUTCOME_STOPPED = 's', OUTCOME_CRASHED = 'c' };

struct start {
    uint64_t sequence, began_ms, served, newest;
    char outcome;
};

/* ---- the file -------------------------------------------------------------------------------- */

static off_t place_of(uint64_t sequence)
{
    return (off_t)(sequence % STARTS_KEPT) * LINE_BYTES;
}

static bool parse_line(const char *line, struct start *start)
{
    uint64_t *const numbers[NUMBERS] = {&start->sequence, &start->began_ms, &start->served,
                                        &start->newest};
    for (size_t i = 0; i < NUMBERS; i++) {
        if (!str_parse_u64((struct str){line + i * NUMBER_BYTES, NUMBER_BYTES - 1}, numbers[i]))
            return false;
    }
    start->outcome = line[LETTER_AT];
    return line[LINE_BYTES - 1] == '\n';
}

/* Newest first; what is no line of ours counts as not there. */
static size_t read_starts(int file, struct start *starts)
{
    size_t count = 0;
    for (size_t slot = 0; slot < STARTS_KEPT; slot++) {
        char line[LINE_BYTES];
        struct start start;
        if (pread(file, line, sizeof(line), (off_t)slot * LINE_BYTES) != LINE_BYTES ||
            !parse_line(line, &start))
            continue;
        size_t at = count++;
        for (; at > 0 && starts[at - 1].sequence < start.sequence; at--)
            starts[at] = starts[at - 1];
        starts[at] = start;
    }
    return count;
}

/* Not synced: a process that dies leaves what it wrote, and lost power is no crash of ours. */
static void write_line(const struct starts *starts, enum outcome outcome)
{
    char line[LINE_BYTES + 1];
    if (starts->file < 0)
        return;
    snprintf(line, sizeof(line), "%020" PRIu64 " %020" PRIu64 " %020" PRIu64 " %020" PRIu64 " %c\n",
             starts->sequence, (uint64_t)starts->began_ms, starts->served, starts->newest,
             (char)outcome);
    if (pwrite(starts->file, line, LINE_BYTES, place_of(starts->sequence)) != LINE_BYTES)
        log_warn("start_not_noted", "why=\"the data directory takes no more\"");
}

static int open_file(struct str data)
{
    char path[4096];
    int size = snprintf(path, sizeof(path), "%.*s/starts", STR_ARG(data));
    if (size < 0 || (size_t)size >= sizeof(path))
        return -1;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return -1;
    /* As long as the store waits for its own (store/sqlite/place.c): the last one's children may
     * have it for a moment more. */
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0)
            return file;
        if (errno != EWOULDBLOCK)
            break;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
    }
    close(file); /* another server's: this start will be refused, and is none */
    return -1;
}

/* ---- what follows ---------------------------------------------------------------------------- */

static bool is_row(const struct start *starts, size_t count, int64_t now_ms, uint64_t window_ms)
{
    return count >= 2 && starts[0].outcome == OUTCOME_CRASHED &&
           starts[1].outcome == OUTCOME_CRASHED && (uint64_t)now_ms >= starts[0].began_ms &&
           (uint64_t)now_ms - starts[0].began_ms <= window_ms;
}

/* The oldest generation that crashed in this row of starts; 0: only the store did. */
static uint64_t oldest_crashed(const struct start *starts, size_t count)
{
    uint64_t oldest = 0;
    for (size_t i = 0; i < count && starts[i].outcome == OUTCOME_CRASHED; i++) {
        if (starts[i].served != 0 && (oldest == 0 || starts[i].served < oldest))
            oldest = starts[i].served;
    }
    return oldest;
}

static uint64_t one_before(uint64_t generation)
{
    return generation > 1 ? generation - 1 : generation;
}

static uint64_t choose(const struct starts *starts, const struct start *row, size_t count)
{
    uint64_t crashed = oldest_crashed(row, count);
    if (crashed != 0)
        return one_before(crashed);
    uint64_t good = disk_good(starts->data);
    return good != 0 ? good : one_before(row[0].newest);
}

uint64_t starts_begin(struct starts *starts, const struct options *options)
{
    struct start row[STARTS_KEPT];
    *starts = (struct starts){
        .data = options->data,
        .options = options,
        .file = open_file(options->data),
        .began_ms = clock_wall_ms(clock_system()),
        .newest = disk_newest(options->data),
    };
    if (starts->file < 0) /* a first start has no directory yet */
        return 0;
    size_t count = read_starts(starts->file, row);
    starts->sequence = count == 0 ? 1 : row[0].sequence + 1;
    bool is_broken = options->crash_window_ms > 0 &&
                     is_row(row, count, starts->began_ms, options->crash_window_ms);
    uint64_t newest = is_broken ? choose(starts, row, count) : 0;
    starts->served = newest;
    write_line(starts, OUTCOME_RUNNING);
    crash_watch(starts->file, place_of(starts->sequence) + LETTER_AT, OUTCOME_CRASHED);
    return newest;
}

void starts_note_served(struct starts *starts, uint64_t generation)
{
    starts->served = generation;
    write_line(starts, OUTCOME_RUNNING);
}

void starts_end(struct starts *starts)
{
    if (starts->file < 0)
        return;
    write_line(starts, OUTCOME_STOPPED);
    crash_forget();
    close(starts->file);
    starts->file = -1;
}

/* ---- good generations ------------------------------------------------------------------------ */

/* One at a time: those saved while it waits are younger, and their turn comes. */
void starts_look(struct starts *starts, uint64_t saved_generation, uint64_t answers)
{
    int64_t now_ms = clock_monotonic_ms(clock_system());
    if (starts->served != 0 || saved_generation == 0)
        return;
    if (starts->candidate == 0) {
        if (saved_generation == disk_good(starts->data))
            return;
        starts->candidate = saved_generation;
        starts->candidate_ms = now_ms;
        starts->candidate_answers = answers;
        return;
    }
    if ((uint64_t)(now_ms - starts->candidate_ms) < starts->options->good_after_ms ||
        answers - starts->candidate_answers < starts->options->good_after_requests)
        return;
    struct fault fault = disk_keep_good(starts->data, starts->candidate);
    if (failed(fault))
        log_warn("good_not_noted", "why=\"%.*s\"", STR_ARG(fault.why));
    else
        log_info("generation_good", "generation=%llu", (unsigned long long)starts->candidate);
    starts->candidate = 0;
}
