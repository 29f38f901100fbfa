/* foreign_layers.c - finds the layers of a network in the tensors of another program's file. */
#include "network/files/foreign_layers.h"
#include "base/status.h"
#include "base/text.h"
#include "network/files/layer_order.h"
#include "network/network.h"
#include "network/shape.h"

#include <stdio.h>
#include <string.h>

/* What the last part of a name says: torch's weights are [out, in], the others' [in, out]. */
static const struct kind {
    const char *word;
    bool is_weights, is_transposed, is_numbered;
} KINDS[] = {
    {"weight", true, false, false}, {"kernel", true, true, false},       {"coefs_", true, true, true},
    {"bias", false, false, false},  {"intercepts_", false, false, true},
};

/* Finds the kind of a tensor by its name; NULL for others. *stem: bytes before the kind's word;
 * *number: the rest behind it. */
static const struct kind *kind_of(const struct annc_tensor *tensor, size_t *stem, const char **number)
{
    const char *last = tensor->name;
    for (const char *c = tensor->name; *c; c++)
        last = *c == '.' || *c == '/' ? c + 1 : last;
    *stem = (size_t)(last - tensor->name);
    for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
        const size_t length = strlen(KINDS[k].word);
        if (strncmp(last, KINDS[k].word, length) != 0)
            continue;
        *number = last + length;
        if (KINDS[k].is_numbered ? **number && (*number)[strspn(*number, "0123456789")] == '\0' : **number == '\0')
            return &KINDS[k];
    }
    return NULL;
}

static annc_status add_weights(const struct annc_model_file *file, const struct annc_tensor *tensor, size_t stem,
                               const struct kind *kind, struct annc_model_layer *layers, uint32_t *count)
{
    if (*count == ANNC_MAX_LAYERS)
        return annc_model_malformed(file, "has more layers than a network can have");
    layers[(*count)++] = (struct annc_model_layer){
        .weight = tensor,
        .is_transposed = kind->is_transposed,
        .inputs = tensor->shape[kind->is_transposed ? 0 : 1],
        .units = tensor->shape[kind->is_transposed ? 1 : 0],
        .name_length = kind->is_numbered || stem == 0 ? strlen(tensor->name) : stem - 1,
    };
    return ANNC_OK;
}

static annc_status add_bias(const struct annc_model_file *file, const struct annc_tensor *bias, size_t stem,
                            const char *number, struct annc_model_layer *layers, uint32_t count)
{
    for (uint32_t l = 0; l < count; l++) {
        size_t weight_stem;
        const char *weight_number;
        kind_of(layers[l].weight, &weight_stem, &weight_number);
        if (weight_stem == stem && strncmp(layers[l].weight->name, bias->name, stem) == 0 &&
            strcmp(weight_number, number) == 0) {
            layers[l].bias = bias;
            return ANNC_OK;
        }
    }
    return annc_model_malformed_tensor(file, bias, "is a bias without weights");
}

static annc_status refuse_tensor(const struct annc_model_file *file, const struct annc_tensor *tensor)
{
    char text[128];
    if (tensor->rank <= 2)
        return annc_model_malformed_tensor(file, tensor, "is neither weights nor biases of a fully connected layer");
    snprintf(text, sizeof text, "has %u dimensions, as those of a convolution; only fully connected layers are read",
             tensor->rank);
    return annc_model_malformed_tensor(file, tensor, text);
}

/* Finds weights and biases by the ends of their names. */
static annc_status find_layers(const struct annc_model_file *file, struct annc_model_layer *layers, uint32_t *count)
{
    annc_status status = ANNC_OK;
    size_t stem;
    const char *number;
    *count = 0;
    for (size_t i = 0; i < file->tensor_count; i++) {
        const struct annc_tensor *tensor = &file->tensors[i];
        const struct kind *kind = kind_of(tensor, &stem, &number);
        if (!kind || tensor->rank != (kind->is_weights ? 2U : 1U))
            return refuse_tensor(file, tensor);
        if (kind->is_weights)
            ANNC_TRY(add_weights(file, tensor, stem, kind, layers, count));
    }
    for (size_t i = 0; i < file->tensor_count; i++)
        if (!kind_of(&file->tensors[i], &stem, &number)->is_weights)
            ANNC_TRY(add_bias(file, &file->tensors[i], stem, number, layers, *count));
out:
    return status;
}

/* Derives the widths from the layers in their order. */
static annc_status chain(const struct annc_model_file *file, const struct annc_model_layer *layers, annc_shape *shape)
{
    char list[1024], text[1300];
    shape->width[0] = layers[0].inputs <= ANNC_MAX_WIDTH ? (uint32_t)layers[0].inputs : 0;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const struct annc_model_layer *layer = &layers[l - 1];
        shape->width[l] = layer->units <= ANNC_MAX_WIDTH ? (uint32_t)layer->units : 0;
        if (layer->inputs != shape->width[l - 1] || shape->width[l] == 0) {
            annc_layers_list(layers, shape->layers, true, list, sizeof list);
            snprintf(text, sizeof text, "does not fit the outputs of the layer before it; the layers are %s", list);
            return annc_model_malformed_tensor(file, layer->weight, text);
        }
        if (layer->bias && layer->bias->shape[0] != layer->units)
            return annc_model_malformed_tensor(file, layer->bias,
                                               "has a length that differs from the rows of its weights");
    }
    return ANNC_OK;
}

annc_status annc_foreign_layers(struct annc_model_file *file, const annc_shape *assumed, annc_shape *shape,
                                struct annc_model_layer *layers)
{
    annc_status status = ANNC_OK;
    char widths[ANNC_MAX_LAYERS * 12], wanted[ANNC_MAX_LAYERS * 12], text[2 * sizeof widths + 256];
    char names[ANNC_MAX_LAYERS * (NAME_BYTES + 2)];
    uint32_t count;
    ANNC_TRY(find_layers(file, layers, &count));
    if (count == 0)
        return annc_model_malformed(file, "has no layers");
    ANNC_TRY(annc_layers_order(file, assumed, layers, count));
    *shape = assumed ? *assumed : (annc_shape){0};
    shape->layers = count;
    ANNC_TRY(chain(file, layers, shape));
    annc_shape_format_layers(shape, widths, sizeof widths);
    if (!assumed) {
        snprintf(
            text, sizeof text,
            "was written by another program and does not record its activations; give them with " ANNC_FIELD_ASSUMED
            ", like %s with ':tanh' after each width",
            widths);
        return annc_model_malformed(file, text);
    }
    annc_shape_format_layers(assumed, wanted, sizeof wanted);
    if (strcmp(widths, wanted) != 0) {
        snprintf(text, sizeof text, "has a network of shape %s, but " ANNC_FIELD_ASSUMED " is %s", widths, wanted);
        return annc_model_malformed(file, text);
    }
    annc_layers_list(layers, count, false, names, sizeof names);
    ANNC_TRY(annc_network_set_metadata(file->metadata, "annc.layer_names", names));
out:
    return status;
}
