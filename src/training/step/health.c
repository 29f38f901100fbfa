/* health.c - saturated and dead units: units with f' near 0 pass no error back. */
#include "training/step/health.h"
#include "backend/backend.h"
#include "base/allocate.h"
#include "base/functions.h"
#include "base/order.h"
#include "base/status.h"
#include "training/step/feed.h"
#include "training/step/propagate.h"

#include <math.h>
#include <string.h>

enum { LOOKED_AT = 256, HEALTH_EPOCH = INT32_MAX - 1 };
static const double NO_SLOPE = 0.01;

/* Returns |f'|; for softmax, of the output with respect to its own z. */
static double slope_of(annc_activation f, float z, float a)
{
    const double slope = annc_activation_kind_of(f) == ROWWISE ? (double)a * (1 - (double)a)
                                                               : (double)annc_activation_derivative_f32(f, z, a);
    return fabs(slope);
}

static void judge_layer(annc_activation f, uint32_t m, uint32_t n, const float *Z, const float *A,
                        annc_layer_health *health)
{
    size_t flat = 0;
    *health = (annc_layer_health){.first_dead = n};
    for (uint32_t j = 0; j < n; j++) {
        uint32_t flat_here = 0;
        for (uint32_t r = 0; r < m; r++)
            flat_here += slope_of(f, Z[(size_t)r * n + j], A[(size_t)r * n + j]) < NO_SLOPE;
        flat += flat_here;
        if (flat_here == m && health->dead++ == 0)
            health->first_dead = j;
    }
    health->saturated = (double)flat / ((double)m * n);
}

/* Stages examples in an order that no epoch uses, and runs them forward. */
static annc_status forward(annc_device *device, struct annc_pass *pass, const annc_examples *examples, uint64_t seed,
                           uint32_t m, const float *theta)
{
    annc_status status = ANNC_OK;
    const struct annc_order order = annc_order_shuffled(examples->count, seed, HEALTH_EPOCH);
    annc_examples staged = {0};
    struct annc_rows rows;
    struct annc_cursor cursor;
    void *d_cursor = NULL;
    memset(&cursor, 0, sizeof cursor);
    cursor.order = annc_order_sequential(m);
    cursor.batch = m;
    ANNC_TRY(annc_rows_open(NULL, examples, m, &rows));
    annc_rows_gather(&rows, examples, &order, 0, m);
    const annc_examples some = annc_rows_examples(&rows, examples, m);
    ANNC_TRY(annc_examples_stage(device, &some, &staged));
    ANNC_TRY(device->backend->alloc(device, sizeof cursor, "the cursor", &d_cursor));
    ANNC_TRY(device->backend->upload(device, d_cursor, &cursor, sizeof cursor));
    ANNC_TRY(annc_pass_forward(pass, &staged, d_cursor, m, theta));
    ANNC_TRY(device->backend->synchronise(device));
out:
    if (d_cursor)
        device->backend->free(device, d_cursor);
    annc_examples_unstage(device, &staged);
    annc_rows_close(&rows);
    return status;
}

annc_status annc_health_look(annc_device *device, const annc_shape *shape, const annc_examples *examples, uint64_t seed,
                             const struct annc_layout *layout, const float *theta, annc_layer_health *layers)
{
    annc_status status = ANNC_OK;
    const uint32_t m = examples->count < LOOKED_AT ? examples->count : LOOKED_AT;
    struct annc_pass pass = {0};
    uint32_t widest = 0;
    float *host = NULL;
    for (uint32_t l = 1; l <= shape->layers; l++)
        widest = shape->width[l] > widest ? shape->width[l] : widest;
    const size_t most = annc_product(m, widest);
    ANNC_TRY(annc_allocate(annc_product(2, most), sizeof *host, "a look at the layers", (void **)&host));
    ANNC_TRY(annc_pass_open(device, shape, m, &pass));
    pass.layout = *layout;
    ANNC_TRY(forward(device, &pass, examples, seed, m, theta));
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const size_t bytes = (size_t)m * shape->width[l] * sizeof *host;
        ANNC_TRY(device->backend->download(device, host, pass.Z[l], bytes));
        ANNC_TRY(device->backend->download(device, host + most, pass.A[l], bytes));
        judge_layer(shape->activation[l - 1], m, shape->width[l], host, host + most, &layers[l - 1]);
    }
out:
    annc_pass_close(&pass);
    annc_release(host);
    return status;
}
