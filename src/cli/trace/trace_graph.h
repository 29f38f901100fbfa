/* trace_graph.h - makes the drawn graph from a trace. */
#ifndef ANNC_CLI_TRACE_TRACE_GRAPH_H
#define ANNC_CLI_TRACE_TRACE_GRAPH_H

#include "annc.h"
#include "cli/trace/graph.h"

/* A view: the units of layers first...last that a graph of the trace shows, as gates or as whole
 * units. */
struct view {
    uint32_t *shown[ANNC_MAX_LAYERS + 1]; /* of layer l, ascending; 0 outside first - 1...last */
    uint32_t count[ANNC_MAX_LAYERS + 1];
    uint32_t first, last;
};

/* Selects of each layer the k units with the largest weights into the layer above, and of the top
 * layer those with the largest error; or, for unit j (from 0) of layer l alone, its k largest
 * products. l 0: the whole network. */
void view_open(const annc_trace *trace, uint32_t k, uint32_t l, uint32_t j, struct view *view);
void view_close(struct view *view);
/* Returns whether the view is a single neuron, and so a tree of gates; whether a network has so few
 * weights that a picture has room for each gate. */
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
