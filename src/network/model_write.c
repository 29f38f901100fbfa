/* model_write.c - a network as a safetensors file. */
#include "allocate.h"
#include "network.h"
#include "safe_file.h"
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "model files are little-endian, and so must the machine be"
#endif

/* A text that grows; with no room given, only its length is counted. */
struct text {
    char *bytes;
    size_t length;
};

static void append(struct text *text, const char *bytes, size_t count)
{
    if (text->bytes)
        memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
}

static void append_format(struct text *text, const char *format, ...)
{
    char piece[256];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    append(text, piece, (size_t)length);
}

static void append_json_string(struct text *text, const char *string)
{
    append(text, "\"", 1);
    for (const char *c = string; *c; c++) {
        if (*c == '"' || *c == '\\')
            append_format(text, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            append_format(text, "\\u%04x", *c);
        else
            append(text, c, 1);
    }
    append(text, "\"", 1);
}

static void append_tensor(struct text *text, uint32_t l, const char *kind, size_t rows, size_t columns, size_t *offset)
{
    const size_t bytes = rows * (columns ? columns : 1) * sizeof(float);
    append_format(text, ",\"%u.%s\":{\"dtype\":\"F32\",\"shape\":[%zu", 2 * (l - 1), kind, rows);
    if (columns)
        append_format(text, ",%zu", columns);
    append_format(text, "],\"data_offsets\":[%zu,%zu]}", *offset, *offset + bytes);
    *offset += bytes;
}

/* The header: metadata, then the tensors in the order of the parameter block, then blanks up to a multiple of 8. */
static void append_header(struct text *text, const annc_network *network)
{
    const annc_shape *shape = &network->shape;
    size_t offset = 0;
    append_format(text, "{\"__metadata__\":{");
    for (size_t i = 0; i < network->metadata_count; i++) {
        if (i > 0)
            append(text, ",", 1);
        append_json_string(text, network->metadata[i].key);
        append(text, ":", 1);
        append_json_string(text, network->metadata[i].value);
    }
    append(text, "}", 1);
    for (uint32_t l = 1; l <= shape->layers; l++) {
        append_tensor(text, l, "weight", shape->width[l], shape->width[l - 1], &offset);
        append_tensor(text, l, "bias", shape->width[l], 0, &offset);
    }
    append(text, "}", 1);
    while (text->length % 8 != 0)
        append(text, " ", 1);
}

annc_status annc_model_save(const annc_network *network, const char *path)
{
    annc_status status = ANNC_OK;
    struct text header = {NULL, 0};
    struct annc_safe_file file;
    ANNC_TRY(annc_safe_open(path, &file));
    append_header(&header, network);
    ANNC_TRY(annc_allocate(header.length, 1, "a model's header", (void **)&header.bytes));
    header.length = 0;
    append_header(&header, network);
    const uint64_t length = header.length;
    ANNC_TRY(annc_safe_write(&file, &length, sizeof length));
    ANNC_TRY(annc_safe_write(&file, header.bytes, header.length));
    ANNC_TRY(annc_safe_write(&file, network->theta, annc_shape_parameters(&network->shape) * sizeof(float)));
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
