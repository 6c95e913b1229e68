/* SPDX-License-Identifier: Apache-2.0 */
/* Deployments, environment tokens and project keys: what they open, until when, and who wrote it
 * down. */
#include "model/limits.h"

#include "story.h"

static const struct caller *find_caller(const struct view *view, struct str secret, int64_t now_ms)
{
    return keyring_find(&view->catalog->keyring, secret, now_ms);
}

/* The last audit row; in the town's arena. */
static struct audit_row last_audit(struct town *town)
{
    struct store *reader = NULL;
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_open(&reader, scratch_path(&town->scratch), STORE_READER));
    CHECK_OK(store_load_audit(reader, &town->arena, 0, 10000, &rows, &count));
    CHECK_OK(store_verify_audit(reader, &town->arena));
    store_close(reader);
    CHECK(count > 0);
    return rows[count - 1];
}

static struct change deployment_change(uint64_t environment, struct str label,
                                       enum credential_kind kind)
{
    return (struct change){.kind = CHANGE_CREATE_DEPLOYMENT,
                           .action = STR("deployment.create"),
                           .subject = label,
                           .environment = environment,
                           .name = label,
                           .key_kind = kind};
}

static struct change archiving(uint64_t deployment, bool is_archived)
{
    return (struct change){.kind = CHANGE_EDIT_DEPLOYMENT,
                           .action = STR("deployment.edit"),
                           .deployment = deployment,
                           .sets_archived = true,
                           .is_archived = is_archived};
}

/* ---- deployments ---------------------------------------------------------------------------- */

TEST(a_deployment_comes_with_a_key_that_opens_it)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct change client = deployment_change(environment, STR("web"), CREDENTIAL_CLIENT_DEPLOYMENT);
    struct change server =
        deployment_change(environment + 1, STR("Backend_2"), CREDENTIAL_SERVER_DEPLOYMENT);
    CHECK_OK(town_apply(&town, &client));
    CHECK_OK(town_apply(&town, &server));
    CHECK_INT(client.created_number, 1);
    CHECK_INT(server.created_number, 2);
    CHECK(str_starts_with(client.key, STR("client-")));
    CHECK(str_starts_with(server.key, STR("server-")));
    struct view *view = view_acquire(town.views);
    const struct caller *caller = find_caller(view, server.key, town.now_ms);
    assert_non_null(caller);
    CHECK_INT(caller->kind, CREDENTIAL_SERVER_DEPLOYMENT);
    CHECK_INT(caller->environment, environment + 1);
    CHECK_INT(caller->deployment, 2);
    CHECK(!caller_may_read(caller));
    const struct catalog_deployment *deployment = catalog_find_deployment(view->catalog, 1);
    CHECK_STR(deployment->label, STR("web"));
    CHECK_STR(deployment->key, client.key);
    CHECK_INT(deployment->environment, environment);
    CHECK_INT(deployment->created_ms, town.now_ms);
    view_release(view);
    struct audit_row audit = last_audit(&town);
    CHECK_STR(audit.action, STR("deployment.create"));
    CHECK_STR(audit.detail, STR("{\"deployment\":2}"));
    CHECK_INT(audit.environment, environment + 1);
    CHECK_INT(town_version(&town, environment), 0); /* no definition changed */
    town_close(&town);
}

TEST(an_archived_deployment_opens_nothing_until_it_is_restored)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct change create = deployment_change(environment, STR("web"), CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK_OK(town_apply(&town, &create));
    struct change archive = archiving(1, true);
    CHECK_OK(town_apply(&town, &archive));
    CHECK_STR(last_audit(&town).detail, STR("{\"archived\":true,\"deployment\":1}"));
    CHECK_INT(last_audit(&town).environment, environment);
    struct view *view = view_acquire(town.views);
    CHECK(find_caller(view, create.key, town.now_ms) == NULL);
    CHECK(catalog_find_credential(view->catalog, create.created_id) == NULL); /* streams end */
    CHECK(catalog_find_deployment(view->catalog, 1)->is_archived);
    view_release(view);

    struct change rename = {.kind = CHANGE_EDIT_DEPLOYMENT,
                            .action = STR("deployment.edit"),
                            .deployment = 1,
                            .name = STR("web-2")};
    CHECK_OK(town_apply(&town, &rename)); /* says nothing of the archive: archived it stays */
    view = view_acquire(town.views);
    CHECK(catalog_find_deployment(view->catalog, 1)->is_archived);
    CHECK_STR(catalog_find_deployment(view->catalog, 1)->label, STR("web-2"));
    view_release(view);

    struct change restore = archiving(1, false);
    CHECK_OK(town_apply(&town, &restore));
    view = view_acquire(town.views);
    assert_non_null(find_caller(view, create.key, town.now_ms));
    CHECK_STR(catalog_find_deployment(view->catalog, 1)->label, STR("web-2"));
    view_release(view);
    struct change absent = archiving(2, true);
    CHECK_FAULT(town_apply(&town, &absent), FAULT_MISSING);
    town_close(&town);
}

TEST(labels_are_short_and_plain)
{
    static const char *const bad[] = {"", "with blank", "dot.dot", "ümlaut", "slash/", "new\nline"};
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    char label[65];
    memset(label, 'x', sizeof(label));
    struct change change =
        deployment_change(environment, (struct str){label, 65}, CREDENTIAL_CLIENT_DEPLOYMENT);
    struct fault fault = town_apply(&town, &change);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("label"));
    change.name.size = 64;
    CHECK_OK(town_apply(&town, &change));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        change = deployment_change(environment, str_of(bad[i]), CREDENTIAL_CLIENT_DEPLOYMENT);
        CHECK_FAULT(town_apply(&town, &change), FAULT_INVALID);
        struct change edit = archiving(1, true);
        edit.name = str_of(bad[i]);
        CHECK_FAULT(town_apply(&town, &edit), FAULT_INVALID);
    }
    change = deployment_change(environment, (struct str){0}, CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK_FAULT(town_apply(&town, &change), FAULT_INVALID);
    struct view *view = view_acquire(town.views);
    CHECK_INT(view->catalog->deployment_count, 1);
    CHECK(!view->catalog->deployments[0].is_archived);
    view_release(view);
    town_close(&town);
}

TEST(only_two_kinds_of_deployments_are_made_and_only_where_there_is_an_environment)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    for (int kind = 0; kind < CREDENTIAL_KIND_COUNT; kind++) {
        struct change change =
            deployment_change(environment, STR("web"), (enum credential_kind)kind);
        bool is_good = kind == CREDENTIAL_CLIENT_DEPLOYMENT || kind == CREDENTIAL_SERVER_DEPLOYMENT;
        CHECK_FAULT(town_apply(&town, &change), is_good ? FAULT_NONE : FAULT_INVALID);
    }
    struct change change = deployment_change(99, STR("web"), CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK_FAULT(town_apply(&town, &change), FAULT_MISSING);
    town_close(&town);
}

TEST(deployments_are_limited_per_environment)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    for (size_t i = 0; i < DEPLOYMENTS_PER_ENVIRONMENT_MAX; i++) {
        struct change change = deployment_change(environment, arena_format(&town.arena, "d-%zu", i),
                                                 CREDENTIAL_SERVER_DEPLOYMENT);
        CHECK_OK(town_apply(&town, &change));
    }
    struct change change =
        deployment_change(environment, STR("more"), CREDENTIAL_SERVER_DEPLOYMENT);
    CHECK_FAULT(town_apply(&town, &change), FAULT_LIMIT);
    struct change keys = {.kind = CHANGE_CREATE_PROJECT_KEYS,
                          .action = STR("project-keys.create"),
                          .environment = environment};
    CHECK_FAULT(town_apply(&town, &keys), FAULT_LIMIT); /* the default one is one of them */
    change.environment = environment + 1;
    CHECK_OK(town_apply(&town, &change));
    town_close(&town);
}

/* ---- tokens --------------------------------------------------------------------------------- */

TEST(an_environment_token_manages_what_it_was_made_for)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const uint64_t asked[] = {environment + 2, environment, environment + 2};
    struct change create = {.kind = CHANGE_CREATE_TOKEN,
                            .key_kind = CREDENTIAL_ENVIRONMENT,
                            .action = STR("token.create"),
                            .name = STR("ci"),
                            .environments = asked,
                            .environment_count = COUNT_OF(asked),
                            .expires_ms = town.now_ms + 1000};
    CHECK_OK(town_apply(&town, &create));
    CHECK(str_starts_with(create.secret, STR("ampex_")));
    CHECK(str_starts_with(create.created_id, STR("token_")));
    struct audit_row audit = last_audit(&town);
    CHECK_STR(audit.subject, create.created_id);
    CHECK_STR(audit.detail,
              arena_format(&town.arena, "{\"access\":\"write\",\"environments\":[%llu,%llu]}",
                           (unsigned long long)environment, (unsigned long long)environment + 2));
    struct view *view = view_acquire(town.views);
    const struct caller *caller = find_caller(view, create.secret, town.now_ms);
    assert_non_null(caller);
    CHECK_INT(caller->environment_count, 2);
    CHECK(caller_may_write(caller));
    CHECK(caller_sees_environment(caller, (struct str){0}, environment));
    CHECK(!caller_sees_environment(caller, (struct str){0}, environment + 1));
    CHECK(caller_sees_environment(caller, (struct str){0}, environment + 2));
    CHECK(find_caller(view, create.secret, town.now_ms + 1000) == NULL);
    CHECK_STR(catalog_find_credential(view->catalog, create.created_id)->name, STR("ci"));

    struct town_put put = {.key = STR("a"), .value = true};
    struct change change = town_change(environment, &put); /* its changes bear its name */
    change.caller = caller;
    change.arena = &town.arena;
    CHECK_OK(change_apply(town.changer, &change));
    CHECK_STR(last_audit(&town).actor, create.created_id);
    view_release(view);

    struct change revoke = {.kind = CHANGE_REVOKE_CREDENTIAL,
                            .action = STR("token.revoke"),
                            .credential_id = create.created_id};
    CHECK_OK(town_apply(&town, &revoke));
    view = view_acquire(town.views);
    CHECK(find_caller(view, create.secret, town.now_ms) == NULL);
    view_release(view);
    town_close(&town);
}

TEST(a_token_for_no_environment_or_one_that_is_not_there_is_refused)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const uint64_t asked[] = {environment, 99};
    struct change create = {.kind = CHANGE_CREATE_TOKEN,
                            .key_kind = CREDENTIAL_ENVIRONMENT,
                            .action = STR("token.create"),
                            .environments = asked,
                            .environment_count = COUNT_OF(asked)};
    CHECK_FAULT(town_apply(&town, &create), FAULT_MISSING);
    create.environment_count = 0;
    CHECK_FAULT(town_apply(&town, &create), FAULT_INVALID);
    char name[TEXT_BYTES_MAX + 1];
    memset(name, 'x', sizeof(name));
    create.environment_count = 1;
    create.name = (struct str){name, sizeof(name)};
    CHECK_FAULT(town_apply(&town, &create), FAULT_INVALID);
    create.name.size--;
    CHECK_OK(town_apply(&town, &create));
    struct view *view = view_acquire(town.views);
    CHECK_INT(view->catalog->credential_count, 2);
    view_release(view);
    town_close(&town);
}

/* ---- project keys --------------------------------------------------------------------------- */

static struct change make_project_keys(struct town *town, uint64_t environment)
{
    struct change change = {.kind = CHANGE_CREATE_PROJECT_KEYS,
                            .action = STR("project-keys.create"),
                            .environment = environment};
    CHECK_OK(town_apply(town, &change));
    return change;
}

static enum credential_kind kind_opened(struct town *town, struct str secret, uint64_t *deployment)
{
    struct view *view = view_acquire(town->views);
    const struct caller *caller = find_caller(view, secret, town->now_ms);
    enum credential_kind kind = caller == NULL ? CREDENTIAL_KIND_COUNT : caller->kind;
    *deployment = caller == NULL ? 0 : caller->deployment;
    view_release(view);
    return kind;
}

TEST(a_new_pair_of_project_keys_takes_the_place_of_the_old_one)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    uint64_t deployment = 0;
    struct change first = make_project_keys(&town, environment);
    CHECK_INT(first.key.size, 32);
    CHECK_INT(first.secret.size, 32);
    CHECK_INT(kind_opened(&town, first.key, &deployment), CREDENTIAL_PROJECT_KEY);
    CHECK_INT(deployment, first.created_number);
    CHECK_INT(kind_opened(&town, first.secret, &deployment), CREDENTIAL_PROJECT_SECRET);
    CHECK_INT(deployment, 0);
    struct change elsewhere = make_project_keys(&town, environment + 1);
    CHECK(elsewhere.created_number != first.created_number);

    struct change second = make_project_keys(&town, environment);
    CHECK_INT(second.created_number, first.created_number); /* the deployment stays itself */
    CHECK_INT(kind_opened(&town, first.key, &deployment), CREDENTIAL_KIND_COUNT);
    CHECK_INT(kind_opened(&town, first.secret, &deployment), CREDENTIAL_KIND_COUNT);
    CHECK_INT(kind_opened(&town, second.key, &deployment), CREDENTIAL_PROJECT_KEY);
    CHECK_INT(kind_opened(&town, second.secret, &deployment), CREDENTIAL_PROJECT_SECRET);
    CHECK_INT(kind_opened(&town, elsewhere.key, &deployment), CREDENTIAL_PROJECT_KEY);
    struct view *view = view_acquire(town.views);
    const struct catalog_deployment *standard =
        catalog_find_default_deployment(view->catalog, environment);
    CHECK_STR(standard->label, STR("default"));
    CHECK_STR(standard->key, second.key);
    CHECK_INT(view->catalog->deployment_count, 2);
    CHECK_INT(view->catalog->credential_count, 5); /* the owner's token and two pairs */
    view_release(view);
    town_close(&town);
}

TEST(new_project_keys_restore_an_archived_default_deployment)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    uint64_t deployment = 0;
    struct change first = make_project_keys(&town, environment);
    struct change archive = archiving(first.created_number, true);
    CHECK_OK(town_apply(&town, &archive));
    CHECK_INT(kind_opened(&town, first.key, &deployment), CREDENTIAL_KIND_COUNT);
    struct change second = make_project_keys(&town, environment);
    CHECK_INT(kind_opened(&town, second.key, &deployment), CREDENTIAL_PROJECT_KEY);
    CHECK_INT(kind_opened(&town, first.key, &deployment), CREDENTIAL_KIND_COUNT);
    struct change again = archiving(first.created_number, true);
    CHECK_OK(town_apply(&town, &again));
    struct change restore = archiving(first.created_number, false);
    CHECK_OK(town_apply(&town, &restore));
    CHECK_INT(kind_opened(&town, first.key, &deployment), CREDENTIAL_KIND_COUNT); /* for good */
    CHECK_INT(kind_opened(&town, second.key, &deployment), CREDENTIAL_PROJECT_KEY);
    struct change nowhere = {.kind = CHANGE_CREATE_PROJECT_KEYS, .environment = 99};
    CHECK_FAULT(town_apply(&town, &nowhere), FAULT_MISSING);
    town_close(&town);
}

TEST(every_new_secret_counts_as_a_key)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    for (size_t made = 1; made < KEYS_MAX - 1; made++) { /* the owner's token is one */
        struct change create = {.kind = CHANGE_CREATE_KEY,
                                .action = STR("key.create"),
                                .environment = environment,
                                .key_kind = CREDENTIAL_SERVER_KEY};
        CHECK_OK(town_apply(&town, &create));
    }
    struct change keys = {.kind = CHANGE_CREATE_PROJECT_KEYS, .environment = environment};
    CHECK_FAULT(town_apply(&town, &keys), FAULT_LIMIT); /* room for one, and it takes two */
    struct change create = deployment_change(environment, STR("web"), CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK_OK(town_apply(&town, &create));
    create = deployment_change(environment, STR("web"), CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK_FAULT(town_apply(&town, &create), FAULT_LIMIT);
    struct change token = {.kind = CHANGE_CREATE_TOKEN,
                           .key_kind = CREDENTIAL_ENVIRONMENT,
                           .environments = &environment,
                           .environment_count = 1};
    CHECK_FAULT(town_apply(&town, &token), FAULT_LIMIT);
    struct change key = {.kind = CHANGE_CREATE_KEY,
                         .action = STR("key.create"),
                         .environment = environment,
                         .key_kind = CREDENTIAL_SERVER_KEY};
    CHECK_FAULT(town_apply(&town, &key), FAULT_LIMIT);
    town_close(&town);
}

/* ---- after a start --------------------------------------------------------------------------- */

TEST(all_of_them_open_the_same_after_a_restart_and_without_the_store)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct change web = deployment_change(environment, STR("web"), CREDENTIAL_CLIENT_DEPLOYMENT);
    struct change old = deployment_change(environment, STR("old"), CREDENTIAL_SERVER_DEPLOYMENT);
    CHECK_OK(town_apply(&town, &web));
    CHECK_OK(town_apply(&town, &old));
    struct change archive = archiving(old.created_number, true);
    CHECK_OK(town_apply(&town, &archive));
    struct change project = make_project_keys(&town, environment);
    const uint64_t listed[] = {environment, environment + 1};
    struct change token = {.kind = CHANGE_CREATE_TOKEN,
                           .key_kind = CREDENTIAL_ENVIRONMENT,
                           .action = STR("token.create"),
                           .environments = listed,
                           .environment_count = COUNT_OF(listed)};
    CHECK_OK(town_apply(&town, &token));
    for (size_t i = 0; i < 2; i++) {
        town_stop(&town);
        if (i == 1)
            town_lose_store(&town);
        CHECK_OK(town_start(&town));
        CHECK_INT(town.degraded.kind, i == 0 ? FAULT_NONE : FAULT_UNAVAILABLE);
        struct view *view = view_acquire(town.views);
        CHECK_INT(find_caller(view, web.key, town.now_ms)->deployment, web.created_number);
        CHECK(find_caller(view, old.key, town.now_ms) == NULL);
        CHECK_INT(find_caller(view, project.key, town.now_ms)->deployment, project.created_number);
        CHECK_INT(find_caller(view, project.secret, town.now_ms)->kind, CREDENTIAL_PROJECT_SECRET);
        CHECK_INT(find_caller(view, token.secret, town.now_ms)->environment_count, 2);
        CHECK(catalog_find_deployment(view->catalog, old.created_number)->is_archived);
        CHECK_STR(catalog_find_default_deployment(view->catalog, environment)->key, project.key);
        view_release(view);
    }
    town_close(&town);
}

TEST(another_catalog_is_announced_once_it_is_visible)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct change made = deployment_change(environment, STR("web"), CREDENTIAL_CLIENT_DEPLOYMENT);
    unsigned before = town.catalogs_announced;
    CHECK_OK(town_apply(&town, &made));
    CHECK_INT(town.catalogs_announced, before + 1);
    uint64_t credentials = town.credentials_when_announced;
    struct change archived = archiving(made.created_number, true);
    CHECK_OK(town_apply(&town, &archived));
    CHECK_INT(town.catalogs_announced, before + 2);
    CHECK_INT(town.credentials_when_announced, credentials - 1);
    CHECK_OK(town_put(&town, environment, STR("f"), true)); /* of an environment alone */
    CHECK_INT(town.catalogs_announced, before + 2);
    struct change refused = archiving(made.created_number + 99, true);
    CHECK_FAULT(town_apply(&town, &refused), FAULT_MISSING);
    CHECK_INT(town.catalogs_announced, before + 2);
    town_close(&town);
}

TESTS(another_catalog_is_announced_once_it_is_visible, a_deployment_comes_with_a_key_that_opens_it,
      an_archived_deployment_opens_nothing_until_it_is_restored, labels_are_short_and_plain,
      only_two_kinds_of_deployments_are_made_and_only_where_there_is_an_environment,
      deployments_are_limited_per_environment, an_environment_token_manages_what_it_was_made_for,
      a_token_for_no_environment_or_one_that_is_not_there_is_refused,
      a_new_pair_of_project_keys_takes_the_place_of_the_old_one,
      new_project_keys_restore_an_archived_default_deployment, every_new_secret_counts_as_a_key,
      all_of_them_open_the_same_after_a_restart_and_without_the_store)
