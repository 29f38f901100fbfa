/* weight_table.c - the weights of a layer as a table for a screen. */
#include "cli/charts/weight_table.h"
#include "cli/options/input_names.h"
#include "cli/terminal/screen.h"

#include <math.h>

enum { HEAD = 8, CELL = 9, COLOURS = 3 };

static double largest_of(const float *values, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)values[i]));
    return largest > 0 ? largest : 1;
}

static void print_cell(FILE *out, double value, double share, bool colour)
{
    static const int zero[COLOURS] = {24, 24, 24}, above[COLOURS] = {200, 90, 0}, below[COLOURS] = {30, 110, 190};
    if (!colour) {
        fprintf(out, " %*.3g", CELL - 1, value);
        return;
    }
    const int *to = share > 0 ? above : below;
    fputs("\033[97;48;2", out);
    for (int i = 0; i < COLOURS; i++)
        fprintf(out, ";%.0f", zero[i] + fabs(share) * (to[i] - zero[i]));
    fprintf(out, "m %*.3g\033[0m", CELL - 1, value);
}

/* The inputs of layer 1 have their columns' names, those of other layers the numbers of units. */
static void print_heads(FILE *out, const annc_network *network, uint32_t l, uint32_t shown)
{
    struct input_names names;
    char name[INPUT_NAME], cut[INPUT_NAME];
    input_names_open(network, annc_network_shape(network)->width[0], &names);
    fprintf(out, "%-*s", HEAD, "unit");
    for (uint32_t i = 0; i < shown; i++) {
        if (l > 1)
            snprintf(name, sizeof name, "%u", i + 1);
        else
            input_name(&names, i, name);
        fputc(' ', out);
        print_right(out, plain_columns(name, CELL - 1, cut, sizeof cut), CELL - 1);
    }
    fputc('\n', out);
    input_names_close(&names);
}

void print_weight_table(FILE *out, const annc_network *network, uint32_t l, uint32_t count)
{
    const annc_shape *shape = annc_network_shape(network);
    const uint32_t inputs = shape->width[l - 1], units = shape->width[l] < count ? shape->width[l] : count;
    const uint32_t most = (terminal_columns(out) - HEAD) / CELL, shown = inputs < most ? inputs : most > 0 ? most : 1;
    const float *W = annc_network_parameters_const(network) + annc_shape_weights_at(shape, l);
    const double largest = largest_of(W, (size_t)units * inputs);
    const bool colour = use_colour(out);
    fprintf(out, "weights into layer %u: units down, inputs across\n", l);
    print_heads(out, network, l, shown);
    for (uint32_t j = 0; j < units; j++) {
        fprintf(out, "%-*u", HEAD, j + 1);
        for (uint32_t i = 0; i < shown; i++) {
            const double weight = (double)W[(size_t)j * inputs + i];
            print_cell(out, weight, weight / largest, colour);
        }
        fputc('\n', out);
    }
    if (shown < inputs)
        fprintf(out, "and %u more inputs; a wider screen or --out FILE shows them\n", inputs - shown);
    if (units < shape->width[l])
        fprintf(out, "and %u more units; --count N shows them\n", shape->width[l] - units);
}
