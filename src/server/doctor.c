/* SPDX-License-Identifier: Apache-2.0 */
/* doctor - `guidon doctor`: see doctor.h. */
#include "server/doctor.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"
#include "server/server.h"
#include "server/terminal.h"
#include "json/write.h"

void doctor_find(struct doctor *doctor, const char *name, enum outcome outcome, struct str what,
                 struct str todo)
{
    assert(doctor->count < FINDINGS_MAX);
    doctor->findings[doctor->count++] = (struct finding){name, outcome, what, todo};
}

/* ---- saying it ------------------------------------------------------------------------------ */

static struct str word_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_OK:
        return STR("ok");
    case OUTCOME_WARNING:
        return STR("warning");
    case OUTCOME_FAILED:
        return STR("failed");
    }
    return STR("failed");
}

static void append_line(const struct finding *finding, struct buf *buf)
{
    buf_append_format(buf, "%-8.*s %-15s %.*s\n", STR_ARG(word_of(finding->outcome)), finding->name,
                      STR_ARG(finding->what));
    if (!str_is_absent(finding->todo))
        buf_append_format(buf, "%24s -> %.*s\n", "", STR_ARG(finding->todo));
}

static void append_json(const struct finding *finding, struct buf *buf)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("check"), str_of(finding->name));
    json_member_string(&writer, STR("outcome"), word_of(finding->outcome));
    json_member_string(&writer, STR("what"), finding->what);
    json_key(&writer, STR("todo"));
    if (str_is_absent(finding->todo))
        json_null(&writer);
    else
        json_string(&writer, finding->todo);
    json_object_end(&writer);
    buf_append_byte(buf, '\n');
}

static int conclude(const struct doctor *doctor, bool wants_json)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    size_t counts[OUTCOME_FAILED + 1] = {0};
    for (size_t i = 0; i < doctor->count; i++) {
        counts[doctor->findings[i].outcome]++;
        if (wants_json)
            append_json(&doctor->findings[i], &buf);
        else
            append_line(&doctor->findings[i], &buf);
    }
    if (!wants_json)
        buf_append_format(&buf, "\n%zu ok, %zu to look at, %zu failed\n", counts[OUTCOME_OK],
                          counts[OUTCOME_WARNING], counts[OUTCOME_FAILED]);
    terminal_say(buf_str(&buf));
    buf_close(&buf);
    return counts[OUTCOME_FAILED] == 0 ? EXIT_OK : EXIT_FAILED;
}

/* ---- the command ---------------------------------------------------------------------------- */

static void say_help(void)
{
    terminal_say(STR(
        "Usage: guidon doctor [-o json] [SETTING]...\n\n"
        "Look over a server's settings, its data directory and its machine, and say what\n"
        "to do. Changes nothing; run it as the server's user, with the server running or not.\n\n"
        "  -o, --output json        a line of JSON for each finding\n"
        "  --data DIR and all other settings of `guidon serve`, its variables and its file\n\n"
        "  guidon doctor --data /var/lib/guidon\n"
        "  guidon doctor --config-file /etc/guidon/guidon.conf\n\n"
        "Exits with 0, or with 1 when something has failed.\n"));
}

/* Takes "-o json" out; the rest are settings. False: it is not followed by that. */
static bool take_output(int *count, char **arguments, bool *wants_json)
{
    int kept = 0;
    for (int i = 0; i < *count; i++) {
        struct str word = str_of(arguments[i]);
        bool is_output = str_equal(word, STR("-o")) || str_equal(word, STR("--output"));
        if (is_output && (i + 1 == *count || !str_equal(str_of(arguments[i + 1]), STR("json"))))
            return false;
        if (is_output || str_equal(word, STR("-ojson")) || str_equal(word, STR("--output=json")))
            *wants_json = true;
        else
            arguments[kept++] = arguments[i];
        i += is_output ? 1 : 0;
    }
    *count = kept;
    return true;
}

/* Without settings nobody knows which directory is meant. */
static void examine(struct doctor *doctor, int count, char **arguments)
{
    struct fault fault = options_read(&doctor->arena, count, arguments, &doctor->options);
    if (failed(fault)) {
        doctor_find(doctor, "settings", OUTCOME_FAILED, fault.why,
                    STR("mend it; `guidon config print --origin` shows where settings come from"));
        return;
    }
    struct str file = doctor->options.config_file;
    doctor_well(doctor, "settings",
                str_is_empty(file)
                    ? STR("good; no configuration file")
                    : arena_format(&doctor->arena, "good; with %.*s", STR_ARG(file)));
    doctor_look_at_directory(doctor);
    doctor_look_at_store(doctor);
    doctor_look_at_machine(doctor);
}

int doctor_run(int count, char **arguments)
{
    bool wants_json = false;
    struct doctor *doctor = MEMORY_NEW(struct doctor);
    arena_open(&doctor->arena, 4096);
    doctor->now_ms = clock_wall_ms(clock_system());
    char **words = ARENA_NEW_ARRAY(&doctor->arena, char *, (size_t)count + 1);
    for (int i = 0; i < count; i++)
        words[i] = arguments[i];
    int status = EXIT_OK;
    if (!take_output(&count, words, &wants_json)) {
        status = terminal_status(fault_make(FAULT_INVALID, STR("-o"), STR("-o takes json alone")));
    } else {
        examine(doctor, count, words);
        if (doctor->options.wants_help)
            say_help();
        else
            status = conclude(doctor, wants_json);
    }
    arena_close(&doctor->arena);
    memory_free(doctor);
    return status;
}
