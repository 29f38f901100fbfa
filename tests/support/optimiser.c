#include "support/optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void optimiser_open(struct optimiser *optimiser, const annc_shape *shape, const annc_training_options *options)
{
    memset(optimiser, 0, sizeof *optimiser);
    optimiser->shape = shape;
    optimiser->options = *options;
    optimiser->parameters = annc_shape_parameters(shape);
    optimiser->m = calloc(optimiser->parameters, sizeof(double));
    optimiser->sum = calloc(optimiser->parameters, sizeof(double));
}

void optimiser_close(struct optimiser *optimiser)
{
    free(optimiser->m);
    free(optimiser->sum);
}

/* How far parameter i goes. */
static double step_of(struct optimiser *o, size_t i, double rate, double g)
{
    const double beta1 = o->options.mu, beta2 = o->options.rho, epsilon = o->options.epsilon;
    double *m = &o->m[i], *sum = &o->sum[i];
    switch (o->options.optimiser) {
    case ANNC_MOMENTUM:
        *m = beta1 * *m + g;
        return rate * *m;
    case ANNC_NESTEROV: {
        *m = beta1 * *m + g;
        const double ahead = beta1 * *m + g;
        return rate * ahead;
    }
    case ANNC_ADAGRAD:
        *sum += pow(g, 2);
        return rate / (sqrt(*sum) + epsilon) * g;
    case ANNC_RMSPROP:
        *sum = *sum + (1 - beta2) * (pow(g, 2) - *sum);
        return rate / (sqrt(*sum) + epsilon) * g;
    case ANNC_ADAM:
    case ANNC_ADAMW: {
        *m = *m + (1 - beta1) * (g - *m);
        *sum = *sum + (1 - beta2) * (pow(g, 2) - *sum);
        const double mean = *m / (1 - pow(beta1, o->t)), square = *sum / (1 - pow(beta2, o->t));
        return rate * mean / (sqrt(square) + epsilon);
    }
    default:
        return rate * g;
    }
}

static void clip(struct optimiser *o, double *gradient)
{
    double norm = 0;
    for (size_t i = 0; i < o->parameters; i++)
        norm += gradient[i] * gradient[i];
    norm = sqrt(norm);
    for (size_t i = 0; i < o->parameters && o->options.clip > 0 && norm > o->options.clip; i++)
        gradient[i] *= o->options.clip / norm;
}

static void bound_rows(struct optimiser *o, double *theta)
{
    for (uint32_t l = 1; l <= o->shape->layers && o->options.max_norm > 0; l++) {
        double *W = theta + annc_shape_weights_at(o->shape, l);
        for (uint32_t j = 0; j < o->shape->width[l]; j++) {
            const uint32_t n_in = o->shape->width[l - 1];
            double norm = 0;
            for (uint32_t k = 0; k < n_in; k++)
                norm += W[j * n_in + k] * W[j * n_in + k];
            norm = sqrt(norm);
            for (uint32_t k = 0; k < n_in && norm > o->options.max_norm; k++)
                W[j * n_in + k] *= o->options.max_norm / norm;
        }
    }
}

void optimiser_step(struct optimiser *o, double rate, double *gradient, double *theta)
{
    o->t++;
    clip(o, gradient);
    for (uint32_t l = 1; l <= o->shape->layers; l++) {
        const size_t W = annc_shape_weights_at(o->shape, l), b = annc_shape_biases_at(o->shape, l);
        for (size_t i = W; i < b + o->shape->width[l]; i++) {
            const double decayed = i < b ? theta[i] * (1 - rate * o->options.decay) : theta[i];
            theta[i] = decayed - step_of(o, i, rate, gradient[i]);
        }
    }
    bound_rows(o, theta);
}
