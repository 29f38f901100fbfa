/* model_npz.c - makes a network from the arrays of an NPZ file, with names like torch's, or Keras's
 * kernels. */
#include "network/files/model_npz.h"
#include "base/allocate.h"
#include "base/status.h"
#include "formats/zip.h"
#include "network/files/model_file.h"
#include "network/files/model_layers.h"
#include "network/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An archive with all its arrays; `begin` of a tensor is the index of its array. */
struct archive {
    struct annc_model_file file; /* first member: the read function casts it */
    struct annc_zip zip;
    struct annc_array arrays[MOST_TENSORS];
};

/* Writes the name of an array: "d0/kernel.npy", and "d0/kernel:0.npy" of older Keras, without the
 * suffix. Returns false for a member that is not an array. */
static bool name_of(const struct annc_zip_member *member, char *name, size_t size)
{
    const size_t length = strlen(member->name);
    if (length <= 4 || strcmp(member->name + length - 4, ".npy") != 0)
        return false;
    snprintf(name, size, "%.*s", (int)(length - 4), member->name);
    const size_t kept = strlen(name);
    if (kept > 2 && strcmp(name + kept - 2, ":0") == 0)
        name[kept - 2] = '\0';
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
            return annc_model_malformed(file, "has more arrays than a network can have");
        if (!name_of(&archive->zip.member[i], tensor->name, sizeof tensor->name))
            continue;
        ANNC_TRY(annc_zip_read_array(&archive->zip, i, array));
        tensor->begin = file->tensor_count++; /* first, so that the archive frees the array */
        tensor->rank = array->rank;
        if (array->rank < 1 || array->rank > MOST_RANK)
            return annc_model_malformed_tensor(file, tensor,
                                               "is neither weights nor biases of a fully connected layer");
        for (uint32_t d = 0; d < array->rank; d++)
            tensor->shape[d] = array->size[d];
    }
out:
    return status;
}

static annc_status read_values(const struct annc_model_file *file, const struct annc_tensor *tensor, float *values)
{
    const struct annc_array *array = &((const struct archive *)file)->arrays[tensor->begin];
    for (size_t i = 0; i < array->count; i++) {
        const double value =
            array->is_bytes ? ((const uint8_t *)array->elements)[i] : ((const double *)array->elements)[i];
        values[i] = (float)value;
        if (!isfinite(values[i]))
            return annc_model_malformed_tensor(file, tensor, "has a value that is not finite");
    }
    return ANNC_OK;
}

annc_status annc_model_load_npz(const char *path, const annc_shape *assumed, annc_network **network)
{
    annc_status status = ANNC_OK;
    struct archive *archive = NULL;
    *network = NULL;
    ANNC_TRY(annc_allocate(1, sizeof *archive, "a file", (void **)&archive));
    archive->file.path = path;
    archive->file.read = read_values;
    archive->zip.descriptor = -1;
    ANNC_TRY(annc_allocate(1, sizeof *archive->file.metadata, "a file", (void **)&archive->file.metadata));
    ANNC_TRY(annc_zip_open(path, &archive->zip));
    ANNC_TRY(read_arrays(archive));
    ANNC_TRY(annc_model_make(&archive->file, assumed, network));
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
