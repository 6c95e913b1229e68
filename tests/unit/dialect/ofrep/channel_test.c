/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel sees, digested: every change of it makes another digest, and nothing else does. */
#include "site.h"

static uint64_t digest(const struct site *site, enum site_key key)
{
    struct site as;
    site_as(&as, key);
    return channel_digest(site->snapshot, channel_of(&as.caller), 0);
}

TEST(credentials_that_see_the_same_share_a_channel)
{
    struct site site;
    uint64_t channels[KEYS];
    for (enum site_key key = 0; key < KEYS; key++) {
        site_as(&site, key);
        channels[key] = channel_of(&site.caller);
    }
    CHECK(channels[KEY_DEPLOYMENT] == channels[KEY_PROJECT]);
    for (size_t i = 0; i < KEYS; i++) {
        for (size_t j = 0; j < i; j++)
            CHECK(channels[i] != channels[j] || (i == KEY_PROJECT && j == KEY_DEPLOYMENT));
    }
}

/* What the environment is made of. */
struct documents {
    const char *flags[4]; /* NULL: no more */
    const char *segment;
    unsigned char cohort; /* digest of its members */
};

static void publish(struct site *site, const struct documents *documents)
{
    site_clear(site);
    for (size_t i = 0; i < COUNT_OF(documents->flags) && documents->flags[i] != NULL; i++)
        site_flag(site, documents->flags[i]);
    if (documents->segment != NULL)
        site_segment(site, documents->segment);
    site_cohort(site, "c1", documents->cohort);
    site->version++;
    site_publish(site);
}

#define LEANS "'key':'a','prerequisites':[{'flag':'p','variations':['on']}]"
#define HIDDEN "'key':'p','visibility':'server'"
#define IN_SEGMENT                                                                                 \
    "'key':'s','rules':[{'id':'r','when':{'op':'segment','segment':'vip'},'serve':"                \
    "{'variation':'off'}}]"
#define IN_COHORT                                                                                  \
    "'key':'c'," SITE_TEXT_FAMILY "'variations':[{'id':'on','value':'on'},{'id':'off',"            \
    "'value':'off'}],'rules':[{'id':'r','when':{'op':'match','attribute':"                         \
    "'/context/user/cohort_ids','operator':'text set contains any','value':['c1','zz']},"          \
    "'serve':{'variation':'off'}}]"

static const struct documents usual = {
    .flags = {LEANS, HIDDEN, IN_SEGMENT, IN_COHORT},
    .segment = "'key':'vip','included':['ann']",
    .cohort = 1,
};

/* Whether a browser is told of the change. */
static bool is_told(const struct documents *documents)
{
    struct site site;
    site_open(&site);
    publish(&site, &usual);
    uint64_t before = digest(&site, KEY_BROWSER);
    publish(&site, documents);
    bool is_other = digest(&site, KEY_BROWSER) != before;
    site_close(&site);
    return is_other;
}

static struct documents with_flag(size_t index, const char *members)
{
    struct documents documents = usual;
    documents.flags[index] = members;
    return documents;
}

TEST(a_change_of_what_is_seen_is_told)
{
    const struct documents changes[] = {
        with_flag(0, LEANS ",'enabled':false"),
        with_flag(0, LEANS ",'metadata':{'x':1}"),
        with_flag(0, LEANS ",'visibility':'server'"),
        with_flag(0, LEANS ",'fallthrough':{'variation':'off'}"),
        with_flag(0, "'key':'b'"),
        with_flag(0, LEANS ",'archived':true"),
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        CHECK(is_told(&changes[i]));
}

TEST(a_change_of_what_it_leans_on_is_told)
{
    struct documents segment = usual;
    segment.segment = "'key':'vip','included':['ann','ben']";
    struct documents cohort = usual;
    cohort.cohort = 2;
    struct documents flag = with_flag(1, HIDDEN ",'enabled':false");
    CHECK(is_told(&segment));
    CHECK(is_told(&cohort));
    CHECK(is_told(&flag));
}

TEST(a_change_of_anything_else_is_silent)
{
    struct documents segment = usual;
    segment.segment = "'key':'vip','included':['ann'],'description':'important'";
    const struct documents changes[] = {
        usual,
        with_flag(0, LEANS ",'description':'x','owner':'y','tags':['z'],'name':'n'"),
        with_flag(0, LEANS ",'lifecycle':'deprecated'"),
        with_flag(0, LEANS ",'visibility':'client'"), /* as before, now in so many words */
        with_flag(0, LEANS ",'deployments':[41]"),    /* not among what this key's sees by */
        segment,
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        CHECK(!is_told(&changes[i]));
    struct site site;
    site_open(&site);
    const struct documents alone = {.flags = {"'key':'a'", HIDDEN}};
    const struct documents changed = {.flags = {"'key':'a'", HIDDEN ",'enabled':false"}};
    publish(&site, &alone);
    uint64_t before[KEYS];
    for (enum site_key key = 0; key < KEYS; key++)
        before[key] = digest(&site, key);
    publish(&site, &changed);
    for (enum site_key key = 0; key < KEYS; key++) {
        bool is_browser = key == KEY_BROWSER || key == KEY_CLIENT;
        CHECK_INT(digest(&site, key) == before[key], is_browser);
    }
    site_close(&site);
}

TEST(a_channel_is_told_of_its_deployment_alone)
{
    struct site site;
    site_open(&site);
    const struct documents on_one = {.flags = {"'key':'a','deployments':[41]", "'key':'b'"}};
    const struct documents off = {
        .flags = {"'key':'a','deployments':[41],'enabled':false", "'key':'b'"}};
    publish(&site, &on_one);
    uint64_t mine = digest(&site, KEY_DEPLOYMENT);
    uint64_t theirs = digest(&site, KEY_OTHER);
    publish(&site, &off);
    CHECK(digest(&site, KEY_DEPLOYMENT) != mine);
    CHECK(digest(&site, KEY_OTHER) == theirs);
    site_close(&site);
}

static bool is_told_of_moments(const struct documents *documents, enum site_key key)
{
    struct site site;
    struct site as;
    site_open(&site);
    publish(&site, documents);
    site_as(&as, key);
    uint64_t channel = channel_of(&as.caller);
    bool is_timed = channel_is_timed(site.snapshot, channel);
    CHECK_INT(channel_digest(site.snapshot, channel, 1) !=
                  channel_digest(site.snapshot, channel, 2),
              is_timed);
    site_close(&site);
    return is_timed;
}

#define SCHEDULE "'schedule':{'start':'2031-01-01T00:00:00Z'}"
#define PROGRESSIVE                                                                                \
    "'fallthrough':{'progressive':{'start':'2031-01-01T00:00:00Z','end':'2031-01-02T00:00:00Z',"   \
    "'from':{'variations':[{'variation':'on','weight':100000}]},"                                  \
    "'to':{'variations':[{'variation':'off','weight':100000}]}}}"

TEST(another_moment_is_told_where_something_is_scheduled)
{
    struct documents segment = usual;
    segment.segment = "'key':'vip','included':['ann']," SCHEDULE;
    const struct documents timed[] = {
        with_flag(0, "'key':'a'," SCHEDULE),
        with_flag(0, "'key':'a','rules':[{'id':'r','when':{'op':'segment','segment':'vip'},"
                     "'serve':{'variation':'off'}," SCHEDULE "}]"),
        with_flag(0, "'key':'a'," PROGRESSIVE),
        with_flag(1, HIDDEN "," SCHEDULE), /* what a flag that is seen leans on */
        segment,
    };
    for (size_t i = 0; i < COUNT_OF(timed); i++)
        CHECK(is_told_of_moments(&timed[i], KEY_BROWSER));
}

TEST(another_moment_is_no_news_to_who_sees_nothing_scheduled)
{
    const struct documents alone = {.flags = {"'key':'a'", HIDDEN "," SCHEDULE}};
    const struct documents off = with_flag(0, "'key':'a','enabled':false," SCHEDULE);
    CHECK(!is_told_of_moments(&usual, KEY_BROWSER));
    CHECK(!is_told_of_moments(&off, KEY_BROWSER));
    CHECK(!is_told_of_moments(&alone, KEY_BROWSER));
    CHECK(is_told_of_moments(&alone, KEY_SERVER));
}

/* However long a chain, or a circle, is: at worst a change is told that is none. */
TEST(what_leans_on_itself_is_told_of_every_change)
{
    struct site site;
    site_open(&site);
    struct documents circle = {
        .flags = {"'key':'a','prerequisites':[{'flag':'b','variations':['on']}]",
                  "'key':'b','prerequisites':[{'flag':'a','variations':['on']}]"}};
    publish(&site, &circle);
    uint64_t before = digest(&site, KEY_SERVER);
    publish(&site, &circle); /* a new version */
    CHECK(digest(&site, KEY_SERVER) != before);
    site_close(&site);
}

TEST(digests_outlive_the_process)
{
    struct site site;
    site_open(&site);
    publish(&site, &usual);
    CHECK_INT(digest(&site, KEY_BROWSER), 0x4ebdbaa7d3ddc91c);
    site_close(&site);
}

TESTS(credentials_that_see_the_same_share_a_channel, a_change_of_what_is_seen_is_told,
      a_change_of_what_it_leans_on_is_told, a_change_of_anything_else_is_silent,
      a_channel_is_told_of_its_deployment_alone,
      another_moment_is_told_where_something_is_scheduled,
      another_moment_is_no_news_to_who_sees_nothing_scheduled,
      what_leans_on_itself_is_told_of_every_change, digests_outlive_the_process)
