/* graph.h - a computation graph with what flows forward and back along its edges, and its drawings. */
#ifndef ANNC_CLI_GRAPH_H
#define ANNC_CLI_GRAPH_H

#include "annc.h"

#include <stdio.h>

enum graph_kind {
    GRAPH_VALUE,     /* an input, or a target */
    GRAPH_PARAMETER, /* a weight or a bias */
    GRAPH_FOLD,      /* many inputs as one */
    GRAPH_GATE,      /* an operation, or a whole unit */
    GRAPH_END,       /* where the value goes */
};

enum { GRAPH_NAME = 48, GRAPH_LINES = 4 };

struct graph_node {
    enum graph_kind kind;
    char name[GRAPH_NAME];
    char lines[GRAPH_LINES][GRAPH_NAME]; /* more that is said of it; "" for nothing */
    int column;
    double row;
};

struct graph_edge {
    uint32_t from, to;
    double value, gradient; /* gradient NaN: there is none */
};

struct graph {
    char title[200];
    bool are_gates;   /* a node is an operation, and not a whole unit */
    int unit_columns; /* columns of units, from 0 on; 0 where there are gates */
    bool is_tree;     /* no node is shared */
    uint32_t most;    /* units of a layer that are shown */
    struct graph_node *nodes;
    struct graph_edge *edges;
    uint32_t node_count, edge_count;
    size_t node_room, edge_room;
};

/* The graph of the units of layers first...last that a view keeps of a trace, gate by gate or unit by unit (trace_graph.c). */
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

/* On a screen: drawn where it is a tree, otherwise each node with the edges that lead to it. */
void graph_print_text(const struct graph *graph, bool is_unicode, FILE *out);
void graph_print_dot(const struct graph *graph, FILE *out);
void graph_print_svg(const struct graph *graph, FILE *out);

#endif
