/* SPDX-License-Identifier: Apache-2.0 */
/* graph - who leans on whom, by number: see graph.h. */
#include "model/graph.h"

#include <assert.h>
#include <string.h>

void edge_list_add(struct edge_list *list, struct arena *arena, size_t from, size_t to)
{
    assert(from < UINT32_MAX);
    assert(to < UINT32_MAX);
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct edge *edges = ARENA_NEW_ARRAY(arena, struct edge, capacity);
        if (list->count > 0)
            memcpy(edges, list->edges, list->count * sizeof(struct edge));
        list->edges = edges;
        list->capacity = capacity;
    }
    list->edges[list->count++] = (struct edge){(uint32_t)from, (uint32_t)to};
}

static uint32_t key_of(const struct edge *edge, bool by_from)
{
    return by_from ? edge->from : edge->to;
}

/* One stable pass of a radix sort whose digits are nodes; `starts` has node_count + 1 places and
 * holds afterwards where each node's edges begin. */
static void sort_edges(const struct edge *from, struct edge *to, size_t count, uint32_t *starts,
                       size_t node_count, bool by_from)
{
    memset(starts, 0, (node_count + 1) * sizeof(starts[0]));
    for (size_t i = 0; i < count; i++)
        starts[key_of(&from[i], by_from) + 1]++;
    for (size_t i = 0; i < node_count; i++)
        starts[i + 1] += starts[i];
    for (size_t i = 0; i < count; i++)
        to[starts[key_of(&from[i], by_from)]++] = from[i];
    memmove(starts + 1, starts, node_count * sizeof(starts[0]));
    starts[0] = 0;
}

struct graph graph_build(struct arena *arena, size_t node_count, const struct edge_list *edges)
{
    assert(node_count < UINT32_MAX);
    assert(edges->count < UINT32_MAX);
    struct graph graph = {.node_count = (uint32_t)node_count};
    uint32_t *starts = ARENA_NEW_ARRAY(arena, uint32_t, node_count + 1);
    struct edge *by_to = ARENA_NEW_ARRAY(arena, struct edge, edges->count);
    struct edge *sorted = ARENA_NEW_ARRAY(arena, struct edge, edges->count);
    sort_edges(edges->edges, by_to, edges->count, starts, node_count, false);
    sort_edges(by_to, sorted, edges->count, starts, node_count, true);

    graph.first = ARENA_NEW_ARRAY(arena, uint32_t, node_count + 1);
    graph.targets = ARENA_NEW_ARRAY(arena, uint32_t, edges->count);
    uint32_t count = 0;
    for (size_t node = 0; node < node_count; node++) {
        graph.first[node] = count;
        for (uint32_t i = starts[node]; i < starts[node + 1]; i++) {
            bool is_new = count == graph.first[node] || graph.targets[count - 1] != sorted[i].to;
            if (is_new)
                graph.targets[count++] = sorted[i].to;
        }
    }
    graph.first[node_count] = count;
    return graph;
}

enum visit { VISIT_NOT_YET, VISIT_OPEN, VISIT_DONE };

/* A walk in progress: the chain of open nodes, and how far each has been looked at. */
struct survey_walk {
    const struct graph *graph;
    unsigned char *visits; /* enum visit per node */
    uint32_t *chain;
    uint32_t *next; /* per place in the chain: index of the edge to follow next */
    size_t depth;
};

static void open_node(struct survey_walk *walk, uint32_t node)
{
    assert(walk->depth < walk->graph->node_count);
    walk->visits[node] = VISIT_OPEN;
    walk->chain[walk->depth] = node;
    walk->next[walk->depth] = 0;
    walk->depth++;
}

/* The innermost node is done: the one that leans on it stands at least one higher. */
static void close_node(struct survey_walk *walk, uint32_t *heights)
{
    uint32_t node = walk->chain[--walk->depth];
    walk->visits[node] = VISIT_DONE;
    if (walk->depth == 0)
        return;
    uint32_t outer = walk->chain[walk->depth - 1];
    if (heights[outer] < heights[node] + 1)
        heights[outer] = heights[node] + 1;
}

static void note_cycle(const struct survey_walk *walk, uint32_t node, struct graph_survey *survey)
{
    size_t begin = 0;
    while (walk->chain[begin] != node)
        begin++;
    survey->cycle = walk->chain + begin;
    survey->cycle_count = walk->depth - begin;
}

/* Follows everything below `root`; stops at the first cycle. */
static void survey_below(struct survey_walk *walk, uint32_t root, struct graph_survey *survey)
{
    open_node(walk, root);
    while (walk->depth > 0) {
        uint32_t node = walk->chain[walk->depth - 1];
        uint32_t *next = &walk->next[walk->depth - 1];
        if (*next == graph_degree(walk->graph, node)) {
            close_node(walk, survey->heights);
            continue;
        }
        uint32_t target = graph_target(walk->graph, node, (*next)++);
        if (walk->visits[target] == VISIT_OPEN) {
            note_cycle(walk, target, survey);
            return;
        }
        if (walk->visits[target] == VISIT_NOT_YET)
            open_node(walk, target);
        else if (survey->heights[node] < survey->heights[target] + 1)
            survey->heights[node] = survey->heights[target] + 1;
    }
}

struct graph_survey graph_survey(struct arena *arena, const struct graph *graph)
{
    struct graph_survey survey = {.heights = ARENA_NEW_ARRAY(arena, uint32_t, graph->node_count)};
    struct survey_walk walk = {
        .graph = graph,
        .visits = ARENA_NEW_ARRAY(arena, unsigned char, graph->node_count),
        .chain = ARENA_NEW_ARRAY(arena, uint32_t, graph->node_count),
        .next = ARENA_NEW_ARRAY(arena, uint32_t, graph->node_count),
    };
    for (uint32_t node = 0; node < graph->node_count && survey.cycle_count == 0; node++) {
        if (walk.visits[node] == VISIT_NOT_YET)
            survey_below(&walk, node, &survey);
    }
    return survey;
}
