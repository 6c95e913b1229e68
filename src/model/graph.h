/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph - who leans on whom, by number.
 *
 * Built from a list of edges in time linear in nodes and edges; what a node leans on is sorted and
 * free of repetitions. Walks keep their stack in the arena, so a long chain costs memory and not
 * the thread's stack. Private to model/.
 */
#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include "base/arena.h"

struct edge {
    uint32_t from, to;
};

struct edge_list {
    struct edge *edges;
    size_t count, capacity;
};

void edge_list_add(struct edge_list *list, struct arena *arena, size_t from, size_t to);

struct graph {
    uint32_t node_count;
    uint32_t *first;   /* node_count + 1: where in targets a node's own begin */
    uint32_t *targets; /* sorted per node */
};

struct graph graph_build(struct arena *arena, size_t node_count, const struct edge_list *edges);

static inline uint32_t graph_degree(const struct graph *graph, uint32_t node)
{
    return graph->first[node + 1] - graph->first[node];
}

static inline uint32_t graph_target(const struct graph *graph, uint32_t node, uint32_t index)
{
    return graph->targets[graph->first[node] + index];
}

/* What walking the whole graph found out. */
struct graph_survey {
    uint32_t *heights;  /* per node: edges on the longest chain that begins there */
    uint32_t *cycle;    /* nodes of the first cycle met, each leaning on the next */
    size_t cycle_count; /* 0 when there is none; else the heights mean nothing */
};

struct graph_survey graph_survey(struct arena *arena, const struct graph *graph);

#endif
