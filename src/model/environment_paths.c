/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment_paths - what a flag or segment leans on, and what leans on it: see environment.h.
 *
 * Nodes are numbered so that their order is that of the texts "flag:key" and "segment:key": flags
 * before segments, each sorted by key. Ordering edges by number is then ordering them by text, and
 * the kind of an edge follows from its ends. References to what is not there are passed over, and
 * cycles are walked only until they close, so a state that fails environment_check is fine here.
 */
#include <assert.h>
#include <string.h>

#include "model/graph.h"
#include "model/leaves.h"
#include "model/references.h"

struct edge_collector {
    struct arena *arena;
    const struct environment_state *state;
    enum path_direction direction;
    struct edge_list edges;
};

static void add_edge(struct edge_collector *collector, size_t from, size_t to)
{
    if (collector->direction == PATH_DEPENDENCIES)
        edge_list_add(&collector->edges, collector->arena, from, to);
    else
        edge_list_add(&collector->edges, collector->arena, to, from);
}

static void collect_expression(struct edge_collector *collector, size_t from,
                               const struct expression *expression)
{
    const struct environment_state *state = collector->state;
    struct leaf_walk walk;
    leaf_walk_begin(&walk, expression);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind != EXPRESSION_SEGMENT)
            continue;
        size_t target = environment_segment_index(state, leaf->segment);
        if (target != INDEX_ABSENT)
            add_edge(collector, from, state->flag_count + target);
    }
}

static void collect_flag(struct edge_collector *collector, size_t index)
{
    const struct flag *flag = collector->state->flags[index];
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        size_t target = environment_flag_index(collector->state, flag->prerequisites[i].flag);
        if (target != INDEX_ABSENT)
            add_edge(collector, index, target);
    }
    for (size_t i = 0; i < flag->rule_count; i++)
        collect_expression(collector, index, &flag->rules[i].when);
}

static void collect_segment(struct edge_collector *collector, size_t index)
{
    const struct segment *segment = collector->state->segments[index];
    for (size_t i = 0; i < segment->rule_count; i++)
        collect_expression(collector, collector->state->flag_count + index, &segment->rules[i]);
}

/* The nodes of the path being walked, and how far each has been looked at. */
struct path_walk {
    const struct environment_state *state;
    struct graph graph;
    bool *is_on_path; /* per node */
    uint32_t *nodes;
    uint32_t *next; /* per place on the path: index of the edge to follow next */
    size_t node_count;
};

static void step_to(struct path_walk *walk, uint32_t node)
{
    assert(walk->node_count < walk->graph.node_count);
    assert(!walk->is_on_path[node]);
    walk->is_on_path[node] = true;
    walk->nodes[walk->node_count] = node;
    walk->next[walk->node_count] = 0;
    walk->node_count++;
}

static void step_back(struct path_walk *walk)
{
    walk->is_on_path[walk->nodes[--walk->node_count]] = false;
}

static struct resource resource_at(const struct environment_state *state, uint32_t node)
{
    if (node < state->flag_count)
        return (struct resource){RESOURCE_FLAG, state->flags[node]->key};
    return (struct resource){RESOURCE_SEGMENT, state->segments[node - state->flag_count]->key};
}

/* Either direction: only flags lean on flags, and no segment leans on one. */
static enum relationship relation_of(const struct resource *a, const struct resource *b)
{
    if (a->kind == RESOURCE_FLAG && b->kind == RESOURCE_FLAG)
        return RELATION_FLAG_PREREQUISITE;
    if (a->kind == RESOURCE_SEGMENT && b->kind == RESOURCE_SEGMENT)
        return RELATION_SEGMENT_SEGMENT;
    return RELATION_FLAG_SEGMENT;
}

static struct resource_path record_path(const struct path_walk *walk, struct arena *arena)
{
    struct resource_path path = {
        .resources = ARENA_NEW_ARRAY(arena, struct resource, walk->node_count),
        .relationships = ARENA_NEW_ARRAY(arena, enum relationship, walk->node_count - 1),
        .relationship_count = walk->node_count - 1,
    };
    for (size_t i = 0; i < walk->node_count; i++)
        path.resources[i] = resource_at(walk->state, walk->nodes[i]);
    for (size_t i = 0; i < path.relationship_count; i++)
        path.relationships[i] = relation_of(&path.resources[i], &path.resources[i + 1]);
    return path;
}

struct path_list {
    struct arena *arena;
    struct resource_path *paths;
    size_t count, capacity;
};

static void add_path(struct path_list *list, const struct path_walk *walk)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct resource_path *paths = ARENA_NEW_ARRAY(list->arena, struct resource_path, capacity);
        if (list->count > 0)
            memcpy(paths, list->paths, list->count * sizeof(paths[0]));
        list->paths = paths;
        list->capacity = capacity;
    }
    list->paths[list->count++] = record_path(walk, list->arena);
}

/* Depth first: a path is reported when it is stepped onto, so before its extensions. */
static void walk_paths(struct path_walk *walk, uint32_t start, size_t paths_max,
                       struct path_list *list)
{
    step_to(walk, start);
    while (walk->node_count > 0 && list->count < paths_max) {
        uint32_t node = walk->nodes[walk->node_count - 1];
        uint32_t *next = &walk->next[walk->node_count - 1];
        if (*next == graph_degree(&walk->graph, node)) {
            step_back(walk);
            continue;
        }
        uint32_t target = graph_target(&walk->graph, node, (*next)++);
        if (walk->is_on_path[target])
            continue;
        step_to(walk, target);
        add_path(list, walk);
    }
}

static struct graph build_graph(struct arena *arena, const struct environment_state *state,
                                enum path_direction direction)
{
    struct edge_collector collector = {.arena = arena, .state = state, .direction = direction};
    for (size_t i = 0; i < state->flag_count; i++)
        collect_flag(&collector, i);
    for (size_t i = 0; i < state->segment_count; i++)
        collect_segment(&collector, i);
    return graph_build(arena, state->flag_count + state->segment_count, &collector.edges);
}

static size_t node_of(const struct environment_state *state, struct resource resource)
{
    if (resource.kind == RESOURCE_FLAG)
        return environment_flag_index(state, resource.key);
    size_t index = environment_segment_index(state, resource.key);
    return index == INDEX_ABSENT ? INDEX_ABSENT : state->flag_count + index;
}

size_t environment_paths(struct arena *arena, const struct environment_state *state,
                         struct resource start, enum path_direction direction, size_t paths_max,
                         struct resource_path **paths)
{
    *paths = NULL;
    size_t node = node_of(state, start);
    if (node == INDEX_ABSENT)
        return 0;
    struct path_walk walk = {.state = state, .graph = build_graph(arena, state, direction)};
    walk.is_on_path = ARENA_NEW_ARRAY(arena, bool, walk.graph.node_count);
    walk.nodes = ARENA_NEW_ARRAY(arena, uint32_t, walk.graph.node_count);
    walk.next = ARENA_NEW_ARRAY(arena, uint32_t, walk.graph.node_count);
    struct path_list list = {.arena = arena};
    walk_paths(&walk, (uint32_t)node, paths_max, &list);
    *paths = list.paths;
    return list.count;
}
