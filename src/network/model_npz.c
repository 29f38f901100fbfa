/* model_npz.c - the arrays of an NPZ file as a network: those of torch's names, and Keras's kernels. */
#include "allocate.h"
#include "model_file.h"
#include "status.h"
#include "zip.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An archive with all its arrays; array i is tensor i of the file until those are sorted, and tensors say which by `begin`. */
struct archive {
    struct annc_model_file file;
    struct annc_zip zip;
    struct annc_array arrays[MOST_TENSORS];
};

/* "d0/kernel.npy", and "d0/kernel:0.npy" as older Keras has it, without what follows the name. False for a member that is no array. */
static bool name_of(const struct annc_zip_member *member, char *name, size_t size)
{
    const size_t length = strlen(member->name);
    if (length <= 4 || length - 4 >= size || strcmp(member->name + length - 4, ".npy") != 0)
        return false;
    snprintf(name, size, "%.*s", (int)(length - 4), member->name);
    if (length > 6 && strcmp(name + length - 6, ":0") == 0)
        name[length - 6] = '\0';
    return true;
}

static annc_status read_arrays(struct archive *archive)
{
    annc_status status = ANNC_OK;
    struct annc_model_file *file = &archive->file;
    for (uint32_t i = 0; i < archive->zip.count; i++) {
        struct annc_tensor *tensor = &file->tensors[file->tensor_count];
        struct annc_array *array = &archive->arrays[file->tensor_count];
        if (file->tensor_count == MOST_TENSORS)
            return annc_model_malformed(file, "has more arrays than a network has");
        if (!name_of(&archive->zip.member[i], tensor->name, sizeof tensor->name))
            continue;
        ANNC_TRY(annc_zip_read_array(&archive->zip, i, array));
        tensor->begin = file->tensor_count++; /* counted first: the array is freed with the archive */
        tensor->rank = array->rank;
        if (array->rank < 1 || array->rank > 2)
            return annc_model_malformed_tensor(file, tensor,
                                               "is neither weights nor biases of a fully connected layer");
        for (uint32_t d = 0; d < array->rank; d++)
            tensor->shape[d] = array->size[d];
    }
out:
    return status;
}

/* Writes element (i, j) of an array of `columns` columns to to[i * by_row + j * by_column]. */
static annc_status place(const struct archive *archive, const struct annc_tensor *tensor, size_t columns, size_t by_row,
                         size_t by_column, float *to)
{
    const struct annc_array *array = &archive->arrays[tensor->begin];
    for (size_t i = 0; i < array->count; i++) {
        const double value =
            array->is_bytes ? ((const uint8_t *)array->elements)[i] : ((const double *)array->elements)[i];
        const float single = (float)value;
        if (!isfinite(single))
            return annc_model_malformed_tensor(&archive->file, tensor, "has a value that is not finite");
        to[i / columns * by_row + i % columns * by_column] = single;
    }
    return ANNC_OK;
}

static annc_status make_network(struct archive *archive, const annc_shape *assumed, annc_network **result)
{
    annc_status status = ANNC_OK;
    annc_shape shape;
    struct annc_model_layer layers[ANNC_MAX_LAYERS];
    annc_network *network = NULL;
    ANNC_TRY(annc_model_find_layers(&archive->file, assumed, &shape, layers));
    ANNC_TRY(annc_network_create(&shape, &network)); /* of the size of the arrays, which the file has */
    for (uint32_t l = 1; l <= shape.layers; l++) {
        const size_t n = shape.width[l], n_in = shape.width[l - 1];
        const struct annc_model_layer *layer = &layers[l - 1];
        float *W = network->theta + annc_shape_weights_at(&shape, l);
        if (annc_model_is_transposed(layer->weight))
            ANNC_TRY(place(archive, layer->weight, n, 1, n_in, W));
        else
            ANNC_TRY(place(archive, layer->weight, n_in, n_in, 1, W));
        if (layer->bias)
            ANNC_TRY(place(archive, layer->bias, n, n, 1, network->theta + annc_shape_biases_at(&shape, l)));
    }
    *result = network;
    network = NULL;
out:
    annc_network_free(network);
    return status;
}

annc_status annc_model_load_npz(const char *path, const annc_shape *assumed, annc_network **network)
{
    annc_status status = ANNC_OK;
    struct archive *archive = NULL;
    *network = NULL;
    ANNC_TRY(annc_allocate(1, sizeof *archive, "a file", (void **)&archive));
    archive->file.path = path;
    archive->zip.descriptor = -1;
    ANNC_TRY(annc_allocate(1, sizeof *archive->file.metadata, "a file", (void **)&archive->file.metadata));
    ANNC_TRY(annc_zip_open(path, &archive->zip));
    ANNC_TRY(read_arrays(archive));
    ANNC_TRY(make_network(archive, assumed, network));
out:
    if (archive) {
        for (size_t i = 0; i < MOST_TENSORS; i++)
            annc_release(archive->arrays[i].elements);
        annc_zip_close(&archive->zip);
        annc_network_free(archive->file.metadata);
        annc_release(archive);
    }
    return status;
}
