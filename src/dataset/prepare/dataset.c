/* dataset.c - data sets: their arrays, names, images and fingerprints. */
#include "dataset/prepare/dataset.h"
#include "base/allocate.h"
#include "base/checksum.h"
#include "base/number.h"
#include "base/status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_EXAMPLES = INT32_MAX, MOST_BYTE = 255 };

static annc_status check_weights(const annc_examples *examples)
{
    bool any = false;
    for (size_t i = 0; i < examples->count; i++) {
        const double weight = (double)examples->weights[i];
        if (!isfinite(weight) || weight < 0)
            return annc_fail(ANNC_INPUT, "row %zu has the weight %g: weights must be finite and 0 or more", i + 1,
                             weight);
        any = any || weight > 0;
    }
    return any ? ANNC_OK : annc_fail(ANNC_INPUT, "the weight of every row is 0");
}

static annc_status check(const annc_examples *examples)
{
    const size_t n = examples->count, outputs = examples->outputs;
    if (n == 0 || n > MOST_EXAMPLES || examples->inputs == 0 || outputs == 0)
        return annc_fail(
            ANNC_INPUT,
            "a data set must have 1 to %d examples, each with inputs and outputs; this one has %zu, with %u and %zu",
            MOST_EXAMPLES, n, examples->inputs, outputs);
    if (examples->type != ANNC_BYTES && examples->type != ANNC_FLOATS)
        return annc_fail(ANNC_USAGE, "input type %d does not exist", (int)examples->type);
    if (!examples->x || !examples->labels == !examples->targets)
        return annc_fail(ANNC_USAGE, "a data set needs inputs, and either labels or targets");
    if (examples->type == ANNC_BYTES && !(isfinite(examples->divisor) && examples->divisor > 0))
        return annc_fail(ANNC_USAGE, "the divisor of bytes is %g: it must be finite and above 0",
                         (double)examples->divisor);
    for (size_t i = 0; examples->type == ANNC_FLOATS && i < n * examples->inputs; i++)
        if (!isfinite(((const float *)examples->x)[i]))
            return annc_fail(ANNC_INPUT, "row %zu, input %zu is not finite", i / examples->inputs + 1,
                             i % examples->inputs + 1);
    for (size_t i = 0; examples->targets && i < n * outputs; i++)
        if (!isfinite(examples->targets[i]))
            return annc_fail(ANNC_INPUT, "row %zu, target %zu is not finite", i / outputs + 1, i % outputs + 1);
    const int32_t classes = outputs == 1 ? 2 : (int32_t)outputs;
    for (size_t i = 0; examples->labels && i < n; i++)
        if (examples->labels[i] < 0 || examples->labels[i] >= classes)
            return annc_fail(ANNC_INPUT, "row %zu has label %d, which is outside 0...%d", i + 1, examples->labels[i],
                             classes - 1);
    return examples->weights ? check_weights(examples) : ANNC_OK;
}

/* Scales the weights so that their mean is 1; equal ones are as none. */
static void scale_weights(annc_examples *examples)
{
    float *weights = (float *)examples->weights; /* the data set's own */
    double sum = 0;
    bool equal = true;
    for (size_t i = 0; weights && i < examples->count; i++) {
        sum += (double)weights[i];
        equal = equal && weights[i] == weights[0];
    }
    for (size_t i = 0; !equal && i < examples->count; i++)
        weights[i] = (float)((double)weights[i] * examples->count / sum);
    if (!equal)
        return;
    annc_release(weights);
    examples->weights = NULL;
}

/* Names `classes` classes 0, 1, 2, ... */
static annc_status name_classes(annc_dataset *dataset, uint32_t classes)
{
    annc_status status = ANNC_OK;
    dataset->classes = classes;
    for (uint32_t c = 0; c < classes; c++) {
        char name[16];
        ANNC_TRY(annc_texts_add(&dataset->class_names, name, (size_t)snprintf(name, sizeof name, "%u", c)));
    }
out:
    return status;
}

annc_status annc_dataset_adopt(const annc_examples *examples, uint32_t rows, uint32_t columns, annc_dataset **result)
{
    annc_status status = ANNC_OK;
    annc_dataset *dataset = NULL;
    *result = NULL;
    ANNC_TRY(check(examples));
    ANNC_TRY(annc_allocate(1, sizeof *dataset, "a data set", (void **)&dataset));
    if (examples->labels)
        ANNC_TRY(name_classes(dataset, examples->outputs == 1 ? 2 : examples->outputs));
    dataset->examples = *examples;
    scale_weights(&dataset->examples);
    dataset->total = examples->count;
    dataset->are_answers = annc_targets_are_answers(examples->targets, examples->count, examples->outputs);
    dataset->rows = rows;
    dataset->columns = columns;
    *result = dataset;
    dataset = NULL;
out:
    if (dataset)
        annc_texts_free(&dataset->class_names);
    annc_release(dataset);
    return status;
}

bool annc_targets_are_answers(const float *targets, uint32_t rows, uint32_t outputs)
{
    const size_t count = targets && outputs > 1 ? (size_t)rows * outputs : 0;
    for (size_t i = 0; i < count; i++)
        if (targets[i] != 0 && targets[i] != 1)
            return false;
    return count > 0;
}

/* Returns the target that is 1 in a row whose others are 0; -1 for other rows. */
static int32_t hot_target(const float *y, uint32_t n)
{
    int32_t hot = -1;
    for (uint32_t j = 0; j < n; j++)
        if (y[j] == 1 && hot < 0)
            hot = (int32_t)j;
        else if (y[j] != 0)
            return -1;
    return hot;
}

annc_status annc_dataset_find_one_hot(annc_dataset *dataset, const float *targets, const uint32_t *rows)
{
    annc_status status = ANNC_OK;
    const uint32_t count = dataset->examples.count, n = dataset->examples.outputs;
    if (n < 2)
        return ANNC_OK;
    for (uint32_t i = 0; i < count; i++)
        if (hot_target(targets + (size_t)(rows ? rows[i] : i) * n, n) < 0)
            return ANNC_OK;
    ANNC_TRY(annc_allocate(count, sizeof *dataset->one_hot, "the classes", (void **)&dataset->one_hot));
    for (uint32_t i = 0; i < count; i++)
        dataset->one_hot[i] = hot_target(targets + (size_t)(rows ? rows[i] : i) * n, n);
    ANNC_TRY(name_classes(dataset, n));
out:
    return status;
}

static annc_status copy(const void *array, size_t count, size_t size, const char *what, void **result)
{
    annc_status status = ANNC_OK;
    if (!array)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(count, size, what, result));
    memcpy(*result, array, count * size);
out:
    return status;
}

annc_status annc_dataset_create(const annc_examples *examples, annc_dataset **dataset)
{
    ANNC_REQUIRE_RESULT(dataset, "dataset");
    ANNC_REQUIRE(examples, "examples");
    annc_status status = ANNC_OK;
    annc_examples copies = *examples;
    void *x = NULL, *labels = NULL, *targets = NULL, *weights = NULL;
    const size_t n = examples->count;
    ANNC_TRY(check(examples));
    ANNC_TRY(
        copy(examples->x, n * examples->inputs, examples->type == ANNC_BYTES ? 1 : sizeof(float), "the examples", &x));
    ANNC_TRY(copy(examples->labels, n, sizeof(int32_t), "the labels", &labels));
    ANNC_TRY(copy(examples->targets, n * examples->outputs, sizeof(float), "the targets", &targets));
    ANNC_TRY(copy(examples->weights, n, sizeof(float), "the weights", &weights));
    copies.x = x;
    copies.labels = labels;
    copies.targets = targets;
    copies.weights = weights;
    ANNC_TRY(annc_dataset_adopt(&copies, examples->inputs, 1, dataset));
    x = labels = targets = weights = NULL;
    if (copies.targets)
        ANNC_TRY(annc_dataset_find_one_hot(*dataset, copies.targets, NULL));
out:
    if (status != ANNC_OK) {
        annc_dataset_free(*dataset);
        *dataset = NULL;
        annc_release(x);
        annc_release(labels);
        annc_release(targets);
        annc_release(weights);
    }
    return status;
}

void annc_dataset_free(annc_dataset *dataset)
{
    if (!dataset)
        return;
    if (!dataset->mapping.base)
        annc_release((void *)dataset->examples.x);
    annc_unmap(&dataset->mapping);
    annc_release((void *)dataset->examples.labels);
    annc_release((void *)dataset->examples.targets);
    annc_release((void *)dataset->examples.weights);
    annc_texts_free(&dataset->class_names);
    annc_texts_free(&dataset->target_names);
    annc_release(dataset->target_scaling);
    annc_release(dataset->one_hot);
    annc_release(dataset->number);
    annc_release(dataset->class_totals);
    annc_release(dataset);
}

const annc_examples *annc_dataset_examples(const annc_dataset *dataset)
{
    return dataset ? &dataset->examples : NULL;
}

void annc_dataset_image_size(const annc_dataset *dataset, uint32_t *rows, uint32_t *columns)
{
    if (rows)
        *rows = dataset ? dataset->rows : 0;
    if (columns)
        *columns = dataset ? dataset->columns : 0;
}

bool annc_dataset_has_classes(const annc_dataset *dataset)
{
    return dataset && dataset->examples.labels;
}

const int32_t *annc_dataset_labels(const annc_dataset *dataset)
{
    return !dataset ? NULL : dataset->examples.labels ? dataset->examples.labels : dataset->one_hot;
}

uint32_t annc_dataset_class_count(const annc_dataset *dataset)
{
    return dataset ? dataset->classes : 0;
}

const char *annc_dataset_class_name(const annc_dataset *dataset, uint32_t class_index)
{
    return dataset && class_index < dataset->classes ? dataset->class_names.text[class_index] : NULL;
}

const char *annc_dataset_target_name(const annc_dataset *dataset, uint32_t target)
{
    return dataset && target < dataset->target_names.count ? dataset->target_names.text[target] : NULL;
}

uint64_t annc_dataset_row(const annc_dataset *dataset, uint32_t i)
{
    if (!dataset || i >= dataset->examples.count)
        return 0;
    return dataset->number ? dataset->number[i] : dataset->before + i + 1;
}

double annc_dataset_weight(const annc_dataset *dataset, size_t i)
{
    return dataset->examples.weights ? (double)dataset->examples.weights[i] : 1;
}

double annc_dataset_weight_of_all(const annc_dataset *dataset)
{
    double sum = 0;
    for (size_t i = 0; i < dataset->examples.count; i++)
        sum += annc_dataset_weight(dataset, i);
    return sum;
}

double annc_dataset_in_units(const annc_dataset *dataset, size_t j, double y)
{
    const double *shift = dataset->target_scaling;
    if (!shift)
        return y;
    const double *factor = shift + dataset->examples.outputs;
    return factor[j] == 0 ? shift[j] : y / factor[j] + shift[j];
}

double annc_dataset_target(const annc_dataset *dataset, size_t i, size_t j)
{
    return annc_dataset_in_units(dataset, j, (double)dataset->examples.targets[i * dataset->examples.outputs + j]);
}

void annc_dataset_unscale(const annc_dataset *dataset, uint32_t count, float *targets)
{
    if (!dataset || !targets)
        return;
    const size_t n = dataset->examples.outputs;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < n; j++)
            targets[i * n + j] = (float)annc_dataset_in_units(dataset, j, (double)targets[i * n + j]);
}

void annc_dataset_unscale_f64(const annc_dataset *dataset, uint32_t count, const float *targets, double *unscaled)
{
    if (!dataset || !targets || !unscaled)
        return;
    const size_t n = dataset->examples.outputs;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < n; j++)
            unscaled[i * n + j] = annc_dataset_in_units(dataset, j, (double)targets[i * n + j]);
}

int annc_dataset_target_digits(const annc_dataset *dataset, uint32_t target)
{
    const double *shift = dataset && target < dataset->examples.outputs ? dataset->target_scaling : NULL;
    return annc_number_digits(shift ? shift[target] * shift[dataset->examples.outputs + target] : 0);
}

/* ---------------------------------------------------------------- shards */

/* Notes which classes one-hot targets are, unless a row of another shard is not one-hot. */
static void join_one_hot(annc_dataset *dataset, const float *targets, const uint32_t *rows, uint32_t total)
{
    const uint32_t n = dataset->examples.outputs;
    for (uint32_t i = 0; i < total; i++) {
        const int32_t hot = hot_target(targets + (size_t)(rows ? rows[i] : i) * n, n);
        if (hot < 0) {
            annc_release(dataset->one_hot);
            dataset->one_hot = NULL;
            annc_texts_free(&dataset->class_names);
            dataset->classes = 0;
            return;
        }
        dataset->class_totals[hot]++;
    }
}

annc_status annc_dataset_make_shard(annc_dataset *dataset, const struct annc_table *table, const int32_t *labels,
                                    const uint32_t *rows, uint32_t total, uint32_t first)
{
    annc_status status = ANNC_OK;
    dataset->total = total;
    dataset->first = first;
    if (dataset->classes > 0)
        ANNC_TRY(annc_allocate(dataset->classes, sizeof *dataset->class_totals, "the classes",
                               (void **)&dataset->class_totals));
    for (uint32_t i = 0; labels && i < total; i++)
        dataset->class_totals[labels[rows ? rows[i] : i]]++;
    if (dataset->one_hot)
        join_one_hot(dataset, table->targets, rows, total);
    for (uint32_t i = 0; dataset->are_answers && i < total; i++)
        dataset->are_answers =
            annc_targets_are_answers(table->targets + (size_t)(rows ? rows[i] : i) * table->outputs, 1, table->outputs);
out:
    return status;
}

uint32_t annc_dataset_total(const annc_dataset *dataset)
{
    return dataset ? dataset->total : 0;
}

void annc_dataset_count_classes(const annc_dataset *dataset, uint32_t *counts)
{
    if (!dataset || !counts || dataset->classes == 0)
        return;
    memset(counts, 0, dataset->classes * sizeof *counts);
    for (uint32_t c = 0; dataset->class_totals && c < dataset->classes; c++)
        counts[c] = dataset->class_totals[c];
    for (uint32_t i = 0; !dataset->class_totals && i < dataset->examples.count; i++)
        counts[annc_dataset_labels(dataset)[i]]++;
}

/* ---------------------------------------------------------------- images */

void annc_dataset_image(const annc_dataset *dataset, uint32_t i, uint8_t *grey)
{
    if (!dataset || !grey || i >= dataset->examples.count)
        return;
    const annc_examples *examples = &dataset->examples;
    const size_t n = examples->inputs;
    const float *x = (const float *)examples->x + i * n;
    float least = 0, most = 1;
    if (examples->type == ANNC_BYTES) {
        memcpy(grey, (const uint8_t *)examples->x + i * n, n);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        least = x[j] < least ? x[j] : least;
        most = x[j] > most ? x[j] : most;
    }
    for (size_t j = 0; j < n; j++)
        grey[j] = (uint8_t)lroundf((x[j] - least) / (most - least) * MOST_BYTE);
}

/* ---------------------------------------------------------------- fingerprint */

uint64_t annc_dataset_part_fingerprint(const annc_dataset *dataset, uint32_t first, uint32_t count)
{
    const annc_examples *examples = &dataset->examples;
    const size_t n = count, input = examples->inputs * (examples->type == ANNC_BYTES ? 1 : sizeof(float));
    const uint32_t counts[] = {count, examples->inputs, examples->outputs, (uint32_t)examples->type};
    uint64_t hash = annc_hash(0, counts, sizeof counts);
    hash = annc_hash(hash, &examples->divisor, sizeof examples->divisor);
    hash = annc_hash(hash, (const char *)examples->x + first * input, n * input);
    if (examples->weights)
        hash = annc_hash(hash, examples->weights + first, n * sizeof *examples->weights);
    if (examples->labels)
        return annc_hash(hash, examples->labels + first, n * sizeof *examples->labels);
    return annc_hash(hash, examples->targets + (size_t)first * examples->outputs,
                     n * examples->outputs * sizeof *examples->targets);
}

uint64_t annc_dataset_fingerprint(const annc_dataset *dataset)
{
    return dataset ? annc_dataset_part_fingerprint(dataset, 0, dataset->examples.count) : 0;
}
