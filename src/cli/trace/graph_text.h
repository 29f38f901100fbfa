/* graph_text.h - a graph as text and in DOT. */
#ifndef ANNC_CLI_TRACE_GRAPH_TEXT_H
#define ANNC_CLI_TRACE_GRAPH_TEXT_H

#include "annc.h"
#include "cli/trace/graph.h"

#include <stdio.h>

/* Prints a graph for a screen: a tree as a drawing, any other as a list of nodes with their
 * incoming edges. */
void graph_print_text(const struct graph *graph, bool is_unicode, FILE *out);
void graph_print_dot(const struct graph *graph, FILE *out);

#endif
