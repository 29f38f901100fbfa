/* preparation.c - learns columns, classes and scaling from a training table; applies them to
 * others. */
#include "dataset/prepare/preparation.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/number.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/pictures/image_style.h"
#include "dataset/prepare/classes.h"
#include "dataset/prepare/dataset.h"
#include "dataset/prepare/ranges.h"
#include "dataset/tables/table.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_INPUTS = 64, BRIGHT = 128, MOST_BYTE = 255, MOST_NAME = 1024 };

const char *annc_scale_name(annc_scale scale)
{
    static const char *const names[ANNC_SCALE_COUNT] = {[ANNC_SCALE_AUTO] = "auto",
                                                        [ANNC_SCALE_NONE] = "none",
                                                        [ANNC_SCALE_255] = "255",
                                                        [ANNC_SCALE_MIN_MAX] = "min-max",
                                                        [ANNC_SCALE_STANDARDISE] = "standardise"};
    return (unsigned)scale < ANNC_SCALE_COUNT ? names[scale] : NULL;
}

/* Returns whether all values are whole and within 0...255, and the largest of them. */
static bool could_be_bytes(const struct annc_table *table, double *largest)
{
    double most = 0; /* in a register */
    size_t left = 0;
    if (table->text) {
        *largest = table->text->largest;
        return table->text->are_bytes;
    }
    for (size_t i = 0; i < table->rows; i++) {
        for (uint32_t j = 0; j < table->inputs; j++) {
            const double x = annc_table_value(table, i, j);
            if (!annc_could_be_byte(x))
                return false;
            most = x > most ? x : most;
        }
        left = annc_table_leave(table, i, left);
    }
    *largest = most;
    return true;
}

/* Returns whether no input is a level or a date, so that they may be pixels. */
static bool has_numbers_alone(const struct annc_table *table)
{
    return table->categories.count == 0 && !table->dates;
}

static annc_scale choose_scale(const struct annc_table *table, annc_scale wanted)
{
    double largest;
    if (wanted != ANNC_SCALE_AUTO)
        return wanted;
    if (table->type == ANNC_BYTES || (has_numbers_alone(table) && table->inputs >= IMAGE_INPUTS &&
                                      could_be_bytes(table, &largest) && largest >= BRIGHT))
        return ANNC_SCALE_255;
    return ANNC_SCALE_STANDARDISE;
}

/* ---------------------------------------------------------------- scaling */

static annc_status open_scaling(struct annc_scaling *scaling, uint32_t count)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(count, sizeof(double), "the scaling", (void **)&scaling->shift));
    ANNC_TRY(annc_allocate(count, sizeof(double), "the scaling", (void **)&scaling->factor));
    ANNC_TRY(annc_allocate(count, sizeof(double), "the scaling", (void **)&scaling->fill));
    scaling->count = count;
out:
    return status;
}

static void free_scaling(struct annc_scaling *scaling)
{
    annc_release(scaling->shift);
    annc_release(scaling->factor);
    annc_release(scaling->fill);
    memset(scaling, 0, sizeof *scaling);
}

struct annc_figures annc_target_figures(const struct annc_table *table, uint32_t target, const uint32_t *rows,
                                        uint32_t count)
{
    struct annc_figures figures = {.least = INFINITY, .most = -INFINITY};
    double sum = 0, squares = 0, weights = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t row = rows ? rows[i] : i;
        const double y = annc_table_target(table, row, target),
                     weight = table->weights ? (double)table->weights[row] : 1;
        sum += weight * y;
        weights += weight;
        figures.least = y < figures.least ? y : figures.least;
        figures.most = y > figures.most ? y : figures.most;
    }
    figures.mean = count > 0 ? sum / weights : 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t row = rows ? rows[i] : i;
        const double difference = annc_table_target(table, row, target) - figures.mean;
        squares += (table->weights ? (double)table->weights[row] : 1) * (difference * difference);
    }
    figures.deviation = count > 0 ? sqrt(squares / weights) : 0;
    return figures;
}

/* Sets the scaling of one column. A constant column becomes 0. */
static void scale_column(struct annc_scaling *scaling, uint32_t c, annc_scale scale, struct annc_figures figures)
{
    const bool constant = !(figures.most > figures.least);
    scaling->fill[c] = figures.mean;
    scaling->shift[c] = scale == ANNC_SCALE_STANDARDISE ? figures.mean
                        : scale == ANNC_SCALE_MIN_MAX   ? figures.least
                                                        : 0;
    scaling->factor[c] = scale == ANNC_SCALE_NONE      ? 1
                         : scale == ANNC_SCALE_255     ? 1.0 / MOST_BYTE
                         : constant                    ? 0
                         : scale == ANNC_SCALE_MIN_MAX ? 1 / (figures.most - figures.least)
                                                       : 1 / figures.deviation;
}

static void set_unscaled(struct annc_scaling *scaling, uint32_t c)
{
    scaling->fill[c] = scaling->shift[c] = 0;
    scaling->factor[c] = 1;
}

static annc_status fit_inputs(struct annc_scaling *scaling, annc_scale scale, const struct annc_ranges *ranges)
{
    annc_status status = ANNC_OK;
    free_scaling(scaling);
    ANNC_TRY(open_scaling(scaling, ranges->count));
    for (uint32_t c = 0; c < ranges->count; c++)
        scale_column(scaling, c, scale,
                     (struct annc_figures){ranges->mean[c], ranges->deviation[c], ranges->least[c], ranges->most[c]});
out:
    return status;
}

static annc_status fit_targets(struct annc_scaling *scaling, annc_scale scale, const struct annc_table *table,
                               const uint32_t *rows, uint32_t count)
{
    annc_status status = ANNC_OK;
    free_scaling(scaling);
    ANNC_TRY(open_scaling(scaling, table->outputs));
    for (uint32_t c = 0; c < table->outputs; c++)
        scale_column(scaling, c, scale, annc_target_figures(table, c, rows, count));
out:
    return status;
}

double annc_scaled(const struct annc_scaling *scaling, uint32_t c, double x)
{
    return ((isnan(x) ? scaling->fill[c] : x) - scaling->shift[c]) * scaling->factor[c];
}

/* ---------------------------------------------------------------- learning */

annc_status annc_preparation_learn(const struct annc_table *table, const annc_data_options *options,
                                   struct annc_preparation *preparation, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_table *like = &preparation->like;
    memset(preparation, 0, sizeof *preparation);
    preparation->scale = choose_scale(table, options->scale);
    preparation->transposed = options->transpose;
    like->inputs = table->inputs;
    like->outputs = table->outputs;
    like->has_header = table->has_header;
    like->columns = table->columns;
    like->label_at = table->label_at;
    memcpy(like->label_name, table->label_name, sizeof like->label_name);
    like->label_separator = table->label_separator;
    memcpy(like->weight_name, table->weight_name, sizeof like->weight_name);
    ANNC_TRY(annc_texts_copy(&table->input_names, &like->input_names));
    ANNC_TRY(annc_texts_copy(&table->target_names, &like->target_names));
    ANNC_TRY(annc_categories_copy(&table->categories, &like->categories));
    ANNC_TRY(annc_dates_copy(table->dates, table->inputs, &like->dates));
    if (has_numbers_alone(table))
        ANNC_TRY(annc_look_learn(table, &preparation->look));
    if (table->labels.index)
        ANNC_TRY(annc_classes_learn(table->name, &table->labels, options->outputs, &preparation->classes, notes, size));
out:
    if (status != ANNC_OK)
        annc_preparation_free(preparation);
    return status;
}

static bool misses_values(const struct annc_table *table)
{
    const float *x = table->x;
    size_t left = 0;
    if (table->text)
        return table->text->miss;
    for (size_t i = 0; table->type == ANNC_FLOATS && i < table->rows; i++) {
        for (size_t j = 0; j < table->inputs; j++)
            if (isnan(x[i * table->inputs + j]))
                return true;
        left = annc_table_leave(table, i, left);
    }
    return false;
}

annc_status annc_preparation_fit(struct annc_preparation *preparation, const struct annc_table *table,
                                 annc_scale target_scale, const uint32_t *rows, uint32_t count)
{
    annc_status status = ANNC_OK;
    const bool one_divisor = preparation->scale == ANNC_SCALE_NONE || preparation->scale == ANNC_SCALE_255;
    struct annc_categories *categories = &preparation->like.categories;
    annc_ranges_free(&preparation->ranges);
    ANNC_TRY(annc_ranges_measure(table, rows, count, &preparation->ranges));
    if (!one_divisor || misses_values(table) || categories->count > 0)
        ANNC_TRY(fit_inputs(&preparation->inputs, preparation->scale, &preparation->ranges));
    for (uint32_t j = 0; j < table->inputs && categories->count > 0; j++)
        if (annc_category_of(categories, j)) /* inputs of 0 and 1 stay as they are */
            set_unscaled(&preparation->inputs, j);
    annc_categories_mark_unseen(categories, preparation->ranges.most);
    if (target_scale == ANNC_SCALE_AUTO)
        target_scale = annc_targets_are_answers(table->targets, table->rows, table->outputs) ? ANNC_SCALE_NONE
                                                                                             : ANNC_SCALE_STANDARDISE;
    if (table->targets)
        ANNC_TRY(fit_targets(&preparation->targets, target_scale, table, rows, count));
out:
    return status;
}

void annc_preparation_free(struct annc_preparation *preparation)
{
    annc_classes_free(&preparation->classes);
    free_scaling(&preparation->inputs);
    free_scaling(&preparation->targets);
    annc_ranges_free(&preparation->ranges);
    annc_table_free(&preparation->like);
    memset(preparation, 0, sizeof *preparation);
}

/* ---------------------------------------------------------------- comparing */

/* Returns whether a table has bytes for a model of images whose values were within 0...1 in training
 * and never bytes: white is then 255 in the one and 1 in the other. */
static bool must_divide(const struct annc_preparation *preparation, const struct annc_table *table)
{
    double least, most;
    annc_ranges_whole(&preparation->ranges, &least, &most);
    return table->type == ANNC_BYTES && preparation->scale != ANNC_SCALE_255 && preparation->look.rows > 0 &&
           preparation->look.white == 1 && preparation->ranges.count > 0 && least >= 0 && most <= 1;
}

annc_status annc_preparation_compare(struct annc_preparation *preparation, const struct annc_table *table, char *notes,
                                     size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_ranges used = {0};
    const char *name = table->image_rows > 0 ? "the images" : table->name; /* a table of IDX is named by its labels */
    if (preparation->ranges.count == 0 || preparation->is_warned || table->inputs != preparation->like.inputs)
        return ANNC_OK;
    if (must_divide(preparation, table)) {
        preparation->is_warned = true;
        annc_note(notes, size, "bytes are divided by 255, since the values in training were within 0...1");
        return ANNC_OK;
    }
    ANNC_TRY(annc_ranges_measure(table, NULL, table->rows, &used));
    for (uint32_t j = 0; j < used.count && preparation->ranges.count == used.count; j++)
        if (annc_category_of(&preparation->like.categories, j)) { /* levels have no range to be outside of */
            used.least[j] = preparation->ranges.least[j];
            used.most[j] = preparation->ranges.most[j];
            used.mean[j] = preparation->ranges.mean[j];
            used.deviation[j] = preparation->ranges.deviation[j];
        }
    preparation->is_warned =
        annc_ranges_compare(&preparation->ranges, &used, table->rows, &preparation->like.input_names,
                            preparation->like.dates, name, notes, size);
out:
    annc_ranges_free(&used);
    return status;
}

/* ---------------------------------------------------------------- applying */

/* Makes bytes of the inputs: unchanged, or whole numbers that fit bytes; minibatches divide
 * them. */
static annc_status bytes_of(const struct annc_table *table, const uint32_t *rows, uint32_t count, void **x)
{
    annc_status status = ANNC_OK;
    const size_t n = table->inputs;
    size_t left = 0;
    double *values = NULL;
    ANNC_TRY(annc_allocate(annc_product(count, n), 1, "the examples", x));
    ANNC_TRY(annc_allocate(n, sizeof *values, "a row of the inputs", (void **)&values));
    for (size_t i = 0; i < count; i++) {
        const size_t row = rows ? rows[i] : i;
        ANNC_TRY(annc_table_read(table, row, values));
        for (uint32_t j = 0; j < n; j++)
            ((uint8_t *)*x)[i * n + j] = (uint8_t)values[j];
        left = annc_table_leave(table, row, left);
    }
out:
    annc_release(values);
    return status;
}

/* Scales an input by the divisor for all inputs. A value that fits a byte gets the bits that it
 * gets as a byte, whatever the other values are. */
static float divided(annc_scale scale, double x)
{
    if (scale != ANNC_SCALE_255)
        return (float)x;
    return annc_could_be_byte(x) ? (float)x * (1.0f / MOST_BYTE) : (float)(x * (1.0 / MOST_BYTE));
}

/* Scales the inputs of a row; in loops that compilers vectorise, unless there is one divisor. */
static void scale_row(const struct annc_preparation *preparation, const double *restrict values, uint32_t n,
                      float *restrict x)
{
    const struct annc_scaling scaling = preparation->inputs;
    for (uint32_t j = 0; scaling.count == 0 && j < n; j++)
        x[j] = divided(preparation->scale, values[j]);
    for (uint32_t j = 0; scaling.count > 0 && j < n; j++)
        x[j] = (float)annc_scaled(&scaling, j, values[j]);
}

static bool is_finite(const float *x, uint32_t n)
{
    bool is = true;
    for (uint32_t j = 0; j < n; j++)
        is = is & (fabsf(x[j]) <= FLT_MAX); /* without a branch, to be vectorised */
    return is;
}

/* Returns the error for the first input of a row that is missing or not finite. */
static annc_status refuse_row(const struct annc_preparation *preparation, const struct annc_table *table, size_t row,
                              const double *values, const float *x)
{
    const size_t number = (size_t)annc_table_row(table, (uint32_t)row);
    uint32_t j = 0;
    while (isfinite(x[j]))
        j++;
    if (isnan(values[j]) && preparation->inputs.count == 0)
        return annc_fail(ANNC_INPUT,
                         "%s: a value is missing in row %zu, but no mean is known to replace it; "
                         "use " ANNC_FIELD_MISSING " drop",
                         table->name, number);
    return annc_fail(ANNC_INPUT, "%s: row %zu, input %u is not finite", table->name, number, j + 1);
}

static annc_status floats_of(const struct annc_preparation *preparation, const struct annc_table *table,
                             const uint32_t *rows, uint32_t count, void **x)
{
    annc_status status = ANNC_OK;
    const uint32_t n = table->inputs;
    const double unit = must_divide(preparation, table) ? 1.0 / MOST_BYTE : 1;
    size_t left = 0;
    double *values = NULL;
    ANNC_TRY(annc_allocate(annc_product(count, n), sizeof(float), "the examples", x));
    ANNC_TRY(annc_allocate(n, sizeof *values, "a row of the inputs", (void **)&values));
    for (size_t i = 0; i < count; i++) {
        const size_t row = rows ? rows[i] : i;
        ANNC_TRY(annc_table_read(table, row, values));
        for (uint32_t j = 0; unit != 1 && j < n; j++)
            values[j] *= unit;
        scale_row(preparation, values, n, (float *)*x + i * n);
        if (!is_finite((float *)*x + i * n, n))
            ANNC_TRY(refuse_row(preparation, table, row, values, (float *)*x + i * n));
        left = annc_table_leave(table, row, left);
    }
out:
    annc_release(values);
    return status;
}

static annc_status targets_of(const struct annc_preparation *preparation, const struct annc_table *table,
                              const uint32_t *rows, uint32_t count, float **targets)
{
    annc_status status = ANNC_OK;
    const uint32_t n = table->outputs;
    ANNC_TRY(annc_allocate(annc_product(count, n), sizeof(float), "the targets", (void **)targets));
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < n; j++) {
            const double y = annc_table_target(table, rows ? rows[i] : i, j);
            (*targets)[(size_t)i * n + j] =
                (float)(preparation->targets.count ? annc_scaled(&preparation->targets, j, y) : y);
        }
out:
    return status;
}

static annc_status labels_of(const struct annc_preparation *preparation, const struct annc_table *table,
                             const uint32_t *rows, uint32_t count, int32_t **labels)
{
    annc_status status = ANNC_OK;
    int32_t *all = NULL;
    ANNC_TRY(annc_allocate(table->rows, sizeof *all, "the labels", (void **)&all));
    ANNC_TRY(annc_classes_apply(&preparation->classes, table, all));
    ANNC_TRY(annc_allocate(count, sizeof **labels, "the labels", (void **)labels));
    for (uint32_t i = 0; i < count; i++)
        (*labels)[i] = all[rows ? rows[i] : i];
out:
    annc_release(all);
    return status;
}

static annc_status weights_of(const struct annc_table *table, const uint32_t *rows, uint32_t count, float **weights)
{
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_allocate(count, sizeof **weights, "the weights", (void **)weights));
    for (uint32_t i = 0; i < count; i++)
        (*weights)[i] = table->weights[rows ? rows[i] : i];
out:
    return status;
}

/* Fills in labels or targets for a table without them. */
static annc_status nothing_of(const struct annc_preparation *preparation, uint32_t outputs, uint32_t count,
                              int32_t **labels, float **targets)
{
    annc_status status = ANNC_OK;
    if (preparation->classes.count > 0)
        ANNC_TRY(annc_allocate(count, sizeof **labels, "the labels", (void **)labels));
    else
        ANNC_TRY(annc_allocate(annc_product(count, outputs), sizeof **targets, "the targets", (void **)targets));
out:
    return status;
}

/* Sets names and units, which the data set keeps. */
static annc_status describe(const struct annc_preparation *preparation, annc_dataset *dataset)
{
    annc_status status = ANNC_OK;
    const struct annc_scaling *targets = &preparation->targets;
    annc_texts_free(&dataset->class_names);
    for (uint32_t c = 0; c < dataset->classes; c++) {
        char number[16]; /* if all labels are equal, the other class has no name */
        snprintf(number, sizeof number, "%u", c);
        const char *name = c < preparation->classes.count ? preparation->classes.label[c].text
                           : dataset->one_hot && c < preparation->like.target_names.count
                               ? preparation->like.target_names.text[c]
                               : number;
        ANNC_TRY(annc_texts_add(&dataset->class_names, name, strlen(name)));
    }
    for (uint32_t j = 0; !dataset->examples.labels && j < preparation->like.target_names.count; j++) {
        const char *name = preparation->like.target_names.text[j];
        ANNC_TRY(annc_texts_add(&dataset->target_names, name, strlen(name)));
    }
    if (targets->count > 0) {
        ANNC_TRY(annc_allocate(2 * (size_t)targets->count, sizeof(double), "the scaling",
                               (void **)&dataset->target_scaling));
        memcpy(dataset->target_scaling, targets->shift, targets->count * sizeof(double));
        memcpy(dataset->target_scaling + targets->count, targets->factor, targets->count * sizeof(double));
    }
out:
    return status;
}

/* Prefixes errors about examples with the table's name. */
static annc_status named(const struct annc_table *table, annc_status status)
{
    char what[256];
    if (status != ANNC_INPUT)
        return status;
    snprintf(what, sizeof what, "%s", annc_last_error());
    return annc_fail(ANNC_INPUT, "%s: %s", table->name, what);
}

annc_status annc_preparation_apply(const struct annc_preparation *preparation, struct annc_table *table,
                                   uint32_t outputs, const uint32_t *rows, uint32_t count, annc_dataset **dataset)
{
    annc_status status = ANNC_OK;
    double largest;
    void *x = NULL;
    int32_t *labels = NULL;
    float *targets = NULL, *weights = NULL;
    const bool one_divisor = preparation->inputs.count == 0; /* 1 or 255 */
    const bool bytes = one_divisor && (table->type == ANNC_BYTES ||
                                       (preparation->scale == ANNC_SCALE_255 && could_be_bytes(table, &largest)));
    const bool divides = bytes && (preparation->scale == ANNC_SCALE_255 || must_divide(preparation, table));
    const bool takes_over = bytes && !rows && table->type == ANNC_BYTES && !table->borrowed;
    const uint32_t targets_there = table->targets ? table->outputs : outputs;
    count = rows ? count : table->rows;
    if (preparation->inputs.count > 0 && preparation->inputs.count != table->inputs)
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s: has %u input%s per example, but the model takes %u", table->name,
                           table->inputs, annc_plural(table->inputs), preparation->inputs.count));
    if (!table->labels.index && preparation->targets.count > 0 && preparation->targets.count != targets_there)
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s: has %u target%s per example, but the model predicts %u", table->name,
                           targets_there, annc_plural(targets_there), preparation->targets.count));
    if (takes_over)
        x = table->x;
    else if (bytes)
        ANNC_TRY(bytes_of(table, rows, count, &x));
    else
        ANNC_TRY(floats_of(preparation, table, rows, count, &x));
    if (table->targets)
        ANNC_TRY(targets_of(preparation, table, rows, count, &targets));
    else if (table->labels.index)
        ANNC_TRY(labels_of(preparation, table, rows, count, &labels));
    else if (preparation->unlabelled)
        ANNC_TRY(nothing_of(preparation, outputs, count, &labels, &targets));
    else
        ANNC_TRY(annc_fail(ANNC_INPUT, "%s: has no labels or targets", table->name));
    if (table->weights)
        ANNC_TRY(weights_of(table, rows, count, &weights));
    const annc_examples examples = {.count = count,
                                    .inputs = table->inputs,
                                    .outputs = targets        ? targets_there
                                               : outputs == 1 ? 1
                                                              : preparation->classes.count,
                                    .type = bytes ? ANNC_BYTES : ANNC_FLOATS,
                                    .divisor = divides ? MOST_BYTE : 1,
                                    .x = x,
                                    .labels = labels,
                                    .targets = targets,
                                    .weights = weights};
    const struct annc_look *look = &preparation->look;
    const uint32_t image_rows = table->image_rows ? table->image_rows : look->rows ? look->rows : table->inputs;
    ANNC_TRY(named(table, annc_dataset_adopt(&examples, image_rows, table->inputs / image_rows, dataset)));
    if (takes_over) {
        (*dataset)->mapping = table->mapping;
        table->mapping = (struct annc_mapping){NULL, 0};
        table->x = NULL;
    }
    x = NULL;
    labels = NULL;
    targets = NULL;
    weights = NULL;
    (*dataset)->before = table->before;
    if (rows || table->number)
        ANNC_TRY(annc_allocate(count, sizeof *(*dataset)->number, "row numbers", (void **)&(*dataset)->number));
    for (uint32_t i = 0; i < count && (*dataset)->number; i++)
        (*dataset)->number[i] = annc_table_row(table, rows ? rows[i] : i);
    (*dataset)->unlabelled = !table->targets && !table->labels.index;
    if (table->targets)
        ANNC_TRY(annc_dataset_find_one_hot(*dataset, table->targets, rows));
    ANNC_TRY(describe(preparation, *dataset));
out:
    if (x != table->x)
        annc_release(x);
    annc_release(labels);
    annc_release(targets);
    annc_release(weights);
    return status;
}
