/* norms.c - norms on the CPU: gradient clipping and max-norm weights. */
#include "backend/cpu/norms.h"

#include <math.h>

annc_status annc_cpu_clip(annc_device *device, size_t count, double limit, float *G, double *scratch)
{
    double squares = 0;
    (void)device;
    (void)scratch;
    for (size_t i = 0; i < count; i++)
        squares += (double)G[i] * (double)G[i];
    if (squares <= limit * limit)
        return ANNC_OK;
    const float factor = (float)(limit / sqrt(squares));
    for (size_t i = 0; i < count; i++)
        G[i] *= factor;
    return ANNC_OK;
}

annc_status annc_cpu_limit_rows(annc_device *device, uint32_t n, uint32_t n_in, double limit, float *W)
{
    (void)device;
    for (uint32_t j = 0; j < n; j++) {
        float *row = W + (size_t)j * n_in;
        double squares = 0;
        for (uint32_t k = 0; k < n_in; k++)
            squares += (double)row[k] * (double)row[k];
        if (squares <= limit * limit)
            continue;
        const float factor = (float)(limit / sqrt(squares));
        for (uint32_t k = 0; k < n_in; k++)
            row[k] *= factor;
    }
    return ANNC_OK;
}
