# SPDX-License-Identifier: Apache-2.0
#
# room - the shell that a page's commands run in: started by room.py, sourced before the page.
#
# Descriptor 9 is the terminal, whatever a command's own output is. Marks written there say where a
# block begins and ends; room.py takes them out again.
exec 9>&1
shopt -s expand_aliases
ROOM_STATUS=
ROOM_FAILURES=0

mark() {
    printf '\036%s\036' "$*" >&9
}

# What a command that fails leaves behind: the page's line it stands on, unless the page said that
# it would fail.
failed() {
    local status=$1 depth file
    if [ -n "$ROOM_STATUS" ]; then
        [[ ${BASH_SOURCE[1]} != "$ROOM"/blocks/* ]] || ROOM_FAILURES=$((ROOM_FAILURES + 1))
        return
    fi
    for ((depth = 1; depth < ${#BASH_SOURCE[@]}; depth++)); do
        if [[ ${BASH_SOURCE[depth]} == "$ROOM"/blocks/* ]]; then
            file=${BASH_SOURCE[depth]#"$ROOM"/blocks/*/}
            mark "FAILED $file:${BASH_LINENO[depth - 1]}: ended with $status"
            return
        fi
    done
}
set -E
trap 'failed $?' ERR

# run NUMBER FILE [STATUS]: a block, whose last command and no other ends with STATUS.
run() {
    mark "BEGIN $1"
    if [ $# -lt 3 ]; then
        . "$2"
    else
        ROOM_STATUS=$3 ROOM_FAILURES=0
        set +e
        . "$2"
        local status=$?
        set -e
        ROOM_STATUS=
        if [ "$status" != "$3" ] || [ "$ROOM_FAILURES" -ne 1 ]; then
            mark "FAILED ${2#"$ROOM"/blocks/*/}: ended with $status after $ROOM_FAILURES" \
                "failures, not with $3"
            exit 1
        fi
    fi
    mark "END $1"
}

# seen PREFIX: the last text beginning so that a command has shown, as a reader would copy it.
seen() {
    local turn token found
    token=$BASHPID.$RANDOM
    mark "SYNC $token"
    for turn in {1..200}; do
        [ ! -e "$ROOM/sync.$token" ] || break
        sleep 0.02
    done
    found=$(grep -oE -- "(^|[^A-Za-z0-9_-])$1[A-Za-z0-9_.-]+" "$ROOM/shown" | tail -n 1) || {
        mark "FAILED nothing that begins with $1 was shown before"
        return 1
    }
    printf '%s\n' "$1${found#*"$1"}"
}

# place FILE NAME [PLACEHOLDER PREFIX]...: the page's file, with what the reader fills in.
place() {
    local content name=$2 source=$1 value
    content=$(<"$source")
    shift 2
    while [ $# -gt 0 ]; do
        value=$(seen "$2")
        content=${content//"$1"/"$value"}
        shift 2
    done
    mkdir -p "$(dirname "$name")"
    printf '%s\n' "$content" >"$name"
}

# ---- commands that behave as at a reader's desk ------------------------------------------------

# A refusal is a failure, and a stream is left after a moment, as by Ctrl-C.
curl() {
    local argument streams=
    for argument in "$@"; do
        case $argument in
        --max-time) streams=; break ;;
        --no-buffer | -N | -[a-zA-Z]*N*) [[ $argument == --[!n]* ]] || streams=yes ;;
        esac
    done
    if [ -n "$streams" ]; then
        command curl --fail-with-body --max-time 2 "$@" || [ $? -eq 28 ]
    else
        command curl --fail-with-body -w '\n' "$@"
    fi
}

# The server of this page stands for what `make run` starts; a target has to be one.
make() {
    local word
    for word in "$@"; do
        case $word in
        -* | *=*) ;;
        *) grep -qE "^([a-z -]* )?$word( [a-z -]*)?:" "$ROOM_ROOT"/{Makefile,tools/tasks.mk} ;;
        esac
    done
}

packages() {
    local status=0
    "$ROOM_PYTHON" "$ROOM_ROOT/tests/docs/packages.py" "$@" || status=$?
    if [ "$status" -eq 77 ]; then
        mark "SKIPPED $1 packages cannot be fetched"
        exit 77
    fi
    return "$status"
}

npm() {
    case $1 in
    install | i | add) packages npm "${@:2}" ;;
    *) command npm "$@" ;;
    esac
}

pip() {
    [ "$1" = install ]
    packages pip "${@:2}"
    PATH=$ROOM_BUILD/sdk/venv/bin:$PATH
}
alias pip3=pip

go() {
    case $1 in
    get) packages go "${@:2}" ;;
    *) command go "$@" ;;
    esac
}

mvn() {
    packages mvn "$@"
}

# Tools that no test room has are held against the files they are told to read: what these say is
# tested by tests/packaging.
named_files() {
    local word
    for word in "$@"; do
        case $word in
        packaging/*) [ -e "$ROOM_ROOT/$word" ] ;;
        esac
    done
}
docker() { named_files "$@"; }
kubectl() { named_files "$@"; }
helm() { named_files "$@"; }
