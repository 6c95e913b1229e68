/* SPDX-License-Identifier: Apache-2.0 */
/* help_json - every command as data, for programs that write command lines: `--help -o json`. */
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "json/write.h"

static const char *name_of(enum completes completes)
{
    static const char *const names[] = {
        [COMPLETES_NOTHING] = "text",     [COMPLETES_FILES] = "file",
        [COMPLETES_FLAGS] = "flag",       [COMPLETES_SEGMENTS] = "segment",
        [COMPLETES_APPS] = "app",         [COMPLETES_ENVIRONMENTS] = "environment",
        [COMPLETES_COMMANDS] = "command", [COMPLETES_CHOICES] = "choice",
    };
    return names[completes];
}

static void write_text(struct json_writer *writer, const char *name, const char *text)
{
    json_member_string(writer, str_of(name), str_of(text == NULL ? "" : text));
}

static void write_texts(struct json_writer *writer, const char *name, const char *const *texts)
{
    json_key(writer, str_of(name));
    json_array_begin(writer);
    for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
        json_string(writer, str_of(texts[i]));
    json_array_end(writer);
}

static void write_choices(struct json_writer *writer, struct str value)
{
    json_key(writer, STR("choices"));
    json_array_begin(writer);
    for (size_t from = 0; from < value.size;) {
        size_t to = str_find_byte(value, '|', from);
        json_string(writer, str_slice(value, from, to));
        from = to + 1;
    }
    json_array_end(writer);
}

static void write_option(struct json_writer *writer, const struct command_option *option)
{
    json_object_begin(writer);
    write_text(writer, "name", option->name);
    if (option->letter != '\0')
        json_member_string(writer, STR("letter"), (struct str){&option->letter, 1});
    if (option->value != NULL) {
        write_text(writer, "value", option->value);
        write_text(writer, "takes", name_of(option->completes));
    }
    if (option->completes == COMPLETES_CHOICES)
        write_choices(writer, str_of(option->value));
    json_member_boolean(writer, STR("repeatable"), option->is_repeatable);
    write_text(writer, "help", option->help);
    json_object_end(writer);
}

static void write_options(struct json_writer *writer, const struct command_option *options,
                          size_t count)
{
    json_key(writer, STR("options"));
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        write_option(writer, &options[i]);
    json_array_end(writer);
}

static void tell_setting(const struct command_setting *setting, void *context)
{
    struct json_writer *writer = context;
    json_object_begin(writer);
    write_text(writer, "name", setting->name);
    write_text(writer, "initial", setting->initial);
    write_text(writer, "help", setting->help);
    json_object_end(writer);
}

static void write_command(struct json_writer *writer, const struct command_group *group,
                          const struct command *command)
{
    static const char *const needs[] = {"nothing", "server", "token", "environment"};
    json_object_begin(writer);
    write_text(writer, "noun", group->noun);
    write_text(writer, "verb", command->verb);
    write_text(writer, "topic", group->topic);
    write_text(writer, "arguments", command->arguments);
    json_member_u64(writer, STR("argumentsMin"), command->argument_min);
    json_member_u64(writer, STR("argumentsMax"), command->argument_max);
    write_text(writer, "takes", name_of(command->completes));
    write_text(writer, "needs", needs[command->needs]);
    write_text(writer, "summary", command->summary);
    write_texts(writer, "detail", command->detail);
    write_texts(writer, "examples", command->examples);
    write_options(writer, command->options, command->option_count);
    if (command->each_setting != NULL) {
        json_key(writer, STR("settings"));
        json_array_begin(writer);
        command->each_setting(tell_setting, writer);
        json_array_end(writer);
    }
    json_object_end(writer);
}

static bool is_wanted(const struct command_group *group, const char *noun,
                      const struct command *wanted, const struct command *command)
{
    if (group->topic == NULL)
        return false;
    if (wanted != NULL)
        return wanted == command;
    return noun == NULL || (group->noun != NULL && strcmp(group->noun, noun) == 0);
}

static void write_exits(struct json_writer *writer)
{
    static const char *const names[] = {"ok",       "failed",      "changes",
                                        "notFound", "usage",       "notAllowed",
                                        "conflict", "rateLimited", "unreachable"};
    json_key(writer, STR("exitStatuses"));
    json_object_begin(writer);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        json_member_u64(writer, str_of(names[i]), i);
    json_object_end(writer);
}

void help_json(struct session *session, const char *noun, const struct command *command)
{
    const struct command_book *book = session->book;
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    write_text(&writer, "version", GUIDON_VERSION);
    write_exits(&writer);
    write_options(&writer, global_options, global_option_count);
    json_key(&writer, STR("commands"));
    json_array_begin(&writer);
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        for (size_t j = 0; j < group->command_count; j++) {
            if (is_wanted(group, noun, command, &group->commands[j]))
                write_command(&writer, group, &group->commands[j]);
        }
    }
    json_array_end(&writer);
    json_object_end(&writer);
    buf_append_byte(&buf, '\n');
    output_raw(buf_str(&buf));
    buf_close(&buf);
}
