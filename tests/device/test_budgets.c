/* What recorded steps cost, without a GPU: nodes on the longest path of their graphs, and the bytes
 * that each kernel loads and stores per element, against the budgets beside the kernels ("Traffic:
 * at most N bytes per element"). Runs on the simulated device whose kernels count (tests/host). */
#include "backend/backend.h"
#include "support/problem.h"
#include "support/test.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Of the simulated device: tests/host/host.h. */
static void (*last_graph)(long *nodes, long *longest);
static long (*traffic)(const char *kernel);

static annc_device *device;

/* Trains one epoch of `steps` minibatches by recorded operations. */
static void train(const char *widths, annc_input_type type, const annc_training_options *base, uint32_t steps)
{
    const annc_shape shape = problem_shape(widths, ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_training_options options = *base;
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    options.engine = ANNC_ENGINE_RECORDED;
    CHECK(problem_make(&problem, &shape, type, true, steps * options.batch, ANNC_INIT_XAVIER, 3));
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    annc_trainer_free(trainer);
    problem_free(&problem);
}

/* ---------------------------------------------------------------- nodes */

/* 784-512-512-10 has as many nodes as these narrow layers: two per layer forward, two backward to
 * the errors of the first, and one each to gather and to change the first layer's weights. With one
 * layer the sum of its biases waits for the score. */
static void longest_paths(void)
{
    annc_training_options adam = annc_training_defaults(ANNC_ADAM), dropout = {.eta = 0.1};
    const annc_training_options descent = {.eta = 0.1};
    dropout.objective.dropout = 0.5;
    const struct {
        const char *widths;
        const annc_training_options *options;
        long longest;
    } cases[] = {{"9-5", &descent, 5},
                 {"9-7-5", &descent, 8},
                 {"9-7-6-5", &descent, 12},
                 {"9-7-6-5", &adam, 13},
                 {"9-7-6-5", &dropout, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_training_options options = *cases[i].options;
        long nodes, longest;
        options.batch = 4;
        train(cases[i].widths, ANNC_FLOATS, &options, 2); /* one alone, one recorded */
        last_graph(&nodes, &longest);
        CHECK_MSG(longest <= cases[i].longest && nodes > longest, "%s, case %zu: %ld of %ld nodes in a row, not %ld",
                  cases[i].widths, i, longest, nodes, cases[i].longest);
    }
}

/* Steps of a block follow each other without waiting for more than their own paths. */
static void longest_path_of_a_block(void)
{
    const annc_training_options options = {.eta = 0.1, .batch = 1};
    long nodes, longest;
    train("9-7-6-5", ANNC_FLOATS, &options, 65);
    last_graph(&nodes, &longest);
    CHECK_MSG(longest <= 64 * 12, "%ld nodes in a row", longest);
}

/* ---------------------------------------------------------------- bytes */

/* Returns the budget in the comment above a kernel, or -1. */
static double budget_of(const char *file, const char *kernel)
{
    static char text[1 << 16];
    char path[512], name[64];
    double bytes = -1;
    snprintf(path, sizeof path, "%s/%s", ANNC_TEST_KERNELS, file);
    snprintf(name, sizeof name, "%s(", kernel);
    FILE *in = fopen(path, "r");
    if (!in)
        return -1;
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    char *end = strstr(text, name);
    if (!end)
        return -1;
    *end = '\0';
    for (const char *at = text; (at = strstr(at, "// Traffic: at most ")); at++)
        bytes = strtod(at + strlen("// Traffic: at most "), NULL);
    return bytes;
}

static void traffic_of_kernels(void)
{
    enum { INPUTS = 784, FIRST = 96, SECOND = 64, OUTPUTS = 40, BATCH = 128, STEPS = 2 };
    const double hidden = BATCH * (FIRST + SECOND), outputs = BATCH * OUTPUTS;
    const double parameters = (INPUTS + 1) * FIRST + (FIRST + 1) * SECOND + (SECOND + 1) * OUTPUTS;
    const struct {
        const char *file, *kernel;
        double elements;
    } kernels[] = {
        {"gather.cu", "gather_kernel", BATCH * INPUTS},
        {"activate.cu", "activate_kernel", hidden},
        {"dropout.cu", "dropout_kernel", 2 * hidden},
        {"dropout.cu", "perturb_kernel", BATCH * INPUTS},
        {"delta.cu", "output_kernel", outputs},
        {"delta.cu", "times_derivative_kernel", hidden},
        {"delta.cu", "bias_step_kernel", hidden + outputs},
        {"score.cu", "score_kernel", outputs},
        {"update.cu", "penalise_kernel", parameters},
        {"update.cu", "squares_kernel", parameters},
        {"update.cu", "clip_kernel", parameters},
        {"update.cu", "update_kernel", parameters},
    };
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    options.batch = BATCH;
    options.clip = 1e-6; /* below any norm */
    options.objective.l2 = 0.01;
    options.objective.dropout = 0.25;
    options.objective.input_noise = 0.1;
    long before[sizeof kernels / sizeof *kernels]; /* by other tests */
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        before[i] = traffic(kernels[i].kernel);
    train("784-96-64-40", ANNC_BYTES, &options, STEPS);
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        const double budget = budget_of(kernels[i].file, kernels[i].kernel),
                     bytes = (double)(traffic(kernels[i].kernel) - before[i]) / (STEPS * kernels[i].elements);
        printf("%-24s %6.2f bytes per element\n", kernels[i].kernel, bytes);
        CHECK_MSG(bytes > 0 && bytes <= budget, "%s: %g bytes per element, more than %g", kernels[i].kernel, bytes,
                  budget);
        CHECK_MSG(bytes > 0.8 * budget, "%s: %g bytes per element need no budget of %g", kernels[i].kernel, bytes,
                  budget);
    }
}

/* ---------------------------------------------------------------- a wide network */

/* Returns the bytes that the part of each operation beside its product moves, of all kernels. */
static double moved(const char *kernel)
{
    static long before[8];
    static const char *names[8];
    size_t i = 0;
    while (names[i] && strcmp(names[i], kernel) != 0)
        i++;
    names[i] = kernel;
    const long now = traffic(kernel), since = now - before[i];
    before[i] = now;
    return (double)since;
}

/* A step of 784-4096-4096-10 with minibatches of 4096 moves at most what 3 TB/s move in 0.25 ms
 * beside its products: its kernels at their true sizes, after products of depth 1. */
static void traffic_of_a_wide_network(void)
{
    enum { INPUTS = 784, WIDTH = 4096, OUTPUTS = 10, BATCH = 4096, HIDDEN = 2 };
    const double rate = 3e12, gathered = (double)BATCH * INPUTS * budget_of("gather.cu", "gather_kernel"),
                 scored = (double)BATCH * OUTPUTS * budget_of("score.cu", "score_kernel");
    const size_t sizes[] = {WIDTH * (size_t)BATCH, WIDTH * (size_t)BATCH, WIDTH, BATCH};
    const struct annc_backend *backend = device->backend;
    float *memory[4]; /* A, delta, weights or biases, inputs or errors */
    for (size_t i = 0; i < 4; i++) {
        void *numbers = NULL;
        REQUIRE_OK(backend->alloc(device, sizes[i] * sizeof(float), "numbers", &numbers));
        REQUIRE_OK(backend->initialise(device, 1, 0, sizes[i], true, 1, numbers));
        memory[i] = numbers;
    }
    float *const A = memory[0], *const delta = memory[1], *const W = memory[2], *const X = memory[3];
    moved("activate_kernel"), moved("times_derivative_kernel"), moved("output_kernel"), moved("bias_step_kernel");
    REQUIRE_OK(backend->forward(device, ANNC_SIGMOID, BATCH, 1, WIDTH, X, W, W, A, A));
    REQUIRE_OK(backend->hidden_delta(device, ANNC_SIGMOID, BATCH, WIDTH, 1, X, W, A, A, delta, 1, 1, W));
    const double hidden = moved("activate_kernel") + moved("times_derivative_kernel");
    CHECK(moved("bias_step_kernel") == 0);
    REQUIRE_OK(
        backend->output(device, ANNC_SIGMOID, ANNC_QUADRATIC, 0.5f, BATCH, 1, OUTPUTS, X, W, W, A, NULL, A, A, delta));
    REQUIRE_OK(backend->weight_step(device, BATCH, 1, OUTPUTS, 1, 1, delta, X, W, W));
    const double output = moved("output_kernel") + moved("bias_step_kernel");
    CHECK(hidden > 0 && output > 0);
    const double seconds = (gathered + HIDDEN * hidden + output + scored) / rate;
    printf("%.3f ms of traffic beside the products\n", 1e3 * seconds);
    CHECK_MSG(seconds <= 0.25e-3, "%.3f ms of traffic, more than 0.25", 1e3 * seconds);
    for (size_t i = 0; i < 4; i++)
        backend->free(device, memory[i]);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(longest_paths), TEST(longest_path_of_a_block), TEST(traffic_of_kernels),
                                        TEST(traffic_of_a_wide_network)};
    const char *path = getenv("ANNC_CUDA_MODULE");
    void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    void *const symbols[] = {module ? dlsym(module, "annc_host_last_graph") : NULL,
                             module ? dlsym(module, "annc_host_traffic") : NULL};
    device = problem_device();
    if (!symbols[0] || !symbols[1] || !device) {
        printf("ANNC_CUDA_MODULE names no simulated device that counts\n0 passed, 1 failed, 0 skipped\n");
        return 1;
    }
    memcpy(&last_graph, &symbols[0], sizeof last_graph); /* ISO C has no cast from data to function pointers */
    memcpy(&traffic, &symbols[1], sizeof traffic);
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
