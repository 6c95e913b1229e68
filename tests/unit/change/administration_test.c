/* SPDX-License-Identifier: Apache-2.0 */
/* Apps, environments, users and their tokens: what is accepted, what it opens, and who is always
 * there. */
#include "model/limits.h"

#include "story.h"

static struct audit_row last_audit(struct town *town)
{
    struct store *reader = NULL;
    struct audit_row *rows = NULL;
    size_t count = 0;
    const struct audit_query newest = {.limit = 1};
    CHECK_OK(store_open(&reader, scratch_path(&town->scratch), STORE_READER));
    CHECK_OK(store_query_audit(reader, &town->arena, &newest, &rows, &count));
    CHECK_OK(store_verify_audit(reader, &town->arena));
    store_close(reader);
    CHECK_INT(count, 1);
    return rows[0];
}

static void check_refused(struct town *town, struct change change, enum fault_kind kind,
                          const char *where)
{
    struct fault fault = town_apply(town, &change);
    CHECK_FAULT(fault, kind);
    CHECK_STR(fault.where, str_of(where));
}

/* ---- apps ------------------------------------------------------------------------------------ */

static struct change app_edit(struct str id, const char *name)
{
    return (struct change){.kind = CHANGE_EDIT_APP,
                           .action = STR("app.edit"),
                           .app_id = id,
                           .name = name == NULL ? (struct str){0} : str_of(name)};
}

static struct str app_id_of(struct town *town, uint64_t environment)
{
    struct view *view = view_acquire(town->views);
    struct str id =
        arena_copy_str(&town->arena, catalog_find_environment(view->catalog, environment)->app_id);
    view_release(view);
    return id;
}

TEST(an_app_is_renamed_unless_another_has_the_name)
{
    struct town town;
    town_open(&town);
    struct str shop = app_id_of(&town, town_app(&town, STR("shop")));
    town_app(&town, STR("bank"));
    struct change rename = app_edit(shop, "store");
    CHECK_OK(town_apply(&town, &rename));
    struct audit_row audit = last_audit(&town);
    CHECK_STR(audit.action, STR("app.edit"));
    CHECK_STR(audit.subject, shop);
    CHECK_STR(audit.app_id, shop);
    CHECK_STR(audit.detail, STR("{\"name\":\"store\"}"));
    struct view *view = view_acquire(town.views);
    CHECK_STR(catalog_find_app(view->catalog, shop)->name, STR("store"));
    view_release(view);
    CHECK_OK(town_apply(&town, &rename)); /* its own name is no other's */
    check_refused(&town, app_edit(shop, "bank"), FAULT_CONFLICT, "name");
    check_refused(&town, app_edit(shop, ""), FAULT_INVALID, "name");
    check_refused(&town, app_edit(shop, " store"), FAULT_INVALID, "name");
    check_refused(&town, app_edit(STR("app_0"), "x"), FAULT_MISSING, "app");
    town_app(&town, STR("shop")); /* the old name is free */
    struct change nameless = {.kind = CHANGE_CREATE_APP, .name = STR("\n")};
    check_refused(&town, nameless, FAULT_INVALID, "name");
    town_close(&town);
}

static bool hides(struct town *town, uint64_t environment)
{
    struct view *view = view_acquire(town->views);
    bool is_hiding = view_find(view, environment)->settings.hides_flags_by_default;
    view_release(view);
    return is_hiding;
}

static struct change environment_create(struct str app, const char *name)
{
    return (struct change){.kind = CHANGE_CREATE_ENVIRONMENT,
                           .action = STR("environment.create"),
                           .app_id = app,
                           .name = str_of(name)};
}

TEST(what_new_environments_hide_is_no_news_for_old_ones)
{
    struct town town;
    town_open(&town);
    uint64_t first = town_app(&town, STR("shop"));
    struct str shop = app_id_of(&town, first);
    struct change edit = app_edit(shop, NULL);
    edit.sets_hides_flags = true;
    edit.hides_flags_by_default = true;
    CHECK_OK(town_apply(&town, &edit));
    CHECK_STR(last_audit(&town).detail, STR("{\"hidesFlagsByDefault\":true}"));
    struct change create = environment_create(shop, "qa");
    CHECK_OK(town_apply(&town, &create));
    uint64_t qa = create.created_number;
    struct change rename = app_edit(shop, "store"); /* says nothing of it */
    CHECK_OK(town_apply(&town, &rename));
    CHECK(!hides(&town, first));
    CHECK(hides(&town, qa));
    edit.hides_flags_by_default = false;
    CHECK_OK(town_apply(&town, &edit));
    town_stop(&town);
    CHECK_OK(town_start(&town)); /* what was never written is what it was */
    CHECK(!hides(&town, first));
    CHECK(hides(&town, qa));
    town_close(&town);
}

TEST(an_environment_is_made_in_its_app)
{
    struct town town;
    town_open(&town);
    uint64_t first = town_app(&town, STR("shop"));
    town_app(&town, STR("bank"));
    struct str shop = app_id_of(&town, first);
    struct change create = environment_create(shop, "eu.west-1");
    CHECK_OK(town_apply(&town, &create));
    CHECK(str_starts_with(create.created_id, STR("env_")));
    CHECK_INT(create.created_number, first + 6);
    struct view *view = view_acquire(town.views);
    const struct catalog_environment *made =
        catalog_find_environment(view->catalog, create.created_number);
    CHECK_STR(made->id, create.created_id);
    CHECK_STR(made->name, STR("eu.west-1"));
    CHECK_STR(made->app_id, shop);
    CHECK_INT(catalog_find_app(view->catalog, shop)->environment_count, 4);
    view_release(view);
    CHECK_INT(last_audit(&town).environment, create.created_number);
    CHECK_OK(town_put(&town, create.created_number, STR("a"), true));
    CHECK_INT(town_version(&town, create.created_number), 1);
    town_close(&town);
}

TEST(an_environment_needs_a_name_of_its_own)
{
    struct town town;
    town_open(&town);
    struct str shop = app_id_of(&town, town_app(&town, STR("shop")));
    check_refused(&town, environment_create(shop, "production"), FAULT_CONFLICT, "name");
    check_refused(&town, environment_create(shop, "a b"), FAULT_INVALID, "name");
    check_refused(&town, environment_create(shop, "env_1"), FAULT_INVALID, "name");
    check_refused(&town, environment_create(STR("app_0"), "qa"), FAULT_MISSING, "app");
    for (size_t i = 3; i < ENVIRONMENTS_PER_APP_MAX; i++) {
        struct change create = environment_create(shop, "x");
        create.name = arena_format(&town.arena, "e%zu", i);
        CHECK_OK(town_apply(&town, &create));
    }
    check_refused(&town, environment_create(shop, "more"), FAULT_LIMIT, "name");
    town_close(&town);
}

/* ---- users ----------------------------------------------------------------------------------- */

static struct change user_create(const char *email, enum role role)
{
    return (struct change){.kind = CHANGE_CREATE_USER,
                           .action = STR("user.create"),
                           .name = str_of(email),
                           .role = role};
}

static struct change user_edit(struct str id, enum role role)
{
    return (struct change){
        .kind = CHANGE_EDIT_USER, .action = STR("user.edit"), .user_id = id, .role = role};
}

static struct change user_delete(struct str id)
{
    return (struct change){.kind = CHANGE_DELETE_USER, .action = STR("user.delete"), .user_id = id};
}

static struct str make_user(struct town *town, const char *email, enum role role)
{
    struct change create = user_create(email, role);
    CHECK_OK(town_apply(town, &create));
    CHECK(str_starts_with(create.created_id, STR("user_")));
    return create.created_id;
}

static struct str owner_id(struct town *town)
{
    struct view *view = view_acquire(town->views);
    struct str id = arena_copy_str(&town->arena, view->catalog->users[0].id);
    view_release(view);
    return id;
}

static struct change personal_token(struct str user, bool is_read_only)
{
    return (struct change){.kind = CHANGE_CREATE_TOKEN,
                           .action = STR("token.create"),
                           .key_kind = CREDENTIAL_PERSONAL,
                           .user_id = user,
                           .is_read_only = is_read_only};
}

/* The role the secret has now; ROLE_NONE when it opens nothing. */
static enum role role_of(struct town *town, struct str secret)
{
    struct view *view = view_acquire(town->views);
    const struct caller *caller = keyring_find(&view->catalog->keyring, secret, town->now_ms);
    enum role role = caller == NULL ? ROLE_NONE : caller->role;
    view_release(view);
    return role;
}

TEST(a_user_has_a_sane_address_of_their_own_and_a_role)
{
    struct town town;
    town_open(&town);
    struct str ann = make_user(&town, "Ann@example.test", ROLE_EDITOR);
    struct audit_row audit = last_audit(&town);
    CHECK_STR(audit.subject, ann);
    CHECK_STR(audit.detail, STR("{\"email\":\"Ann@example.test\",\"role\":\"editor\"}"));
    struct view *view = view_acquire(town.views);
    const struct catalog_user *user = catalog_find_user(view->catalog, ann);
    CHECK_STR(user->email, STR("Ann@example.test"));
    CHECK_INT(user->role, ROLE_EDITOR);
    CHECK_INT(user->created_ms, town.now_ms);
    view_release(view);
    check_refused(&town, user_create("ann@EXAMPLE.test", ROLE_VIEWER), FAULT_CONFLICT, "email");
    check_refused(&town, user_create("nobody", ROLE_VIEWER), FAULT_INVALID, "email");
    check_refused(&town, user_create("bob@example.test", ROLE_NONE), FAULT_INVALID, "role");
    check_refused(&town, user_edit(ann, ROLE_NONE), FAULT_INVALID, "role");
    check_refused(&town, user_edit(STR("user_0"), ROLE_VIEWER), FAULT_MISSING, "user");
    check_refused(&town, user_delete(STR("user_0")), FAULT_MISSING, "user");
    town_close(&town);
}

TEST(users_are_limited)
{
    struct town town;
    town_open(&town);
    for (size_t made = 1; made < USERS_MAX; made++) {
        struct change create = user_create("", ROLE_VIEWER);
        create.name = arena_format(&town.arena, "u%zu@example.test", made);
        CHECK_OK(town_apply(&town, &create));
    }
    check_refused(&town, user_create("one@more", ROLE_VIEWER), FAULT_LIMIT, "email");
    town_close(&town);
}

TEST(a_role_holds_at_once_for_all_tokens_of_its_user)
{
    struct town town;
    town_open(&town);
    struct str ann = make_user(&town, "ann@example.test", ROLE_VIEWER);
    struct change token = personal_token(ann, false);
    CHECK_OK(town_apply(&town, &token));
    CHECK(str_starts_with(token.secret, STR("cli_")));
    CHECK_STR(last_audit(&town).detail,
              arena_format(&town.arena, "{\"access\":\"write\",\"user\":\"%.*s\"}", STR_ARG(ann)));
    CHECK_INT(role_of(&town, token.secret), ROLE_VIEWER);
    struct change promote = user_edit(ann, ROLE_ADMIN);
    CHECK_OK(town_apply(&town, &promote));
    CHECK_INT(role_of(&town, token.secret), ROLE_ADMIN);
    CHECK_STR(last_audit(&town).detail, STR("{\"email\":\"ann@example.test\",\"role\":\"admin\"}"));
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_INT(role_of(&town, token.secret), ROLE_ADMIN);
    town_close(&town);
}

/* Whoever was let in as an editor and is one no more when the change has its turn. */
TEST(a_role_counts_when_the_change_has_its_turn)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct str ann = make_user(&town, "ann@example.test", ROLE_EDITOR);
    struct change token = personal_token(ann, false);
    CHECK_OK(town_apply(&town, &token));
    const struct caller owner = town.owner;
    struct caller editor = owner;
    editor.role = ROLE_EDITOR;
    editor.credential_id = token.created_id;
    town.owner = editor;
    CHECK_OK(town_put(&town, environment, STR("before"), true));
    town.owner = owner;
    struct change demote = user_edit(ann, ROLE_VIEWER);
    CHECK_OK(town_apply(&town, &demote));
    town.owner = editor;
    CHECK_FAULT(town_put(&town, environment, STR("behind"), true), FAULT_DENIED);
    town.owner = owner;
    CHECK_INT(town_version(&town, environment), 1);
    town_close(&town);
}

TEST(a_deleted_user_takes_their_tokens_along_and_leaves_their_address)
{
    struct town town;
    town_open(&town);
    struct str ann = make_user(&town, "ann@example.test", ROLE_EDITOR);
    struct str bob = make_user(&town, "bob@example.test", ROLE_EDITOR);
    struct change tokens[3];
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        tokens[i] = personal_token(i < 2 ? ann : bob, i == 1);
        CHECK_OK(town_apply(&town, &tokens[i]));
    }
    struct change delete = user_delete(ann);
    CHECK_OK(town_apply(&town, &delete));
    CHECK_INT(role_of(&town, tokens[0].secret), ROLE_NONE);
    CHECK_INT(role_of(&town, tokens[1].secret), ROLE_NONE);
    CHECK_INT(role_of(&town, tokens[2].secret), ROLE_EDITOR);
    struct audit_row audit = last_audit(&town);
    CHECK_STR(audit.subject, ann);
    CHECK_STR(audit.detail, STR("{\"email\":\"ann@example.test\"}"));
    check_refused(&town, user_delete(ann), FAULT_MISSING, "user");
    check_refused(&town, personal_token(ann, false), FAULT_MISSING, "user");
    make_user(&town, "ann@example.test", ROLE_VIEWER);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_INT(role_of(&town, tokens[0].secret), ROLE_NONE); /* not their namesake's either */
    CHECK_INT(role_of(&town, tokens[2].secret), ROLE_EDITOR);
    town_close(&town);
}

TEST(the_last_owner_stays)
{
    struct town town;
    town_open(&town);
    struct str owner = owner_id(&town);
    check_refused(&town, user_delete(owner), FAULT_CONFLICT, "role");
    check_refused(&town, user_edit(owner, ROLE_ADMIN), FAULT_CONFLICT, "role");
    struct change same = user_edit(owner, ROLE_OWNER);
    CHECK_OK(town_apply(&town, &same));
    struct str ann = make_user(&town, "ann@example.test", ROLE_OWNER);
    struct change demote = user_edit(owner, ROLE_ADMIN);
    CHECK_OK(town_apply(&town, &demote));
    check_refused(&town, user_delete(ann), FAULT_CONFLICT, "role");
    struct change delete = user_delete(owner); /* the caller's own: no owner any more */
    CHECK_OK(town_apply(&town, &delete));
    struct change after = user_edit(ann, ROLE_OWNER);
    CHECK_FAULT(town_apply(&town, &after), FAULT_UNAUTHENTICATED);
    town_close(&town);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

TEST(a_token_opens_what_it_was_made_for_and_may_only_look)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct str shop = app_id_of(&town, environment);
    struct change token = {.kind = CHANGE_CREATE_TOKEN,
                           .action = STR("token.create"),
                           .key_kind = CREDENTIAL_APP,
                           .app_id = shop,
                           .name = STR("report"),
                           .is_read_only = true,
                           .expires_ms = town.now_ms + 10};
    CHECK_OK(town_apply(&town, &token));
    CHECK(str_starts_with(token.secret, STR("admin_")));
    struct audit_row audit = last_audit(&town);
    CHECK_STR(audit.app_id, shop);
    CHECK_STR(audit.detail,
              arena_format(&town.arena, "{\"access\":\"read\",\"app\":\"%.*s\"}", STR_ARG(shop)));
    town_stop(&town);
    CHECK_OK(town_start(&town));
    struct view *view = view_acquire(town.views);
    const struct caller *caller = keyring_find(&view->catalog->keyring, token.secret, town.now_ms);
    assert_non_null(caller);
    CHECK_INT(caller->kind, CREDENTIAL_APP);
    CHECK(caller->is_read_only);
    CHECK(!caller_may_write(caller));
    CHECK(caller_sees_environment(caller, shop, environment));
    CHECK(catalog_find_credential(view->catalog, token.created_id)->is_read_only);
    CHECK(keyring_find(&view->catalog->keyring, token.secret, town.now_ms + 10) == NULL);
    view_release(view);
    token.app_id = STR("app_0");
    check_refused(&town, token, FAULT_MISSING, "app");
    token.key_kind = CREDENTIAL_SERVER_KEY;
    check_refused(&town, token, FAULT_INVALID, "kind");
    town_close(&town);
}

TESTS(an_app_is_renamed_unless_another_has_the_name,
      what_new_environments_hide_is_no_news_for_old_ones, an_environment_is_made_in_its_app,
      an_environment_needs_a_name_of_its_own, a_user_has_a_sane_address_of_their_own_and_a_role,
      users_are_limited, a_role_holds_at_once_for_all_tokens_of_its_user,
      a_role_counts_when_the_change_has_its_turn,
      a_deleted_user_takes_their_tokens_along_and_leaves_their_address, the_last_owner_stays,
      a_token_opens_what_it_was_made_for_and_may_only_look)
