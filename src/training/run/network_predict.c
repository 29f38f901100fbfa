/* network_predict.c - predictions for rows in memory, in the units of the model's data. */
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
    ANNC_TRY(annc_preparation_load(network, &preparation));
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

annc_status annc_network_predict_arrays(const annc_network *network, annc_device *device, const annc_arrays *arrays,
                                        int32_t *classes, float *outputs, char *notes, size_t size)
{
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(arrays, "arrays");
    annc_status status = ANNC_OK;
    annc_device *own = NULL;
    annc_dataset *dataset = NULL;
    annc_evaluator *evaluator = NULL;
    annc_evaluation ignored; /* the rows have no labels */
    const annc_arrays rows = {.count = arrays->count,
                              .inputs = arrays->inputs,
                              .type = arrays->type,
                              .x = arrays->x,
                              .input_names = arrays->input_names,
                              .texts = arrays->texts,
                              .text_count = arrays->text_count};
    char own_notes[sizeof((annc_data *)NULL)->notes] = "";
    if (!device) {
        ANNC_TRY(annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU}, &own));
        device = own;
    }
    if (notes && size > 0)
        notes[0] = '\0';
    ANNC_TRY(dataset_of(network, &rows, own_notes, sizeof own_notes, &dataset));
    ANNC_TRY(annc_evaluator_create(device, network, dataset, &evaluator));
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, classes, outputs, &ignored));
    if (outputs)
        annc_dataset_unscale(dataset, arrays->count, outputs);
    if (notes && size > 0)
        snprintf(notes, size, "%s", own_notes);
out:
    annc_evaluator_free(evaluator);
    annc_dataset_free(dataset);
    annc_device_close(own);
    return status;
}

annc_status annc_network_predict(const annc_network *network, annc_device *device, uint32_t count, const float *x,
                                 int32_t *classes, float *outputs)
{
    ANNC_REQUIRE(network, "network");
    const annc_arrays arrays = {.count = count, .inputs = network->shape.width[0], .type = ANNC_NUMBER_FLOAT32, .x = x};
    return annc_network_predict_arrays(network, device, &arrays, classes, outputs, NULL, 0);
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
