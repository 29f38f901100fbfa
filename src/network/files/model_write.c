/* model_write.c - writes a network as a safetensors file. */
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "network/network.h"

#include <stdio.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian, and so must the machine be"
#endif

static void append_tensor(struct annc_buffer *text, const char *name, size_t rows, size_t columns, size_t *offset)
{
    const size_t bytes = rows * (columns ? columns : 1) * sizeof(float);
    annc_buffer_format(text, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu", name, rows);
    if (columns)
        annc_buffer_format(text, ",%zu", columns);
    annc_buffer_format(text, "],\"data_offsets\":[%zu,%zu]}", *offset, *offset + bytes);
    *offset += bytes;
}

/* Appends the header: metadata, then the tensors in the order of the parameter block, further
 * blocks, and blanks up to a multiple of 8. */
static void append_header(struct annc_buffer *text, const annc_network *network)
{
    const annc_shape *shape = &network->shape;
    char name[ANNC_BLOCK_NAME + 32];
    size_t offset = 0;
    annc_buffer_format(text, "{\"__metadata__\":{");
    for (size_t i = 0; i < network->metadata_count; i++) {
        if (i > 0)
            annc_buffer_add(text, ",", 1);
        annc_buffer_add_json(text, network->metadata[i].key);
        annc_buffer_add(text, ":", 1);
        annc_buffer_add_json(text, network->metadata[i].value);
    }
    annc_buffer_add(text, "}", 1);
    for (uint32_t l = 1; l <= shape->layers; l++) {
        snprintf(name, sizeof name, "%u.weight", 2 * (l - 1));
        append_tensor(text, name, shape->width[l], shape->width[l - 1], &offset);
        snprintf(name, sizeof name, "%u.bias", 2 * (l - 1));
        append_tensor(text, name, shape->width[l], 0, &offset);
    }
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++) {
        snprintf(name, sizeof name, "annc.%s", network->blocks[i].name);
        if (network->blocks[i].values)
            append_tensor(text, name, annc_shape_parameters(shape), 0, &offset);
    }
    annc_buffer_add(text, "}", 1);
    while (text->status == ANNC_OK && text->length % 8 != 0)
        annc_buffer_add(text, " ", 1);
}

annc_status annc_model_save(const annc_network *network, const char *path)
{
    annc_status status = ANNC_OK;
    const size_t bytes = annc_shape_parameters(&network->shape) * sizeof(float);
    struct annc_buffer header = {NULL, 0, 0, ANNC_OK};
    struct annc_safe_file file;
    ANNC_TRY(annc_safe_open(path, &file));
    append_header(&header, network);
    ANNC_TRY(header.status);
    const uint64_t length = header.length;
    ANNC_TRY(annc_safe_write(&file, &length, sizeof length));
    ANNC_TRY(annc_safe_write(&file, header.bytes, header.length));
    ANNC_TRY(annc_safe_write(&file, network->theta, bytes));
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++)
        if (network->blocks[i].values)
            ANNC_TRY(annc_safe_write(&file, network->blocks[i].values, bytes));
    ANNC_TRY(annc_safe_commit(&file));
out:
    annc_safe_abandon(&file);
    annc_release(header.bytes);
    return status;
}

annc_status annc_model_can_save(const char *path)
{
    struct annc_safe_file file;
    const annc_status status = annc_safe_open(path, &file);
    annc_safe_abandon(&file);
    return status;
}
