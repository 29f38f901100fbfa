/* reference.c - the method as in the equations: one example at a time, double precision, plain
 * loops.
 *
 * It is written for readability and correctness, without batches, blocks or vectors. It shares only
 * the definitions of f, f' and C in annc_functions.h with the fast paths. */
#include "training/step/reference.h"
#include "backend/augmentation.h"
#include "base/allocate.h"
#include "base/functions.h"
#include "base/philox.h"
#include "base/status.h"

#include <math.h>
#include <string.h>

annc_status annc_reference_open(const annc_shape *shape, const annc_objective *objective, uint64_t seed,
                                struct annc_reference *reference)
{
    annc_status status = ANNC_OK;
    size_t units = 0;
    memset(reference, 0, sizeof *reference);
    reference->shape = shape;
    reference->objective = *objective;
    reference->seed = seed;
    for (uint32_t l = 0; l <= shape->layers; l++)
        units += shape->width[l];
    ANNC_TRY(annc_allocate(5 * units + shape->width[shape->layers], sizeof(double), "the reference",
                           (void **)&reference->memory));
    double *next = reference->memory;
    for (uint32_t l = 0; l <= shape->layers; l++) {
        reference->z[l] = next;
        reference->a[l] = next + shape->width[l];
        reference->delta[l] = next + 2 * shape->width[l];
        reference->factor[l] = next + 3 * shape->width[l];
        reference->slope[l] = next + 4 * shape->width[l];
        next += 5 * shape->width[l];
    }
    reference->x = reference->a[0];
    reference->y = next;
out:
    return status;
}

annc_status annc_reference_augment(struct annc_reference *reference, const annc_augmentation *augmentation,
                                   uint32_t rows, uint32_t columns)
{
    annc_status status = ANNC_OK;
    reference->augmentation = *augmentation;
    reference->elastic = annc_elastic_of(augmentation);
    reference->rows = rows;
    reference->columns = columns;
    ANNC_TRY(annc_allocate(annc_product(5, reference->shape->width[0]), sizeof *reference->image, "the reference",
                           (void **)&reference->image));
out:
    return status;
}

void annc_reference_close(struct annc_reference *reference)
{
    annc_release(reference->image);
    annc_release(reference->memory);
    memset(reference, 0, sizeof *reference);
}

/* Loads the targets of example i, its own, or for its label (1 - e) one-hot + e / n, and its
 * weight: its own times that of its class. */
static void load_targets(struct annc_reference *reference, const annc_examples *examples, uint32_t i)
{
    const size_t outputs = examples->outputs;
    const double e = reference->objective.label_smoothing;
    const int32_t label = examples->labels ? examples->labels[i] : 0;
    for (size_t j = 0; j < outputs; j++) {
        if (examples->targets)
            reference->y[j] = (double)examples->targets[i * outputs + j];
        else if (outputs == 1)
            reference->y[j] = (1 - e) * label + e / 2;
        else
            reference->y[j] = (1 - e) * (label == (int32_t)j) + e / (double)outputs;
    }
    reference->weight = examples->weights ? (double)examples->weights[i] : 1;
    if (reference->objective.class_weights)
        reference->weight *= (double)reference->objective.class_weights[label];
}

/* Draws the dropout factors of the inputs and the hidden layers. */
static void draw_factors(struct annc_reference *reference, uint64_t number)
{
    const annc_shape *shape = reference->shape;
    for (uint32_t l = 0; l <= shape->layers; l++) {
        const double share = l == 0              ? reference->objective.input_dropout
                             : l < shape->layers ? reference->objective.dropout
                                                 : 0;
        for (uint32_t j = 0; j < shape->width[l]; j++)
            reference->factor[l][j] =
                annc_dropout_factor(reference->seed, l, number, j, shape->width[l], annc_dropout_threshold(share), 1) /
                (1 - share);
    }
}

/* Transforms x, an image, as that of example `number` (augmentation.h defines it in single
 * precision). */
static void augment(struct annc_reference *reference, uint64_t number)
{
    const uint32_t columns = reference->columns, pixels = reference->rows * columns;
    float *const bend = reference->elastic.alpha > 0 ? reference->image + pixels : NULL;
    struct annc_warp warp;
    annc_warp_draw(reference->seed, number, reference->augmentation, &warp);
    if (bend)
        annc_elastic_bend(&reference->elastic, reference->seed, number, reference->rows, columns, bend);
    for (uint32_t j = 0; j < pixels; j++)
        reference->image[j] = (float)reference->x[j];
    for (uint32_t j = 0; j < pixels; j++)
        reference->x[j] = (double)annc_warp_sample(&warp, reference->image, bend, (int)reference->rows, (int)columns,
                                                   (int)(j / columns), (int)(j % columns));
}

void annc_reference_load(struct annc_reference *reference, const annc_examples *examples, uint32_t i, uint64_t number)
{
    const uint32_t inputs = examples->inputs;
    for (uint32_t j = 0; j < inputs; j++) {
        const size_t at = (size_t)i * inputs + j;
        reference->x[j] = examples->type == ANNC_BYTES
                              ? (double)((const uint8_t *)examples->x)[at] / (double)examples->divisor
                              : (double)((const float *)examples->x)[at];
    }
    if (reference->image)
        augment(reference, number);
    for (uint32_t j = 0; j < inputs && reference->objective.input_noise > 0; j++)
        reference->x[j] +=
            reference->objective.input_noise * (double)annc_input_noise(reference->seed, number, j, inputs);
    load_targets(reference, examples, i);
    draw_factors(reference, number);
}

/* z_j = z_j - log(sum over k of e^(z_k)); returns the logarithm. */
static double normalise(double *z, uint32_t n)
{
    double largest = z[0], sum = 0;
    for (uint32_t j = 1; j < n; j++)
        largest = z[j] > largest ? z[j] : largest;
    for (uint32_t j = 0; j < n; j++)
        sum += exp(z[j] - largest);
    const double log_sum = largest + log(sum);
    for (uint32_t j = 0; j < n; j++)
        z[j] -= log_sum;
    return log_sum;
}

/* Returns the input of layer l + 1 from unit j: its activation times its dropout factor. */
static double layer_input(const struct annc_reference *reference, uint32_t l, uint32_t j)
{
    return reference->factor[l][j] * reference->a[l][j];
}

double annc_reference_forward(struct annc_reference *reference, const double *theta)
{
    const annc_shape *shape = reference->shape;
    const uint32_t L = shape->layers;
    double C = 0;

    for (uint32_t l = 1; l <= L; l++) {
        const uint32_t n = shape->width[l], n_in = shape->width[l - 1];
        const double *W = theta + annc_shape_weights_at(shape, l), *b = theta + annc_shape_biases_at(shape, l);
        const annc_activation f = shape->activation[l - 1];
        double *z = reference->z[l], *a = reference->a[l];
        for (uint32_t j = 0; j < n; j++) {
            /* z^l = W^l a^(l-1) + b^l */
            z[j] = b[j];
            for (uint32_t k = 0; k < n_in; k++)
                z[j] += W[(size_t)j * n_in + k] * layer_input(reference, l - 1, k);
        }
        if (annc_activation_kind_of(f) == ROWWISE)
            reference->log_sum = normalise(z, n);
        for (uint32_t j = 0; j < n; j++)
            a[j] = annc_activation_value_f64(f, z[j]); /* a^l = f(z^l) */
    }
    for (uint32_t j = 0; j < shape->width[L]; j++)
        C += annc_cost_value_f64(shape->cost, shape->quantile, reference->z[L][j], reference->a[L][j], reference->y[j]);
    return reference->weight * C;
}

/* BP1: delta^L = dC/da times f'(z^L), or the closed-form dC/dz of a cost with its partner; dC/da
 * includes the weight. */
static void output_error(struct annc_reference *reference)
{
    const annc_shape *shape = reference->shape;
    const uint32_t L = shape->layers, n = shape->width[L];
    const annc_activation f = shape->activation[L - 1];
    const double *z = reference->z[L], *a = reference->a[L];
    const bool closed = annc_cost_partner(shape->cost) != ANY_OUTPUT;
    double *delta = reference->delta[L], *slope = reference->slope[L], mean = 0;

    for (uint32_t j = 0; j < n; j++) {
        delta[j] =
            reference->weight * annc_cost_derivative_f64(shape->cost, shape->quantile, z[j], a[j], reference->y[j]);
        slope[j] = closed ? (double)NAN : delta[j];
    }
    if (closed)
        return;
    if (annc_activation_kind_of(f) == ROWWISE) { /* the Jacobian diag(a) - a a^T */
        for (uint32_t k = 0; k < n; k++)
            mean += a[k] * delta[k];
        for (uint32_t j = 0; j < n; j++)
            delta[j] = a[j] * (delta[j] - mean);
        return;
    }
    for (uint32_t j = 0; j < n; j++)
        delta[j] *= annc_activation_derivative_f64(f, z[j], a[j]);
}

void annc_reference_backward(struct annc_reference *reference, const double *theta, double *gradient)
{
    const annc_shape *shape = reference->shape;

    output_error(reference);
    for (uint32_t l = shape->layers; l >= 1; l--) {
        const uint32_t n = shape->width[l], n_in = shape->width[l - 1];
        const double *W = theta + annc_shape_weights_at(shape, l);
        const double *a_in = reference->a[l - 1], *factor_in = reference->factor[l - 1], *delta = reference->delta[l];
        double *dC_dW = gradient + annc_shape_weights_at(shape, l), *dC_db = gradient + annc_shape_biases_at(shape, l);

        for (uint32_t j = 0; j < n; j++) {
            dC_db[j] += delta[j]; /* BP3 */
            for (uint32_t k = 0; k < n_in; k++)
                dC_dW[(size_t)j * n_in + k] += delta[j] * (factor_in[k] * a_in[k]); /* BP4 */
        }
        if (l == 1)
            break;
        for (uint32_t k = 0; k < n_in; k++) {
            double sum = 0;
            for (uint32_t j = 0; j < n; j++)
                sum += W[(size_t)j * n_in + k] * delta[j];
            /* BP2 */
            reference->slope[l - 1][k] = factor_in[k] * sum;
            reference->delta[l - 1][k] =
                factor_in[k] * sum *
                annc_activation_derivative_f64(shape->activation[l - 2], reference->z[l - 1][k], a_in[k]);
        }
    }
}

double annc_reference_penalty(const annc_shape *shape, const annc_objective *objective, const double *theta,
                              double *gradient)
{
    double penalty = 0;
    for (uint32_t l = 1; l <= shape->layers; l++)
        for (size_t i = annc_shape_weights_at(shape, l); i < annc_shape_biases_at(shape, l); i++) {
            const double w = theta[i];
            penalty += objective->l2 / 2 * w * w + objective->l1 * fabs(w);
            if (gradient)
                gradient[i] += objective->l2 * w + objective->l1 * ((w > 0) - (w < 0));
        }
    return penalty;
}

annc_status annc_reference_gradient(const annc_shape *shape, const double *theta, const annc_dataset *dataset,
                                    uint32_t i, double *gradient, double *cost)
{
    ANNC_REQUIRE(shape, "shape");
    ANNC_REQUIRE(theta, "theta");
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(gradient, "gradient");
    ANNC_REQUIRE(cost, "cost");
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(dataset);
    const annc_objective none = {0};
    struct annc_reference reference = {0};
    ANNC_TRY(annc_shape_check(shape));
    if (examples->inputs != shape->width[0] || examples->outputs != shape->width[shape->layers] || i >= examples->count)
        return annc_fail(ANNC_USAGE, "the reference needs an example of %u inputs and %u outputs", shape->width[0],
                         shape->width[shape->layers]);
    ANNC_TRY(annc_reference_open(shape, &none, 0, &reference));
    annc_reference_load(&reference, examples, i, 0);
    *cost = annc_reference_forward(&reference, theta);
    annc_reference_backward(&reference, theta, gradient);
out:
    annc_reference_close(&reference);
    return status;
}
