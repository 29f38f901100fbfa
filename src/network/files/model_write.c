/* model_write.c - writes a network as a safetensors file. */
#include "base/json_write.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "network/network.h"

#include <stdio.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian, and so must the machine be"
#endif

static void append_tensor(struct annc_json_writer *json, const char *name, size_t rows, size_t columns, size_t *offset)
{
    const size_t bytes = rows * (columns ? columns : 1) * sizeof(float);
    annc_json_write_open(json, name, '{');
    annc_json_write_string(json, "dtype", "F32");
    annc_json_write_open(json, "shape", '[');
    annc_json_write_whole(json, NULL, rows);
    if (columns)
        annc_json_write_whole(json, NULL, columns);
    annc_json_write_close(json, ']');
    annc_json_write_open(json, "data_offsets", '[');
    annc_json_write_whole(json, NULL, *offset);
    *offset += bytes;
    annc_json_write_whole(json, NULL, *offset);
    annc_json_write_close(json, ']');
    annc_json_write_close(json, '}');
}

/* Appends the header: metadata, then the tensors in the order of the parameter block, further
 * blocks, and blanks up to a multiple of 8. */
static void append_header(struct annc_json_writer *json, const annc_network *network)
{
    const annc_shape *shape = &network->shape;
    char name[ANNC_BLOCK_NAME + 32];
    size_t offset = 0;
    annc_json_write_open(json, NULL, '{');
    annc_json_write_open(json, "__metadata__", '{');
    for (size_t i = 0; i < network->metadata_count; i++)
        annc_json_write_string(json, network->metadata[i].key, network->metadata[i].value);
    annc_json_write_close(json, '}');
    for (uint32_t l = 1; l <= shape->layers; l++) {
        snprintf(name, sizeof name, "%u.weight", 2 * (l - 1));
        append_tensor(json, name, shape->width[l], shape->width[l - 1], &offset);
        snprintf(name, sizeof name, "%u.bias", 2 * (l - 1));
        append_tensor(json, name, shape->width[l], 0, &offset);
    }
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++) {
        snprintf(name, sizeof name, "annc.%s", network->blocks[i].name);
        if (network->blocks[i].values)
            append_tensor(json, name, annc_shape_parameters(shape), 0, &offset);
    }
    annc_json_write_close(json, '}');
    while (json->text.status == ANNC_OK && json->text.length % 8 != 0)
        annc_buffer_add(&json->text, " ", 1);
}

annc_status annc_model_save(const annc_network *network, const char *path)
{
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(path, "path");
    annc_status status = ANNC_OK;
    const size_t bytes = annc_shape_parameters(&network->shape) * sizeof(float);
    struct annc_json_writer header = {.replacement = NULL};
    struct annc_safe_file file;
    ANNC_TRY(annc_safe_open(path, &file));
    append_header(&header, network);
    ANNC_TRY(header.text.status);
    const uint64_t length = header.text.length;
    ANNC_TRY(annc_safe_write(&file, &length, sizeof length));
    ANNC_TRY(annc_safe_write(&file, header.text.bytes, header.text.length));
    ANNC_TRY(annc_safe_write(&file, network->theta, bytes));
    for (size_t i = 0; i < ANNC_MOST_BLOCKS; i++)
        if (network->blocks[i].values)
            ANNC_TRY(annc_safe_write(&file, network->blocks[i].values, bytes));
    ANNC_TRY(annc_safe_commit(&file));
out:
    annc_safe_abandon(&file);
    annc_buffer_free(&header.text);
    return status;
}

annc_status annc_model_can_save(const char *path)
{
    ANNC_REQUIRE(path, "path");
    struct annc_safe_file file;
    const annc_status status = annc_safe_open(path, &file);
    annc_safe_abandon(&file);
    return status;
}
