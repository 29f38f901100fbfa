/* The gradient audit finds faults: a backend with a fault in it fails, whatever the fault, and a
 * sound one passes. */
#include "backend/backend.h"
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"

static annc_device *cpu;

/* ---------------------------------------------------------------- faults */

static annc_status negated_delta(annc_device *device, annc_activation f, annc_cost cost, float tau, uint32_t m,
                                 uint32_t n_in, uint32_t n, const float *A_in, const float *W, const float *b,
                                 const float *Y, const float *weights, float *Z, float *A, float *delta)
{
    const annc_status status =
        annc_backend_cpu.output(device, f, cost, tau, m, n_in, n, A_in, W, b, Y, weights, Z, A, delta);
    for (size_t i = 0; i < (size_t)m * n; i++)
        delta[i] = -delta[i];
    return status;
}

static annc_status slightly_large_delta(annc_device *device, annc_activation f, annc_cost cost, float tau, uint32_t m,
                                        uint32_t n_in, uint32_t n, const float *A_in, const float *W, const float *b,
                                        const float *Y, const float *weights, float *Z, float *A, float *delta)
{
    const annc_status status =
        annc_backend_cpu.output(device, f, cost, tau, m, n_in, n, A_in, W, b, Y, weights, Z, A, delta);
    for (size_t i = 0; i < (size_t)m * n; i++)
        delta[i] *= 1.0005f;
    return status;
}

static annc_status no_derivative(annc_device *device, annc_activation f, uint32_t m, uint32_t n, uint32_t n_next,
                                 const float *delta_next, const float *W_next, const float *Z, const float *A,
                                 float *delta, float alpha, float beta, float *b)
{
    (void)f;
    return annc_backend_cpu.hidden_delta(device, ANNC_IDENTITY, m, n, n_next, delta_next, W_next, Z, A, delta, alpha,
                                         beta, b);
}

static annc_status no_biases(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha, float beta,
                             const float *delta, const float *A_in, float *W, float *b)
{
    const annc_status status = annc_backend_cpu.weight_step(device, m, n_in, n, alpha, beta, delta, A_in, W, b);
    if (b)
        memset(b, 0, n * sizeof *b);
    return status;
}

static annc_status one_example_short(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha,
                                     float beta, const float *delta, const float *A_in, float *W, float *b)
{
    return annc_backend_cpu.weight_step(device, m - 1, n_in, n, alpha, beta, delta, A_in, W, b);
}

static annc_status one_weight_wrong(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha, float beta,
                                    const float *delta, const float *A_in, float *W, float *b)
{
    const annc_status status = annc_backend_cpu.weight_step(device, m, n_in, n, alpha, beta, delta, A_in, W, b);
    W[(size_t)n * n_in / 2] *= -1;
    return status;
}

static annc_status not_a_number(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha, float beta,
                                const float *delta, const float *A_in, float *W, float *b)
{
    const annc_status status = annc_backend_cpu.weight_step(device, m, n_in, n, alpha, beta, delta, A_in, W, b);
    if (b)
        b[0] = NAN;
    return status;
}

static annc_status other_examples(annc_device *device, struct annc_cursor *cursor, const annc_examples *examples,
                                  struct annc_label_values values, const float *class_weights, uint32_t m, float *X,
                                  float *Y, float *weights)
{
    struct annc_cursor other = *cursor;
    other.next++;
    return annc_backend_cpu.gather(device, &other, examples, values, class_weights, m, X, Y, weights);
}

/* ---------------------------------------------------------------- the audit of a backend */

/* Rows of the device, and of finite differences, that failed. */
static void audit(const struct annc_backend *backend, size_t *device_failures, size_t *difference_failures)
{
    const annc_shape shape = problem_shape("12-9-7-4", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_check_options options = {.batch = 6, .sample = 0, .seed = 1};
    struct problem problem;
    annc_check_row *rows = NULL;
    size_t count = 0;
    *device_failures = *difference_failures = 0;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 40, ANNC_INIT_XAVIER, 3));
    cpu->backend = backend;
    CHECK(annc_check(problem.network, problem.data, &cpu, 1, &options, &rows, &count) == ANNC_OK);
    cpu->backend = &annc_backend_cpu;
    CHECK(count == 18);
    for (size_t i = 0; i < count; i++) {
        CHECK(rows[i].sampled == rows[i].parameters && rows[i].parameters > 0);
        *(strncmp(rows[i].path, "cpu", 3) == 0 ? device_failures : difference_failures) += !rows[i].pass;
    }
    annc_check_free(rows);
    problem_free(&problem);
}

static void sound_backend_passes(void)
{
    size_t device, difference;
    audit(&annc_backend_cpu, &device, &difference);
    CHECK(device == 0 && difference == 0);
}

static void faults_are_found(void)
{
    struct annc_backend faulty[8];
    static const char *const names[8] = {"negated delta",  "delta 0.05 % too large", "f' left out", "no bias gradient",
                                         "m - 1 examples", "one weight's sign",      "NaN",         "other examples"};
    for (int i = 0; i < 8; i++)
        faulty[i] = annc_backend_cpu;
    faulty[0].output = negated_delta;
    faulty[1].output = slightly_large_delta;
    faulty[2].hidden_delta = no_derivative;
    faulty[3].weight_step = no_biases;
    faulty[4].weight_step = one_example_short;
    faulty[5].weight_step = one_weight_wrong;
    faulty[6].weight_step = not_a_number;
    faulty[7].gather = other_examples;
    for (int i = 0; i < 8; i++) {
        size_t device, difference;
        audit(&faulty[i], &device, &difference);
        CHECK_MSG(device > 0, "not found: %s", names[i]);
        CHECK_MSG(difference == 0, "the reference is not at fault: %s", names[i]);
    }
}

/* Only images are augmented, and only by sensible amounts. */
static void augmentation(void)
{
    const annc_shape shape = problem_shape("12-9-4", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_check_options options = {.batch = 6, .sample = 0, .seed = 1, .augmentation = {1, 20, 3, 1, 0.1}};
    struct problem problem;
    annc_check_row *rows = NULL;
    size_t count = 0;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 40, ANNC_INIT_XAVIER, 3));
    CHECK(annc_check(problem.network, problem.data, &cpu, 1, &options, &rows, &count) == ANNC_INPUT && !rows);
    problem_make_images(&problem, 3);
    REQUIRE_OK(annc_check(problem.network, problem.data, &cpu, 1, &options, &rows, &count));
    CHECK(count == 12);
    for (size_t i = 0; i < count; i++)
        CHECK_MSG(rows[i].pass, "layer %u by %s: %g", rows[i].layer, rows[i].path, rows[i].worst);
    annc_check_free(rows);
    static const annc_augmentation refused[] = {{.rotation = 181},      {.zoom = 1},           {.zoom = -0.1},
                                                {.elastic_sigma = 0.4}, {.elastic_sigma = 33}, {.elastic_sigma = NAN},
                                                {.elastic = -1},        {.elastic = INFINITY}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        options.augmentation = refused[i];
        CHECK_MSG(annc_check(problem.network, problem.data, &cpu, 1, &options, &rows, &count) == ANNC_USAGE && !rows,
                  "refused %zu", i);
    }
    problem_free(&problem);
}

/* A sample is of different parameters, as many as asked for, and the same for the same seed. */
static void sampling(void)
{
    const annc_shape shape = problem_shape("20-9-4", ANNC_TANH, ANNC_SIGMOID, ANNC_QUADRATIC);
    struct problem problem;
    double first = -1;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 40, ANNC_INIT_XAVIER, 3));
    for (int run = 0; run < 2; run++) {
        const annc_check_options options = {.batch = 3, .sample = 50, .seed = 7};
        annc_check_row *rows = NULL;
        size_t count = 0;
        REQUIRE_OK(annc_check(problem.network, problem.data, NULL, 0, &options, &rows, &count));
        CHECK(count == 4 && rows[0].sampled == 50 && rows[0].parameters == 180 && rows[1].sampled == 9);
        CHECK(run == 0 || rows[0].normwise == first);
        first = rows[0].normwise;
        annc_check_free(rows);
    }
    problem_free(&problem);
}

/* A network that has learnt its examples almost exactly still passes: what cancels in a - y is
 * allowed for, and no more. */
static void saturated_network(void)
{
    const annc_shape shape = problem_shape("6-5-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_check_options options = {.batch = 4, .sample = 0, .seed = 1};
    const annc_training_options training = {.eta = 3, .batch = 2, .seed = 1};
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_check_row *rows = NULL;
    annc_epoch report;
    size_t count = 0;
    CHECK(problem_make(&problem, &shape, ANNC_BYTES, true, 4, ANNC_INIT_NORMAL, 3));
    REQUIRE_OK(annc_trainer_create(cpu, problem.network, problem.data, &training, &trainer));
    for (int epoch = 0; epoch < 20000; epoch++)
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
    REQUIRE_OK(annc_trainer_store(trainer));
    CHECK(report.loss < 1e-3);
    REQUIRE_OK(annc_check(problem.network, problem.data, &cpu, 1, &options, &rows, &count));
    for (size_t i = 0; i < count; i++)
        CHECK_MSG(rows[i].pass, "layer %u %d by %s: worst %g normwise %g tolerance %g", rows[i].layer,
                  (int)rows[i].kind, rows[i].path, rows[i].worst, rows[i].normwise, rows[i].tolerance);
    annc_check_free(rows);
    annc_trainer_free(trainer);
    problem_free(&problem);
}

/* A backend with a weight's gradient of 1e-30: next to nothing, but far more than fp32's smallest
 * number. */
static annc_status tiny_garbage(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha, float beta,
                                const float *delta, const float *A_in, float *W, float *b)
{
    const annc_status status = annc_backend_cpu.weight_step(device, m, n_in, n, alpha, beta, delta, A_in, W, b);
    W[0] = 1e-30f;
    return status;
}

/* Fills a network of one unit per hidden layer. Three saturated layers: gradients below fp32's
 * range. Or, amplified, an error of the second layer below that range, with few digits, which a
 * large weight brings back into it. */
static void set_bottleneck(const annc_shape *shape, bool amplified, float *theta)
{
    const float large = 8388608, z = -95; /* a in layer 1 is 1/2, so that z in layer 2 is exact */
    for (uint32_t l = 1; l <= 3 && !amplified; l++)
        theta[annc_shape_biases_at(shape, l)] = -50; /* f' = 1e-22 each */
    if (!amplified)
        return;
    for (size_t i = annc_shape_weights_at(shape, 1); i <= annc_shape_biases_at(shape, 1); i++)
        theta[i] = 0;
    theta[annc_shape_weights_at(shape, 2)] = large;
    theta[annc_shape_biases_at(shape, 2)] = z - large / 2;
}

/* Audits such a network; returns the failures of layer 1. */
static int audit_bottleneck(const struct annc_backend *backend, bool amplified)
{
    const annc_shape shape = problem_shape("4-1-1-1-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_check_options options = {.batch = 4, .sample = 0, .seed = 1};
    struct problem problem;
    annc_check_row *rows = NULL;
    size_t count = 0;
    int failures = 0;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 8, ANNC_INIT_NORMAL, 3));
    set_bottleneck(&shape, amplified, annc_network_parameters(problem.network));
    cpu->backend = backend;
    CHECK(annc_check(problem.network, problem.data, &cpu, 1, &options, &rows, &count) == ANNC_OK);
    cpu->backend = &annc_backend_cpu;
    for (size_t i = 0; i < count; i++) {
        failures += !rows[i].pass && rows[i].layer == 1 && strcmp(rows[i].path, "cpu") == 0;
        CHECK(isfinite(rows[i].worst) && isfinite(rows[i].normwise) && isfinite(rows[i].tolerance));
        CHECK_MSG(rows[i].pass || backend != &annc_backend_cpu, "layer %u by %s: worst %g normwise %g tolerance %g",
                  rows[i].layer, rows[i].path, rows[i].worst, rows[i].normwise, rows[i].tolerance);
    }
    annc_check_free(rows);
    problem_free(&problem);
    return failures;
}

static void gradients_below_range(void)
{
    struct annc_backend faulty = annc_backend_cpu;
    faulty.weight_step = tiny_garbage;
    CHECK(audit_bottleneck(&annc_backend_cpu, false) == 0 && audit_bottleneck(&annc_backend_cpu, true) == 0);
    CHECK(audit_bottleneck(&faulty, false) > 0);
}

/* Of a layer whose gradient is mostly 0, half of the sample is not: a fault in the others is found.
 */
static void sampling_of_zeros(void)
{
    enum { INPUTS = 1000, COUNT = 8 };
    const annc_shape shape = problem_shape("1000-3-2", ANNC_TANH, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_check_options options = {.batch = COUNT, .sample = 2, .seed = 1};
    static float x[COUNT * INPUTS];
    const int32_t labels[COUNT] = {0, 1};
    annc_network *network = NULL;
    annc_dataset *data = NULL;
    annc_check_row *rows = NULL;
    size_t count = 0;
    for (int i = 0; i < COUNT; i++)
        x[i * INPUTS + 77] = 1; /* one input of a thousand is used */
    const annc_examples examples = {COUNT, INPUTS, 2, ANNC_FLOATS, 1, x, labels, NULL, NULL};
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    REQUIRE_OK(annc_network_create(&shape, &network));
    REQUIRE_OK(annc_network_initialise(network, cpu, ANNC_INIT_XAVIER, 1));
    REQUIRE_OK(annc_check(network, data, NULL, 0, &options, &rows, &count));
    CHECK(count == 4 && rows[0].sampled == 2 && rows[0].pass && rows[0].worst > 0); /* 0 against 0 has no error */
    annc_check_free(rows);
    annc_network_free(network);
    annc_dataset_free(data);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(sound_backend_passes),  TEST(faults_are_found),  TEST(sampling),    TEST(saturated_network),
        TEST(gradients_below_range), TEST(sampling_of_zeros), TEST(augmentation)};
    cpu = problem_device();
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(cpu);
    return result;
}
