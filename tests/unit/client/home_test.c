/* SPDX-License-Identifier: Apache-2.0 */
/* home - what is remembered is whole, private, and keeps what is not ours. */
#include "client/home.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "scratch.h"
#include "test.h"

struct scene {
    struct arena arena;
    struct home home;
    struct scratch root;
};

static void scene_open(struct scene *scene)
{
    random_open();
    arena_open(&scene->arena, 4096);
    CHECK(scratch_open(&scene->root));
    scene->home = (struct home){&scene->arena,
                                arena_format(&scene->arena, "%s/.superflag", scene->root.path)};
}

static void scene_close(struct scene *scene)
{
    static const char *const files[] = {"credentials.json", "context.json", "other"};
    for (size_t i = 0; i < COUNT_OF(files); i++)
        unlink(home_path(&scene->home, files[i]).data);
    rmdir(home_path(&scene->home, "").data);
    CHECK(rmdir(scene->root.path) == 0); /* nothing temporary was left */
    arena_close(&scene->arena);
}

static void put_file(struct scene *scene, const char *name, const char *text)
{
    mkdir(home_path(&scene->home, "").data, 0700);
    CHECK_OK(home_write_file(&scene->arena, home_path(&scene->home, name), str_of(text), 0600));
}

static struct str file(struct scene *scene, const char *name)
{
    struct str text;
    CHECK_OK(home_read_file(&scene->arena, home_path(&scene->home, name), 65536, &text));
    return text;
}

static unsigned mode_of(struct scene *scene, const char *name)
{
    struct stat found;
    CHECK(stat(home_path(&scene->home, name).data, &found) == 0);
    return found.st_mode & 07777;
}

TEST(an_empty_home_remembers_nothing)
{
    struct scene scene;
    struct credentials credentials;
    struct home_context context;
    bool was_there = true;
    scene_open(&scene);
    CHECK_OK(home_load_credentials(&scene.home, &credentials));
    CHECK_OK(home_load_context(&scene.home, &context));
    CHECK(str_is_absent(credentials.token));
    CHECK(str_is_absent(context.app_id));
    CHECK_INT(context.number, 0);
    CHECK_OK(home_forget_credentials(&scene.home, &was_there));
    CHECK(!was_there);
    scene_close(&scene);
}

TEST(what_is_saved_is_loaded)
{
    struct scene scene;
    scene_open(&scene);
    const struct credentials saved = {STR("cli_\"1\""), STR("a@x"), STR("http://h")};
    struct credentials credentials;
    CHECK_OK(home_save_credentials(&scene.home, &saved));
    CHECK_OK(home_load_credentials(&scene.home, &credentials));
    CHECK_STR(credentials.token, saved.token);
    CHECK_STR(credentials.email, saved.email);
    CHECK_STR(credentials.api, saved.api);
    const struct home_context chosen = {STR("app_1"), STR("shop"), STR("staging"), 12,
                                        STR("http://h")};
    struct home_context context;
    CHECK_OK(home_save_context(&scene.home, &chosen));
    CHECK_OK(home_load_context(&scene.home, &context));
    CHECK_STR(context.app_id, chosen.app_id);
    CHECK_STR(context.app_name, chosen.app_name);
    CHECK_STR(context.environment, chosen.environment);
    CHECK_INT(context.number, 12);
    CHECK_STR(context.api, chosen.api);
    scene_close(&scene);
}

TEST(files_are_for_one_person_whatever_the_mask)
{
    struct scene scene;
    scene_open(&scene);
    mode_t old = umask(0);
    const struct credentials saved = {STR("t"), STR("e"), {0}};
    CHECK_OK(home_save_credentials(&scene.home, &saved));
    umask(old);
    CHECK_INT(mode_of(&scene, ""), 0700);
    CHECK_INT(mode_of(&scene, "credentials.json"), 0600);
    scene_close(&scene);
}

TEST(the_layout_is_the_documented_one)
{
    struct scene scene;
    scene_open(&scene);
    const struct credentials saved = {STR("cli_1"), STR("a@x"), {0}};
    const struct home_context chosen = {STR("app_1"), STR("shop"), STR("staging"), 0, {0}};
    CHECK_OK(home_save_credentials(&scene.home, &saved));
    CHECK_OK(home_save_context(&scene.home, &chosen));
    CHECK_STR(file(&scene, "credentials.json"), STR("{\"token\":\"cli_1\",\"email\":\"a@x\"}\n"));
    CHECK_STR(file(&scene, "context.json"),
              STR("{\"appId\":\"app_1\",\"appName\":\"shop\",\"env\":\"staging\"}\n"));
    scene_close(&scene);
}

TEST(members_that_are_not_ours_stay)
{
    struct scene scene;
    scene_open(&scene);
    put_file(&scene, "credentials.json", "{\"api\":\"http://old\",\"x\":[1,{\"y\":null}]}");
    const struct credentials saved = {STR("t"), {0}, {0}};
    CHECK_OK(home_save_credentials(&scene.home, &saved));
    CHECK_STR(file(&scene, "credentials.json"), STR("{\"token\":\"t\",\"x\":[1,{\"y\":null}]}\n"));
    scene_close(&scene);
}

TEST(what_is_no_document_is_refused_and_can_be_replaced)
{
    static const char *const broken[] = {"", "{", "[]", "null", "{\"token\":\"\xff\"}"};
    struct scene scene;
    struct credentials credentials;
    scene_open(&scene);
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        put_file(&scene, "credentials.json", broken[i]);
        CHECK_FAULT(home_load_credentials(&scene.home, &credentials), FAULT_INVALID);
        CHECK(str_is_absent(credentials.token));
    }
    const struct credentials saved = {STR("t"), {0}, {0}};
    CHECK_OK(home_save_credentials(&scene.home, &saved));
    CHECK_OK(home_load_credentials(&scene.home, &credentials));
    scene_close(&scene);
}

TEST(members_of_another_type_count_as_absent)
{
    struct scene scene;
    struct credentials credentials;
    struct home_context context;
    scene_open(&scene);
    put_file(&scene, "credentials.json", "{\"token\":3,\"email\":null,\"api\":\"\"}");
    put_file(&scene, "context.json", "{\"appId\":[],\"environment\":-1}");
    CHECK_OK(home_load_credentials(&scene.home, &credentials));
    CHECK_OK(home_load_context(&scene.home, &context));
    CHECK(str_is_absent(credentials.token));
    CHECK(str_is_absent(credentials.api));
    CHECK(str_is_absent(context.app_id));
    CHECK_INT(context.number, 0);
    scene_close(&scene);
}

TEST(a_login_is_forgotten_once)
{
    struct scene scene;
    bool was_there = false;
    scene_open(&scene);
    put_file(&scene, "credentials.json", "{}");
    CHECK_OK(home_forget_credentials(&scene.home, &was_there));
    CHECK(was_there);
    CHECK_OK(home_forget_credentials(&scene.home, &was_there));
    CHECK(!was_there);
    scene_close(&scene);
}

TEST(files_are_read_up_to_a_limit)
{
    struct scene scene;
    struct str text;
    scene_open(&scene);
    put_file(&scene, "other", "12345678");
    struct str path = home_path(&scene.home, "other");
    CHECK_OK(home_read_file(&scene.arena, path, 8, &text));
    CHECK_STR(text, STR("12345678"));
    CHECK_FAULT(home_read_file(&scene.arena, path, 7, &text), FAULT_LIMIT);
    CHECK_FAULT(home_read_file(&scene.arena, home_path(&scene.home, "none"), 8, &text),
                FAULT_MISSING);
    scene_close(&scene);
}

TEST(a_folder_that_cannot_be_written_is_told)
{
    struct scene scene;
    scene_open(&scene);
    scene.home.directory = STR("/proc/nowhere");
    const struct credentials saved = {STR("t"), {0}, {0}};
    CHECK(failed(home_save_credentials(&scene.home, &saved)));
    scene.home.directory = arena_format(&scene.arena, "%s/.superflag", scene.root.path);
    scene_close(&scene);
}

TESTS(an_empty_home_remembers_nothing, what_is_saved_is_loaded,
      files_are_for_one_person_whatever_the_mask, the_layout_is_the_documented_one,
      members_that_are_not_ours_stay, what_is_no_document_is_refused_and_can_be_replaced,
      members_of_another_type_count_as_absent, a_login_is_forgotten_once,
      files_are_read_up_to_a_limit, a_folder_that_cannot_be_written_is_told)
