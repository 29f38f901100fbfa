/* graph_svg.h - a graph as SVG. */
#ifndef ANNC_CLI_TRACE_GRAPH_SVG_H
#define ANNC_CLI_TRACE_GRAPH_SVG_H

#include "annc.h"
#include "cli/trace/graph.h"

#include <stdio.h>

void graph_print_svg(const struct graph *graph, FILE *out);

#endif
