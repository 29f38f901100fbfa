/* export_text.c - exports a network as text: JSON. */
#include "network/export/export_text.h"
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/json/json_write.h"
#include "base/number.h"
#include "base/safe_file.h"
#include "base/status.h"
#include "network/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

annc_status annc_export_flush(struct annc_buffer *text, struct annc_safe_file *file, size_t least)
{
    annc_status status = text->status;
    if (status == ANNC_OK && text->length >= least) {
        status = annc_safe_write(file, text->bytes, text->length);
        text->length = 0;
    }
    return status;
}

void annc_export_c_string(struct annc_buffer *text, const char *s)
{
    annc_buffer_add(text, "\"", 1);
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c < ' ' || c >= 127 || c == '"' || c == '\\' || c == '?') /* '?': avoid trigraphs */
            annc_buffer_format(text, "\\%03o", (unsigned)c);
        else
            annc_buffer_add(text, s, 1);
    }
    annc_buffer_add(text, "\"", 1);
}

static annc_status put_row(struct annc_json_writer *json, struct annc_safe_file *file, const char *key,
                           const float *values, size_t count)
{
    annc_json_write_open(json, key, '[');
    for (size_t j = 0; j < count; j++)
        annc_json_write_float(json, NULL, (double)values[j]);
    annc_json_write_close(json, ']');
    return annc_export_flush(&json->text, file, ANNC_EXPORT_PIECE);
}

/* Writes a layer with its n_l x n_(l-1) weights, a row per line. */
static annc_status put_layer(struct annc_json_writer *json, struct annc_safe_file *file, const annc_network *network,
                             uint32_t l)
{
    const annc_shape *shape = &network->shape;
    const float *W = network->theta + annc_shape_weights_at(shape, l);
    annc_json_write_line(json);
    annc_json_write_open(json, NULL, '{');
    annc_json_write_whole(json, "inputs", shape->width[l - 1]);
    annc_json_write_whole(json, "units", shape->width[l]);
    annc_json_write_string(json, "activation", annc_activation_name(shape->activation[l - 1]));
    annc_json_write_line(json);
    annc_json_write_open(json, "weights", '[');
    for (size_t j = 0; j < shape->width[l]; j++) {
        if (j > 0)
            annc_json_write_line(json);
        ANNC_RETURN_IF_FAILED(put_row(json, file, NULL, W + j * shape->width[l - 1], shape->width[l - 1]));
    }
    annc_json_write_close(json, ']');
    annc_json_write_line(json);
    ANNC_RETURN_IF_FAILED(
        put_row(json, file, "biases", network->theta + annc_shape_biases_at(shape, l), shape->width[l]));
    annc_json_write_close(json, '}');
    return ANNC_OK;
}

annc_status annc_export_json(const annc_network *network, struct annc_safe_file *file)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    struct annc_json_writer json = {.replacement = NULL};
    const char *key, *value;
    annc_json_write_open(&json, NULL, '{');
    annc_json_write_string(&json, "schema", "annc.network/1");
    annc_json_write_line(&json);
    annc_json_write_open(&json, "metadata", '{');
    for (size_t i = 0; annc_network_metadata_at(network, i, &key, &value); i++) {
        annc_json_write_line(&json);
        annc_json_write_string(&json, key, value);
    }
    annc_json_write_close(&json, '}');
    annc_json_write_line(&json);
    annc_json_write_string(&json, "cost", annc_cost_name(shape->cost));
    annc_json_write_line(&json);
    annc_json_write_open(&json, "layers", '[');
    for (uint32_t l = 1; l <= shape->layers; l++)
        ANNC_TRY(put_layer(&json, file, network, l));
    annc_json_write_close(&json, ']');
    annc_json_write_close(&json, '}');
    annc_buffer_add(&json.text, "\n", 1);
    ANNC_TRY(annc_export_flush(&json.text, file, 1));
out:
    annc_buffer_free(&json.text);
    return status;
}
