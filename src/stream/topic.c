/* SPDX-License-Identifier: Apache-2.0 */
/* topic - what streams follow, and whether they still may: see board.h. */
#include <assert.h>

#include "base/memory.h"
#include "stream/board.h"
#include "stream/event.h"

static struct topic **list_of(struct board *board, uint64_t environment, uint64_t channel)
{
    uint64_t mixed = (environment * 0x9E3779B97F4A7C15U) ^ (channel * 0xC2B2AE3D27D4EB4FU);
    return &board->topics[(mixed >> 32) % TOPIC_LISTS];
}

static struct str id_of(const struct topic *topic)
{
    return (struct str){topic->account->id, topic->account->id_size};
}

static struct topic *find_topic(struct board *board, const struct stream_request *wanted)
{
    struct topic *topic = *list_of(board, wanted->environment, wanted->channel);
    for (; topic != NULL; topic = topic->next) {
        if (topic->environment == wanted->environment && topic->channel == wanted->channel &&
            topic->kind == wanted->kind && !topic->is_over &&
            str_equal(id_of(topic), wanted->credential_id))
            return topic;
    }
    return NULL;
}

/* ---- whether it may ---------------------------------------------------------------------- */

static bool is_archived(const struct catalog *catalog, uint64_t number)
{
    const struct catalog_deployment *deployment = catalog_find_deployment(catalog, number);
    return deployment == NULL || deployment->is_archived;
}

/* Keys read one environment; tokens see what their user, app or list says. */
static bool may_follow(const struct caller *caller, const struct catalog *catalog,
                       uint64_t environment)
{
    if (caller->environment != 0)
        return caller->environment == environment &&
               (caller->deployment == 0 || !is_archived(catalog, caller->deployment));
    const struct catalog_environment *found = catalog_find_environment(catalog, environment);
    return found != NULL && caller_sees_environment(caller, found->app_id, environment);
}

/* Who has this credential, when it opens this environment now; NULL ends who used it. */
static const struct caller *find_follower(const struct catalog *catalog, struct str id,
                                          uint64_t environment, int64_t now_ms)
{
    const struct catalog_credential *credential = catalog_find_credential(catalog, id);
    if (credential == NULL)
        return NULL;
    const struct caller *caller = keyring_find_hash(&catalog->keyring, &credential->hash, now_ms);
    return caller != NULL && may_follow(caller, catalog, environment) ? caller : NULL;
}

static bool has_expired(const struct topic *topic, int64_t now_ms)
{
    return topic->expires_ms != 0 && topic->expires_ms <= now_ms;
}

static void check_credential(struct topic *topic, const struct catalog *catalog, int64_t now_ms)
{
    const struct caller *caller = find_follower(catalog, id_of(topic), topic->environment, now_ms);
    if (caller == NULL)
        topic_end(topic);
    else
        topic->expires_ms = caller->expires_ms;
}

/* ---- birth and death ------------------------------------------------------------------------ */

static struct topic *add_topic(struct board *board, const struct stream_request *wanted)
{
    struct topic *topic = MEMORY_NEW(struct topic);
    topic->board = board;
    topic->kind = wanted->kind;
    topic->environment = wanted->environment;
    topic->channel = wanted->channel;
    topic->account = account_acquire(&board->hub->accounts, wanted->credential_id);
    ring_open(&topic->current);
    ring_open(&topic->due);
    ring_open(&topic->slow);
    ring_open(&topic->leaving);
    struct topic **list = list_of(board, wanted->environment, wanted->channel);
    topic->next = *list;
    *list = topic;
    return topic;
}

void topic_drop_if_empty(struct topic *topic)
{
    if (topic->stream_count > 0)
        return;
    struct topic **link = list_of(topic->board, topic->environment, topic->channel);
    while (*link != topic)
        link = &(*link)->next;
    *link = topic->next;
    if (topic->body != NULL)
        shared_body_release(topic->body);
    account_release(&topic->board->hub->accounts, topic->account);
    memory_free(topic);
}

/* ---- what is new -------------------------------------------------------------------------- */

static size_t move(struct ring *to, struct ring *from, enum stream_place place)
{
    size_t count = 0;
    for (struct ring *link = from->next; link != from; link = link->next, count++)
        stream_of_link(link)->place = (uint8_t)place;
    ring_append_all(to, from);
    return count;
}

void topic_end(struct topic *topic)
{
    topic->is_over = true;
    move(&topic->leaving, &topic->due, STREAM_LEAVING); /* counted already */
    topic->board->due_count += move(&topic->leaving, &topic->current, STREAM_LEAVING);
    topic->board->due_count += move(&topic->leaving, &topic->slow, STREAM_LEAVING);
}

/* What a view has for a topic at a moment. */
struct issue {
    struct shared_body *body; /* one reference; NULL: there is nothing */
    uint64_t version;
    int64_t since_ms, changes_ms;
};

/* A clock that was put back makes an earlier moment of it. */
static bool is_good_for(const struct topic *topic, const struct snapshot *snapshot, int64_t now_ms)
{
    return topic->body != NULL && topic->version == snapshot->version &&
           now_ms >= topic->since_ms && now_ms < topic->changes_ms;
}

/* Somebody who follows the same thing, with another credential, and has come to it already. */
static const struct topic *find_sibling(const struct topic *topic, const struct snapshot *snapshot,
                                        int64_t now_ms)
{
    const struct topic *other = *list_of(topic->board, topic->environment, topic->channel);
    for (; other != NULL; other = other->next) {
        if (other->environment == topic->environment && other->channel == topic->channel &&
            other->kind == topic->kind && is_good_for(other, snapshot, now_ms))
            return other;
    }
    return NULL;
}

static struct issue render(const struct topic *topic, const struct view *view,
                           const struct snapshot *snapshot, int64_t now_ms)
{
    const struct stream_kind *kind = topic->kind;
    struct issue issue = {
        .version = snapshot->version, .since_ms = now_ms, .changes_ms = INT64_MAX};
    issue.body = kind->render(view, snapshot, topic->channel, now_ms);
    if (kind->next_change != NULL)
        issue.changes_ms = kind->next_change(snapshot, topic->channel, now_ms);
    assert(issue.changes_ms > now_ms);
    return issue;
}

static struct issue issue_of(const struct topic *topic, const struct view *view, int64_t now_ms)
{
    const struct snapshot *snapshot = view_find(view, topic->environment);
    if (snapshot == NULL)
        return (struct issue){0};
    const struct topic *source =
        is_good_for(topic, snapshot, now_ms) ? topic : find_sibling(topic, snapshot, now_ms);
    if (source == NULL)
        return render(topic, view, snapshot, now_ms);
    shared_body_acquire(source->body);
    return (struct issue){source->body, source->version, source->since_ms, source->changes_ms};
}

static void set_issue(struct topic *topic, const struct issue *issue)
{
    uint64_t news = event_news(issue->body);
    topic->version = issue->version;
    topic->since_ms = issue->since_ms;
    topic->changes_ms = issue->changes_ms;
    if (topic->body != NULL && topic->news == news && !topic->is_split)
        return;
    topic->is_split = false;
    shared_body_acquire(issue->body);
    if (topic->body != NULL)
        shared_body_release(topic->body);
    topic->body = issue->body;
    topic->news = news;
    topic->revision++;
    topic->board->due_count += move(&topic->due, &topic->current, STREAM_DUE);
}

/* The board is to look at it by then. */
static void note_moment(struct topic *topic)
{
    struct board *board = topic->board;
    if (topic->changes_ms < board->next_moment_ms)
        board->next_moment_ms = topic->changes_ms;
    if (topic->expires_ms != 0 && topic->expires_ms < board->next_moment_ms)
        board->next_moment_ms = topic->expires_ms;
    if (topic->since_ms > board->looked_wall_ms)
        board->looked_wall_ms = topic->since_ms;
}

struct fault topic_take(struct board *board, const struct stream_request *wanted,
                        const struct view *view, struct topic **topic, struct shared_body **body)
{
    int64_t now_ms = clock_wall_ms(board->hub->clock);
    const struct caller *caller =
        find_follower(view->catalog, wanted->credential_id, wanted->environment, now_ms);
    if (caller == NULL)
        return fault_make(FAULT_UNAUTHENTICATED, STR("credential"), STR("Not authenticated"));
    struct topic *found = find_topic(board, wanted);
    if (found == NULL)
        found = add_topic(board, wanted);
    found->expires_ms = caller->expires_ms;
    struct issue issue = issue_of(found, view, now_ms);
    *topic = found;
    *body = issue.body;
    if (issue.body == NULL) {
        topic_drop_if_empty(found);
        return fault_make(FAULT_UNAVAILABLE, STR("stream"), STR("there is nothing to follow"));
    }
    /* The news of a topic that has streams already goes to all of them at the next look. */
    if (found->body == NULL)
        set_issue(found, &issue);
    else if (found->news != event_news(issue.body))
        found->is_split = true;
    note_moment(found);
    return fault_none();
}

static bool look_at(struct topic *topic, const struct view *view, bool is_other_catalog,
                    int64_t now_ms)
{
    if (is_other_catalog && !topic->is_over)
        check_credential(topic, view->catalog, now_ms);
    if (has_expired(topic, now_ms) && !topic->is_over)
        topic_end(topic);
    if (topic->is_over)
        return false;
    uint64_t before = topic->version;
    struct issue issue = issue_of(topic, view, now_ms);
    if (issue.body == NULL) {
        topic_end(topic);
        return false;
    }
    set_issue(topic, &issue);
    shared_body_release(issue.body);
    note_moment(topic);
    return topic->version != before;
}

bool topics_look(struct board *board, const struct view *view)
{
    int64_t now_ms = clock_wall_ms(board->hub->clock);
    bool is_other_catalog = board->catalog != view->catalog;
    bool has_news = false;
    board->next_moment_ms = INT64_MAX;
    board->looked_wall_ms = now_ms;
    for (size_t i = 0; i < TOPIC_LISTS; i++) {
        for (struct topic *topic = board->topics[i]; topic != NULL; topic = topic->next)
            has_news = look_at(topic, view, is_other_catalog, now_ms) || has_news;
    }
    if (!is_other_catalog)
        return has_news;
    if (board->catalog != NULL)
        catalog_release(board->catalog);
    board->catalog = view->catalog;
    catalog_acquire(board->catalog);
    return has_news;
}
