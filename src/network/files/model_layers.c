/* model_layers.c - makes a network from the tensors of a file: assigns them to layers, in this
 * project's files by the metadata, in other programs' by their names. */
#include "network/files/model_layers.h"
#include "base/allocate.h"
#include "base/status.h"
#include "network/files/model_file.h"
#include "network/network.h"
#include "network/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the shape in the metadata. */
static annc_status claimed_shape(const struct annc_model_file *file, annc_shape *shape)
{
    char text[1024];
    const char *layers = annc_network_metadata(file->metadata, "annc.layers");
    const char *activations = annc_network_metadata(file->metadata, "annc.activations");
    const char *cost = annc_network_metadata(file->metadata, "annc.cost");
    const char *wrong = !activations || !cost ? "annc.activations or annc.cost is missing"
                                              : annc_shape_parse(layers, activations, cost, shape);
    if (!wrong && annc_shape_check(shape) != ANNC_OK)
        wrong = annc_last_error();
    if (!wrong)
        return ANNC_OK;
    snprintf(text, sizeof text, "its metadata do not describe a network: %s", wrong);
    return annc_model_malformed(file, text);
}

static struct annc_tensor *tensor_named(struct annc_model_file *file, uint32_t l, const char *kind)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%u.%s", 2 * (l - 1), kind);
    for (size_t i = 0; i < file->tensor_count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

static const char *block_name(const struct annc_tensor *tensor)
{
    return strncmp(tensor->name, "annc.", 5) == 0 ? tensor->name + 5 : NULL;
}

/* Checks that further blocks are as long as the parameters. */
static annc_status check_blocks(struct annc_model_file *file, const annc_shape *shape, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < file->tensor_count; i++) {
        const struct annc_tensor *tensor = &file->tensors[i];
        if (!block_name(tensor))
            continue;
        if (tensor->rank != 1 || tensor->shape[0] != annc_shape_parameters(shape))
            return annc_model_malformed_tensor(file, tensor,
                                               "does not have as many values as the network has parameters");
        (*count)++;
    }
    return ANNC_OK;
}

/* Finds one weight and one bias tensor per layer, of the shape in the metadata, further blocks, and
 * no others. */
static annc_status find_own_layers(struct annc_model_file *file, const annc_shape *shape,
                                   struct annc_model_layer *layers)
{
    annc_status status = ANNC_OK;
    size_t blocks;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const struct annc_tensor *weight = tensor_named(file, l, "weight"), *bias = tensor_named(file, l, "bias");
        if (!weight || !bias)
            return annc_model_malformed(file, "lacks the weights or biases of a layer in its metadata");
        if (weight->rank != 2 || weight->shape[0] != shape->width[l] || weight->shape[1] != shape->width[l - 1])
            return annc_model_malformed_tensor(file, weight, "has a shape that differs from the metadata");
        if (bias->rank != 1 || bias->shape[0] != shape->width[l])
            return annc_model_malformed_tensor(file, bias, "has a shape that differs from the metadata");
        layers[l - 1] = (struct annc_model_layer){weight, bias};
    }
    ANNC_TRY(check_blocks(file, shape, &blocks));
    if (file->tensor_count != 2 * (size_t)shape->layers + blocks)
        return annc_model_malformed(file, "has tensors that do not belong to a layer");
out:
    return status;
}

/* ---------------------------------------------------------------- other programs' files */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Compares names in natural order: numbers in them as numbers. */
static int by_name(const void *a, const void *b)
{
    const char *x = ((const struct annc_model_layer *)a)->weight->name,
               *y = ((const struct annc_model_layer *)b)->weight->name;
    while (*x && *y) {
        if (is_digit(*x) && is_digit(*y)) {
            const unsigned long long i = strtoull(x, NULL, 10), j = strtoull(y, NULL, 10);
            if (i != j)
                return i < j ? -1 : 1;
            while (is_digit(*x))
                x++;
            while (is_digit(*y))
                y++;
        } else if (*x != *y) {
            return *x < *y ? -1 : 1;
        } else {
            x++;
            y++;
        }
    }
    return strcmp(((const struct annc_model_layer *)a)->weight->name,
                  ((const struct annc_model_layer *)b)->weight->name);
}

/* Returns whether a name is a word, or ends with it after a dot or a slash, and the length before
 * it. */
static bool ends_with(const char *name, const char *word, size_t *before)
{
    const size_t length = strlen(name), wanted = strlen(word);
    if (length < wanted || strcmp(name + length - wanted, word) != 0)
        return false;
    *before = length - wanted;
    return *before == 0 || name[*before - 1] == '.' || name[*before - 1] == '/';
}

/* Returns whether a tensor is a layer's weights: torch's "weight" is [out, in], Keras's "kernel"
 * [in, out]. */
static bool is_weights(const struct annc_tensor *tensor, size_t *before)
{
    return tensor->rank == 2 &&
           (ends_with(tensor->name, "weight", before) || ends_with(tensor->name, "kernel", before));
}

static bool is_transposed(const struct annc_tensor *weights)
{
    size_t before;
    return ends_with(weights->name, "kernel", &before);
}

static uint64_t units_of(const struct annc_tensor *weights)
{
    return weights->shape[is_transposed(weights) ? 1 : 0];
}

static uint64_t inputs_of(const struct annc_tensor *weights)
{
    return weights->shape[is_transposed(weights) ? 0 : 1];
}

static annc_status add_bias(const struct annc_model_file *file, const struct annc_tensor *bias, size_t before,
                            struct annc_model_layer *layers, uint32_t count)
{
    for (uint32_t l = 0; l < count; l++) {
        const char *name = layers[l].weight->name; /* "kernel" is as long as "weight" */
        if (strlen(name) == before + strlen("weight") && strncmp(name, bias->name, before) == 0) {
            layers[l].bias = bias;
            return ANNC_OK;
        }
    }
    return annc_model_malformed_tensor(file, bias, "is a bias without weights");
}

/* Finds weights and biases by the ends of their names; sorts layers by name. */
static annc_status find_layers(const struct annc_model_file *file, struct annc_model_layer *layers, uint32_t *count)
{
    annc_status status = ANNC_OK;
    size_t before;
    *count = 0;
    for (size_t i = 0; i < file->tensor_count; i++) {
        const struct annc_tensor *tensor = &file->tensors[i];
        const bool weights = is_weights(tensor, &before);
        if (weights && *count == ANNC_MAX_LAYERS)
            return annc_model_malformed(file, "has more layers than a network can have");
        if (weights)
            layers[(*count)++] = (struct annc_model_layer){tensor, NULL};
        else if (!ends_with(tensor->name, "bias", &before) || tensor->rank != 1)
            return annc_model_malformed_tensor(file, tensor,
                                               "is neither weights nor biases of a fully connected layer");
    }
    for (size_t i = 0; i < file->tensor_count; i++)
        if (ends_with(file->tensors[i].name, "bias", &before))
            ANNC_TRY(add_bias(file, &file->tensors[i], before, layers, *count));
    qsort(layers, *count, sizeof *layers, by_name);
out:
    return status;
}

/* Derives the widths from the tensors; they must chain, and match the assumed shape. */
static annc_status find_foreign_layers(struct annc_model_file *file, const annc_shape *assumed, annc_shape *shape,
                                       struct annc_model_layer *layers)
{
    annc_status status = ANNC_OK;
    char widths[ANNC_MAX_LAYERS * 12], wanted[ANNC_MAX_LAYERS * 12], text[2 * sizeof widths + 256];
    uint32_t count;
    ANNC_TRY(find_layers(file, layers, &count));
    if (count == 0)
        return annc_model_malformed(file, "has no layers");
    *shape = assumed ? *assumed : (annc_shape){0};
    shape->layers = count;
    for (uint32_t l = 0; l <= count; l++) {
        const uint64_t width = l == 0 ? inputs_of(layers[0].weight) : units_of(layers[l - 1].weight);
        shape->width[l] = width <= ANNC_MAX_WIDTH ? (uint32_t)width : 0;
        if (l > 0 && (inputs_of(layers[l - 1].weight) != shape->width[l - 1] || shape->width[l] == 0))
            return annc_model_malformed_tensor(file, layers[l - 1].weight,
                                               "does not fit the outputs of the layer before it");
        if (l > 0 && layers[l - 1].bias && layers[l - 1].bias->shape[0] != width)
            return annc_model_malformed_tensor(file, layers[l - 1].bias,
                                               "has a length that differs from the rows of its weights");
    }
    annc_shape_format_layers(shape, widths, sizeof widths);
    if (!assumed) {
        snprintf(
            text, sizeof text,
            "was written by another program and does not record its activations; give them with " ANNC_FIELD_ASSUMED
            ", like %s with "
            "':tanh' after each width",
            widths);
        return annc_model_malformed(file, text);
    }
    annc_shape_format_layers(assumed, wanted, sizeof wanted);
    if (strcmp(widths, wanted) != 0) {
        snprintf(text, sizeof text, "has a network of shape %s, but " ANNC_FIELD_ASSUMED " is %s", widths, wanted);
        return annc_model_malformed(file, text);
    }
out:
    return status;
}

/* Finds the shape of the network and its layers' tensors. */
static annc_status find_layers_of(struct annc_model_file *file, const annc_shape *assumed, annc_shape *shape,
                                  struct annc_model_layer *layers)
{
    annc_status status = ANNC_OK;
    if (!annc_network_metadata(file->metadata, "annc.layers"))
        return find_foreign_layers(file, assumed, shape, layers);
    ANNC_TRY(claimed_shape(file, shape));
    ANNC_TRY(find_own_layers(file, shape, layers));
out:
    return status;
}

/* ---------------------------------------------------------------- network */

/* Reads W^l into its place in theta. */
static annc_status read_weights(const struct annc_model_file *file, const struct annc_tensor *tensor,
                                const annc_shape *shape, uint32_t l, float *theta)
{
    annc_status status = ANNC_OK;
    float *const W = theta + annc_shape_weights_at(shape, l), *turned = NULL;
    const size_t n = shape->width[l], n_in = shape->width[l - 1];
    if (!is_transposed(tensor))
        return file->read(file, tensor, W);
    ANNC_TRY(annc_allocate(n * n_in, sizeof *turned, "a layer's weights", (void **)&turned));
    ANNC_TRY(file->read(file, tensor, turned));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n_in; j++)
            W[i * n_in + j] = turned[j * n + i];
out:
    annc_release(turned);
    return status;
}

static annc_status read_blocks(const struct annc_model_file *file, annc_network *network)
{
    annc_status status = ANNC_OK;
    float *values = NULL;
    for (size_t i = 0; i < file->tensor_count; i++) {
        const char *name = block_name(&file->tensors[i]);
        if (!name)
            continue;
        if (!values)
            ANNC_TRY(annc_allocate(annc_shape_parameters(&network->shape), sizeof *values, "a block of parameters",
                                   (void **)&values));
        ANNC_TRY(file->read(file, &file->tensors[i], values));
        status = annc_network_set_block(network, name, values);
        if (status == ANNC_USAGE)
            status = annc_model_malformed_tensor(file, &file->tensors[i], "is not a tensor of this program");
        ANNC_TRY(status);
    }
out:
    annc_release(values);
    return status;
}

annc_status annc_model_make(struct annc_model_file *file, const annc_shape *assumed, annc_network **result)
{
    annc_status status = ANNC_OK;
    annc_shape shape;
    struct annc_model_layer layers[ANNC_MAX_LAYERS];
    annc_network *network = NULL;
    ANNC_TRY(find_layers_of(file, assumed, &shape, layers));
    ANNC_TRY(annc_network_create(&shape, &network)); /* no larger than the file's tensors */
    for (uint32_t l = 1; l <= shape.layers; l++) {
        ANNC_TRY(read_weights(file, layers[l - 1].weight, &shape, l, network->theta));
        if (layers[l - 1].bias)
            ANNC_TRY(file->read(file, layers[l - 1].bias, network->theta + annc_shape_biases_at(&shape, l)));
    }
    if (annc_network_metadata(file->metadata, "annc.layers"))
        ANNC_TRY(read_blocks(file, network));
    const char *key, *value;
    for (size_t i = 0; annc_network_metadata_at(file->metadata, i, &key, &value); i++)
        ANNC_TRY(annc_network_set_metadata(network, key, value));
    *result = network;
    network = NULL;
out:
    annc_network_free(network);
    return status;
}
