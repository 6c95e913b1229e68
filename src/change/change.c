/* SPDX-License-Identifier: Apache-2.0 */
/* change - opening, handing changes to the writer thread, closing. See change.h. */
#include "change/change.h"

#include <assert.h>

#include "auth/secret.h"
#include "base/log.h"
#include "base/memory.h"
#include "change/rehearsal.h"
#include "snapshot/disk.h"

static const struct fault away = {FAULT_UNAVAILABLE, {"store", 5}, {"the store is away", 17}};

/* ---- first start ----------------------------------------------------------------------- */

/* "cli_…": what may be shown of it goes up to where the random part begins. */
static struct str shown_of(struct str token)
{
    size_t end = token.size;
    while (end > 0 && token.data[end - 1] != '_')
        end--;
    return str_slice(token, 0, end);
}

static struct fault take_owner_token(struct str given, struct arena *arena,
                                     struct bootstrap *bootstrap)
{
    enum credential_kind kind;
    struct str shown;
    bootstrap->is_token_given = !str_is_absent(given);
    if (!bootstrap->is_token_given)
        bootstrap->token = secret_make(arena, CREDENTIAL_PERSONAL, STR(""), &shown);
    else if (secret_recognise(given, &kind) && kind == CREDENTIAL_PERSONAL)
        bootstrap->token = arena_copy_str(arena, given);
    else
        return fault_make(FAULT_INVALID, STR("bootstrap-token"),
                          STR("it is no personal token, or has a typing error: "
                              "`guidon keygen token` makes one"));
    return fault_none();
}

static struct fault insert_owner(struct store *store, int64_t now_ms, struct arena *arena,
                                 struct bootstrap *bootstrap)
{
    bootstrap->owner_email = STR("owner@localhost");
    const struct user_row user = {
        .id = id_make(arena, STR("user")),
        .email = bootstrap->owner_email,
        .role = ROLE_OWNER,
        .created_ms = now_ms,
    };
    const struct credential_row token = {
        .id = id_make(arena, STR("token")),
        .kind = CREDENTIAL_PERSONAL,
        .hash = secret_hash(bootstrap->token),
        .shown = shown_of(bootstrap->token),
        .tail = secret_tail(bootstrap->token),
        .user_id = user.id,
        .created_ms = now_ms,
    };
    const struct audit_row audit = {
        .at_ms = now_ms,
        .actor = STR("bootstrap"),
        .action = STR("owner.create"),
        .subject = user.id,
        .detail = STR("{}"),
    };
    struct fault fault = store_insert_user(store, &user);
    if (!failed(fault))
        fault = store_insert_credential(store, &token);
    if (!failed(fault))
        fault = store_append_audit(store, &audit);
    return fault;
}

/* An empty store beside snapshots of a full one is a lost store, not a first start: an owner made
 * now would hide the loss, and versions would begin again. */
static bool has_lost_its_store(const struct change_config *config)
{
    struct view *view = NULL;
    if (failed(disk_load(config->directory, config->render, 0, &view)))
        return false;
    bool has_users = view->catalog->user_count > 0;
    view_release(view);
    return has_users;
}

static struct fault bootstrap_owner(struct store *store, const struct change_config *config,
                                    struct arena *arena, struct bootstrap *bootstrap)
{
    int64_t now_ms = clock_wall_ms(config->clock);
    struct user_row *users = NULL;
    size_t count = 0;
    struct fault fault = store_load_users(store, arena, &users, &count);
    if (failed(fault) || count > 0)
        return fault;
    if (has_lost_its_store(config))
        return fault_make(FAULT_UNAVAILABLE, STR("store"),
                          STR("the store is empty but snapshots of it are here"));
    fault = take_owner_token(config->bootstrap_token, arena, bootstrap);
    if (!failed(fault))
        fault = store_begin(store);
    if (failed(fault))
        return fault;
    fault = insert_owner(store, now_ms, arena, bootstrap);
    if (failed(fault)) {
        store_rollback(store);
        return fault;
    }
    if (!bootstrap->is_token_given && config->on_token != NULL)
        config->on_token(bootstrap->token, config->context);
    fault = store_commit(store);
    bootstrap->is_first_start = !failed(fault);
    return fault;
}

/* ---- opening --------------------------------------------------------------------------- */

static void wake_for_events(void *context)
{
    struct changer *changer = context;
    pthread_mutex_lock(&changer->lock);
    changer->has_events = true;
    pthread_cond_signal(&changer->wake);
    pthread_mutex_unlock(&changer->lock);
}

void change_notice_notes(struct changer *changer)
{
    pthread_mutex_lock(&changer->lock);
    changer->has_notes = true;
    pthread_cond_signal(&changer->wake);
    pthread_mutex_unlock(&changer->lock);
}

static void close_store(struct store **store)
{
    if (*store != NULL)
        store_close(*store);
    *store = NULL;
}

static struct fault load_everything(struct changer *changer, struct arena *arena,
                                    struct bootstrap *bootstrap, struct view **view)
{
    const struct change_config *config = &changer->config;
    int64_t now_ms = clock_wall_ms(config->clock);
    struct fault fault = bootstrap_owner(changer->store, config, arena, bootstrap);
    if (!failed(fault))
        fault = follow_everything(changer->store, config->render, now_ms, view);
    if (!failed(fault))
        fault = quotas_load(&changer->quotas, changer->store, now_ms);
    for (size_t i = 0; i < config->notebook_count && !failed(fault); i++)
        fault = notebook_load(config->notebooks[i], changer->store);
    store_rest(changer->store);
    return fault;
}

/* The writer, and three readers: for events, for change_read_store, for change_find_once. */
static struct fault open_store(struct changer *changer, struct arena *arena,
                               struct bootstrap *bootstrap, struct view **view,
                               struct store **reader)
{
    struct str directory = changer->config.directory;
    struct fault fault = store_open(&changer->store, directory, STORE_WRITER);
    if (failed(fault))
        return fault;
    struct str engine = store_engine_version(changer->store);
    log_info("store_opened", "engine=\"%.*s\"", STR_ARG(engine));
    backups_sweep(directory);
    fault = load_everything(changer, arena, bootstrap, view);
    if (!failed(fault))
        fault = store_open(reader, directory, STORE_READER);
    if (!failed(fault))
        fault = store_open(&changer->reader, directory, STORE_READER);
    if (!failed(fault))
        fault = store_open(&changer->finder, directory, STORE_READER);
    if (!failed(fault))
        return fault;
    if (*view != NULL)
        view_release(*view);
    *view = NULL;
    close_store(&changer->finder);
    close_store(&changer->reader);
    close_store(reader);
    close_store(&changer->store);
    return fault;
}

static void publish_first(struct changer *changer, struct view *view)
{
    assert(view != NULL); /* a store or a snapshot: without either there was a fault */
    changer->view = view;
    atomic_fetch_add_explicit(&view->references, 1, memory_order_relaxed);
    view_publish(changer->config.slot, view);
    for (size_t i = 0; i < view->catalog->environment_count; i++)
        quotas_cover(&changer->quotas, view->catalog->environments[i].number);
}

static void free_changer(struct changer *changer)
{
    quotas_close(&changer->quotas);
    stage_close(changer->stage);
    pthread_cond_destroy(&changer->wake);
    pthread_mutex_destroy(&changer->lock);
    pthread_mutex_destroy(&changer->reading);
    pthread_mutex_destroy(&changer->finding);
    memory_free(changer);
}

static struct changer *make_changer(const struct change_config *config)
{
    struct changer *changer = MEMORY_NEW(struct changer);
    changer->config = *config;
    changer->stage = rehearsal_open(&changer->config);
    pthread_mutex_init(&changer->lock, NULL);
    pthread_mutex_init(&changer->reading, NULL);
    pthread_mutex_init(&changer->finding, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return changer;
}

/* What is wrong, and a view if there is one to serve instead of the store. */
static struct fault load_generation(struct changer *changer, struct view **view)
{
    const struct change_config *config = &changer->config;
    struct change_counters *counters = &changer->counters;
    if (config->generation_max == 0 ||
        failed(disk_load_up_to(config->directory, config->generation_max, config->render,
                               clock_wall_ms(config->clock), view, &counters->served_generation)))
        return fault_none();
    counters->is_read_only = true;
    return fault_make(FAULT_UNAVAILABLE, STR("starts"),
                      STR("the last starts crashed with what the store holds"));
}

struct fault change_open(struct changer **result, const struct change_config *config,
                         struct arena *arena, struct bootstrap *bootstrap, struct fault *degraded)
{
    *bootstrap = (struct bootstrap){0};
    *degraded = fault_none();
    struct changer *changer = make_changer(config);
    if (changer->stage == NULL && config->rehearsal_ms > 0) {
        free_changer(changer);
        return fault_make(FAULT_UNAVAILABLE, STR("memory"), STR("there is not enough memory"));
    }
    struct view *view = NULL;
    struct store *reader = NULL;
    struct fault fault = load_generation(changer, &view);
    if (view == NULL)
        fault = open_store(changer, arena, bootstrap, &view, &reader);
    else
        *degraded = fault;
    if (view == NULL) {
        /* What another process has is not lost: two that answer for one store would disagree. */
        bool is_taken = str_equal(fault.where, STR("lock"));
        struct fault from_disk = is_taken ? fault
                                          : disk_load(config->directory, config->render,
                                                      clock_wall_ms(config->clock), &view);
        if (failed(from_disk)) {
            free_changer(changer);
            return fault;
        }
        *degraded = fault;
        changer->counters.is_read_only = true;
    }
    if (changer->store == NULL) { /* nothing will change, so nothing is rehearsed */
        stage_close(changer->stage);
        changer->stage = NULL;
    }
    changer->ingest = ingest_open(reader, config->event_queue_bytes_max, wake_for_events, changer);
    publish_first(changer, view);
    if (changer->store != NULL &&
        pthread_create(&changer->thread, NULL, writer_run, changer) != 0) {
        close_store(&changer->store);
        change_close(changer);
        return fault_make(FAULT_UNAVAILABLE, STR("memory"), STR("there is no room for a thread"));
    }
    *result = changer;
    return fault_none();
}

void change_close(struct changer *changer)
{
    if (changer->store != NULL) {
        pthread_mutex_lock(&changer->lock);
        changer->is_stopping = true;
        pthread_cond_signal(&changer->wake);
        pthread_mutex_unlock(&changer->lock);
        pthread_join(changer->thread, NULL);
    }
    ingest_close(changer->ingest);
    close_store(&changer->finder);
    close_store(&changer->reader);
    close_store(&changer->store);
    view_release(changer->view);
    free_changer(changer);
}

/* ---- use ------------------------------------------------------------------------------- */

static bool enqueue(struct changer *changer, struct job *job)
{
    pthread_mutex_lock(&changer->lock);
    bool has_room = !changer->is_stopping && changer->waiting < changer->config.waiting_max;
    if (has_room) {
        if (changer->last == NULL)
            changer->first = job;
        else
            changer->last->next = job;
        changer->last = job;
        changer->waiting++;
        pthread_cond_signal(&changer->wake);
    }
    pthread_mutex_unlock(&changer->lock);
    return has_room;
}

/* Blocks until the writer thread is done with it. */
static struct fault hand_over(struct changer *changer, struct job *job)
{
    sem_init(&job->done, 0, 0);
    if (enqueue(changer, job)) {
        while (sem_wait(&job->done) != 0)
            continue; /* a signal interrupted the wait */
    } else {
        job->fault = fault_make(FAULT_UNAVAILABLE, STR("changes"), STR("too many changes wait"));
    }
    sem_destroy(&job->done);
    return job->fault;
}

struct fault change_apply(struct changer *changer, struct change *change)
{
    if (changer->store == NULL)
        return away;
    struct job job = {.change = change};
    stored_members_open(&job.stored,
                        change->members); /* here, where only its caller waits for it */
    struct fault fault = hand_over(changer, &job);
    stored_members_close(&job.stored);
    return fault;
}

struct fault change_keep_answer(struct changer *changer, const struct change_once *once,
                                struct str sealed)
{
    if (changer->store == NULL)
        return away;
    struct job job = {.once = once, .sealed = sealed};
    return hand_over(changer, &job);
}

struct fault change_read_store(struct changer *changer,
                               struct fault (*read)(struct store *store, void *input), void *input)
{
    if (changer->reader == NULL)
        return away;
    pthread_mutex_lock(&changer->reading);
    struct fault fault = read(changer->reader, input);
    pthread_mutex_unlock(&changer->reading);
    return fault;
}

struct fault change_find_once(struct changer *changer, struct arena *arena,
                              const unsigned char key[32], struct once_row *row, bool *is_found)
{
    if (changer->finder == NULL)
        return away;
    pthread_mutex_lock(&changer->finding);
    struct fault fault = store_find_once(changer->finder, arena, key, row, is_found);
    pthread_mutex_unlock(&changer->finding);
    return fault;
}

struct ingest *change_ingest(struct changer *changer)
{
    return changer->ingest;
}

bool change_count_config_request(struct changer *changer, uint64_t environment, uint64_t quota)
{
    return quotas_count(&changer->quotas, environment, quota, clock_wall_ms(changer->config.clock));
}

uint64_t change_config_requests_used(struct changer *changer, uint64_t environment)
{
    return quotas_used(&changer->quotas, environment, clock_wall_ms(changer->config.clock));
}

struct change_counters change_counters_read(struct changer *changer)
{
    pthread_mutex_lock(&changer->lock);
    struct change_counters counters = changer->counters;
    counters.waiting = changer->waiting;
    pthread_mutex_unlock(&changer->lock);
    return counters;
}
