/* report_model.c - the sections of a report that need the model: predictions, weights, gradient
 * audit. */
#include "cli/report/report_model.h"
#include "base/json/json_read.h"
#include "base/status.h"
#include "cli/charts/gallery.h"
#include "cli/options/input_names.h"
#include "cli/options/option_types.h"
#include "cli/options/training_from_options.h"
#include "cli/report/page.h"
#include "cli/report/report_evaluation.h"
#include "cli/report/report_log.h"
#include "cli/report/report_subject.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/usage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_UNITS = 64, MOST_BARS = 30, AUDIT_BATCH = 8, AUDIT_SAMPLE = 10 };

/* ---------------------------------------------------------------- weights */

/* Returns three times the root mean square, an upper bound of most weights. */
static double scale_of(const float *weights, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (double)weights[i] * (double)weights[i];
    return squares > 0 ? 3 * sqrt(squares / (double)count) : 1;
}

static void print_units(FILE *out, const struct subject *subject, uint32_t rows, uint32_t columns)
{
    const annc_shape *shape = annc_network_shape(subject->network);
    const float *W = annc_network_parameters_const(subject->network) + annc_shape_weights_at(shape, 1);
    const size_t n = shape->width[0];
    const uint32_t shown = shape->width[1] < MOST_UNITS ? shape->width[1] : MOST_UNITS;
    const double scale = scale_of(W, n * shape->width[1]);
    uint8_t *pixels = take_memory(n, 1, "an image");
    page_element(out, "p", "",
                 "Weights of %u of the %u units of the first layer: blue is positive (light increases the unit's z), "
                 "orange is negative, white is 0. Full colour is a magnitude of %.3g.",
                 shown, shape->width[1], scale);
    fputs("<ul class=\"images\">\n", out);
    for (uint32_t j = 0; j < shown; j++) {
        char text[64];
        for (size_t i = 0; i < n; i++)
            pixels[i] = (uint8_t)lround(128 + 127 * fmax(-1, fmin(1, (double)W[j * n + i] / scale)));
        snprintf(text, sizeof text, "the weights into unit %u", j + 1);
        fputs("<li>", out);
        page_image(out, pixels, rows, columns, SIGNS, text);
        page_element(out, "span", "", "unit %u", j + 1);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
    free(pixels);
}

/* An input and the mean size of its weights. */
struct weight {
    uint32_t input;
    double size;
};

static int by_size(const void *a, const void *b)
{
    const struct weight *x = a, *y = b;
    return x->size < y->size ? 1 : x->size > y->size ? -1 : (x->input > y->input) - (x->input < y->input);
}

static void print_bars(FILE *out, const struct subject *subject)
{
    const annc_shape *shape = annc_network_shape(subject->network);
    const float *W = annc_network_parameters_const(subject->network) + annc_shape_weights_at(shape, 1);
    const uint32_t n = shape->width[0], shown = n < MOST_BARS ? n : MOST_BARS;
    struct weight *weights = take_memory(n, sizeof *weights, "the weights");
    struct input_names names;
    for (uint32_t i = 0; i < n; i++) {
        weights[i].input = i;
        for (uint32_t j = 0; j < shape->width[1]; j++)
            weights[i].size += fabs((double)W[(size_t)j * n + i]) / shape->width[1];
    }
    qsort(weights, n, sizeof *weights, by_size);
    input_names_open(subject->network, n, &names);
    page_table(out, "Inputs with the largest weights in the first layer, averaged over its units: %u of %u.", shown, n);
    PAGE_HEADS(out, "input", ">mean |w|", "");
    for (uint32_t i = 0; i < shown; i++) {
        char name[INPUT_NAME];
        fputs("<tr>", out);
        page_row_head(out, "%s", input_name(&names, weights[i].input, name));
        page_number(out, "%.4g", weights[i].size);
        fprintf(out, "<td class=\"b\"><span class=\"bar\" style=\"width:%.1f%%\"></span></td></tr>\n",
                weights[0].size > 0 ? 100 * weights[i].size / weights[0].size : 0);
    }
    page_table_end(out);
    input_names_close(&names);
    free(weights);
}

static void print_weights(FILE *out, const struct subject *subject)
{
    uint32_t rows, columns;
    print_section(out, subject, "Weights of the first layer");
    if (network_takes_images(subject->network, &rows, &columns))
        print_units(out, subject, rows, columns);
    else
        print_bars(out, subject);
}

/* ---------------------------------------------------------------- the audit */

static void print_rows(FILE *out, const annc_check_row *rows, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++)
        failed += !rows[i].pass;
    if (failed)
        print_missing(out, "%zu of %zu comparisons fail.", failed, count);
    else
        page_element(out, "p", "", "All %zu comparisons pass.", count);
    page_table(
        out,
        "The equations compared with central finite differences, and the device with the equations, on %d examples.",
        AUDIT_BATCH);
    PAGE_HEADS(out, "layer", "kind", "compared by", ">parameters", ">of", ">worst", ">normwise", ">tolerance",
               "verdict");
    for (size_t i = 0; i < count; i++) {
        const annc_check_row *row = &rows[i];
        fputs("<tr>", out);
        page_row_head(out, "%u", row->layer);
        page_element(out, "td", "", "%s", row->kind == ANNC_WEIGHT ? "weights" : "biases");
        page_element(out, "td", "", "%s", row->path);
        page_number(out, "%zu", row->sampled);
        page_number(out, "%zu", row->parameters);
        page_number(out, "%.2e", row->worst);
        page_number(out, "%.2e", row->normwise);
        page_number(out, "%.2e", row->tolerance);
        page_element(out, "td", "", "%s", row->pass ? "PASS" : "FAIL");
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

/* Runs the audit. The caller releases the rows by annc_check_free, also on failure. */
static annc_status audit(const struct subject *subject, annc_check_row **rows, size_t *count)
{
    annc_status status = ANNC_OK;
    annc_check_options check = {
        .batch = AUDIT_BATCH, .sample = AUDIT_SAMPLE, .seed = subject->options.value[OPTION_SEED].whole};
    float *weights = NULL;
    ANNC_TRY(objective_from_options(&subject->options, &check.objective));
    ANNC_TRY(weigh_classes(&subject->options, subject->data.train, &weights));
    check.objective.class_weights = weights;
    ANNC_TRY(annc_check(subject->network, subject->data.train, &subject->device, 1, &check, rows, count));
out:
    free(weights);
    return status;
}

static void print_audit(FILE *out, const struct subject *subject)
{
    annc_check_row *rows = NULL;
    size_t count = 0;
    print_section(out, subject, "Audit of the gradients");
    const annc_status status = audit(subject, &rows, &count);
    end_if_out_of_memory(status);
    if (status == ANNC_OK)
        print_rows(out, rows, count);
    else
        print_missing(out, "The audit could not run: %s.", error_text());
    annc_check_free(rows);
}

void print_model_sections(FILE *out, const struct subject *subject)
{
    const char *why = subject->no_model[0]  ? subject->no_model
                      : subject->no_data[0] ? subject->no_data
                                            : subject->no_evaluation;
    if (subject->outputs) {
        print_evaluation_sections(out, subject);
    } else {
        print_section(out, subject, "Confusion matrix and worst mistakes");
        print_missing(out, "%s", why);
    }
    if (subject->network) {
        print_weights(out, subject);
    } else {
        print_section(out, subject, "Weights of the first layer");
        print_missing(out, "%s", why);
    }
    if (subject->outputs) {
        print_audit(out, subject);
    } else {
        print_section(out, subject, "Audit of the gradients");
        print_missing(out, "%s", why);
    }
}
