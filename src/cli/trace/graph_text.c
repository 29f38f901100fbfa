/* graph_text.c - a graph as text and in DOT. */
#include "cli/trace/graph_text.h"
#include "cli/terminal/memory.h"
#include "cli/trace/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_number(char *text, size_t size, double value)
{
    text[0] = '\0';
    if (!isnan(value))
        snprintf(text, size, "%.4g", value);
}

/* ---------------------------------------------------------------- drawing of a tree */

enum {
    MOST_COLUMNS = 16,
    NUMBER = 16,
    GAP = 2,
    LINES_A_ROW = 3,
    MOST_WIDTH = 400,
    LABEL = (1 + GRAPH_LINES) * GRAPH_NAME
};

/* Directions of the lines in a cell, as bits. */
enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };

struct canvas {
    int width, height;
    char *letters;       /* height x width; 0: none */
    unsigned char *wire; /* height x width */
    int begin[MOST_COLUMNS + 1],
        label[MOST_COLUMNS + 1]; /* of a column of nodes: its begin, and the width of its names */
};

static int wire_width(const struct graph_edge *edge)
{
    char value[NUMBER], gradient[NUMBER];
    print_number(value, sizeof value, edge->value);
    print_number(gradient, sizeof gradient, edge->gradient);
    const size_t longer = strlen(value) > strlen(gradient) ? strlen(value) : strlen(gradient);
    return (int)longer + 2 * GAP;
}

/* Writes a name and its further text on one line. */
static const char *label_of(const struct graph_node *node, char label[LABEL])
{
    int used = snprintf(label, LABEL, "%s", node->name);
    for (int i = 0; i < GRAPH_LINES && node->lines[i][0]; i++)
        used += snprintf(label + used, LABEL - (size_t)used, " %s", node->lines[i]);
    return label;
}

static int line_of(const struct graph_node *node)
{
    return (int)lround(LINES_A_ROW * node->row) + 1;
}

/* Places the columns: each after the widest name and the widest wire of the one before. */
static void measure(const struct graph *graph, struct canvas *canvas)
{
    int wire[MOST_COLUMNS + 1] = {0};
    char label[LABEL];
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        const int length = (int)strlen(label_of(node, label));
        canvas->label[node->column] = length > canvas->label[node->column] ? length : canvas->label[node->column];
        canvas->height = line_of(node) + 2 > canvas->height ? line_of(node) + 2 : canvas->height;
    }
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        const int column = graph->nodes[graph->edges[i].from].column, width = wire_width(&graph->edges[i]);
        wire[column] = width > wire[column] ? width : wire[column];
    }
    for (int column = 0; column < MOST_COLUMNS; column++)
        canvas->begin[column + 1] = canvas->begin[column] + canvas->label[column] + wire[column];
    canvas->width = canvas->begin[MOST_COLUMNS] + 1;
}

static void put(struct canvas *canvas, int line, int at, const char *text)
{
    for (; *text && at < canvas->width; text++, at++)
        if (at >= 0 && line >= 0 && line < canvas->height)
            canvas->letters[line * canvas->width + at] = *text;
}

static void lay(struct canvas *canvas, int line, int at, int directions)
{
    canvas->wire[line * canvas->width + at] |= (unsigned char)directions;
}

/* Draws an edge: along the line of its start, then, just before its end, up or down to the end's
 * line. */
static void lay_edge(struct canvas *canvas, const struct graph *graph, const struct graph_edge *edge)
{
    const struct graph_node *from = &graph->nodes[edge->from], *to = &graph->nodes[edge->to];
    char label[LABEL];
    const int begin = canvas->begin[from->column] + (int)strlen(label_of(from, label)) + 1;
    const int corner = canvas->begin[to->column] - 2;
    const int line = line_of(from), end = line_of(to), down = end > line ? 1 : -1;
    const int middle =
        canvas->begin[from->column] + canvas->label[from->column] +
        (canvas->begin[from->column + 1] - canvas->begin[from->column] - canvas->label[from->column]) / 2 - 1;
    char text[NUMBER];
    for (int at = begin; at < corner; at++)
        lay(canvas, line, at, LEFT | RIGHT);
    if (line == end) {
        lay(canvas, line, corner, LEFT | RIGHT);
    } else {
        lay(canvas, line, corner, LEFT | (down > 0 ? DOWN : UP));
        for (int at = line + down; at != end; at += down)
            lay(canvas, at, corner, UP | DOWN);
        lay(canvas, end, corner, RIGHT | (down > 0 ? UP : DOWN));
    }
    print_number(text, sizeof text, edge->value);
    put(canvas, line - 1, middle - (int)strlen(text) / 2, text);
    print_number(text, sizeof text, edge->gradient);
    put(canvas, line + 1, middle - (int)strlen(text) / 2, text);
}

static void print_canvas(const struct canvas *canvas, bool is_unicode, FILE *out)
{
    static const char *const boxes[] = {" ", "╵", "╷", "│", "╴", "┘", "┐", "┤", "╶", "└", "┌", "├", "─", "┴", "┬", "┼"};
    static const char *const plain[] = {" ", "|", "|", "|", "-", "+", "+", "+", "-", "+", "+", "+", "-", "+", "+", "+"};
    for (int line = 0; line < canvas->height; line++) {
        int last = canvas->width - 1;
        const int row = line * canvas->width;
        while (last >= 0 && !canvas->letters[row + last] && !canvas->wire[row + last])
            last--;
        for (int at = 0; at <= last; at++)
            if (canvas->letters[row + at])
                fputc(canvas->letters[row + at], out);
            else
                fputs((is_unicode ? boxes : plain)[canvas->wire[row + at]], out);
        fputc('\n', out);
    }
}

/* Draws a tree. Returns false if it is too wide. */
static bool draw_tree(const struct graph *graph, bool is_unicode, FILE *out)
{
    struct canvas canvas = {0};
    char label[LABEL];
    measure(graph, &canvas);
    if (canvas.width > MOST_WIDTH)
        return false;
    const size_t cells = (size_t)canvas.width * (size_t)canvas.height;
    canvas.letters = take_memory(cells, 1, "a drawing");
    canvas.wire = take_memory(cells, 1, "a drawing");
    for (uint32_t i = 0; i < graph->edge_count; i++)
        lay_edge(&canvas, graph, &graph->edges[i]);
    for (uint32_t i = 0; i < graph->node_count; i++)
        put(&canvas, line_of(&graph->nodes[i]), canvas.begin[graph->nodes[i].column],
            label_of(&graph->nodes[i], label));
    print_canvas(&canvas, is_unicode, out);
    free(canvas.letters);
    free(canvas.wire);
    return true;
}

/* ---------------------------------------------------------------- table of any graph */

static void print_node(const struct graph_node *node, FILE *out)
{
    fprintf(out, "%s", node->name);
    for (int i = 0; i < GRAPH_LINES && node->lines[i][0]; i++)
        fprintf(out, "%s%s", i ? ", " : ": ", node->lines[i]);
    fputc('\n', out);
}

/* Prints each node with its incoming edges. */
static void print_table(const struct graph *graph, FILE *out)
{
    char value[NUMBER], gradient[NUMBER];
    int columns = 0;
    for (uint32_t i = 0; i < graph->node_count; i++)
        columns = graph->nodes[i].column > columns ? graph->nodes[i].column : columns;
    for (int column = 0; column <= columns; column++)
        for (uint32_t i = 0; i < graph->node_count; i++) {
            if (graph->nodes[i].column != column)
                continue;
            print_node(&graph->nodes[i], out);
            for (uint32_t e = 0; e < graph->edge_count; e++) {
                if (graph->edges[e].to != i)
                    continue;
                print_number(value, sizeof value, graph->edges[e].value);
                print_number(gradient, sizeof gradient, graph->edges[e].gradient);
                fprintf(out, "    from %-12s value %11s   gradient %11s\n", graph->nodes[graph->edges[e].from].name,
                        value, gradient[0] ? gradient : "-");
            }
        }
}

void graph_print_text(const struct graph *graph, bool is_unicode, FILE *out)
{
    if (!graph->is_tree || !draw_tree(graph, is_unicode, out))
        print_table(graph, out);
}

/* ---------------------------------------------------------------- DOT */

void graph_print_dot(const struct graph *graph, FILE *out)
{
    static const char *const shapes[] = {[GRAPH_VALUE] = "plaintext",
                                         [GRAPH_PARAMETER] = "plaintext",
                                         [GRAPH_FOLD] = "box",
                                         [GRAPH_GATE] = "ellipse",
                                         [GRAPH_END] = "plaintext"};
    char value[NUMBER], gradient[NUMBER];
    fputs("digraph trace {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", "
          "fontsize=10];\n",
          out);
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        fprintf(out, "  n%u [shape=%s, label=\"%s", i, shapes[node->kind], node->name);
        for (int line = 0; line < GRAPH_LINES && node->lines[line][0]; line++)
            fprintf(out, "\\n%s", node->lines[line]);
        fputs("\"];\n", out);
    }
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        const struct graph_edge *edge = &graph->edges[i];
        print_number(value, sizeof value, edge->value);
        print_number(gradient, sizeof gradient, edge->gradient);
        fprintf(out, "  n%u -> n%u [label=\"%s\\n%s\"];\n", edge->from, edge->to, value, gradient);
    }
    fputs("}\n", out);
}
