/* initialise.c - the first parameters of a network. */
#include "backend.h"
#include "network.h"
#include "status.h"

#include <math.h>

/* Standard deviation of the weights of a layer; biases are drawn with 1, or are 0. */
static double weight_scale(annc_init init, uint32_t fan_in, uint32_t fan_out)
{
    switch (init) {
    case ANNC_INIT_XAVIER:
        return sqrt(2.0 / ((double)fan_in + fan_out));
    case ANNC_INIT_HE:
        return sqrt(2.0 / fan_in);
    default:
        return 1;
    }
}

annc_status annc_network_initialise(annc_network *network, annc_device *device, annc_init init, uint64_t seed)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    const struct annc_backend *backend = device->backend;
    const size_t bytes = annc_shape_parameters(shape) * sizeof(float);
    void *memory = NULL;

    init = annc_init_resolve(init, shape);
    ANNC_TRY(backend->alloc(device, bytes, "the parameters", &memory));
    float *theta = memory;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const uint32_t fan_in = shape->width[l - 1], fan_out = shape->width[l];
        const size_t W = annc_shape_weights_at(shape, l), b = annc_shape_biases_at(shape, l);
        ANNC_TRY(backend->initialise(device, seed, W, (size_t)fan_in * fan_out, weight_scale(init, fan_in, fan_out),
                                     theta + W));
        ANNC_TRY(backend->initialise(device, seed, b, fan_out, init == ANNC_INIT_NORMAL ? 1 : 0, theta + b));
    }
    ANNC_TRY(backend->download(device, network->theta, theta, bytes));
out:
    if (memory)
        backend->free(device, memory);
    return status;
}
