/* trace_graph.h - from a trace to the graph that is drawn. */
#ifndef ANNC_CLI_TRACE_TRACE_GRAPH_H
#define ANNC_CLI_TRACE_TRACE_GRAPH_H

#include "annc.h"
#include "cli/trace/graph.h"

/* The graph of the units of layers first...last that a view keeps of a trace, gate by gate or unit
 * by unit. */
struct view {
    uint32_t
        *shown[ANNC_MAX_LAYERS + 1]; /* units of layer l, rising; all below `first - 1` and above `last` are left out */
    uint32_t count[ANNC_MAX_LAYERS + 1];
    uint32_t first, last;
};

/* Keeps of each layer the k units that weigh most in the layer above, at the top those of the largest error; or, of unit j (from 0) of layer l
 * alone, its k largest products. l 0: the whole network. */
void view_open(const annc_trace *trace, uint32_t k, uint32_t l, uint32_t j, struct view *view);
void view_close(struct view *view);
/* Whether it is a single neuron, and so a tree of gates; or a network of so few weights that a picture has room for each gate. */
bool view_is_neuron(const struct view *view);
bool view_is_small(const annc_trace *trace, const struct view *view);

/* "w1[3,7]", or "w7" in a network of one neuron; k 0-based, SIZE_MAX for the bias. */
void name_parameter(const annc_shape *shape, uint32_t l, size_t j, size_t k, char *name);
/* "x3", "a1[3]", "delta1[3]"; "a", "delta" in a network of one neuron. */
void name_unit(const annc_shape *shape, const char *letter, uint32_t l, size_t j, char *name);

/* gates: gate by gate, otherwise unit by unit. */
void graph_open(const annc_trace *trace, const struct view *view, bool gates, struct graph *graph);
void graph_close(struct graph *graph);

#endif
