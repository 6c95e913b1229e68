/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_fixture - a flag of the text family that has a little of everything, as the store keeps it.
 *
 * Tests replace a piece of the document, or change the decoded flag, and see what happens.
 */
#ifndef MODEL_TEXT_FIXTURE_H
#define MODEL_TEXT_FIXTURE_H

#include "fixture.h"

static const char text_flag[] =
    "{\"id\":\"flag_7\",\"key\":\"button-colour\",\"kind\":\"experiment\",\"type\":\"string\","
    "\"name\":\"Button colour\",\"description\":\"\",\"tags\":[],\"owner\":\"ann\","
    "\"lifecycle\":\"active\",\"enabled\":true,\"archived\":true,"
    "\"arithmetic\":{\"hash\":\"murmur3_32_utf8\",\"comparison\":\"text\"},"
    "\"evaluationMode\":\"local\",\"deployments\":[1,42,9007199254740991],"
    "\"bucketBy\":\"/context/user/user_id\",\"bucketingUnit\":\"org id\",\"salt\":\"Zt4hN0ve\","
    "\"variations\":[{\"id\":\"control\",\"value\":\"control\"},"
    "{\"id\":\"teal\",\"value\":\"teal\",\"name\":\"Teal\",\"payload\":{\"steps\":[2,null]},"
    "\"included\":[\"ann\",\"device-9\"],\"cohorts\":[\"kx82mf0a\"]},"
    "{\"id\":\"off\",\"value\":\"off\",\"payload\":null}],"
    "\"offVariation\":\"off\","
    "\"fallthrough\":{\"bucket\":{\"bucketBy\":\"/context/user/amplitude_id\",\"salt\":\"s\","
    "\"slices\":[{\"percent\":40,\"variations\":[{\"variation\":\"control\",\"weight\":1},"
    "{\"weight\":3},{\"variation\":\"teal\",\"weight\":1000000000}]},"
    "{\"percent\":60,\"variations\":[]}],\"otherwise\":\"off\"}},"
    "\"prerequisites\":[{\"flag\":\"holdout-a\",\"variations\":[\"on\"]},"
    "{\"flag\":\"read\",\"variations\":[]}],"
    "\"rules\":[{\"id\":\"r1\",\"when\":{\"op\":\"all\",\"expressions\":["
    "{\"op\":\"match\",\"attribute\":\"/context/user/country\",\"operator\":\"text is\","
    "\"value\":[\"Norway\",\"\"]},"
    "{\"op\":\"match\",\"attribute\":\"/result/read/key\",\"operator\":\"text is not\","
    "\"value\":[\"(none)\"]},"
    "{\"op\":\"match\",\"attribute\":\"/context/user/age\",\"operator\":\"text less\","
    "\"value\":[\"30\",\"-.5e+3\"]},"
    "{\"op\":\"match\",\"attribute\":\"/context/user/version\",\"operator\":"
    "\"text version greater\",\"value\":[\"1.2\",\"1.2.3-rc.1\"]}]},"
    "\"serve\":{\"variation\":null},\"description\":\"Nordics\"},"
    "{\"id\":\"r2\",\"when\":{\"op\":\"all\",\"expressions\":[]},"
    "\"serve\":{\"bucket\":{\"slices\":[]}}},"
    "{\"id\":\"r3\",\"when\":{\"op\":\"all\",\"expressions\":[]},"
    "\"serve\":{\"progressiveBucket\":{\"start\":\"2031-01-01T00:00:00Z\","
    "\"end\":\"2031-01-02T00:00:00Z\",\"bucketBy\":\"/result/read/key\",\"salt\":\"q\","
    "\"slices\":[{\"from\":5,\"to\":55,\"variations\":[{\"variation\":\"teal\",\"weight\":2}]},"
    "{\"from\":95,\"to\":45,\"variations\":[]}],\"otherwise\":\"control\"}},"
    "\"schedule\":{\"start\":\"2031-01-03T00:00:00Z\"}}],"
    "\"experiment\":{\"type\":\"a-b-test\",\"sticky\":true,\"started\":true,"
    "\"start\":\"2025-05-01\",\"end\":\"2025-06-01T00:00:00Z\",\"decision\":\"rollout\","
    "\"decisionReason\":\"it won\",\"rolledOutVariation\":\"Teal\","
    "\"exposureEvent\":{\"event_type\":\"opened\",\"filters\":[]}}}";

static inline struct flag text_fixture(struct arena *arena)
{
    struct flag flag;
    CHECK_OK(flag_decode(arena, str_of(text_flag), &flag));
    return flag_copy(arena, &flag);
}

#endif
