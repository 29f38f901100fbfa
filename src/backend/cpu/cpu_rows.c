#include "backend/cpu/cpu_rows.h"
#include "base/functions.h"

static const float TARGET_MIDDLE = 0.5f; /* between the targets 0 and 1 of two classes */

void annc_cpu_times_jacobian(uint32_t m, uint32_t n, size_t stride, const float *A, float *delta)
{
    for (uint32_t r = 0; r < m; r++) {
        const float *a = A + r * stride;
        float *d = delta + r * stride, mean = 0;
        for (uint32_t j = 0; j < n; j++)
            mean += d[j] * a[j];
        for (uint32_t j = 0; j < n; j++)
            d[j] = a[j] * (d[j] - mean);
    }
}

uint32_t annc_cpu_class_of(uint32_t n, const float *row, float middle)
{
    uint32_t best = 0;
    if (n == 1)
        return row[0] > middle;
    for (uint32_t j = 1; j < n; j++)
        if (row[j] > row[best])
            best = j;
    return best;
}

uint32_t annc_cpu_class_wanted(uint32_t n, const float *row)
{
    return annc_cpu_class_of(n, row, TARGET_MIDDLE);
}

float annc_cpu_weight_of(const annc_examples *examples, const float *class_weights, size_t example)
{
    const float own = examples->weights ? examples->weights[example] : 1;
    return class_weights ? own * class_weights[examples->labels[example]] : own;
}
