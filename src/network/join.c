/* join.c - joins several networks to one. */
#include "base/status.h"
#include "network/network.h"

#include <stdio.h>

static annc_status check(const annc_network *const *networks, uint32_t count)
{
    if (count == 0)
        return annc_fail(ANNC_USAGE, "there are no networks to join");
    for (uint32_t i = 0; i < count; i++)
        ANNC_REQUIRE(networks[i], "networks");
    const annc_shape *first = &networks[0]->shape;
    for (uint32_t i = 1; i < count; i++) {
        const annc_shape *shape = &networks[i]->shape;
        if (shape->layers != first->layers || shape->width[0] != first->width[0] || shape->cost != first->cost ||
            (shape->cost == ANNC_QUANTILE && shape->quantile != first->quantile) ||
            shape->width[shape->layers] != first->width[first->layers])
            return annc_fail(ANNC_USAGE,
                             "networks with different inputs, outputs, costs or numbers of layers cannot be joined");
        for (uint32_t l = 0; l < shape->layers; l++)
            if (shape->activation[l] != first->activation[l])
                return annc_fail(
                    ANNC_USAGE, "networks with different activations cannot be joined (layer %u: %s and %s)", l + 1,
                    annc_activation_name(first->activation[l]), annc_activation_name(shape->activation[l]));
    }
    return ANNC_OK;
}

/* Copies layer l of a network to its place: rows from `row` on, columns from `column` on, times
 * `factor`. */
static void place(const annc_network *network, uint32_t l, uint32_t row, uint32_t column, float factor,
                  annc_network *joined)
{
    const uint32_t n = network->shape.width[l], n_in = network->shape.width[l - 1],
                   row_length = joined->shape.width[l - 1];
    const float *W = network->theta + annc_shape_weights_at(&network->shape, l);
    const float *b = network->theta + annc_shape_biases_at(&network->shape, l);
    float *to = joined->theta + annc_shape_weights_at(&joined->shape, l) + (size_t)row * row_length + column;
    float *to_b = joined->theta + annc_shape_biases_at(&joined->shape, l) + row;
    for (uint32_t j = 0; j < n; j++) {
        for (uint32_t k = 0; k < n_in; k++)
            to[(size_t)j * row_length + k] += factor * W[(size_t)j * n_in + k];
        to_b[j] += factor * b[j];
    }
}

annc_status annc_network_join(const annc_network *const *networks, uint32_t count, annc_network **result)
{
    ANNC_REQUIRE_RESULT(result, "joined");
    ANNC_REQUIRE(networks, "networks");
    annc_status status = ANNC_OK;
    annc_network *joined = NULL;
    annc_shape shape;
    ANNC_TRY(check(networks, count));
    shape = networks[0]->shape;
    for (uint32_t l = 1; l < shape.layers; l++) {
        uint64_t width = 0;
        for (uint32_t i = 0; i < count; i++)
            width += networks[i]->shape.width[l];
        if (width > ANNC_MAX_WIDTH)
            return annc_fail(ANNC_USAGE, "%u joined networks have a layer of more than %d units", count,
                             ANNC_MAX_WIDTH);
        shape.width[l] = (uint32_t)width;
    }
    ANNC_TRY(annc_network_create(&shape, &joined));
    for (uint32_t l = 1; l <= shape.layers; l++)
        for (uint32_t i = 0, row = 0, column = 0; i < count; i++) {
            const bool last = l == shape.layers;
            place(networks[i], l, last ? 0 : row, l == 1 ? 0 : column, last ? 1 / (float)count : 1, joined);
            row += networks[i]->shape.width[l];
            column += networks[i]->shape.width[l - 1];
        }
    *result = joined;
    joined = NULL;
out:
    annc_network_free(joined);
    return status;
}
