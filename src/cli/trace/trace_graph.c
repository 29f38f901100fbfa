/* trace_graph.c - makes the drawn graph from a trace. */
#include "cli/trace/trace_graph.h"
#include "cli/terminal/memory.h"
#include "cli/trace/graph.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_GATES = 12 };

/* ---------------------------------------------------------------- names */

static bool is_one_neuron(const annc_shape *shape)
{
    return shape->layers == 1 && shape->width[1] == 1;
}

void name_parameter(const annc_shape *shape, uint32_t l, size_t j, size_t k, char *name)
{
    if (k == SIZE_MAX && is_one_neuron(shape))
        snprintf(name, GRAPH_NAME, "b");
    else if (k == SIZE_MAX)
        snprintf(name, GRAPH_NAME, "b%u[%zu]", l, j + 1);
    else if (is_one_neuron(shape))
        snprintf(name, GRAPH_NAME, "w%zu", k + 1);
    else
        snprintf(name, GRAPH_NAME, "w%u[%zu,%zu]", l, j + 1, k + 1);
}

void name_unit(const annc_shape *shape, const char *letter, uint32_t l, size_t j, char *name)
{
    if (l == 0)
        snprintf(name, GRAPH_NAME, "x%zu", j + 1);
    else if (is_one_neuron(shape))
        snprintf(name, GRAPH_NAME, "%s", letter);
    else
        snprintf(name, GRAPH_NAME, "%s%u[%zu]", letter, l, j + 1);
}

/* ---------------------------------------------------------------- selection of units */

static double weight(const annc_trace *trace, uint32_t l, size_t j, size_t k)
{
    return trace->theta[annc_shape_weights_at(&trace->shape, l) + j * trace->shape.width[l - 1] + k];
}

/* Returns the weight of unit k of layer l for the shown units of layer l + 1, or, at the top, for
 * the cost. */
static double importance(const annc_trace *trace, const struct view *view, uint32_t l, uint32_t k)
{
    double most = 0;
    if (l == trace->shape.layers)
        return fabs(trace->delta[l][k]);
    for (uint32_t i = 0; i < view->count[l + 1]; i++)
        most = fmax(most, fabs(weight(trace, l + 1, view->shown[l + 1][i], k) * trace->a[l][k]));
    return most;
}

/* Marks the k largest of n and lists them in ascending order. */
static void keep_largest(const double *size, bool *kept, uint32_t n, uint32_t k, struct view *view, uint32_t l)
{
    for (uint32_t done = 0; done < k; done++) {
        uint32_t best = UINT32_MAX;
        for (uint32_t i = 0; i < n; i++)
            if (!kept[i] && (best == UINT32_MAX || size[i] > size[best]))
                best = i;
        kept[best] = true;
    }
    for (uint32_t i = 0; i < n; i++)
        if (kept[i])
            view->shown[l][view->count[l]++] = i;
}

static void keep_layer(const annc_trace *trace, uint32_t k, uint32_t l, struct view *view)
{
    const uint32_t n = trace->shape.width[l];
    double *size = take_memory(n, sizeof *size, "a layer");
    bool *kept = take_memory(n, sizeof *kept, "a layer");
    k = k < n ? k : n;
    view->shown[l] = take_memory(k, sizeof *view->shown[l], "a layer");
    for (uint32_t i = 0; i < n; i++)
        size[i] = importance(trace, view, l, i);
    keep_largest(size, kept, n, k, view, l);
    free(size);
    free(kept);
}

void view_open(const annc_trace *trace, uint32_t k, uint32_t l, uint32_t j, struct view *view)
{
    memset(view, 0, sizeof *view);
    view->last = l ? l : trace->shape.layers;
    view->first = l ? l : 1;
    if (l) {
        view->shown[l] = take_memory(1, sizeof *view->shown[l], "a layer");
        view->shown[l][0] = j;
        view->count[l] = 1;
    }
    for (uint32_t i = l ? l : view->last + 1; i-- >= view->first;)
        keep_layer(trace, k, i, view);
}

void view_close(struct view *view)
{
    for (int l = 0; l <= ANNC_MAX_LAYERS; l++)
        free(view->shown[l]);
}

/* Returns the number of hidden units of a layer. */
static uint32_t hidden_of(const annc_trace *trace, const struct view *view, uint32_t l)
{
    return trace->shape.width[l] - view->count[l];
}

bool view_is_neuron(const struct view *view)
{
    return view->first == view->last && view->count[view->last] == 1;
}

bool view_is_small(const annc_trace *trace, const struct view *view)
{
    size_t gates = 0;
    for (uint32_t l = view->first - 1; l <= view->last; l++)
        if (hidden_of(trace, view, l) > 0)
            return false;
    for (uint32_t l = view->first; l <= view->last; l++)
        gates += (size_t)view->count[l] * view->count[l - 1];
    return gates <= MOST_GATES && trace->shape.activation[view->last - 1] != ANNC_SOFTMAX;
}

/* ---------------------------------------------------------------- nodes and edges */

static uint32_t add_node(struct graph *graph, enum graph_kind kind, int column, double row, const char *name)
{
    graph->nodes =
        take_more(graph->nodes, (size_t)graph->node_count + 1, &graph->node_room, sizeof *graph->nodes, "a graph");
    struct graph_node *node = &graph->nodes[graph->node_count];
    *node = (struct graph_node){.kind = kind, .column = column, .row = row};
    snprintf(node->name, sizeof node->name, "%s", name);
    return graph->node_count++;
}

__attribute__((format(printf, 4, 5))) static void say(struct graph *graph, uint32_t node, int line, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(graph->nodes[node].lines[line], GRAPH_NAME, format, arguments);
    va_end(arguments);
}

static void add_edge(struct graph *graph, uint32_t from, uint32_t to, double value, double gradient)
{
    graph->edges =
        take_more(graph->edges, (size_t)graph->edge_count + 1, &graph->edge_room, sizeof *graph->edges, "a graph");
    /* Adding 0 turns -0 into 0. */
    graph->edges[graph->edge_count++] = (struct graph_edge){from, to, value + 0.0, gradient + 0.0};
}

/* Returns the contribution of the hidden inputs to z of unit j of layer l. */
static double rest_of(const annc_trace *trace, const struct view *view, uint32_t l, uint32_t j)
{
    double sum = 0;
    uint32_t next = 0;
    for (uint32_t k = 0; k < trace->shape.width[l - 1]; k++) {
        if (next < view->count[l - 1] && view->shown[l - 1][next] == k)
            next++;
        else
            sum += weight(trace, l, j, k) * trace->a[l - 1][k];
    }
    return sum;
}

/* ---------------------------------------------------------------- gates */

/* A graph under construction: the next row and column, and the nodes of units. */
struct drawing {
    const annc_trace *trace;
    const struct view *view;
    struct graph *graph;
    uint32_t *below, *above; /* of the layer below, and of this one */
    bool is_tree;            /* each product has an input of its own; `below` is unused */
    int column;
    double row;
};

/* Adds the product w a, an input of `sum_of`. */
static void add_product(struct drawing *drawing, uint32_t l, uint32_t j, uint32_t i, uint32_t sum_of)
{
    const annc_trace *trace = drawing->trace;
    struct graph *graph = drawing->graph;
    const uint32_t k = drawing->view->shown[l - 1][i];
    const double w = weight(trace, l, j, k), a = trace->a[l - 1][k], delta = trace->delta[l][j];
    const size_t at = annc_shape_weights_at(&trace->shape, l) + (size_t)j * trace->shape.width[l - 1] + k;
    char name[GRAPH_NAME];
    name_unit(&trace->shape, "a", l - 1, k, name);
    const uint32_t unit =
        drawing->is_tree ? add_node(graph, GRAPH_VALUE, drawing->column, drawing->row++, name) : drawing->below[i];
    name_parameter(&trace->shape, l, j, k, name);
    /* The column beside the input, or above the gate. */
    const int column = drawing->column + !drawing->is_tree;
    const uint32_t parameter = add_node(graph, GRAPH_PARAMETER, column, drawing->row++, name);
    const double row = drawing->is_tree ? drawing->row - 1.5 : drawing->row++;
    const uint32_t product = add_node(graph, GRAPH_GATE, drawing->column + 1, row, "*");
    add_edge(graph, unit, product, a, delta * w);
    add_edge(graph, parameter, product, w, trace->gradient[at]);
    add_edge(graph, product, sum_of, w * a, delta);
}

/* Adds f(sum of products + b) of unit j. Returns the node of f. */
static uint32_t add_neuron(struct drawing *drawing, uint32_t l, uint32_t j)
{
    const annc_trace *trace = drawing->trace;
    const annc_shape *shape = &trace->shape;
    struct graph *graph = drawing->graph;
    const double top = drawing->row, delta = trace->delta[l][j];
    const size_t bias = annc_shape_biases_at(shape, l) + j;
    char name[GRAPH_NAME];
    const uint32_t sum = add_node(graph, GRAPH_GATE, drawing->column + 2, top, "+");
    for (uint32_t i = 0; i < drawing->view->count[l - 1]; i++)
        add_product(drawing, l, j, i, sum);
    if (hidden_of(trace, drawing->view, l - 1) > 0) {
        snprintf(name, sizeof name, "%u more", hidden_of(trace, drawing->view, l - 1));
        const uint32_t rest = add_node(graph, GRAPH_FOLD, drawing->column + 1, drawing->row++, name);
        add_edge(graph, rest, sum, rest_of(trace, drawing->view, l, j), delta);
    }
    const double middle = drawing->is_tree ? (top + drawing->row) / 2 : (top + drawing->row - 1) / 2 + 0.5;
    const double bias_row = drawing->is_tree ? drawing->row++ : middle - 1.5;
    const int bias_column = drawing->column + (drawing->is_tree ? 1 : 2);
    name_parameter(shape, l, j, SIZE_MAX, name);
    const uint32_t b = add_node(graph, GRAPH_PARAMETER, bias_column, bias_row, name);
    add_edge(graph, b, sum, trace->theta[bias], trace->gradient[bias]);
    const uint32_t f =
        add_node(graph, GRAPH_GATE, drawing->column + 3, middle, annc_activation_name(shape->activation[l - 1]));
    if (shape->activation[l - 1] == ANNC_SOFTMAX)
        say(graph, f, 0, "of all %u units", shape->width[l]);
    add_edge(graph, sum, f, trace->z[l][j], delta);
    graph->nodes[sum].row = middle;
    return f;
}

/* Adds the cost of the shown outputs. */
static uint32_t add_cost(struct drawing *drawing, double middle)
{
    const annc_trace *trace = drawing->trace;
    const uint32_t L = trace->shape.layers;
    struct graph *graph = drawing->graph;
    const uint32_t cost = add_node(graph, GRAPH_GATE, drawing->column + 1, middle, annc_cost_name(trace->shape.cost));
    for (uint32_t i = 0; i < drawing->view->count[L]; i++) {
        const uint32_t j = drawing->view->shown[L][i];
        add_edge(graph, drawing->above[i], cost, trace->a[L][j], trace->slope[L][j]);
    }
    if (hidden_of(trace, drawing->view, L) > 0)
        say(graph, cost, 0, "of all %u outputs", trace->shape.width[L]);
    add_edge(graph, cost, add_node(graph, GRAPH_END, drawing->column + 2, middle, "C"), trace->cost, 1);
    return cost;
}

static void add_targets(struct drawing *drawing, uint32_t cost)
{
    const annc_trace *trace = drawing->trace;
    const uint32_t L = trace->shape.layers;
    char name[GRAPH_NAME];
    for (uint32_t i = 0; i < drawing->view->count[L]; i++) {
        const uint32_t j = drawing->view->shown[L][i];
        name_unit(&trace->shape, "y", L, j, name);
        const double row = drawing->graph->nodes[drawing->above[i]].row + 1;
        add_edge(drawing->graph, add_node(drawing->graph, GRAPH_VALUE, drawing->column, row, name), cost, trace->y[j],
                 (double)NAN);
    }
}

/* Connects a unit of a hidden layer to the units that use it. */
static void add_way_out(struct drawing *drawing, double middle)
{
    const uint32_t l = drawing->view->last, j = drawing->view->shown[l][0];
    char name[GRAPH_NAME];
    snprintf(name, sizeof name, "layer %u", l + 1);
    add_edge(drawing->graph, drawing->above[0], add_node(drawing->graph, GRAPH_END, drawing->column + 1, middle, name),
             drawing->trace->a[l][j], drawing->trace->slope[l][j]);
}

static double rows_of(const struct drawing *drawing, uint32_t l)
{
    const struct view *view = drawing->view;
    const uint32_t rest = hidden_of(drawing->trace, view, l - 1) > 0;
    return view->count[l] * (2.0 * view->count[l - 1] + rest + drawing->is_tree);
}

/* Adds inputs shared by many gates, in a column of their own. */
static void add_inputs(struct drawing *drawing, double height)
{
    const uint32_t l = drawing->view->first - 1, count = drawing->view->count[l];
    char name[GRAPH_NAME];
    for (uint32_t i = 0; i < count; i++) {
        name_unit(&drawing->trace->shape, "a", l, drawing->view->shown[l][i], name);
        drawing->above[i] = add_node(drawing->graph, GRAPH_VALUE, 0, (i + 0.5) * height / count - 0.5, name);
    }
}

static void swap_layers(struct drawing *drawing)
{
    uint32_t *const below = drawing->below;
    drawing->below = drawing->above;
    drawing->above = below;
}

static void draw_gates(struct drawing *drawing)
{
    const struct view *view = drawing->view;
    double height = 0, middle = 0;
    drawing->is_tree = view_is_neuron(view);
    for (uint32_t l = view->first; l <= view->last; l++)
        height = fmax(height, rows_of(drawing, l));
    if (!drawing->is_tree)
        add_inputs(drawing, height);
    for (uint32_t l = view->first; l <= view->last; l++) {
        swap_layers(drawing);
        drawing->row = (height - rows_of(drawing, l)) / 2;
        for (uint32_t i = 0; i < view->count[l]; i++)
            drawing->above[i] = add_neuron(drawing, l, view->shown[l][i]);
        drawing->column += 3;
    }
    for (uint32_t i = 0; i < view->count[view->last]; i++)
        middle += drawing->graph->nodes[drawing->above[i]].row / view->count[view->last];
    if (view->last == drawing->trace->shape.layers)
        add_targets(drawing, add_cost(drawing, middle));
    else
        add_way_out(drawing, middle);
}

/* ---------------------------------------------------------------- whole units */

static void add_unit(struct drawing *drawing, uint32_t l, uint32_t i, double row)
{
    const annc_trace *trace = drawing->trace;
    struct graph *graph = drawing->graph;
    const uint32_t j = drawing->view->shown[l][i];
    char name[GRAPH_NAME];
    name_unit(&trace->shape, "a", l, j, name);
    const uint32_t unit = add_node(graph, l == 0 ? GRAPH_VALUE : GRAPH_GATE, drawing->column, row, name);
    drawing->above[i] = unit;
    say(graph, unit, 0, "%.4g", trace->a[l][j]);
    if (l == 0)
        return;
    say(graph, unit, 1, "delta %.4g", trace->delta[l][j]);
    say(graph, unit, 2, "b %.4g", trace->theta[annc_shape_biases_at(&trace->shape, l) + j]);
    if (l == trace->shape.layers)
        say(graph, unit, 3, "y %.4g", trace->y[j]);
    for (uint32_t from = 0; from < drawing->view->count[l - 1]; from++) {
        const uint32_t k = drawing->view->shown[l - 1][from];
        const size_t at = annc_shape_weights_at(&trace->shape, l) + (size_t)j * trace->shape.width[l - 1] + k;
        add_edge(graph, drawing->below[from], unit, trace->theta[at], trace->gradient[at]);
    }
}

/* Adds a node for the hidden units of the layer below, with their contributions to each shown
 * unit. */
static void add_rest(struct drawing *drawing, uint32_t l, double row)
{
    const annc_trace *trace = drawing->trace;
    const struct view *view = drawing->view;
    char name[GRAPH_NAME];
    snprintf(name, sizeof name, "%u more", hidden_of(trace, view, l - 1));
    const uint32_t rest = add_node(drawing->graph, GRAPH_FOLD, drawing->column - 1, row, name);
    say(drawing->graph, rest, 0, "sum of w a");
    for (uint32_t i = 0; i < view->count[l]; i++)
        add_edge(drawing->graph, rest, drawing->above[i], rest_of(trace, view, l, view->shown[l][i]),
                 trace->delta[l][view->shown[l][i]]);
}

static void draw_units(struct drawing *drawing)
{
    const struct view *view = drawing->view;
    double height = 0;
    for (uint32_t l = view->first - 1; l <= view->last; l++)
        height = fmax(height, view->count[l] + (hidden_of(drawing->trace, view, l) > 0));
    for (uint32_t l = view->first - 1; l <= view->last; l++) {
        const double top = (height - view->count[l]) / 2;
        swap_layers(drawing);
        for (uint32_t i = 0; i < view->count[l]; i++)
            add_unit(drawing, l, i, top + i);
        if (l >= view->first && hidden_of(drawing->trace, view, l - 1) > 0)
            add_rest(drawing, l, (height + view->count[l - 1]) / 2);
        drawing->column++;
    }
    drawing->column--;
    add_cost(drawing, (height - 1) / 2);
}

/* ---------------------------------------------------------------- whole graph */

void graph_open(const annc_trace *trace, const struct view *view, bool gates, struct graph *graph)
{
    struct drawing drawing = {.trace = trace, .view = view, .graph = graph};
    uint32_t most = 1;
    memset(graph, 0, sizeof *graph);
    for (uint32_t l = view->first - 1; l <= view->last; l++)
        most = view->count[l] > most ? view->count[l] : most;
    graph->are_gates = gates;
    graph->is_tree = gates && view_is_neuron(view);
    graph->unit_columns = gates ? 0 : (int)(view->last - view->first + 2);
    graph->most = most;
    drawing.below = take_memory(most, sizeof *drawing.below, "a graph");
    drawing.above = take_memory(most, sizeof *drawing.above, "a graph");
    if (gates)
        draw_gates(&drawing);
    else
        draw_units(&drawing);
    free(drawing.below);
    free(drawing.above);
}

void graph_close(struct graph *graph)
{
    free(graph->nodes);
    free(graph->edges);
}
