/* SPDX-License-Identifier: Apache-2.0 */
/* topic - what streams follow, and whether they still may: see board.h. */
#include "base/memory.h"
#include "stream/board.h"

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

/* The credential, when it still opens what it opened; NULL ends who used it. */
static const struct catalog_credential *find_live(const struct catalog *catalog, struct str id)
{
    const struct catalog_credential *credential = catalog_find_credential(catalog, id);
    if (credential == NULL || credential->deployment == 0)
        return credential;
    const struct catalog_deployment *deployment =
        catalog_find_deployment(catalog, credential->deployment);
    return deployment != NULL && !deployment->is_archived ? credential : NULL;
}

static void check_credential(struct topic *topic, const struct catalog *catalog)
{
    const struct catalog_credential *credential = find_live(catalog, id_of(topic));
    if (credential == NULL)
        topic_end(topic);
    else
        topic->expires_ms = credential->expires_ms;
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

static bool is_same_body(const struct shared_body *a, const struct shared_body *b)
{
    return a == b || (a->digest == b->digest && a->body.size == b->body.size);
}

/* What a view has for a topic; NULL: nothing. Borrowed from the view. */
static struct shared_body *body_of(const struct topic *topic, const struct view *view,
                                   uint64_t *version)
{
    const struct snapshot *snapshot = view_find(view, topic->environment);
    if (snapshot == NULL)
        return NULL;
    *version = snapshot->version;
    if (topic->body != NULL && snapshot->version == topic->version)
        return topic->body;
    return topic->kind->render(view, snapshot, topic->channel);
}

static void set_body(struct topic *topic, struct shared_body *body, uint64_t version)
{
    topic->version = version;
    if (topic->body != NULL && is_same_body(topic->body, body))
        return;
    shared_body_acquire(body);
    if (topic->body != NULL)
        shared_body_release(topic->body);
    topic->body = body;
    topic->revision++;
    topic->board->due_count += move(&topic->due, &topic->current, STREAM_DUE);
}

struct fault topic_take(struct board *board, const struct stream_request *wanted,
                        const struct view *view, struct topic **topic, struct shared_body **body)
{
    const struct catalog_credential *credential = find_live(view->catalog, wanted->credential_id);
    if (credential == NULL)
        return fault_make(FAULT_UNAUTHENTICATED, STR("credential"), STR("Not authenticated"));
    struct topic *found = find_topic(board, wanted);
    if (found == NULL)
        found = add_topic(board, wanted);
    found->expires_ms = credential->expires_ms;
    uint64_t version = 0;
    *topic = found;
    *body = body_of(found, view, &version);
    if (*body == NULL) {
        topic_drop_if_empty(found);
        return fault_make(FAULT_UNAVAILABLE, STR("stream"), STR("there is nothing to follow"));
    }
    /* The news of a topic that has streams already goes to all of them at the next look. */
    if (found->body == NULL)
        set_body(found, *body, version);
    return fault_none();
}

static bool look_at(struct topic *topic, const struct view *view, bool is_other_catalog)
{
    if (is_other_catalog && !topic->is_over)
        check_credential(topic, view->catalog);
    if (topic->is_over)
        return false;
    uint64_t version = 0;
    uint64_t before = topic->version;
    struct shared_body *body = body_of(topic, view, &version);
    if (body == NULL)
        topic_end(topic);
    else
        set_body(topic, body, version);
    return topic->version != before;
}

bool topics_look(struct board *board, const struct view *view)
{
    bool is_other_catalog = board->catalog != view->catalog;
    bool has_news = false;
    for (size_t i = 0; i < TOPIC_LISTS; i++) {
        for (struct topic *topic = board->topics[i]; topic != NULL; topic = topic->next)
            has_news = look_at(topic, view, is_other_catalog) || has_news;
    }
    if (!is_other_catalog)
        return has_news;
    if (board->catalog != NULL)
        catalog_release(board->catalog);
    board->catalog = view->catalog;
    catalog_acquire(board->catalog);
    return has_news;
}
