/* SPDX-License-Identifier: Apache-2.0 */
/* schemas_catalog - components of the description: apps, environments, what opens them, people, the
 * trail. */
#include "dialect/admin/operations.h"

#define TEXT "{\"type\":\"string\"}"
#define TEXT_OR_NULL "{\"type\":[\"string\",\"null\"]}"
#define NUMBER "{\"type\":\"integer\",\"minimum\":1}"
#define NUMBER_OR_NULL "{\"type\":[\"integer\",\"null\"],\"minimum\":1}"
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define INSTANT "{\"type\":\"string\",\"format\":\"date-time\"}"
#define INSTANT_OR_NULL "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"
#define CLOSED "\"additionalProperties\":false"
#define OBJECT(properties, required)                                                               \
    "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]," CLOSED "}"
/* What may be left out, all of it but not everything at once. */
#define EDIT(properties)                                                                           \
    "{\"type\":\"object\",\"properties\":{" properties "},\"minProperties\":1," CLOSED "}"

/* Neither a control nor a blank at the ends: title.h, fields.h. */
#define NAME_PATTERN                                                                               \
    "\"pattern\":\"^[^\\\\u0000-\\\\u0020\\\\u007f]([^\\\\u0000-\\\\u001f\\\\u007f]*"              \
    "[^\\\\u0000-\\\\u0020\\\\u007f])?$\""
#define APP_NAME                                                                                   \
    "{\"type\":\"string\",\"minLength\":1,\"maxLength\":96,\"description\":\"up to 96 UTF-16 "     \
    "units\"," NAME_PATTERN "}"
#define GIVEN_NAME                                                                                 \
    "{\"type\":\"string\",\"minLength\":1,\"maxLength\":2048,\"description\":\"up to 2048 bytes "  \
    "of UTF-8\"," NAME_PATTERN "}"
#define ENVIRONMENT_NAME                                                                           \
    "{\"type\":\"string\",\"maxLength\":64,\"pattern\":"                                           \
    "\"^(?!env_)[A-Za-z0-9][A-Za-z0-9._-]*$\"}"
#define LABEL "{\"type\":\"string\",\"maxLength\":64,\"pattern\":\"^[A-Za-z0-9_-]+$\"}"
#define EMAIL "{\"type\":\"string\",\"maxLength\":254,\"pattern\":\"^[!-?A-~]+@[!-?A-~]+$\"}"
#define QUOTA                                                                                      \
    "{\"type\":[\"integer\",\"null\"],\"minimum\":1,\"maximum\":1000000000000,\"description\":"    \
    "\"config requests a month; null: no limit\"}"
#define ROLE "{\"enum\":[\"viewer\",\"editor\",\"admin\",\"owner\"]}"
#define ACCESS "{\"enum\":[\"read\",\"write\"]}"
#define FORM                                                                                       \
    "{\"enum\":[\"auto\",\"legacy\",\"core\"],\"description\":\"the form of whole configuration "  \
    "documents; auto: the oldest that says everything exactly\"}"
#define METADATA                                                                                   \
    "{\"type\":[\"object\",\"null\"],\"description\":\"goes out with whole configuration "         \
    "documents; up to 16 KiB\"}"
#define HASH "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\"}"

/* ---- apps and environments ----------------------------------------------------------------- */

#define ENVIRONMENT_BRIEF                                                                          \
    "{\"type\":\"object\",\"properties\":{\"number\":" NUMBER ",\"id\":" TEXT ",\"name\":" TEXT    \
    "},\"required\":[\"number\",\"id\",\"name\"]," CLOSED "}"

#define DEPLOYMENT_MEMBERS                                                                         \
    "\"number\":" NUMBER ",\"label\":" TEXT                                                        \
    ",\"kind\":{\"enum\":[\"client\",\"server\",\"project\"]},\"key\":{\"type\":\"string\","       \
    "\"description\":\"masked (server-****abcd) for those who may not administer\"},"              \
    "\"archived\":" BOOLEAN ",\"createdAt\":" INSTANT

/* ---- credentials ---------------------------------------------------------------------------- */

#define KEY_MEMBERS                                                                                \
    "\"id\":" TEXT ",\"kind\":{\"enum\":[\"browser\",\"server\"]},\"name\":" TEXT_OR_NULL          \
    ",\"prefix\":" TEXT ",\"tail\":" TEXT ",\"createdAt\":" INSTANT                                \
    ",\"expiresAt\":" INSTANT_OR_NULL
#define KEY_REQUIRED "\"id\",\"kind\",\"name\",\"prefix\",\"tail\",\"createdAt\",\"expiresAt\""

#define TOKEN_MEMBERS                                                                              \
    "\"id\":" TEXT ",\"name\":" TEXT_OR_NULL ",\"prefix\":" TEXT ",\"tail\":" TEXT                 \
    ",\"access\":" ACCESS ",\"createdAt\":" INSTANT ",\"expiresAt\":" INSTANT_OR_NULL
#define TOKEN_REQUIRED                                                                             \
    "\"id\",\"kind\",\"name\",\"prefix\",\"tail\",\"access\",\"createdAt\",\"expiresAt\""
#define ENVIRONMENT_NUMBERS "{\"type\":\"array\",\"items\":" NUMBER "}"
#define TOKEN(more, more_required)                                                                             \
    "{\"oneOf\":[" OBJECT(                                                                                     \
        "\"kind\":{\"const\":\"environment\"},\"environments\":" ENVIRONMENT_NUMBERS                           \
        "," TOKEN_MEMBERS more,                                                                                \
        TOKEN_REQUIRED                                                                                         \
        ",\"environments\"" more_required) "," OBJECT("\"kind\":{\"const\":\"app\"},"                          \
                                                      "\"appId\":" TEXT "," TOKEN_MEMBERS more,                \
                                                      TOKEN_REQUIRED                                           \
                                                      ",\"appId\"" more_required) "," OBJECT("\"k"             \
                                                                                             "ind"             \
                                                                                             "\":"             \
                                                                                             "{\""             \
                                                                                             "con"             \
                                                                                             "st"              \
                                                                                             "\":"             \
                                                                                             "\"p"             \
                                                                                             "ers"             \
                                                                                             "ona"             \
                                                                                             "l\""             \
                                                                                             "},"              \
                                                                                             "\"u"             \
                                                                                             "ser"             \
                                                                                             "Id"              \
                                                                                             "\""              \
                                                                                             ":" TEXT          \
                                                                                             "," TOKEN_MEMBERS \
                                                                                                 more,         \
                                                                                             TOKEN_REQUIRED    \
                                                                                             ",\""             \
                                                                                             "use"             \
                                                                                             "rId"             \
                                                                                             "\"" more_required) "]}"

#define NEW_TOKEN_MEMBERS                                                                          \
    "\"name\":" GIVEN_NAME ",\"access\":{\"enum\":[\"read\",\"write\"],\"default\":\"write\"},"    \
    "\"expiresAt\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\",\"description\":"      \
    "\"an instant to come; null or left out: never\"}"
#define NAMED_ENVIRONMENTS                                                                         \
    "{\"type\":\"array\",\"minItems\":1,\"items\":{\"anyOf\":[{\"type\":\"integer\","              \
    "\"minimum\":1,\"maximum\":999999999999999},{\"type\":\"string\",\"minLength\":1,"             \
    "\"description\":\"a number or an id\"}]}}"
#define NEW_TOKEN                                                                                  \
    "{\"oneOf\":[" OBJECT(                                                                         \
        "\"kind\":{\"const\":\"environment\",\"description\":\"may be left out\"},"                \
        "\"environments\":" NAMED_ENVIRONMENTS "," NEW_TOKEN_MEMBERS,                              \
        "\"environments\"") "," OBJECT("\"kind\":{\"const\":\"app\"},\"app\":" TEXT                \
                                       "," NEW_TOKEN_MEMBERS,                                      \
                                       "\"kind\",\"app\"") "," OBJECT("\"kind\":{\"const\":"       \
                                                                      "\"personal\"},\"user\":{"   \
                                                                      "\"type\":\"string\","       \
                                                                      "\"description\":"           \
                                                                      "\"whose; left out: your "   \
                                                                      "own\"}," NEW_TOKEN_MEMBERS, \
                                                                      "\"kind\"") "]}"

/* ---- people and the trail ------------------------------------------------------------------- */

#define ME_MEMBERS                                                                                 \
    "\"actor\":{\"type\":\"string\",\"description\":\"as in the trail\"},\"tokenId\":" TEXT        \
    ",\"access\":" ACCESS ",\"apps\":{\"type\":\"array\",\"items\":" TEXT                          \
    "},\"environments\":" ENVIRONMENT_NUMBERS                                                      \
    ",\"may\":{\"type\":\"array\",\"uniqueItems\":true,\"items\":{\"enum\":"                       \
    "[\"read\",\"write\",\"createApps\",\"administer\",\"manageUsers\",\"manageOwners\"]}},"       \
    "\"expiresAt\":" INSTANT_OR_NULL
#define ME_REQUIRED                                                                                \
    "\"kind\",\"actor\",\"tokenId\",\"access\",\"apps\",\"environments\",\"may\",\"expiresAt\""

#define CHAIN                                                                                      \
    "SHA-256 (64 hex digits) over the 32 bytes of previousHash (64 zeros in the first row) and, "  \
    "behind them, the row as JSON text in UTF-8 without blanks, members in exactly this order: "   \
    "{\\\"sequence\\\":1,\\\"at\\\":1767225600000,\\\"actor\\\":\\\"…\\\",\\\"action\\\":"       \
    "\\\"…\\\","                                                                                 \
    "\\\"app\\\":\\\"…\\\",\\\"environment\\\":1,\\\"version\\\":1,\\\"subject\\\":\\\"…\\\"," \
    "\\\"detail\\\":\\\"{…}\\\"}. at is milliseconds since 1970; app is appId or null; "         \
    "environment "                                                                                 \
    "and version are 0 where they are null here; detail is a string: the text of the member "      \
    "detail "                                                                                      \
    "as it stands in this answer, without blanks, empty where it is null here. In strings only "   \
    "quote, backslash and controls are escaped: \\\\b \\\\t \\\\n \\\\f \\\\r by letter, other "   \
    "controls as \\\\u00xx in lower case."

#define AUDIT_ROW                                                                                  \
    OBJECT(                                                                                        \
        "\"sequence\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"1, 2, … without "    \
        "gaps over all rows\"},\"at\":" INSTANT ",\"actor\":" TEXT ",\"action\":" TEXT             \
        ",\"appId\":" TEXT_OR_NULL ",\"environment\":" NUMBER_OR_NULL                              \
        ",\"version\":" NUMBER_OR_NULL ",\"subject\":" TEXT                                        \
        ",\"detail\":{\"type\":[\"object\",\"null\"]},\"previousHash\":" HASH                      \
        ",\"hash\":{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{64}$\",\"description\":\"" CHAIN   \
        "\"}",                                                                                     \
        "\"sequence\",\"at\",\"actor\",\"action\",\"appId\",\"environment\",\"version\","          \
        "\"subject\",\"detail\",\"previousHash\",\"hash\"")

static const struct operation_schema items[] = {
    {STR("App"),
     STR(OBJECT("\"id\":" TEXT ",\"name\":" TEXT ",\"hidesFlagsByDefault\":" BOOLEAN
                ",\"createdAt\":" INSTANT
                ",\"environments\":{\"type\":\"array\",\"items\":" ENVIRONMENT_BRIEF "}",
                "\"id\",\"name\",\"hidesFlagsByDefault\",\"createdAt\",\"environments\""))},
    {STR("NewApp"),
     STR(OBJECT("\"name\":" APP_NAME ",\"hidesFlagsByDefault\":" BOOLEAN, "\"name\""))},
    {STR("AppEdit"), STR(EDIT("\"name\":" APP_NAME ",\"hidesFlagsByDefault\":" BOOLEAN))},
    {STR("NewEnvironment"), STR(OBJECT("\"name\":" ENVIRONMENT_NAME, "\"name\""))},
    {STR("Environment"),
     STR(OBJECT("\"number\":" NUMBER ",\"id\":" TEXT ",\"name\":" TEXT ",\"appId\":" TEXT
                ",\"appName\":" TEXT ",\"version\":" COUNT ",\"documentForm\":" FORM
                ",\"hidesFlagsByDefault\":" BOOLEAN ",\"metadata\":" METADATA
                ",\"monthlyQuota\":" QUOTA ",\"createdAt\":" INSTANT,
                "\"number\",\"id\",\"name\",\"appId\",\"appName\",\"version\",\"documentForm\","
                "\"hidesFlagsByDefault\",\"metadata\",\"monthlyQuota\",\"createdAt\""))},
    {STR("EnvironmentEdit"),
     STR("{\"oneOf\":[" EDIT("\"documentForm\":" FORM ",\"hidesFlagsByDefault\":" BOOLEAN
                             ",\"metadata\":" METADATA) "," OBJECT("\"monthlyQuota\":" QUOTA,
                                                                   "\"monthlyQuota\"") "]}")},
    {STR("ProjectKeys"),
     STR(OBJECT("\"apiKey\":" TEXT ",\"secretKey\":" TEXT
                ",\"deployment\":{\"type\":\"string\",\"description\":\"the number of the default "
                "deployment, which has the key\"},\"createdAt\":" INSTANT,
                "\"apiKey\",\"secretKey\",\"deployment\",\"createdAt\""))},
    {STR("Deployment"),
     STR(OBJECT(DEPLOYMENT_MEMBERS,
                "\"number\",\"label\",\"kind\",\"key\",\"archived\",\"createdAt\""))},
    {STR("NewDeployment"),
     STR(OBJECT("\"label\":" LABEL ",\"kind\":{\"enum\":[\"client\",\"server\"]}",
                "\"label\",\"kind\""))},
    {STR("DeploymentEdit"), STR(EDIT("\"label\":" LABEL ",\"archived\":" BOOLEAN))},
    {STR("Key"), STR(OBJECT(KEY_MEMBERS, KEY_REQUIRED))},
    {STR("KeyWithSecret"),
     STR(OBJECT(KEY_MEMBERS ",\"key\":{\"type\":\"string\",\"description\":\"shown this once\"}",
                KEY_REQUIRED ",\"key\""))},
    {STR("NewKey"),
     STR(OBJECT("\"kind\":{\"enum\":[\"browser\",\"server\"]},\"name\":" GIVEN_NAME, "\"kind\""))},
    {STR("Token"), STR(TOKEN("", ""))},
    {STR("TokenWithSecret"),
     STR(TOKEN(",\"token\":{\"type\":\"string\",\"description\":\"shown this once\"}",
               ",\"token\""))},
    {STR("NewToken"), STR(NEW_TOKEN)},
    {STR("User"),
     STR(OBJECT("\"id\":" TEXT ",\"email\":" TEXT ",\"role\":" ROLE ",\"createdAt\":" INSTANT,
                "\"id\",\"email\",\"role\",\"createdAt\""))},
    {STR("NewUser"), STR(OBJECT("\"email\":" EMAIL ",\"role\":" ROLE, "\"email\",\"role\""))},
    {STR("UserEdit"), STR(OBJECT("\"role\":" ROLE, "\"role\""))},
    {STR("NewPassword"),
     STR(OBJECT("\"password\":{\"type\":\"string\",\"minLength\":3,\"maxLength\":128,"
                "\"description\":\"12 to 128 bytes of UTF-8\"},"
                "\"current\":{\"type\":\"string\",\"description\":\"needed to replace one's own\"}",
                "\"password\""))},
    {STR("Me"),
     STR("{\"oneOf\":[" OBJECT(
         "\"kind\":{\"const\":\"personal\"},\"role\":" ROLE ",\"userId\":" TEXT "," ME_MEMBERS,
         ME_REQUIRED ",\"role\",\"userId\"") "," OBJECT("\"kind\":{\"enum\":[\"app\","
                                                        "\"environment\"]}," ME_MEMBERS,
                                                        ME_REQUIRED) "]}")},
    {STR("AuditRow"), STR(AUDIT_ROW)},
    {STR("AuditVerification"), STR(OBJECT("\"verified\":" BOOLEAN ",\"rows\":" COUNT
                                          ",\"hash\":" HASH ",\"firstBad\":" NUMBER_OR_NULL,
                                          "\"verified\",\"rows\",\"hash\",\"firstBad\""))},
};

const struct operation_schemas schemas_catalog = {items, COUNT_OF(items)};
