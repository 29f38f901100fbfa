/* saliency.c - how the cost of an example changes with each input. */
#include "cli/trace/saliency.h"
#include "base/status.h"
#include "cli/charts/gallery.h"
#include "cli/options/input_names.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/screen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_SHOWN = 20, LEAST_WIDTH = 9, MOST_WIDTH = 32 };

/* An input (from 0) and its slope. */
struct sloped {
    uint32_t input;
    double slope;
};

static int by_size(const void *a, const void *b)
{
    const struct sloped *x = a, *y = b;
    const double difference = fabs(y->slope) - fabs(x->slope);
    return difference > 0 ? 1 : difference < 0 ? -1 : (x->input > y->input) - (x->input < y->input);
}

/* Returns the inputs, the largest slopes first; the caller frees them. */
static struct sloped *sort_inputs(const annc_trace *trace)
{
    const uint32_t n = trace->shape.width[0];
    struct sloped *inputs = take_memory(n, sizeof *inputs, "the inputs");
    for (uint32_t i = 0; i < n; i++)
        inputs[i] = (struct sloped){i, trace->slope[0][i]};
    qsort(inputs, n, sizeof *inputs, by_size);
    return inputs;
}

static void print_table(const annc_trace *trace, const annc_network *network)
{
    const uint32_t n = trace->shape.width[0], shown = n < MOST_SHOWN ? n : MOST_SHOWN;
    struct sloped *inputs = sort_inputs(trace);
    struct input_names names;
    char name[INPUT_NAME];
    int width = LEAST_WIDTH;
    input_names_open(network, n, &names);
    for (uint32_t i = 0; i < shown; i++) {
        const int columns = text_columns(input_name(&names, inputs[i].input, name));
        width = columns > width ? columns : width;
    }
    width = width < MOST_WIDTH ? width : MOST_WIDTH;
    printf("C = %.6g; x as the network receives it, and how C changes with it\n%-*s %14s %14s\n", trace->cost, width,
           "input", "x", "dC/dx");
    for (uint32_t i = 0; i < shown; i++) {
        print_left(stdout, input_name(&names, inputs[i].input, name), width);
        printf(" %14.7g %14.7g\n", trace->a[0][inputs[i].input], inputs[i].slope);
    }
    if (shown < n)
        printf("and %u more inputs of smaller slopes\n", n - shown);
    input_names_close(&names);
    free(inputs);
}

annc_status saliency_show(const struct options *options, const annc_trace *trace, const annc_network *network,
                          const annc_dataset *dataset, uint32_t example)
{
    struct gallery gallery;
    uint32_t rows, columns;
    annc_dataset_image_size(dataset, &rows, &columns);
    if (columns <= 1 && options->value[OPTION_OUT].text)
        return annc_fail(ANNC_USAGE,
                         "--saliency --out draws images, and these inputs are none; without --out it prints a table");
    if (columns <= 1) {
        print_table(trace, network);
        return ANNC_OK;
    }
    ANNC_RETURN_IF_FAILED(gallery_of_saliency(dataset, example, trace->slope[0], &gallery));
    const annc_status status = gallery_present(options, &gallery);
    gallery_close(&gallery);
    return status;
}
