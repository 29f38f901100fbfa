/* What recorded steps cost, without a GPU: nodes on the longest path of their graphs, and the bytes
 * that each kernel loads and stores per element, against the budgets beside the kernels ("Traffic:
 * at most N bytes per element"). Runs on the simulated device whose kernels count (tests/host). */
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

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(longest_paths), TEST(longest_path_of_a_block), TEST(traffic_of_kernels)};
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
