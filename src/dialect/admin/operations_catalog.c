/* SPDX-License-Identifier: Apache-2.0 */
/* operations_catalog - apps, environments, what opens them, people, and the trail of all changes.
 */
#include "dialect/admin/operations.h"

#define READS (OPERATION_DETECTS)
#define LISTS (OPERATION_LISTS | OPERATION_DETECTS)
#define CREATES (OPERATION_MUTATES | OPERATION_CREATES)

/* ---- apps ---------------------------------------------------------------------------------- */

const struct operation operation_list_apps = {
    .id = STR("listApps"),
    .tag = STR("Apps"),
    .summary = STR("List the apps you see, in the order they were made"),
    .traits = LISTS,
    .status = 200,
    .answer = STR("App"),
};

const struct operation operation_create_app = {
    .id = STR("createApp"),
    .tag = STR("Apps"),
    .summary = STR("Make an app, with its development, staging and production"),
    .details = STR("For people's own tokens that may write."),
    .traits = CREATES,
    .status = 201,
    .body = STR("NewApp"),
    .answer = STR("App"),
};

const struct operation operation_get_app = {
    .id = STR("getApp"),
    .tag = STR("Apps"),
    .summary = STR("Get an app"),
    .traits = READS,
    .status = 200,
    .answer = STR("App"),
};

const struct operation operation_edit_app = {
    .id = STR("editApp"),
    .tag = STR("Apps"),
    .summary = STR("Rename an app, or change what its new environments hide"),
    .details = STR("For administrators and the app's own tokens."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("AppEdit"),
    .answer = STR("App"),
};

const struct operation operation_create_environment = {
    .id = STR("createEnvironment"),
    .tag = STR("Apps"),
    .summary = STR("Make one more environment in an app; there may be 50"),
    .details = STR("For administrators and the app's own tokens."),
    .traits = CREATES,
    .status = 201,
    .body = STR("NewEnvironment"),
    .answer = STR("Environment"),
};

/* ---- environments -------------------------------------------------------------------------- */

const struct operation operation_list_environments = {
    .id = STR("listEnvironments"),
    .tag = STR("Environments"),
    .summary = STR("List the environments you see, by number"),
    .traits = LISTS,
    .status = 200,
    .answer = STR("Environment"),
};

const struct operation operation_get_environment = {
    .id = STR("getEnvironment"),
    .tag = STR("Environments"),
    .summary = STR("Get an environment"),
    .traits = READS,
    .status = 200,
    .answer = STR("Environment"),
};

const struct operation operation_edit_environment = {
    .id = STR("editEnvironment"),
    .tag = STR("Environments"),
    .summary = STR("Change an environment's settings, or its quota"),
    .details =
        STR("Settings are versioned with the environment and for all who may write; the quota is "
            "not versioned, is for administrators and the app's own tokens, and is changed in a "
            "request of its own."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("EnvironmentEdit"),
    .answer = STR("Environment"),
};

const struct operation operation_create_project_keys = {
    .id = STR("createProjectKeys"),
    .tag = STR("Environments"),
    .summary = STR("Make an environment's project key and secret"),
    .details =
        STR("A pair that was there is revoked. The secret is shown this once. For administrators "
            "and the app's own tokens."),
    .traits = CREATES,
    .status = 201,
    .answer = STR("ProjectKeys"),
};

/* ---- deployments --------------------------------------------------------------------------- */

const struct operation operation_list_deployments = {
    .id = STR("listDeployments"),
    .tag = STR("Deployments"),
    .summary = STR("List an environment's deployments, archived ones too, by number"),
    .details = STR("Keys that are no browser's are masked for those who may not administer."),
    .traits = LISTS,
    .status = 200,
    .answer = STR("Deployment"),
};

const struct operation operation_create_deployment = {
    .id = STR("createDeployment"),
    .tag = STR("Deployments"),
    .summary = STR("Make a deployment, with its key"),
    .details = STR("For administrators and the app's own tokens."),
    .traits = CREATES,
    .status = 201,
    .body = STR("NewDeployment"),
    .answer = STR("Deployment"),
};

const struct operation operation_get_deployment = {
    .id = STR("getDeployment"),
    .tag = STR("Deployments"),
    .summary = STR("Get a deployment"),
    .traits = READS,
    .status = 200,
    .answer = STR("Deployment"),
};

const struct operation operation_edit_deployment = {
    .id = STR("editDeployment"),
    .tag = STR("Deployments"),
    .summary = STR("Rename a deployment, archive it, or bring it back"),
    .details = STR("The key of an archived one opens nothing. For administrators and the app's own "
                   "tokens."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("DeploymentEdit"),
    .answer = STR("Deployment"),
};

const struct operation operation_archive_deployment = {
    .id = STR("archiveDeployment"),
    .tag = STR("Deployments"),
    .summary = STR("Archive a deployment"),
    .details =
        STR("It stays in the list, and may be brought back. For administrators and the app's own "
            "tokens."),
    .traits = OPERATION_MUTATES,
    .status = 204,
};

/* ---- keys ---------------------------------------------------------------------------------- */

const struct operation operation_list_keys = {
    .id = STR("listKeys"),
    .tag = STR("Keys"),
    .summary = STR("List what browsers and servers read an environment with"),
    .traits = LISTS,
    .status = 200,
    .answer = STR("Key"),
};

const struct operation operation_create_key = {
    .id = STR("createKey"),
    .tag = STR("Keys"),
    .summary = STR("Make a key"),
    .details = STR("It is shown this once. For administrators and the app's own tokens."),
    .traits = CREATES,
    .status = 201,
    .body = STR("NewKey"),
    .answer = STR("KeyWithSecret"),
};

const struct operation operation_get_key = {
    .id = STR("getKey"),
    .tag = STR("Keys"),
    .summary = STR("Get what is known of a key"),
    .traits = READS,
    .status = 200,
    .answer = STR("Key"),
};

const struct operation operation_revoke_key = {
    .id = STR("revokeKey"),
    .tag = STR("Keys"),
    .summary = STR("Revoke a key"),
    .details =
        STR("It opens nothing from then on, and its streams end. For administrators and the app's "
            "own tokens."),
    .traits = OPERATION_MUTATES,
    .status = 204,
};

/* ---- tokens -------------------------------------------------------------------------------- */

const struct operation operation_list_tokens = {
    .id = STR("listTokens"),
    .tag = STR("Tokens"),
    .summary = STR("List the tokens you see, in the order they were made"),
    .details =
        STR("Administrators see all, an app's token those of its environments, everybody their "
            "own."),
    .traits = LISTS,
    .status = 200,
    .answer = STR("Token"),
};

const struct operation operation_create_token = {
    .id = STR("createToken"),
    .tag = STR("Tokens"),
    .summary = STR("Make a token, for environments, for an app or for a person"),
    .details =
        STR("It is shown this once. Everybody makes personal tokens of their own; an app's token "
            "makes those of its environments; administrators make all, but an owner's."),
    .traits = CREATES,
    .status = 201,
    .body = STR("NewToken"),
    .answer = STR("TokenWithSecret"),
};

const struct operation operation_get_token = {
    .id = STR("getToken"),
    .tag = STR("Tokens"),
    .summary = STR("Get what is known of a token"),
    .traits = READS,
    .status = 200,
    .answer = STR("Token"),
};

const struct operation operation_revoke_token = {
    .id = STR("revokeToken"),
    .tag = STR("Tokens"),
    .summary = STR("Revoke a token"),
    .details = STR("Every token may give itself up; an owner's are an owner's to revoke."),
    .traits = OPERATION_MUTATES,
    .status = 204,
};

/* ---- people -------------------------------------------------------------------------------- */

const struct operation operation_list_users = {
    .id = STR("listUsers"),
    .tag = STR("Users"),
    .summary = STR("List the people you see, in the order they came"),
    .details = STR("Administrators see all, others themselves."),
    .traits = LISTS,
    .status = 200,
    .answer = STR("User"),
};

const struct operation operation_create_user = {
    .id = STR("createUser"),
    .tag = STR("Users"),
    .summary = STR("Add somebody, with a role"),
    .details =
        STR("They have no token yet: make one for them. For administrators; owners are made by "
            "owners."),
    .traits = CREATES,
    .status = 201,
    .body = STR("NewUser"),
    .answer = STR("User"),
};

const struct operation operation_get_user = {
    .id = STR("getUser"),
    .tag = STR("Users"),
    .summary = STR("Get somebody"),
    .traits = READS,
    .status = 200,
    .answer = STR("User"),
};

const struct operation operation_edit_user = {
    .id = STR("editUser"),
    .tag = STR("Users"),
    .summary = STR("Give somebody another role"),
    .details =
        STR("For administrators; owners are made and changed by owners, and the last one stays."),
    .traits = OPERATION_MUTATES,
    .status = 200,
    .body = STR("UserEdit"),
    .answer = STR("User"),
};

const struct operation operation_delete_user = {
    .id = STR("deleteUser"),
    .tag = STR("Users"),
    .summary = STR("Delete somebody, and revoke all their tokens"),
    .details = STR("For administrators; owners are deleted by owners, and the last one stays."),
    .traits = OPERATION_MUTATES,
    .status = 204,
};

const struct operation operation_set_password = {
    .id = STR("setPassword"),
    .tag = STR("Users"),
    .summary = STR("Set the password somebody signs in with, for instance for the command line"),
    .details = STR("Your own, together with the one that is valid now if there is one; or, for "
                   "administrators, somebody else's. An owner's is an owner's to set. Tokens stay "
                   "as they are."),
    .traits = OPERATION_MUTATES,
    .status = 204,
    .body = STR("NewPassword"),
};

const struct operation operation_get_me = {
    .id = STR("getMe"),
    .tag = STR("Users"),
    .summary = STR("Get who is asking, what they see and what they may"),
    .traits = READS,
    .status = 200,
    .answer = STR("Me"),
};

/* ---- the trail ----------------------------------------------------------------------------- */

#define ANY_TEXT STR("{\"type\":\"string\"}")
#define INSTANT_OR_DAY                                                                             \
    STR("{\"type\":\"string\",\"anyOf\":[{\"format\":\"date-time\"},{\"format\":\"date\"}],"       \
        "\"examples\":[\"2026-01-31T12:00:00Z\",\"2026-01-31\"]}")

static const struct operation_query audit_query[] = {
    {STR("environment"), STR("Of one environment, by its number or id"),
     STR("{\"type\":\"string\",\"minLength\":1,\"examples\":[\"1\"]}"), false},
    {STR("actor"), STR("By one person's e-mail address, or one token's id"), ANY_TEXT, false},
    {STR("action"), STR("One action, or all that begin so when it ends in a dot: flag."), ANY_TEXT,
     false},
    {STR("subject"), STR("About one key or id"), ANY_TEXT, false},
    {STR("from"), STR("Not before this instant; a day begins at midnight UTC"), INSTANT_OR_DAY,
     false},
    {STR("to"), STR("Before this instant"), INSTANT_OR_DAY, false},
};

const struct operation operation_list_audit = {
    .id = STR("listAudit"),
    .tag = STR("Audit"),
    .summary = STR("List what was changed and by whom, newest first"),
    .details =
        STR("Administrators see all rows, others those of the environments and apps they see. A "
            "page may have fewer rows than asked for, and yet a next one."),
    .traits = LISTS,
    .status = 200,
    .answer = STR("AuditRow"),
    .query = audit_query,
    .query_count = COUNT_OF(audit_query),
};

const struct operation operation_verify_audit = {
    .id = STR("verifyAudit"),
    .tag = STR("Audit"),
    .summary = STR("Walk the whole trail and say whether it is as it was written"),
    .details =
        STR("For administrators. Keep `hash` elsewhere: who rewrites the whole trail is found by "
            "comparing it."),
    .traits = READS,
    .status = 200,
    .answer = STR("AuditVerification"),
};

const struct operation operation_download_backup = {
    .id = STR("downloadBackup"),
    .tag = STR("Operations"),
    .summary = STR("Download a copy of the whole store"),
    .details = STR("As of one moment, while changes go on: one SQLite file with everything the "
                   "server knows, for `guidon restore`. Owners alone; who has it can read all "
                   "definitions, people, members of cohorts and the trail, and no secret but the "
                   "keys that deployments show anyway. Repr-Digest (RFC 9530) says what the bytes "
                   "must add up to. One at a time: 503 while another one is under way."),
    .traits = OPERATION_DETECTS,
    .status = 200,
    .answer_media = STR("application/vnd.sqlite3"),
};
