/* SPDX-License-Identifier: Apache-2.0 */
/* watch - the main thread while the server serves: see watch.h. */
#include "server/watch.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/log.h"

enum { FOREVER_MS = 3600000 };

static int64_t now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

void watch_open(struct watch *watch, struct arena *arena, int count, char **arguments)
{
    *watch = (struct watch){.argument_count = count, .arguments = arguments};
    alarm(0); /* the one before us may have set it */
    sigemptyset(&watch->signals);
    sigaddset(&watch->signals, SIGTERM);
    sigaddset(&watch->signals, SIGINT);
    sigaddset(&watch->signals, SIGHUP);
    sigaddset(&watch->signals, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &watch->signals,
                    NULL); /* each thread made from here on inherits it */
    signal(SIGPIPE, SIG_IGN);
    notify_open(&watch->notifier, arena);
    handover_open(&watch->handover, arena, count, arguments);
}

/* ---- the watchdog ------------------------------------------------------------------------- */

static void give_sign(struct watch *watch)
{
    unsigned silent = 0;
    for (size_t i = 0; i < COUNT_OF(watch->servers); i++)
        silent += watch->servers[i] == NULL ? 0 : http_silent_loops(watch->servers[i]);
    if (silent == 0)
        notify_say(&watch->notifier, "WATCHDOG=1");
    else if (!watch->has_silent_loops)
        log_error("loops_silent", "count=%u", silent);
    watch->has_silent_loops = silent > 0;
}

/* A signal, if one comes in time; else 0. */
static int wait_for_signal(const struct watch *watch, uint32_t timeout_ms)
{
    const struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                                     .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    int got = 0;
    do
        got = sigtimedwait(&watch->signals, NULL, &timeout);
    while (got < 0 && errno == EINTR);
    return got < 0 ? 0 : got;
}

/* The next signal, if one comes in time; else 0. Gives signs of life meanwhile. */
static int next_signal(struct watch *watch, int64_t timeout_ms)
{
    uint32_t every_ms = watch->notifier.watchdog_every_ms;
    int64_t until_ms = now_ms() + timeout_ms;
    for (;;) {
        int64_t wake_ms = until_ms;
        if (every_ms > 0 && watch->sign_due_ms < wake_ms)
            wake_ms = watch->sign_due_ms;
        int64_t left_ms = wake_ms - now_ms();
        int got = wait_for_signal(watch, left_ms > 0 ? (uint32_t)left_ms : 0);
        if (every_ms > 0 && now_ms() >= watch->sign_due_ms) {
            give_sign(watch);
            watch->sign_due_ms = now_ms() + every_ms;
        }
        if (got != 0 || now_ms() >= until_ms)
            return got;
    }
}

/* ---- settings that can change ------------------------------------------------------------- */

static void reload_certificate(struct watch *watch, struct arena *arena,
                               const struct options *options)
{
    struct fault fault = fault_none();
    if (watch->tls == NULL || str_is_empty(options->tls_certificate))
        return;
    fault = http_tls_reload(watch->tls, arena, options->tls_certificate, options->tls_key);
    if (failed(fault))
        log_error("tls_kept", "why=\"%.*s\"", STR_ARG(fault.why));
    else
        log_info("tls_loaded", "valid_for_s=%lld", (long long)http_tls_valid_for_s(watch->tls));
}

/* Taken over above. Where the certificate lies may change; that there is one, not. */
static bool is_taken_over(const struct watch *watch, struct str name)
{
    static const char *const names[] = {"log-level", "management-per-second", "management-per-day",
                                        "admin-per-second"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_equal(name, str_of(names[i])))
            return true;
    }
    return watch->tls != NULL && str_starts_with(name, STR("tls-"));
}

static void note_difference(const char *name, void *context)
{
    const struct watch *watch = context;
    if (!is_taken_over(watch, str_of(name)))
        log_warn("needs_restart", "setting=%s", name);
}

static void take_over(struct watch *watch, struct arena *arena, const struct options *options)
{
    log_open(STDERR_FILENO, options_log_level(options));
    rates_change(watch->rates, options_environment_rates(options));
    rates_change(watch->admin_rates, options_credential_rates(options));
    reload_certificate(watch, arena, options);
    options_compare(watch->options, options, note_difference, watch);
}

static void reload(struct watch *watch)
{
    struct arena arena;
    struct options options;
    notify_reloading(&watch->notifier);
    arena_open(&arena, 4096);
    struct fault fault = options_read(&arena, watch->argument_count, watch->arguments, &options);
    if (failed(fault))
        log_error("settings_kept", "why=\"%.*s\"", STR_ARG(fault.why));
    else
        take_over(watch, &arena, &options);
    arena_close(&arena);
    log_info("reloaded", "settings=%s", failed(fault) ? "kept" : "read");
    notify_say(&watch->notifier, "READY=1");
}

/* ---- orders ------------------------------------------------------------------------------- */

static bool can_restart(struct watch *watch)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct fault fault = handover_check(&watch->handover, &arena);
    if (failed(fault))
        log_error("restart_refused", "why=\"%.*s\"", STR_ARG(fault.why));
    arena_close(&arena);
    return !failed(fault);
}

static bool is_stop(int got)
{
    return got == SIGTERM || got == SIGINT;
}

enum watch_order watch_wait(struct watch *watch)
{
    for (;;) {
        int got = next_signal(watch, watch->look_every_ms > 0 ? watch->look_every_ms : FOREVER_MS);
        if (got == 0 && watch->look_every_ms > 0)
            watch->look(watch->context);
        if (is_stop(got)) {
            log_info("stopping", "signal=%d", got);
            return WATCH_STOP;
        }
        if (got == SIGUSR2 && can_restart(watch))
            return WATCH_RESTART;
        if (got == SIGHUP)
            reload(watch);
    }
}

enum watch_order watch_pause(struct watch *watch, uint32_t pause_ms)
{
    int64_t until_ms = now_ms() + pause_ms;
    for (int64_t left_ms = pause_ms; left_ms > 0; left_ms = until_ms - now_ms()) {
        int got = next_signal(watch, left_ms);
        if (is_stop(got)) {
            log_info("stopping", "signal=%d", got);
            return WATCH_STOP;
        }
    }
    return WATCH_RESTART;
}
