/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion_scripts - what makes a shell ask `__complete` (completion.c).
 *
 * @NAME@ is the program as it was called, @FUNCTION@ the same as a name shells take.
 */
#include <stdio.h>

#include "cli/groups.h"
#include "cli/man.h"
#include "cli/output.h"

static const char bash_script[] =
    "# bash completion for @NAME@: eval \"$(@NAME@ completion bash)\"\n"
    "_@FUNCTION@() {\n"
    "    local line current=${COMP_WORDS[COMP_CWORD]}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == :files ]]; then\n"
    "            [[ $current == '=' ]] && current=\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "        else\n"
    "            COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
    "        fi\n"
    "    done < <(\"${COMP_WORDS[0]}\" __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
    "    return 0\n"
    "}\n"
    "complete -F _@FUNCTION@ @NAME@\n";

static const char zsh_script[] =
    "#compdef @NAME@\n"
    "# zsh completion for @NAME@: eval \"$(@NAME@ completion zsh)\", behind compinit\n"
    "_@FUNCTION@() {\n"
    "    local line word\n"
    "    local -a found\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == :files ]]; then\n"
    "            _files\n"
    "            return\n"
    "        fi\n"
    "        word=${line%%$'\\t'*}\n"
    "        found+=(\"${word//:/\\\\:}:${line#*$'\\t'}\")\n"
    "    done < <(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    (( ${#found} )) && _describe -t commands '@NAME@' found\n"
    "}\n"
    "if [[ ${funcstack[1]} == _@FUNCTION@ ]]; then\n"
    "    _@FUNCTION@ \"$@\"\n"
    "else\n"
    "    compdef _@FUNCTION@ @NAME@\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion for @NAME@: @NAME@ completion fish | source\n"
    "function __@FUNCTION@_complete\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)\n"
    "        if test \"$line\" = :files\n"
    "            __fish_complete_path (commandline -ct)\n"
    "        else\n"
    "            printf '%s\\n' $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c @NAME@ -f -a '(__@FUNCTION@_complete)'\n";

static void append_function(struct buf *buf, struct str program)
{
    for (size_t i = 0; i < program.size; i++) {
        char c = program.data[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        buf_append_byte(buf, is_word ? c : '_');
    }
}

static void print_script(const struct session *session, struct str script)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < script.size;) {
        struct str rest = str_slice(script, i, script.size);
        if (str_starts_with(rest, STR("@NAME@"))) {
            buf_append(&buf, session->program);
            i += STR("@NAME@").size;
        } else if (str_starts_with(rest, STR("@FUNCTION@"))) {
            append_function(&buf, session->program);
            i += STR("@FUNCTION@").size;
        } else {
            buf_append_byte(&buf, script.data[i++]);
        }
    }
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

/* Their names are COMPLETES_CHOICES of the argument. */
static int completion(struct session *session, const struct invocation *invocation)
{
    struct str shell = invocation_argument(invocation, 0);
    if (str_equal(shell, STR("bash")))
        print_script(session, str_of(bash_script));
    else if (str_equal(shell, STR("zsh")))
        print_script(session, str_of(zsh_script));
    else if (str_equal(shell, STR("fish")))
        print_script(session, str_of(fish_script));
    else
        return session_fail(
            session, EXIT_USAGE,
            arena_format(&session->arena, "\"%.*s\" is no shell known here", STR_ARG(shell)),
            "bash, zsh and fish are");
    return EXIT_OK;
}

static const char *const completion_examples[] = {
    "completion bash > /etc/bash_completion.d/guidon", "completion zsh > ~/.zfunc/_guidon",
    "completion fish > ~/.config/fish/completions/guidon.fish", NULL};
static const char *const completion_detail[] = {
    "Commands, options and choices are completed from what this program knows, keys of flags and "
    "segments, apps and environments from the server in use, when it answers within half a second.",
    NULL};
static const char *const man_examples[] = {"man | man -l -", "man /usr/local/share/man", NULL};
static const char *const man_detail[] = {
    "Without DIR the page guidon(1) is printed. With it every page is written there, below man1 "
    "and man5: one for each noun and each command of its own, and guidon.conf(5).",
    NULL};

static const struct command commands[] = {
    {.verb = "completion",
     .arguments = "bash|zsh|fish",
     .summary = "print what a shell needs to complete command lines",
     .examples = completion_examples,
     .detail = completion_detail,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_CHOICES,
     .run = completion},
    {.verb = "man",
     .arguments = "[DIR]",
     .summary = "write the manual pages",
     .examples = man_examples,
     .detail = man_detail,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .run = man_write},
};

const struct command_group group_shell = {
    .topic = "You",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
