/* fit.c - whether a data set and a network belong together. */
#include "functions.h"
#include "status.h"
#include "train.h"

#include <math.h>

/* Targets of one row that a cost can take: probabilities for the cross-entropies, summing to 1 for the categorical one. */
static annc_status row_fits(const annc_shape *shape, const float *y, uint32_t n, uint32_t row)
{
    double sum = 0;
    for (uint32_t j = 0; j < n; j++) {
        if (!(y[j] >= 0 && y[j] <= 1))
            return annc_fail(ANNC_INPUT,
                             "row %u: the target %g is outside [0, 1], which %s cannot take; use --cost quadratic",
                             row + 1, (double)y[j], annc_cost_name(shape->cost));
        sum += (double)y[j];
    }
    if (shape->cost == ANNC_CATEGORICAL_CROSS_ENTROPY && fabs(sum - 1) > 1e-4)
        return annc_fail(
            ANNC_INPUT, "row %u: the targets sum to %g, and %s takes probabilities that sum to 1; use --cost quadratic",
            row + 1, sum, annc_cost_name(shape->cost));
    return ANNC_OK;
}

annc_status annc_examples_fit(const annc_shape *shape, const annc_examples *examples)
{
    const uint32_t inputs = shape->width[0], outputs = shape->width[shape->layers];
    if (examples->inputs != inputs)
        return annc_fail(ANNC_INPUT, "the network has %u inputs and the data have %u; begin --layers with %u", inputs,
                         examples->inputs, examples->inputs);
    if (examples->outputs != outputs)
        return annc_fail(ANNC_INPUT, "the network has %u outputs and the data have %u %s; end --layers with %u",
                         outputs, examples->outputs, examples->labels ? "classes" : "targets", examples->outputs);
    if (!examples->targets || annc_cost_partner(shape->cost) == ANY_OUTPUT)
        return ANNC_OK;
    for (uint32_t i = 0; i < examples->count; i++) {
        const annc_status status = row_fits(shape, examples->targets + (size_t)i * outputs, outputs, i);
        if (status != ANNC_OK)
            return status;
    }
    return ANNC_OK;
}
