/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_machine - the clock, the limits, the ports and the certificate. See doctor.h. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/instant.h"
#include "http/listen.h"
#include "http/probe.h"
#include "http/tls.h"
#include "server/doctor.h"

enum { PATIENCE_MS = 2000, DESCRIPTORS_FEW = 1024, EXPIRES_SOON_DAYS = 14 };

static const int64_t year_2024_ms = 1704067200000;
static const int64_t year_2100_ms = 4102444800000;
static const int64_t day_s = 86400;

/* ---- the clock ------------------------------------------------------------------------------ */

static bool went_back(void)
{
    int64_t before_ms = clock_monotonic_ms(clock_system());
    return clock_monotonic_ms(clock_system()) < before_ms;
}

static void look_at_clock(struct doctor *doctor)
{
    char now[INSTANT_TEXT_BYTES];
    instant_format_seconds(doctor->now_ms, now);
    struct timex kernel = {.modes = 0}; /* asks, and sets nothing */
    int state = adjtimex(&kernel);
    bool is_synchronised = state >= 0 && state != TIME_ERROR && (kernel.status & STA_UNSYNC) == 0;
    if (doctor->now_ms < year_2024_ms || doctor->now_ms > year_2100_ms)
        doctor_find(doctor, "clock", OUTCOME_FAILED,
                    arena_format(&doctor->arena, "it says %s", now), STR("set it (timedatectl)"));
    else if (went_back())
        doctor_find(doctor, "clock", OUTCOME_FAILED, STR("the monotonic clock went back"),
                    STR("this machine, or what emulates it, is broken"));
    else if (state >= 0 && !is_synchronised)
        doctor_find(doctor, "clock", OUTCOME_WARNING,
                    arena_format(&doctor->arena, "it says %s; nothing keeps it right", now),
                    STR("run a time service (systemd-timesyncd, chrony): schedules and tokens go "
                        "by it"));
    else
        doctor_well(doctor, "clock", arena_format(&doctor->arena, "%s", now));
}

/* ---- limits --------------------------------------------------------------------------------- */

static void look_at_descriptors(struct doctor *doctor)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    struct str what =
        arena_format(&doctor->arena, "%llu in this session", (unsigned long long)limit.rlim_cur);
    if (limit.rlim_cur <= DESCRIPTORS_FEW)
        doctor_find(doctor, "descriptors", OUTCOME_WARNING, what,
                    STR("raise it where the server is started (LimitNOFILE=, ulimit -n): each "
                        "connection takes one, and beyond it new ones wait"));
    else
        doctor_well(doctor, "descriptors", what);
}

/* ---- ports ---------------------------------------------------------------------------------- */

/* 0, or why it cannot be bound. */
static int try_address(const struct sockaddr_storage *address)
{
    int descriptor = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno;
    const int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    socklen_t size =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int problem = bind(descriptor, (const struct sockaddr *)address, size) == 0 ? 0 : errno;
    close(descriptor);
    return problem;
}

static void explain_address(struct doctor *doctor, const char *name, struct str text, int problem,
                            bool is_ours)
{
    struct arena *arena = &doctor->arena;
    if (problem == 0 && doctor->is_served)
        doctor_find(doctor, name, OUTCOME_WARNING,
                    arena_format(arena, "%.*s is free, though a server runs", STR_ARG(text)),
                    STR("it has other settings than these, or is stopping"));
    else if (problem == 0)
        doctor_well(doctor, name, arena_format(arena, "%.*s is free", STR_ARG(text)));
    else if (problem == EADDRINUSE && is_ours)
        doctor_well(doctor, name, arena_format(arena, "%.*s is the server's", STR_ARG(text)));
    else if (problem == EADDRINUSE)
        doctor_find(doctor, name, OUTCOME_FAILED,
                    arena_format(arena, "%.*s is another program's", STR_ARG(text)),
                    STR("find it (ss -ltnp), or say another address"));
    else if (problem == EACCES)
        doctor_find(doctor, name, OUTCOME_FAILED,
                    arena_format(arena, "this user may not listen on %.*s", STR_ARG(text)),
                    STR("take a port from 1024 on, or give CAP_NET_BIND_SERVICE"));
    else
        doctor_find(doctor, name, OUTCOME_FAILED,
                    arena_format(arena, "%.*s is no address of this machine", STR_ARG(text)),
                    STR("see `ip address`"));
}

static struct str numeric(struct doctor *doctor, struct str address)
{
    if (!str_starts_with(address, STR("localhost:")))
        return address;
    return arena_format(&doctor->arena, "127.0.0.1:%.*s",
                        STR_ARG(str_slice(address, 10, address.size)));
}

static void look_at_address(struct doctor *doctor, const char *name, struct str text, bool is_ours)
{
    struct sockaddr_storage address;
    if (failed(listen_parse(numeric(doctor, text), &address)))
        return; /* the settings were checked */
    explain_address(doctor, name, text, try_address(&address), is_ours);
}

static void look_at_ports(struct doctor *doctor)
{
    struct probe_answer answer = {0};
    struct str operations = options_operations_address(&doctor->arena, &doctor->options);
    struct fault fault = http_probe(numeric(doctor, operations), STR("/livez"), PATIENCE_MS,
                                    &doctor->arena, &answer);
    bool is_ours = doctor->is_served && !failed(fault) && answer.is_well;
    look_at_address(doctor, "listen", doctor->options.listen, is_ours);
    look_at_address(doctor, "operations", operations, is_ours);
    if (!doctor->is_served)
        return;
    if (is_ours)
        doctor_well(doctor, "server", STR("is alive"));
    else
        doctor_find(
            doctor, "server", OUTCOME_FAILED,
            arena_format(&doctor->arena, "does not answer on %.*s/livez", STR_ARG(operations)),
            STR("give the doctor the server's settings; if these are they, see its log"));
}

/* ---- the certificate ------------------------------------------------------------------------ */

static void look_at_validity(struct doctor *doctor, int64_t valid_for_s)
{
    long long days = (long long)(valid_for_s / day_s);
    if (valid_for_s <= 0)
        doctor_find(doctor, "certificate", OUTCOME_FAILED, STR("it has expired"),
                    STR("renew it, and send the server SIGHUP"));
    else if (days < EXPIRES_SOON_DAYS)
        doctor_find(doctor, "certificate", OUTCOME_WARNING,
                    arena_format(&doctor->arena, "it expires in %lld days", days),
                    STR("renew it, and send the server SIGHUP"));
    else
        doctor_well(doctor, "certificate",
                    arena_format(&doctor->arena, "good for %lld days, and the key is its", days));
}

static void look_at_certificate(struct doctor *doctor)
{
    const struct options *options = &doctor->options;
    struct http_tls *tls = NULL;
    if (str_is_empty(options->tls_certificate))
        return;
    struct fault fault =
        http_tls_open(&tls, &doctor->arena, options->tls_certificate, options->tls_key);
    if (failed(fault))
        doctor_find(doctor, "certificate", OUTCOME_FAILED, fault.why,
                    STR("tls-certificate and tls-key name PEM files that the server's user reads"));
    else
        look_at_validity(doctor, http_tls_valid_for_s(tls));
    http_tls_close(tls);
}

void doctor_look_at_machine(struct doctor *doctor)
{
    look_at_clock(doctor);
    look_at_descriptors(doctor);
    look_at_ports(doctor);
    look_at_certificate(doctor);
}
