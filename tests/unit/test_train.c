/* What a run of training promises beyond its arithmetic: stops, divergence, limits, and that it learns. */
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"

static annc_device *cpu;

static bool stop_at_once(void *context)
{
    ++*(int *)context;
    return true;
}

/* A stop ends the epoch after a whole block, reports what was done, and leaves parameters that can be stored. */
static void stops(void)
{
    const annc_shape shape = problem_shape("5-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_training_options options = {.eta = 0.1, .batch = 1, .seed = 1};
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_epoch report;
    int asked = 0;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 1000, ANNC_INIT_AUTO, 1));
    REQUIRE_OK(annc_trainer_create(cpu, problem.network, problem.data, &options, &trainer));
    CHECK(annc_trainer_epoch(trainer, stop_at_once, &asked, &report) == ANNC_STOPPED);
    CHECK(asked == 1 && report.steps > 0 && report.steps < 1000 && report.examples == report.steps);
    REQUIRE_OK(annc_trainer_store(trainer));
    annc_trainer_free(trainer);
    problem_free(&problem);
}

/* A rate that explodes ends the run within the epoch, with the step, the rate and the largest input in the message. */
static void diverges(void)
{
    const annc_shape shape = problem_shape("5-9-3", ANNC_RELU, ANNC_IDENTITY, ANNC_QUADRATIC);
    const annc_training_options options = {.eta = 1e9, .batch = 4, .seed = 1};
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_epoch report;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 400, ANNC_INIT_NORMAL, 1));
    REQUIRE_OK(annc_trainer_create(cpu, problem.network, problem.data, &options, &trainer));
    CHECK(annc_trainer_epoch(trainer, NULL, NULL, &report) == ANNC_DIVERGED);
    CHECK(strstr(annc_last_error(), "step") && strstr(annc_last_error(), "1e+09") &&
          strstr(annc_last_error(), "lower 'eta'"));
    const size_t size = annc_shape_parameters(&shape) * sizeof(float);
    float *before = malloc(size);
    CHECK(before != NULL);
    memcpy(before, problem.network->theta, size);
    CHECK(annc_trainer_store(trainer) == ANNC_DIVERGED);
    CHECK(memcmp(before, problem.network->theta, size) == 0);
    free(before);
    annc_trainer_free(trainer);
    problem_free(&problem);
}

/* A step that takes a weight to infinity saturates its unit, and the cost stays finite: a sweep keeps nothing of such an epoch. */
static void keeps_what_is_finite(void)
{
    const annc_shape shape = problem_shape("1-1-1", ANNC_TANH, ANNC_IDENTITY, ANNC_QUADRATIC);
    const float theta[] = {0, 0, 1, 0}; /* W^1, b^1, W^2, b^2 */
    const float x = 1e30f, y = 1;
    const annc_examples examples = {
        .count = 1, .inputs = 1, .outputs = 1, .type = ANNC_FLOATS, .divisor = 1, .x = &x, .targets = &y};
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_candidate candidate = {.options = {.training = {.eta = 1e9, .batch = 1, .seed = 1}, .epochs = 1}};
    annc_dataset *data = NULL;
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    REQUIRE_OK(annc_network_create(&shape, &candidate.network));
    memcpy(candidate.network->theta, theta, sizeof theta);
    REQUIRE_OK(annc_sweep(&options, NULL, &candidate, 1, data, data, NULL, NULL, NULL));
    CHECK(candidate.status == ANNC_DIVERGED && candidate.result.best.epoch.epoch == 0);
    CHECK_MSG(strstr(candidate.reason, "after epoch 1 parameter 0"), "%s", candidate.reason);
    CHECK(memcmp(candidate.network->theta, theta, sizeof theta) == 0);
    annc_network_free(candidate.network);
    annc_dataset_free(data);
}

/* A minibatch larger than the data is all of the data. */
static void large_minibatch(void)
{
    const annc_shape shape = problem_shape("5-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_training_options options = {.eta = 0.1, .batch = 100000000, .seed = 1};
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_epoch report;
    CHECK(problem_make(&problem, &shape, ANNC_BYTES, true, 7, ANNC_INIT_AUTO, 1));
    REQUIRE_OK(annc_trainer_create(cpu, problem.network, problem.data, &options, &trainer));
    REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
    CHECK(report.steps == 1 && report.examples == 7);
    annc_trainer_free(trainer);
    problem_free(&problem);
}

/* What does not fit is refused with both numbers, before anything runs. */
static void refusals(void)
{
    const annc_shape shape = problem_shape("5-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_shape other = problem_shape("6-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_shape wider = problem_shape("5-4-7", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_training_options good = {.eta = 0.1, .batch = 2, .seed = 1};
    annc_training_options bad = good;
    struct problem problem;
    annc_network *network = NULL;
    annc_trainer *trainer = NULL;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 9, ANNC_INIT_AUTO, 1));
    REQUIRE_OK(annc_network_create(&other, &network));
    CHECK(annc_trainer_create(cpu, network, problem.data, &good, &trainer) == ANNC_INPUT);
    CHECK(strstr(annc_last_error(), "6 inputs") && strstr(annc_last_error(), "5"));
    annc_network_free(network);
    REQUIRE_OK(annc_network_create(&wider, &network));
    CHECK(annc_trainer_create(cpu, network, problem.data, &good, &trainer) == ANNC_INPUT);
    CHECK(strstr(annc_last_error(), "7 outputs") && strstr(annc_last_error(), "3 classes"));
    annc_network_free(network);
    bad.eta = 0;
    CHECK(annc_trainer_create(cpu, problem.network, problem.data, &bad, &trainer) == ANNC_USAGE);
    bad.eta = NAN;
    CHECK(annc_trainer_create(cpu, problem.network, problem.data, &bad, &trainer) == ANNC_USAGE);
    bad = good;
    bad.batch = 0;
    CHECK(annc_trainer_create(cpu, problem.network, problem.data, &bad, &trainer) == ANNC_USAGE);
    bad = good;
    bad.engine = ANNC_ENGINE_RECORDED;
    CHECK(annc_trainer_create(cpu, problem.network, problem.data, &bad, &trainer) == ANNC_DEVICE);
    CHECK(trainer == NULL);
    problem_free(&problem);
}

/* Targets that a cost cannot take. */
static void unfit_targets(void)
{
    static const float x[] = {1, 2}, beyond[] = {0.5f, 1.5f}, sums[] = {0.25f, 0.25f};
    const annc_training_options options = {.eta = 0.1, .batch = 1, .seed = 1};
    static const struct {
        annc_activation output;
        annc_cost cost;
        const float *y;
        const char *message;
    } cases[] = {{ANNC_SIGMOID, ANNC_CROSS_ENTROPY, beyond, "outside [0, 1]"},
                 {ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY, sums, "sum to 0.5"}};
    for (size_t i = 0; i < 2; i++) {
        const annc_shape shape = problem_shape("2-2", ANNC_SIGMOID, cases[i].output, cases[i].cost);
        const annc_examples examples = {
            .count = 1, .inputs = 2, .outputs = 2, .type = ANNC_FLOATS, .divisor = 1, .x = x, .targets = cases[i].y};
        annc_dataset *data = NULL;
        annc_network *network = NULL;
        annc_trainer *trainer = NULL;
        REQUIRE_OK(annc_dataset_create(&examples, &data));
        REQUIRE_OK(annc_network_create(&shape, &network));
        CHECK(annc_trainer_create(cpu, network, data, &options, &trainer) == ANNC_INPUT);
        CHECK_MSG(strstr(annc_last_error(), cases[i].message), "%s", annc_last_error());
        annc_network_free(network);
        annc_dataset_free(data);
    }
}

/* Separable classes are learnt, and what the trainer says of its own accuracy is what an evaluator says. */
static void learns(void)
{
    enum { COUNT = 150 };
    static float x[COUNT * 4];
    static int32_t labels[COUNT];
    for (int i = 0; i < COUNT; i++) {
        labels[i] = i % 3;
        for (int j = 0; j < 4; j++)
            x[i * 4 + j] = (float)(2 * ((labels[i] + j) % 3)) + (float)((7 * i + 3 * j) % 11) / 22;
    }
    const annc_examples examples = {
        .count = COUNT, .inputs = 4, .outputs = 3, .type = ANNC_FLOATS, .divisor = 1, .x = x, .labels = labels};
    const annc_shape shape = problem_shape("4-8-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    const annc_training_options options = {.eta = 0.1, .batch = 16, .seed = 1};
    annc_dataset *data = NULL;
    annc_network *network = NULL;
    annc_trainer *trainer = NULL;
    annc_evaluator *evaluator = NULL;
    annc_epoch report;
    annc_evaluation with_trainer, with_network;
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    REQUIRE_OK(annc_network_create(&shape, &network));
    REQUIRE_OK(annc_network_initialise(network, cpu, ANNC_INIT_AUTO, 1));
    REQUIRE_OK(annc_trainer_create(cpu, network, data, &options, &trainer));
    REQUIRE_OK(annc_evaluator_create(cpu, network, data, &evaluator));
    for (int epoch = 0; epoch < 60; epoch++)
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
    CHECK(report.epoch == 60 && report.steps == 10 && report.correct >= 147);
    REQUIRE_OK(annc_evaluator_run(evaluator, trainer, NULL, NULL, &with_trainer));
    REQUIRE_OK(annc_trainer_store(trainer));
    REQUIRE_OK(annc_evaluator_run(evaluator, NULL, NULL, NULL, &with_network));
    CHECK(with_trainer.correct >= 147 && with_trainer.correct == with_network.correct &&
          with_trainer.loss == with_network.loss);
    annc_evaluator_free(evaluator);
    annc_trainer_free(trainer);
    annc_network_free(network);
    annc_dataset_free(data);
}

/* A device that cannot hold the network says how much was needed and how much there is. */
static void out_of_memory(void)
{
    const annc_shape shape =
        problem_shape("4-300000-300000-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_network *network = NULL;
    CHECK(annc_network_create(&shape, &network) == ANNC_MEMORY);
    CHECK_MSG(strstr(annc_last_error(), "out of memory") && strstr(annc_last_error(), "free"), "%s", annc_last_error());
    annc_network_free(network);
}

/* The rule of early stopping: no NaN is the best, nor an equal that comes later; patience counts from the best. */
static void early_stopping(void)
{
    CHECK(annc_epoch_is_better(1, 0, 0) && !annc_epoch_is_better(NAN, 0, 0) && !annc_epoch_is_better(INFINITY, 0, 0));
    CHECK(annc_epoch_is_better(0.5, 3, 1) && !annc_epoch_is_better(1, 3, 1) && !annc_epoch_is_better(NAN, 3, 1));
    CHECK(!annc_patience_is_over(2, 4, 3) && annc_patience_is_over(2, 5, 3));
    CHECK(!annc_patience_is_over(0, 100, 1) && !annc_patience_is_over(2, 100, 0));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(stops),           TEST(diverges),      TEST(keeps_what_is_finite),
                                        TEST(large_minibatch), TEST(refusals),      TEST(unfit_targets),
                                        TEST(learns),          TEST(out_of_memory), TEST(early_stopping)};
    cpu = problem_device();
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(cpu);
    return result;
}
