/* trace.c - the equations on one example, with all intermediate values. */
#include "base/allocate.h"
#include "base/functions.h"
#include "base/status.h"
#include "training/step/reference.h"

#include <math.h>
#include <string.h>

/* The trace, with the memory that its pointers point into. */
struct kept_trace {
    annc_trace trace; /* first member, so that freeing it frees the struct */
    double *derivative;
    struct annc_reference reference;
};

/* Computes f'(z) of every unit. */
static annc_status derive(struct kept_trace *kept)
{
    annc_status status = ANNC_OK;
    const annc_shape *shape = &kept->trace.shape;
    size_t units = 0;
    for (uint32_t l = 1; l <= shape->layers; l++)
        units += shape->width[l];
    ANNC_TRY(annc_allocate(units, sizeof(double), "a trace's derivatives", (void **)&kept->derivative));
    double *next = kept->derivative;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const annc_activation f = shape->activation[l - 1];
        kept->trace.derivative[l] = next;
        for (uint32_t j = 0; j < shape->width[l]; j++)
            *next++ = annc_activation_kind_of(f) == ROWWISE
                          ? (double)NAN
                          : annc_activation_derivative_f64(f, kept->reference.z[l][j], kept->reference.a[l][j]);
    }
out:
    return status;
}

/* Computes dC/dx = (W^1)^T delta^1, which training does not need. */
static void differentiate_by_inputs(struct annc_reference *reference, const double *theta)
{
    const annc_shape *shape = reference->shape;
    const uint32_t inputs = shape->width[0];
    const double *W = theta + annc_shape_weights_at(shape, 1), *delta = reference->delta[1];
    for (uint32_t k = 0; k < inputs; k++) {
        double sum = 0;
        for (uint32_t j = 0; j < shape->width[1]; j++)
            sum += W[(size_t)j * inputs + k] * delta[j];
        reference->slope[0][k] = sum;
    }
}

annc_status annc_trace_create(const annc_shape *shape, const double *theta, const annc_dataset *dataset, uint32_t i,
                              annc_trace **result)
{
    ANNC_REQUIRE_RESULT(result, "trace");
    ANNC_REQUIRE(shape, "shape");
    ANNC_REQUIRE(theta, "theta");
    ANNC_REQUIRE(dataset, "dataset");
    annc_status status = ANNC_OK;
    const annc_objective none = {0};
    const annc_examples *examples = annc_dataset_examples(dataset);
    struct kept_trace *kept = NULL;
    ANNC_TRY(annc_shape_check(shape));
    if (examples->inputs != shape->width[0] || examples->outputs != shape->width[shape->layers] || i >= examples->count)
        return annc_fail(ANNC_USAGE, "a trace needs an example below %u, of %u inputs and %u outputs", examples->count,
                         shape->width[0], shape->width[shape->layers]);
    ANNC_TRY(annc_allocate(1, sizeof *kept, "a trace", (void **)&kept));
    annc_trace *trace = &kept->trace;
    struct annc_reference *reference = &kept->reference;
    const size_t parameters = annc_shape_parameters(shape);
    trace->shape = *shape;
    ANNC_TRY(annc_allocate(parameters, sizeof(double), "a trace's parameters", (void **)&trace->theta));
    ANNC_TRY(annc_allocate(parameters, sizeof(double), "a trace's gradient", (void **)&trace->gradient));
    ANNC_TRY(annc_reference_open(&trace->shape, &none, 0, reference));
    memcpy(trace->theta, theta, parameters * sizeof *theta);
    annc_reference_load(reference, examples, i, 0);
    reference->weight = 1; /* C of this example alone */
    trace->cost = annc_reference_forward(reference, theta);
    annc_reference_backward(reference, theta, trace->gradient);
    differentiate_by_inputs(reference, theta);
    for (uint32_t j = 0; j < shape->width[shape->layers]; j++)
        reference->z[shape->layers][j] += reference->log_sum;
    trace->y = reference->y;
    for (uint32_t l = 0; l <= shape->layers; l++) {
        trace->z[l] = reference->z[l];
        trace->a[l] = reference->a[l];
        trace->slope[l] = reference->slope[l];
        trace->delta[l] = reference->delta[l];
    }
    ANNC_TRY(derive(kept));
    *result = trace;
    kept = NULL;
out:
    if (kept)
        annc_trace_free(&kept->trace);
    return status;
}

void annc_trace_free(annc_trace *trace)
{
    struct kept_trace *kept = (struct kept_trace *)trace;
    if (!kept)
        return;
    annc_reference_close(&kept->reference);
    annc_release(kept->derivative);
    annc_release(trace->theta);
    annc_release(trace->gradient);
    annc_release(kept);
}
