/* model_layers.c - makes a network from the tensors of a file, which it assigns to layers. */
#include "network/files/model_layers.h"
#include "base/allocate.h"
#include "base/number.h"
#include "base/status.h"
#include "network/files/foreign_layers.h"
#include "network/files/model_check.h"
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
    double quantile = 0;
    const char *layers = annc_network_metadata(file->metadata, "annc.layers");
    const char *activations = annc_network_metadata(file->metadata, "annc.activations");
    const char *cost = annc_network_metadata(file->metadata, "annc.cost");
    const char *wrong = !activations || !cost ? "annc.activations or annc.cost is missing"
                                              : annc_shape_parse(layers, activations, cost, shape);
    const char *tau = annc_network_metadata(file->metadata, "annc.quantile");
    if (!wrong && shape->cost == ANNC_QUANTILE && !(tau && annc_number_parse_hex(tau, &quantile)))
        wrong = "annc.quantile is missing or no number";
    if (!wrong)
        shape->quantile = quantile;
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
        layers[l - 1] = (struct annc_model_layer){.weight = weight, .bias = bias};
    }
    ANNC_TRY(check_blocks(file, shape, &blocks));
    if (file->tensor_count != 2 * (size_t)shape->layers + blocks)
        return annc_model_malformed(file, "has tensors that do not belong to a layer");
out:
    return status;
}

/* Finds the shape of the network and its layers' tensors. */
static annc_status find_layers_of(struct annc_model_file *file, const annc_shape *assumed, annc_shape *shape,
                                  struct annc_model_layer *layers)
{
    annc_status status = ANNC_OK;
    if (!annc_network_metadata(file->metadata, "annc.layers"))
        return annc_foreign_layers(file, assumed, shape, layers);
    ANNC_TRY(claimed_shape(file, shape));
    ANNC_TRY(find_own_layers(file, shape, layers));
out:
    return status;
}

/* ---------------------------------------------------------------- network */

/* Prefixes an error about metadata with the file's name. */
static annc_status named(const struct annc_model_file *file, annc_status status)
{
    struct annc_kept_error why;
    if (status != ANNC_INPUT)
        return status;
    annc_error_keep(&why);
    return annc_model_malformed(file, why.text);
}

/* Reads W^l into its place in theta. */
static annc_status read_weights(const struct annc_model_file *file, const struct annc_model_layer *layer,
                                const annc_shape *shape, uint32_t l, float *theta)
{
    annc_status status = ANNC_OK;
    float *const W = theta + annc_shape_weights_at(shape, l), *turned = NULL;
    const size_t n = shape->width[l], n_in = shape->width[l - 1];
    if (!layer->is_transposed)
        return file->read(file, layer->weight, W);
    ANNC_TRY(annc_allocate(n * n_in, sizeof *turned, "a layer's weights", (void **)&turned));
    ANNC_TRY(file->read(file, layer->weight, turned));
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
    ANNC_TRY(named(file, annc_model_check_version(file->metadata)));
    ANNC_TRY(find_layers_of(file, assumed, &shape, layers));
    ANNC_TRY(annc_network_create(&shape, &network)); /* no larger than the file's tensors */
    for (uint32_t l = 1; l <= shape.layers; l++) {
        ANNC_TRY(read_weights(file, &layers[l - 1], &shape, l, network->theta));
        if (layers[l - 1].bias)
            ANNC_TRY(file->read(file, layers[l - 1].bias, network->theta + annc_shape_biases_at(&shape, l)));
    }
    if (annc_network_metadata(file->metadata, "annc.layers"))
        ANNC_TRY(read_blocks(file, network));
    const char *key, *value;
    for (size_t i = 0; annc_network_metadata_at(file->metadata, i, &key, &value); i++)
        ANNC_TRY(annc_network_set_metadata(network, key, value));
    ANNC_TRY(named(file, annc_model_check_metadata(network)));
    *result = network;
    network = NULL;
out:
    annc_network_free(network);
    return status;
}
