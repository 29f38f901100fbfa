/* initialise.c - the initial parameters of a network. */
#include "backend/backend.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/philox.h"
#include "base/status.h"
#include "network/network.h"

#include <math.h>
#include <string.h>

/* A layer's row of ANNC_INITS. */
enum numbers { NORMAL, UNIFORM, ORTHOGONAL, EQUAL };

struct draw {
    enum numbers numbers;
    double weights, biases; /* scales */
};

#define DRAW(enumerator, name, numbers, weights, biases)                                                               \
    case enumerator:                                                                                                   \
        return (struct draw){numbers, weights, biases};

static struct draw draw_of(annc_init init, double in, double out)
{
    switch (init) {
        ANNC_INITS(DRAW)
    case ANNC_INIT_COUNT:
        break;
    }
    return (struct draw){EQUAL, 0, 0};
}

#undef DRAW

/* ---------------------------------------------------------------- initialisation on the host */

/* Returns the sum of a_i b_i, in a fixed order of eight sums. */
static double dot(const double *a, const double *b, size_t n)
{
    double sums[8] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++)
        sums[i % 8] += a[i] * b[i];
    for (int i = 0; i < 8; i++)
        sum += sums[i];
    return sum;
}

/* Makes `count` vectors of length n orthonormal, by Gram and Schmidt, twice, which is enough
 * (Giraud et al. 2005). */
static void orthonormalise(double *vectors, size_t count, size_t n)
{
    for (size_t i = 0; i < count; i++) {
        double *v = vectors + i * n;
        for (int pass = 0; pass < 2; pass++)
            for (size_t k = 0; k < i; k++) {
                const double *u = vectors + k * n, along = dot(u, v, n);
                for (size_t j = 0; j < n; j++)
                    v[j] -= along * u[j];
            }
        const double length = sqrt(dot(v, v, n));
        for (size_t j = 0; j < n; j++)
            v[j] /= length;
    }
}

/* Makes W (n x n_in) with orthonormal rows, or orthonormal columns if it has more rows than
 * columns. */
static annc_status orthogonal(uint64_t seed, size_t first, size_t n, size_t n_in, float *W)
{
    annc_status status = ANNC_OK;
    const bool wide = n <= n_in;
    const size_t count = wide ? n : n_in, length = wide ? n_in : n;
    double *vectors = NULL;
    ANNC_TRY(annc_allocate(count * length, sizeof *vectors, "an orthogonal matrix", (void **)&vectors));
    for (size_t i = 0; i < count * length; i++)
        vectors[i] = annc_normal(seed, ANNC_STREAM_PARAMETERS, first + i);
    orthonormalise(vectors, count, length);
    for (size_t j = 0; j < n; j++)
        for (size_t k = 0; k < n_in; k++)
            W[j * n_in + k] = (float)(wide ? vectors[j * length + k] : vectors[k * length + j]);
out:
    annc_release(vectors);
    return status;
}

static annc_status initialise_on_host(annc_network *network, annc_init init, uint64_t seed)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const size_t n = shape->width[l], n_in = shape->width[l - 1];
        const size_t W = annc_shape_weights_at(shape, l), b = annc_shape_biases_at(shape, l);
        const struct draw draw = draw_of(init, (double)n_in, (double)n);
        for (size_t i = W; i < b + n; i++)
            network->theta[i] = (float)(i < b ? draw.weights : draw.biases);
        if (draw.numbers == ORTHOGONAL)
            ANNC_TRY(orthogonal(seed, W, n, n_in, network->theta + W));
    }
out:
    return status;
}

/* ---------------------------------------------------------------- initialisation on the device */

static annc_status initialise_on_device(annc_network *network, annc_device *device, annc_init init, uint64_t seed)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &network->shape;
    const struct annc_backend *backend = device->backend;
    const size_t bytes = annc_shape_parameters(shape) * sizeof(float);
    void *memory = NULL;
    ANNC_TRY(backend->alloc(device, bytes, "the parameters", &memory));
    float *theta = memory;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const size_t n = shape->width[l], n_in = shape->width[l - 1];
        const size_t W = annc_shape_weights_at(shape, l), b = annc_shape_biases_at(shape, l);
        const struct draw draw = draw_of(init, (double)n_in, (double)n);
        const bool uniform = draw.numbers == UNIFORM;
        ANNC_TRY(backend->initialise(device, seed, W, n * n_in, uniform, draw.weights, theta + W));
        ANNC_TRY(backend->initialise(device, seed, b, n, uniform, draw.biases, theta + b));
    }
    ANNC_TRY(backend->download(device, network->theta, theta, bytes));
out:
    if (memory)
        backend->free(device, memory);
    return status;
}

annc_status annc_network_initialise(annc_network *network, annc_device *device, annc_init init, uint64_t seed)
{
    ANNC_REQUIRE(network, "network");
    ANNC_RETURN_IF_FAILED(annc_device_check(device));
    if (!annc_init_name(init))
        return annc_fail(ANNC_USAGE, "initialiser %d does not exist", (int)init);
    init = annc_init_resolve(init, &network->shape);
    const enum numbers numbers = draw_of(init, 1, 1).numbers;
    return numbers == ORTHOGONAL || numbers == EQUAL ? initialise_on_host(network, init, seed)
                                                     : initialise_on_device(network, device, init, seed);
}
