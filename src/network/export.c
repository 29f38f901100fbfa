/* export.c - a network in the files of others. */
#include "export.h"
#include "allocate.h"
#include "buffer.h"
#include "network.h"
#include "safe_file.h"
#include "status.h"
#include "zip_write.h"

#include <stdio.h>

static const struct {
    const char *name;
    annc_status (*write)(const annc_network *network, struct annc_safe_file *file);
} FORMATS[ANNC_EXPORT_COUNT] = {[ANNC_EXPORT_ONNX] = {"onnx", annc_export_onnx},
                                [ANNC_EXPORT_NPZ] = {"npz", annc_export_npz},
                                [ANNC_EXPORT_JSON] = {"json", annc_export_json}};

const char *annc_export_name(annc_export format)
{
    return (unsigned)format < ANNC_EXPORT_COUNT ? FORMATS[format].name : NULL;
}

annc_status annc_model_export(const annc_network *network, annc_export format, const char *path)
{
    annc_status status = ANNC_OK;
    struct annc_safe_file file;
    if ((unsigned)format >= ANNC_EXPORT_COUNT)
        return annc_fail(ANNC_USAGE, "there is no such format to export to");
    ANNC_TRY(annc_safe_open(path, &file));
    ANNC_TRY(FORMATS[format].write(network, &file));
    ANNC_TRY(annc_safe_commit(&file));
out:
    annc_safe_abandon(&file);
    return status;
}

/* ---------------------------------------------------------------- NPZ */

annc_status annc_export_npz(const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    struct annc_zip_writer writer;
    char name[32];
    annc_zip_write_begin(file, &writer);
    for (uint32_t l = 1; l <= shape->layers; l++) {
        snprintf(name, sizeof name, "%u.weight", 2 * (l - 1));
        ANNC_TRY(annc_zip_write_floats(&writer, name, shape->width[l], shape->width[l - 1],
                                       network->theta + annc_shape_weights_at(shape, l)));
        snprintf(name, sizeof name, "%u.bias", 2 * (l - 1));
        ANNC_TRY(
            annc_zip_write_floats(&writer, name, shape->width[l], 0, network->theta + annc_shape_biases_at(shape, l)));
    }
    return annc_zip_write_end(&writer, true);
out:
    annc_zip_write_end(&writer, false);
    return status;
}

/* ---------------------------------------------------------------- JSON */

enum { PIECE = 1 << 16 };

static annc_status flush_text(struct annc_buffer *text, struct annc_safe_file *file, size_t least)
{
    annc_status status = text->status;
    if (status == ANNC_OK && text->length >= least) {
        status = annc_safe_write(file, text->bytes, text->length);
        text->length = 0;
    }
    return status;
}

/* Rows of numbers, or, with one row of `columns`, numbers. Nine digits bring a float back as it was. */
static annc_status put_numbers(struct annc_buffer *text, struct annc_safe_file *file, size_t rows, size_t columns,
                               const float *values)
{
    annc_status status = ANNC_OK;
    for (size_t i = 0; i < rows; i++) {
        annc_buffer_format(text, "%s[", i > 0 ? ",\n" : "");
        for (size_t j = 0; j < columns; j++)
            annc_buffer_format(text, "%s%.9g", j > 0 ? "," : "", (double)values[i * columns + j]);
        annc_buffer_add(text, "]", 1);
        ANNC_TRY(flush_text(text, file, PIECE));
    }
out:
    return status;
}

annc_status annc_export_json(const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
    const char *key, *value;
    annc_buffer_format(&text, "{\"schema\":\"annc.network/1\",\n\"metadata\":{");
    for (size_t i = 0; annc_network_metadata_at(network, i, &key, &value); i++) {
        annc_buffer_format(&text, "%s", i > 0 ? ",\n" : "\n");
        annc_buffer_add_json(&text, key);
        annc_buffer_add(&text, ":", 1);
        annc_buffer_add_json(&text, value);
    }
    annc_buffer_format(&text, "},\n\"cost\":\"%s\",\n\"layers\":[", annc_cost_name(shape->cost));
    for (uint32_t l = 1; l <= shape->layers; l++) {
        annc_buffer_format(&text, "%s\n{\"inputs\":%u,\"units\":%u,\"activation\":\"%s\",\n\"weights\":[",
                           l > 1 ? "," : "", shape->width[l - 1], shape->width[l],
                           annc_activation_name(shape->activation[l - 1]));
        ANNC_TRY(put_numbers(&text, file, shape->width[l], shape->width[l - 1],
                             network->theta + annc_shape_weights_at(shape, l)));
        annc_buffer_format(&text, "],\n\"biases\":");
        ANNC_TRY(put_numbers(&text, file, 1, shape->width[l], network->theta + annc_shape_biases_at(shape, l)));
        annc_buffer_add(&text, "}", 1);
    }
    annc_buffer_format(&text, "]}\n");
    ANNC_TRY(flush_text(&text, file, 1));
out:
    annc_release(text.bytes);
    return status;
}
