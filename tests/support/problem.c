#include "support/problem.h"
#include "backend/engine.h"
#include "base/functions.h"
#include "base/order.h"
#include "base/philox.h"
#include "dataset/prepare/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

annc_shape problem_shape(const char *widths, annc_activation hidden, annc_activation output, annc_cost cost)
{
    annc_shape shape;
    memset(&shape, 0, sizeof shape);
    char *rest;
    shape.width[0] = (uint32_t)strtoul(widths, &rest, 10);
    while (*rest == '-')
        shape.width[++shape.layers] = (uint32_t)strtoul(rest + 1, &rest, 10);
    for (uint32_t l = 0; l < shape.layers; l++)
        shape.activation[l] = l + 1 == shape.layers ? output : hidden;
    shape.cost = cost;
    shape.quantile = cost == ANNC_QUANTILE ? 0.75 : 0;
    return shape;
}

bool problem_output(size_t i, annc_activation *output, annc_cost *cost)
{
    for (int c = 0; c < ANNC_COST_COUNT; c++)
        for (int f = 0; f < ANNC_ACTIVATION_COUNT; f++) {
            const annc_shape shape = problem_shape("2-2", ANNC_SIGMOID, (annc_activation)f, (annc_cost)c);
            if (annc_shape_check(&shape) != ANNC_OK)
                continue;
            if (i-- == 0) {
                *output = (annc_activation)f;
                *cost = (annc_cost)c;
                return true;
            }
        }
    return false;
}

/* Number i of a stream of the test's own, in [0, 1). */
static double uniform(uint64_t seed, uint64_t i)
{
    return annc_philox(seed, 77, i).word[0] / 4294967296.0;
}

/* Rows of categorical targets are whole multiples of 1/1024 that sum to 1 exactly: C is then what its closed form differentiates. */
static void fill_targets(const annc_shape *shape, uint32_t count, uint64_t seed, float *targets)
{
    const uint32_t n = shape->width[shape->layers];
    for (uint32_t i = 0; i < count; i++) {
        float *y = targets + (size_t)i * n, rest = 1;
        for (uint32_t j = 0; j < n; j++) {
            const double u = uniform(seed + 2, (uint64_t)i * n + j);
            y[j] = (float)(0.05 + 0.9 * u);
            if (shape->cost == ANNC_CATEGORICAL_CROSS_ENTROPY) {
                y[j] = j + 1 == n ? rest : (float)((int)(u * 1024 / n) + 1) / 1024;
                rest -= y[j];
            }
        }
    }
}

bool problem_make(struct problem *problem, const annc_shape *shape, annc_input_type type, bool labels, uint32_t count,
                  annc_init init, uint64_t seed)
{
    const uint32_t inputs = shape->width[0], outputs = shape->width[shape->layers];
    const size_t values = (size_t)count * inputs;
    uint8_t *bytes = malloc(values);
    float *floats = malloc(values * sizeof *floats), *targets = malloc((size_t)count * outputs * sizeof *targets);
    int32_t *classes = malloc(count * sizeof *classes);
    annc_device *cpu = NULL;
    memset(problem, 0, sizeof *problem);
    problem->shape = *shape;
    for (size_t i = 0; i < values; i++) {
        const double u = uniform(seed, i);
        bytes[i] = u < 0.3 ? 0 : (uint8_t)(256 * u);
        floats[i] = (float)(2 * u - 1);
    }
    for (uint32_t i = 0; i < count; i++)
        classes[i] = (int32_t)(uniform(seed + 1, i) * (outputs == 1 ? 2 : outputs));
    fill_targets(shape, count, seed, targets);

    annc_examples examples = {.count = count, .inputs = inputs, .outputs = outputs, .type = type, .divisor = 255};
    examples.x = type == ANNC_BYTES ? (const void *)bytes : (const void *)floats;
    examples.labels = labels ? classes : NULL;
    examples.targets = labels ? NULL : targets;
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    const bool made = annc_dataset_create(&examples, &problem->data) == ANNC_OK &&
                      annc_network_create(shape, &problem->network) == ANNC_OK &&
                      annc_device_open(&options, &cpu) == ANNC_OK &&
                      annc_network_initialise(problem->network, cpu, init, seed) == ANNC_OK;
    if (!made)
        printf("no problem: %s\n", annc_last_error());
    annc_device_close(cpu);
    free(bytes);
    free(floats);
    free(targets);
    free(classes);
    return made;
}

void problem_make_images(struct problem *problem, uint32_t rows)
{
    problem->data->rows = rows;
    problem->data->columns = problem->shape.width[0] / rows;
}

void problem_free(struct problem *problem)
{
    annc_dataset_free(problem->data);
    annc_network_free(problem->network);
    memset(problem, 0, sizeof *problem);
}

annc_engine problem_engine(const annc_device *device)
{
    annc_engine kind = ANNC_ENGINE_OPS;
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine; engine++)
        kind = (*engine)->kind;
    return kind;
}

size_t problem_audit_rows(const struct problem *problem, const annc_device *device, const annc_check_options *options)
{
    const annc_training_options training = {.optimiser = ANNC_MOMENTUM,
                                            .objective = options->objective,
                                            .augmentation = options->augmentation,
                                            .batch = options->batch};
    const struct annc_job job = {.shape = &problem->shape,
                                 .batch = options->batch,
                                 .training = &training,
                                 .examples = annc_dataset_examples(problem->data)};
    size_t paths = 2;
    for (const struct annc_engine_ops *const *engine = device->backend->engines; *engine; engine++)
        paths += !(*engine)->of_operations && !(*engine)->refuses(device, &job);
    return 2 * paths * problem->shape.layers;
}

annc_device *problem_device(void)
{
    const char *name = getenv("ANNC_TEST_DEVICE"), *required = getenv("ANNC_REQUIRE_GPU");
    const bool cuda = name && strcmp(name, "cuda") == 0;
    const annc_device_options options = {.kind = cuda ? ANNC_DEVICE_CUDA : ANNC_DEVICE_CPU, .threads = 1};
    annc_device *device = NULL;
    if (annc_device_open(&options, &device) == ANNC_OK)
        return device;
    printf("%s\n", annc_last_error());
    if (!cuda || (required && strcmp(required, "1") == 0)) {
        printf("0 passed, 1 failed, 0 skipped\n");
        exit(1);
    }
    return NULL;
}

bool problem_reference_gradient(const struct problem *problem, const double *theta, uint64_t seed, uint32_t epoch,
                                uint32_t first, uint32_t count, double *gradient, double *cost)
{
    const uint32_t n = annc_dataset_examples(problem->data)->count;
    const struct annc_order order = annc_order_shuffled(n, seed, epoch);
    const size_t parameters = annc_shape_parameters(&problem->shape);
    *cost = 0;
    memset(gradient, 0, parameters * sizeof *gradient);
    for (uint32_t i = 0; i < count; i++) {
        double one;
        if (annc_reference_gradient(&problem->shape, theta, problem->data, annc_order_at(&order, first + i), gradient,
                                    &one) != ANNC_OK)
            return false;
        *cost += one / count;
    }
    for (size_t i = 0; i < parameters; i++)
        gradient[i] /= count;
    return true;
}

double problem_normwise(const float *got, const double *want, size_t count)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        const double difference = (double)got[i] - want[i];
        error += difference * difference;
        size += want[i] * want[i];
    }
    if (!isfinite(error) || !isfinite(size))
        return NAN;
    return error == 0 ? 0 : sqrt(error / size);
}

int problem_whole_weight(uint32_t row)
{
    static const int whole[] = {2, 1, 0, 3, 1, 0, 1, 5};
    return whole[row % (sizeof whole / sizeof *whole)];
}

void problem_weigh(struct problem *problem, float unit)
{
    annc_examples examples = *annc_dataset_examples(problem->data);
    annc_dataset *weighted = NULL;
    float *weights = calloc(examples.count, sizeof *weights);
    for (uint32_t i = 0; i < examples.count; i++)
        weights[i] = unit > 0 ? unit * (float)problem_whole_weight(i) : 3;
    examples.weights = weights;
    if (annc_dataset_create(&examples, &weighted) != ANNC_OK)
        abort();
    annc_dataset_free(problem->data);
    problem->data = weighted;
    free(weights);
}

uint32_t problem_draw(uint64_t seed, uint64_t *drawn, uint32_t n)
{
    const struct annc_philox_block words = annc_philox(seed, 0, (*drawn)++);
    return (uint32_t)(((uint64_t)words.word[0] * n) >> 32);
}

uint64_t problem_first_draw(void)
{
    const char *seed = getenv("ANNC_TEST_SEED");
    return seed ? (uint64_t)atoi(seed) << 32 : 0;
}

int problem_cases(int preset)
{
    const char *wanted = getenv("ANNC_TEST_CASES");
    return wanted ? atoi(wanted) : preset;
}

annc_status problem_train(annc_device *device, const struct problem *problem, annc_training_options options,
                          annc_engine engine, uint32_t epochs, struct problem_result *result)
{
    const size_t bytes = annc_shape_parameters(&problem->shape) * sizeof(float);
    annc_network *network = NULL;
    annc_trainer *trainer = NULL;
    memset(result, 0, sizeof *result);
    options.engine = engine;
    annc_status status = annc_network_copy(problem->network, &network);
    if (status == ANNC_OK)
        status = annc_trainer_create(device, network, problem->data, &options, &trainer);
    if (status == ANNC_OK)
        snprintf(result->engine, sizeof result->engine, "%s", annc_trainer_engine(trainer));
    for (uint32_t epoch = 0; epoch < epochs && status == ANNC_OK; epoch++)
        status = annc_trainer_epoch(trainer, NULL, NULL, &result->report);
    if (status == ANNC_OK)
        status = annc_trainer_store(trainer);
    result->theta = malloc(bytes);
    memcpy(result->theta, annc_network_parameters(network), bytes);
    annc_trainer_free(trainer);
    annc_network_free(network);
    return status;
}

const char *problem_refusal(const annc_device *device, const annc_shape *shape, const annc_training_options *options,
                            annc_engine engine)
{
    enum { MOST = 8 };
    annc_engine_info list[MOST];
    const size_t count = annc_device_engines(device, shape, options, list, MOST);
    for (size_t i = 0; i < count; i++)
        if (list[i].engine == engine && list[i].refusal)
            return list[i].refusal;
    return "accepted";
}
