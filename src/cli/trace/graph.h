/* graph.h - a computation graph with the values and gradients along its edges. */
#ifndef ANNC_CLI_TRACE_GRAPH_H
#define ANNC_CLI_TRACE_GRAPH_H

#include "annc.h"

enum graph_kind {
    GRAPH_VALUE,     /* an input, or a target */
    GRAPH_PARAMETER, /* a weight or a bias */
    GRAPH_FOLD,      /* several inputs, summed into one node */
    GRAPH_GATE,      /* an operation, or a whole unit */
    GRAPH_END,       /* the destination of the value */
};

enum { GRAPH_NAME = 48, GRAPH_LINES = 4 };

struct graph_node {
    enum graph_kind kind;
    char name[GRAPH_NAME];
    char lines[GRAPH_LINES][GRAPH_NAME]; /* further text; "" for none */
    int column;
    double row;
};

struct graph_edge {
    uint32_t from, to;
    double value, gradient; /* gradient: NaN for none */
};

struct graph {
    char title[200];
    bool are_gates;   /* a node is an operation rather than a unit */
    int unit_columns; /* columns of units, from 0 on; 0 with gates */
    bool is_tree;     /* no node is shared */
    uint32_t most;    /* largest number of units shown per layer */
    struct graph_node *nodes;
    struct graph_edge *edges;
    uint32_t node_count, edge_count;
    size_t node_room, edge_room;
};

#endif
