/* graph_svg.c - a graph as SVG: values above its edges, gradients below. */
#include "cli/trace/graph_svg.h"
#include "cli/terminal/memory.h"
#include "cli/trace/graph.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARGIN = 70, HEAD = 40, FOOT = 40, HALF_HEIGHT = 15 };
/* Distances from one gate to the next. */
static const double TREE_WIDTH = 156, GATE_WIDTH = 180, GATE_HEIGHT = 62;
/* Width of a letter, relative to its size. */
static const double LETTER = 0.62;
static const double LABEL_WIDTH = 84, UNIT_HEIGHT = 142, UNIT = 104, END_WIDTH = 210;

/* Width at which a wide graph is shown; its text stays readable down to about 2/3 of its size. */
static const double MOST_WIDTH = 1200;
/* Gradients below this share of the largest are grey. */
static const double FAINT = 1e-3;

/* Layout of a graph on the sheet. */
struct sheet {
    double column, row; /* pixels per column, per row */
    int columns;        /* of this width; later ones have END_WIDTH */
    double width, height;
    double faint; /* gradients below are grey */
};

static double x_of(const struct sheet *sheet, const struct graph_node *node)
{
    const int wide = node->column < sheet->columns ? node->column : sheet->columns;
    return MARGIN + wide * sheet->column + (node->column - wide) * END_WIDTH;
}

static struct sheet measure(const struct graph *graph)
{
    struct sheet sheet = {.column = graph->is_tree     ? TREE_WIDTH
                                    : graph->are_gates ? GATE_WIDTH
                                                       : UNIT + LABEL_WIDTH * (graph->most + 1.0),
                          .row = graph->are_gates ? GATE_HEIGHT : UNIT_HEIGHT,
                          .columns = graph->are_gates ? INT_MAX : graph->unit_columns - 1};
    for (uint32_t i = 0; i < graph->node_count; i++) {
        sheet.width = fmax(sheet.width, x_of(&sheet, &graph->nodes[i]) + MARGIN);
        sheet.height = fmax(sheet.height, graph->nodes[i].row * sheet.row);
    }
    for (uint32_t i = 0; i < graph->edge_count; i++)
        if ((graph->are_gates || graph->nodes[graph->edges[i].to].column < graph->unit_columns) &&
            fabs(graph->edges[i].gradient) > sheet.faint) /* not of NaN */
            sheet.faint = fabs(graph->edges[i].gradient);
    sheet.faint *= FAINT;
    sheet.height += HEAD + FOOT + sheet.row;
    return sheet;
}

static double y_of(const struct sheet *sheet, const struct graph_node *node)
{
    return HEAD + (node->row + 0.5) * sheet->row;
}

static int lines_of(const struct graph_node *node)
{
    int lines = 0;
    while (lines < GRAPH_LINES && node->lines[lines][0])
        lines++;
    return lines;
}

static double half_width(const struct graph *graph, const struct graph_node *node)
{
    if (node->kind == GRAPH_END)
        return 24;
    if (!graph->are_gates)
        return UNIT / 2;
    if (node->kind != GRAPH_GATE)
        return 30;
    if (node->name[1] == '\0')
        return 15;
    size_t longest = strlen(node->name);
    for (int i = 0; i < lines_of(node); i++)
        longest = strlen(node->lines[i]) > longest ? strlen(node->lines[i]) : longest;
    return fmin(fmax(LETTER * 12 * (double)longest / 2 + 3, 38), 56);
}

/* Returns a font size at which a text fits into its box. */
static double fit(const char *text, double half_width, double size)
{
    const double widest = 2 * half_width - 6, width = LETTER * size * (double)strlen(text);
    return width > widest ? size * widest / width : size;
}

static void print_node(const struct graph *graph, const struct sheet *sheet, const struct graph_node *node, FILE *out)
{
    static const char *const classes[] = {[GRAPH_VALUE] = "value",
                                          [GRAPH_PARAMETER] = "parameter",
                                          [GRAPH_FOLD] = "fold",
                                          [GRAPH_GATE] = "gate",
                                          [GRAPH_END] = "end"};
    const double x = x_of(sheet, node), y = y_of(sheet, node), w = half_width(graph, node);
    const int lines = lines_of(node);
    const double h = lines ? 10 + 7.5 * lines : HALF_HEIGHT;
    fprintf(out, "<g class=\"%s\">", classes[node->kind]);
    if (node->kind != GRAPH_END)
        fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\"/>", x - w, y - h, 2 * w,
                2 * h, node->kind == GRAPH_GATE ? 15.0 : 3.0);
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\" font-weight=\"bold\">%s</text>", x,
            y + 4.5 - 7.5 * lines, fit(node->name, w, 13), node->name[0] == '*' ? "×" : node->name);
    for (int i = 0; i < lines; i++)
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.1f\">%s</text>", x, y + 19.5 - 7.5 * lines + 15 * i,
                fit(node->lines[i], w, 12), node->lines[i]);
    fputs("</g>\n", out);
}

/* Returns the best place of a label along its edge: near the start in a tree, near the end between
 * gates; between fully connected units, at a distance that depends on the start. */
static double place_of(const struct graph *graph, const struct graph_edge *edge)
{
    const struct graph_node *from = &graph->nodes[edge->from], *to = &graph->nodes[edge->to];
    uint32_t above = 0, all = 0;
    if (graph->are_gates && isnan(edge->gradient))
        return 0.3;
    if (graph->are_gates)
        return from->row == to->row ? 0.5 : graph->is_tree || to->name[0] != '*' ? 0.4 : 0.78;
    if (to->column >= graph->unit_columns)
        return 0.5;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        all += graph->nodes[i].column == from->column;
        above += graph->nodes[i].column == from->column && graph->nodes[i].row < from->row;
    }
    return 0.2 + 0.74 * (above + 0.5) / all;
}

/* A covered area: a node or a label. */
struct box {
    double left, top, right, bottom;
};

struct covered {
    struct box *boxes; /* one for each node and edge */
    size_t count;
};

static bool is_free(const struct covered *covered, const struct box *box)
{
    for (size_t i = 0; i < covered->count; i++) {
        const struct box *other = &covered->boxes[i];
        if (box->left < other->right && other->left < box->right && box->top < other->bottom &&
            other->top < box->bottom)
            return false;
    }
    return true;
}

/* Returns the box of a label centred at x, or right of x for an upright edge. */
static struct box box_of(double x, double y, bool is_upright, const struct graph_edge *edge)
{
    char value[32], gradient[32] = "";
    snprintf(value, sizeof value, "%.4g", edge->value);
    if (!isnan(edge->gradient))
        snprintf(gradient, sizeof gradient, "%.4g", edge->gradient);
    const size_t letters = strlen(value) > strlen(gradient) ? strlen(value) : strlen(gradient);
    const double width = LETTER * 12 * (double)letters;
    return (struct box){is_upright ? x : x - width / 2, y - 14, is_upright ? x + width : x + width / 2,
                        gradient[0] ? y + 14 : y};
}

/* Covers the nodes, and the labels of upright edges, which cannot move. */
static struct covered cover(const struct graph *graph, const struct sheet *sheet)
{
    const size_t most = (size_t)graph->node_count + graph->edge_count;
    struct covered covered = {take_memory(most, sizeof(struct box), "the places of labels"), 0};
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        const double x = x_of(sheet, node), y = y_of(sheet, node), w = half_width(graph, node);
        const double h = lines_of(node) ? 10 + 7.5 * lines_of(node) : HALF_HEIGHT;
        covered.boxes[covered.count++] = (struct box){x - w, y - h, x + w, y + h};
    }
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        const struct graph_edge *edge = &graph->edges[i];
        const struct graph_node *from = &graph->nodes[edge->from], *to = &graph->nodes[edge->to];
        if (from->column == to->column)
            covered.boxes[covered.count++] =
                box_of(x_of(sheet, from) + 6, (y_of(sheet, from) + y_of(sheet, to)) / 2, true, edge);
    }
    return covered;
}

/* Returns the free place of a label nearest to the best one, or the best one if none is free. */
static double free_place(struct covered *covered, const struct graph_edge *edge, double best, const double from[2],
                         const double to[2])
{
    enum { TRIES = 24 };
    for (int i = 0; i < 2 * TRIES; i++) {
        const double t = best + (i % 2 ? -1 : 1) * (i + 1) / 2 * 0.03;
        const struct box box = box_of(from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1]), false, edge);
        if (t < 0.1 || t > 0.9 || !is_free(covered, &box))
            continue;
        covered->boxes[covered->count++] = box;
        return t;
    }
    return best;
}

static void print_label(const struct sheet *sheet, double x, double y, const char *more, const struct graph_edge *edge,
                        FILE *out)
{
    fprintf(out, "<text class=\"forward\" x=\"%.1f\" y=\"%.1f\"%s>%.4g</text>", x, y - 4, more, edge->value);
    if (!isnan(edge->gradient))
        fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\"%s>%.4g</text>",
                fabs(edge->gradient) < sheet->faint ? "backward faint" : "backward", x, y + 12, more, edge->gradient);
}

/* The line of an edge, from the border of one node to that of the other. */
struct line {
    double from[2], to[2]; /* x, y */
    bool is_upright;
};

static struct line line_of(const struct graph *graph, const struct sheet *sheet, const struct graph_edge *edge)
{
    enum { BEFORE = 2 }; /* of the arrow's tip, before the node */
    const struct graph_node *from = &graph->nodes[edge->from], *to = &graph->nodes[edge->to];
    const bool is_upright = from->column == to->column;
    return (struct line){{x_of(sheet, from) + (is_upright ? 0 : half_width(graph, from)),
                          y_of(sheet, from) + (is_upright ? HALF_HEIGHT : 0)},
                         {x_of(sheet, to) - (is_upright ? 0 : half_width(graph, to) + BEFORE),
                          y_of(sheet, to) - (is_upright ? HALF_HEIGHT + BEFORE : 0)},
                         is_upright};
}

static void print_line(const struct line *line, FILE *out)
{
    fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" marker-end=\"url(#arrow)\"/>\n", line->from[0],
            line->from[1], line->to[0], line->to[1]);
}

static void print_numbers(const struct graph *graph, const struct sheet *sheet, const struct graph_edge *edge,
                          struct covered *covered, FILE *out)
{
    const struct line line = line_of(graph, sheet, edge);
    const double *from = line.from, *to = line.to;
    fprintf(out, "<g class=\"edge\" data-from=\"%s\" data-to=\"%s\" data-value=\"%.17g\"",
            graph->nodes[edge->from].name, graph->nodes[edge->to].name, edge->value);
    if (!isnan(edge->gradient))
        fprintf(out, " data-gradient=\"%.17g\"", edge->gradient);
    fputs(">", out);
    if (line.is_upright) {
        print_label(sheet, from[0] + 6, (from[1] + to[1]) / 2, " text-anchor=\"start\"", edge, out);
    } else {
        const double t = free_place(covered, edge, place_of(graph, edge), from, to);
        print_label(sheet, from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1]), "", edge, out);
    }
    fputs("</g>\n", out);
}

/* Prints all lines, then the numbers: their halo, in the colour of the sheet, covers the lines. */
static void print_edges(const struct graph *graph, const struct sheet *sheet, FILE *out)
{
    struct covered covered = cover(graph, sheet);
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        const struct line line = line_of(graph, sheet, &graph->edges[i]);
        print_line(&line, out);
    }
    for (uint32_t i = 0; i < graph->edge_count; i++)
        print_numbers(graph, sheet, &graph->edges[i], &covered, out);
    free(covered.boxes);
}

static void print_xml(const char *text, FILE *out)
{
    for (; *text; text++)
        if (strchr("<>&\"", *text))
            fprintf(out, "&#%d;", *text);
        else
            fputc(*text, out);
}

void graph_print_svg(const struct graph *graph, FILE *out)
{
    const struct sheet sheet = measure(graph);
    const double scale = fmin(1, MOST_WIDTH / sheet.width);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
            "font-family=\"sans-serif\" font-size=\"12\" text-anchor=\"middle\" role=\"img\">\n<title>",
            sheet.width, sheet.height, sheet.width * scale, sheet.height * scale);
    print_xml(graph->title, out);
    fputs("</title>\n", out);
    fputs(
        "<style>line{stroke:#8a94a0;stroke-width:1.2}rect{fill:#fff;stroke:#44505c}.value rect{fill:#eef3f8}"
        ".parameter rect{fill:#fdf3e1}.gate rect{fill:#e3eef9}.fold rect{fill:#f3f3f3;stroke-dasharray:3 3}"
        "text{fill:#1d2730;paint-order:stroke;stroke:#fff;stroke-width:5px;stroke-linejoin:round}rect~text{stroke:none}"
        ".forward{fill:#0b6b3a}.backward{fill:#b3261e}.backward.faint{fill:#737d88}path{fill:#8a94a0}rect.sheet{fill:#"
        "fff;"
        "stroke:none}"
        "@media(prefers-color-scheme:dark){line{stroke:#6f7b88}path{fill:#6f7b88}rect{fill:#191f27;stroke:#9eaab8}"
        ".value rect{fill:#24303c}.parameter rect{fill:#3a301c}.gate rect{fill:#1d3247}.fold rect{fill:#22272e}"
        "text{fill:#e7ebf0;stroke:#11151a}.forward{fill:#6fd39a}.backward{fill:#ff8f85}.backward.faint{fill:#8a94a0}"
        "rect.sheet{fill:#11151a}}</style>\n",
        out);
    fputs("<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
          "orient=\"auto\">"
          "<path d=\"M0 0 8 4 0 8z\"/></marker></defs>\n<rect class=\"sheet\" width=\"100%\" height=\"100%\"/>\n",
          out);
    fprintf(out, "<text x=\"%.0f\" y=\"24\" font-size=\"14\" text-anchor=\"start\" font-weight=\"bold\">", 16.0);
    print_xml(graph->title, out);
    fputs("</text>\n", out);
    print_edges(graph, &sheet, out);
    for (uint32_t i = 0; i < graph->node_count; i++)
        print_node(graph, &sheet, &graph->nodes[i], out);
    fprintf(out,
            "<text x=\"16\" y=\"%.0f\" text-anchor=\"start\"><tspan class=\"forward\">above an edge: its value, "
            "forward</tspan>"
            "<tspan dx=\"18\" class=\"backward\">below: dC/d of it, backward</tspan>%s</text>\n</svg>\n",
            sheet.height - 14, graph->are_gates ? "" : "<tspan dx=\"18\">edges between units: weights</tspan>");
}
