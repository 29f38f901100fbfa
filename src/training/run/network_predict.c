/* network_predict.c - predictions for rows in memory, in the units of the model's data. */
#include "base/allocate.h"
#include "base/status.h"
#include "dataset/arrays/array_table.h"
#include "dataset/prepare/classes.h"
#include "dataset/prepare/dataset.h"
#include "dataset/prepare/preparation.h"
#include "dataset/prepare/preparation_text.h"
#include "dataset/tables/table.h"
#include "network/network.h"

#include <stdio.h>

/* Makes a data set of the rows, scaled as the model's data, with class 0 or target 0 for every
 * row. */
static annc_status dataset_of(const annc_network *network, const annc_arrays *arrays, char *notes, size_t size,
                              annc_dataset **dataset)
{
    annc_status status = ANNC_OK;
    const uint32_t outputs = network->shape.width[network->shape.layers];
    struct annc_preparation preparation;
    struct annc_table table = {.rows = 0};
    *dataset = NULL;
    ANNC_RETURN_IF_FAILED(annc_preparation_load(network, &preparation));
    preparation.unlabelled = true;
    if (preparation.classes.count == 0)
        ANNC_TRY(annc_classes_number(outputs == 1 ? 2 : outputs, &preparation.classes));
    ANNC_TRY(annc_array_table(arrays, "the inputs", &preparation.like, true, false, &table, notes, size));
    ANNC_TRY(annc_preparation_apply(&preparation, &table, outputs, NULL, 0, dataset));
out:
    annc_table_free(&table);
    annc_preparation_free(&preparation);
    return status;
}

/* Writes the outputs as floats or as doubles, in the units of the data; of the results, any may be
 * NULL. */
static annc_status predict(const annc_network *network, annc_device *device, const annc_arrays *rows, int32_t *classes,
                           float *outputs, double *exact, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    annc_device *own = NULL;
    annc_dataset *dataset = NULL;
    annc_evaluator *evaluator = NULL;
    float *scaled = NULL;
    annc_evaluation ignored; /* the rows have no labels */
    if (!device) {
        ANNC_TRY(annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU}, &own));
        device = own;
    }
    ANNC_TRY(dataset_of(network, rows, notes, size, &dataset));
    ANNC_TRY(annc_evaluator_create(device, network, dataset, &evaluator));
    if (exact)
        ANNC_TRY(annc_allocate(annc_product(rows->count, annc_dataset_examples(dataset)->outputs), sizeof *scaled,
                               "the outputs", (void **)&scaled));
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, classes, exact ? scaled : outputs, &ignored));
    annc_dataset_unscale(dataset, rows->count, outputs);
    annc_dataset_unscale_f64(dataset, rows->count, scaled, exact);
out:
    annc_release(scaled);
    annc_evaluator_free(evaluator);
    annc_dataset_free(dataset);
    annc_device_close(own);
    return status;
}

/* Predicts rows of numbers, one per input. */
static annc_status predict_numbers(const annc_network *network, annc_device *device, uint32_t count, annc_number type,
                                   const void *x, int32_t *classes, float *outputs, double *exact)
{
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(x, "x");
    char notes[sizeof((annc_data *)NULL)->notes] = "";
    const annc_arrays rows = {.count = count, .inputs = network->shape.width[0], .type = type, .x = x};
    return predict(network, device, &rows, classes, outputs, exact, notes, sizeof notes);
}

annc_status annc_network_predict(const annc_network *network, annc_device *device, uint32_t count, const float *x,
                                 int32_t *classes, float *outputs)
{
    return predict_numbers(network, device, count, ANNC_NUMBER_FLOAT32, x, classes, outputs, NULL);
}

annc_status annc_network_predict_f64(const annc_network *network, annc_device *device, uint32_t count, const double *x,
                                     int32_t *classes, double *outputs)
{
    return predict_numbers(network, device, count, ANNC_NUMBER_FLOAT64, x, classes, NULL, outputs);
}

annc_status annc_network_predict_arrays(const annc_network *network, annc_device *device, const annc_arrays *arrays,
                                        int32_t *classes, double *outputs, char *notes, size_t size)
{
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(arrays, "arrays");
    const annc_arrays rows = {.count = arrays->count,
                              .inputs = arrays->inputs,
                              .type = arrays->type,
                              .x = arrays->x,
                              .input_names = arrays->input_names,
                              .texts = arrays->texts,
                              .text_count = arrays->text_count};
    char own_notes[sizeof((annc_data *)NULL)->notes] = "";
    const annc_status status = predict(network, device, &rows, classes, NULL, outputs, own_notes, sizeof own_notes);
    if (notes && size > 0)
        snprintf(notes, size, "%s", own_notes);
    return status;
}

bool annc_network_class_name(const annc_network *network, uint32_t class_index, char *name, size_t size)
{
    if (!network || !name)
        return false;
    const uint32_t outputs = network->shape.width[network->shape.layers];
    struct annc_preparation preparation;
    if (class_index >= (outputs == 1 ? 2 : outputs) || annc_preparation_load(network, &preparation) != ANNC_OK)
        return false;
    const struct annc_classes *classes = &preparation.classes;
    const bool has_targets = classes->count == 0 && (preparation.targets.count > 0 || preparation.like.outputs > 0);
    if (class_index < classes->count)
        snprintf(name, size, "%s", classes->label[class_index].text);
    else
        snprintf(name, size, "%u", class_index);
    annc_preparation_free(&preparation);
    return !has_targets;
}
