/* gradients.c - the gradient of one minibatch, out of the library and into one's own hands.
 *
 * annc_reference_gradient is backpropagation as it is taught, BP1 to BP4, one example at a time. Here it is held against the definition of a
 * derivative, (C(theta + h) - C(theta - h)) / 2h, parameter by parameter, and against a step of the trainer, which does the same with matrices. */
#include <annc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { M = 5, INPUTS = 3, CLASSES = 2 };

static void check(annc_status status)
{
    if (status == ANNC_OK)
        return;
    fprintf(stderr, "%s\n", annc_last_error());
    exit(status);
}

/* The minibatch's mean cost C, and its gradient: for each parameter, in the order of the network's block, dC/dtheta. */
static double minibatch(const annc_shape *shape, const double *theta, const annc_dataset *data, double *gradient)
{
    const size_t parameters = annc_shape_parameters(shape);
    double sum = 0, cost;
    for (size_t k = 0; k < parameters; k++)
        gradient[k] = 0;
    for (uint32_t i = 0; i < M; i++) {
        check(annc_reference_gradient(shape, theta, data, i, gradient, &cost)); /* adds this example's */
        sum += cost;
    }
    for (size_t k = 0; k < parameters; k++)
        gradient[k] /= M;
    return sum / M;
}

/* How far the gradient is from (C(theta + h) - C(theta - h)) / 2h, as vectors. h is a compromise: the smaller, the nearer to the limit, but the fewer
 * digits are left of the difference. */
static double against_differences(const annc_shape *shape, double *theta, const annc_dataset *data,
                                  const double *gradient)
{
    const size_t parameters = annc_shape_parameters(shape);
    const double h = 1e-5;
    double squares = 0, *ignored = calloc(parameters, sizeof *ignored);
    for (size_t k = 0; k < parameters; k++) {
        const double here = theta[k];
        theta[k] = here + h;
        const double above = minibatch(shape, theta, data, ignored);
        theta[k] = here - h;
        const double below = minibatch(shape, theta, data, ignored);
        theta[k] = here;
        const double error = (above - below) / (2 * h) - gradient[k];
        squares += error * error;
    }
    free(ignored);
    return sqrt(squares);
}

/* How far a step of the trainer, theta - eta dC/dtheta in single precision, is from the one that the gradient says. */
static double against_step(annc_network *network, const annc_dataset *data, const double *theta, const double *gradient)
{
    const float *after = annc_network_parameters(network);
    annc_training_options options = annc_training_defaults(ANNC_SGD);
    annc_device *device;
    annc_trainer *trainer;
    annc_epoch epoch;
    double squares = 0;
    options.batch = M; /* all examples there are: an epoch is one step */
    check(annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU}, &device));
    check(annc_trainer_create(device, network, data, &options, &trainer));
    check(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    check(annc_trainer_store(trainer));
    for (size_t k = 0; k < annc_shape_parameters(annc_network_shape(network)); k++) {
        const double error = after[k] - (theta[k] - options.eta * gradient[k]);
        squares += error * error;
    }
    annc_trainer_free(trainer);
    annc_device_close(device);
    return sqrt(squares);
}

int main(void)
{
    const float x[M * INPUTS] = {0.1f, -0.7f, 0.4f,  1.2f,  0.3f, -0.9f, -1.5f, 0.8f,
                                 0.2f, 0.6f,  -0.4f, -0.1f, 0.9f, 1.1f,  -0.3f};
    const int32_t labels[M] = {0, 1, 1, 0, 1};
    const annc_examples examples = {
        .count = M, .inputs = INPUTS, .outputs = CLASSES, .type = ANNC_FLOATS, .x = x, .labels = labels};
    const annc_shape shape = {2, {INPUTS, 4, CLASSES}, {ANNC_TANH, ANNC_SOFTMAX}, ANNC_CATEGORICAL_CROSS_ENTROPY, 0};
    const size_t parameters = annc_shape_parameters(&shape); /* W^1, b^1, W^2, b^2: 12 + 4 + 8 + 2 */
    double *theta = calloc(parameters, sizeof *theta), *gradient = calloc(parameters, sizeof *gradient);
    annc_dataset *data;
    annc_network *network;
    check(annc_dataset_create(&examples, &data));
    check(annc_network_create(&shape, &network));
    for (size_t k = 0; k < parameters; k++) /* any parameters do, as long as no two units are alike */
        theta[k] = annc_network_parameters(network)[k] = (float)sin(1.0 + (double)k);

    printf("C = %.6f\n", minibatch(&shape, theta, data, gradient));
    for (uint32_t l = 1; l <= shape.layers; l++)
        printf("layer %u: dC/dw of its first weight %+.6f, dC/db of its first bias %+.6f\n", l,
               gradient[annc_shape_weights_at(&shape, l)], gradient[annc_shape_biases_at(&shape, l)]);
    const double differences = against_differences(&shape, theta, data, gradient);
    const double step = against_step(network, data, theta, gradient);
    printf("%zu parameters: finite differences within %.1e, a step of the trainer within %.1e\n", parameters,
           differences, step);
    free(theta);
    free(gradient);
    annc_network_free(network);
    annc_dataset_free(data);
    return !(differences < 1e-8 && step < 1e-5); /* NaN is not within, either */
}
