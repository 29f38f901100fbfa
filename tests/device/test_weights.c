/* Weights of rows: weight 2 is the row twice, weight 0 its absence, and only their ratios count.
 * The device under test is problem_device()'s. */
#include "backend/backend.h"
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"

static annc_device *device;

enum { ROWS = 23 };
enum { MOST_REPEATS = 5 };
static const float CLASS_WEIGHTS[] = {0.5f, 2, 1.25f};

/* Repeats each row as often as its weight says. */
static void repeat(struct problem *problem)
{
    annc_examples examples = *annc_dataset_examples(problem->data);
    const size_t row = examples.inputs * (examples.type == ANNC_BYTES ? 1 : sizeof(float)), n = examples.outputs;
    const uint32_t most = examples.count * MOST_REPEATS;
    annc_dataset *repeated = NULL;
    char *x = calloc(most, row);
    int32_t *labels = calloc(most, sizeof *labels);
    float *targets = calloc((size_t)most * n, sizeof *targets);
    uint32_t count = 0;
    for (uint32_t i = 0; i < examples.count; i++)
        for (int copy = 0; copy < problem_whole_weight(i); copy++, count++) {
            memcpy(x + count * row, (const char *)examples.x + i * row, row);
            if (examples.labels)
                labels[count] = examples.labels[i];
            else
                memcpy(targets + count * n, examples.targets + i * n, n * sizeof *targets);
        }
    examples.count = count;
    examples.x = x;
    examples.labels = examples.labels ? labels : NULL;
    examples.targets = examples.labels ? NULL : targets;
    CHECK(annc_dataset_create(&examples, &repeated) == ANNC_OK);
    annc_dataset_free(problem->data);
    problem->data = repeated;
    free(x);
    free(labels);
    free(targets);
}

static bool make(struct problem *problem, size_t number, annc_activation output, annc_cost cost, bool labels)
{
    const annc_shape shape = problem_shape(number % 2 ? "9-6-3" : "9-7-5-3", ANNC_TANH, output, cost);
    return problem_make(problem, &shape, number % 3 ? ANNC_FLOATS : ANNC_BYTES, labels, ROWS, ANNC_INIT_XAVIER, number);
}

/* ---------------------------------------------------------------- gradients */

/* The audit compares the device, its engines and the reference with finite differences. */
static void gradients(void)
{
    annc_activation output;
    annc_cost cost;
    size_t by_engines = 0;
    for (size_t i = 0; problem_output(i, &output, &cost); i++) {
        const bool labels = i % 2 && cost != ANNC_POISSON;
        annc_check_options options = {.batch = i % 3 ? ROWS : 6, .sample = 20, .seed = i};
        struct problem problem;
        annc_check_row *rows = NULL;
        size_t count = 0;
        CHECK(make(&problem, i, output, cost, labels));
        problem_weigh(&problem, 0.75f);
        options.objective.class_weights = labels && i % 4 == 1 ? CLASS_WEIGHTS : NULL;
        REQUIRE_OK(annc_check(problem.network, problem.data, &device, 1, &options, &rows, &count));
        for (size_t r = 0; r < count; r++) {
            CHECK_MSG(rows[r].pass, "%s: %s, layer %u: %g, %g", problem.name, rows[r].path, rows[r].layer,
                      rows[r].worst, rows[r].normwise);
            by_engines += strchr(rows[r].path, ',') != NULL;
        }
        annc_check_free(rows);
        problem_free(&problem);
    }
    CHECK(by_engines > 0 || !device->backend->host_memory);
}

/* Compares the change that two trainings make. */
static void compare(const char *name, const struct problem *start, const struct problem_result *got,
                    const struct problem_result *want, double tolerance)
{
    const size_t parameters = annc_shape_parameters(&start->shape);
    float *change = malloc(parameters * sizeof *change);
    double *wanted = malloc(parameters * sizeof *wanted);
    for (size_t i = 0; i < parameters; i++) {
        change[i] = got->theta[i] - start->network->theta[i];
        wanted[i] = (double)want->theta[i] - (double)start->network->theta[i];
    }
    const double error = problem_normwise(change, wanted, parameters);
    CHECK_MSG(error <= tolerance, "%s: %s by %s: off by %g", start->name, name, got->engine, error);
    CHECK_MSG(fabs(got->report.loss - want->report.loss) <= tolerance * (1 + fabs(want->report.loss)),
              "%s: %s: loss %.9g, not %.9g", start->name, name, got->report.loss, want->report.loss);
    free(change);
    free(wanted);
}

/* A full batch is trained as the table with repeated rows. */
static void full_batches(void)
{
    static const annc_engine engines[] = {ANNC_ENGINE_AUTO, ANNC_ENGINE_OPS};
    annc_activation output;
    annc_cost cost;
    for (size_t i = 0; problem_output(i, &output, &cost); i++)
        for (size_t e = 0; e < 2; e++) {
            annc_training_options options = annc_training_defaults(i % 2 ? ANNC_SGD : ANNC_MOMENTUM);
            struct problem weighted, repeated;
            struct problem_result got, want;
            CHECK(make(&weighted, i, output, cost, false) && make(&repeated, i, output, cost, false));
            problem_weigh(&weighted, 0.5f);
            repeat(&repeated);
            options.eta = 0.1;
            options.batch = ROWS * MOST_REPEATS;
            REQUIRE_OK(problem_train(device, &weighted, options, engines[e], 3, &got));
            REQUIRE_OK(problem_train(device, &repeated, options, engines[e], 3, &want));
            compare("repeated rows", &weighted, &got, &want, 5e-4);
            free(got.theta);
            free(want.theta);
            problem_free(&weighted);
            problem_free(&repeated);
        }
}

/* Engines and operations agree on minibatches, the last of them ragged; also with weights of
 * classes. */
static void minibatches(void)
{
    annc_activation output;
    annc_cost cost;
    for (size_t i = 0; problem_output(i, &output, &cost); i++) {
        annc_training_options options = annc_training_defaults(ANNC_SGD);
        struct problem problem;
        struct problem_result got, want;
        const bool labels = i % 2 && cost != ANNC_POISSON;
        CHECK(make(&problem, i, output, cost, labels));
        problem_weigh(&problem, 1);
        options.eta = 0.05;
        options.batch = 5;
        options.objective.class_weights = labels ? CLASS_WEIGHTS : NULL;
        REQUIRE_OK(problem_train(device, &problem, options, ANNC_ENGINE_AUTO, 2, &got));
        REQUIRE_OK(problem_train(device, &problem, options, ANNC_ENGINE_OPS, 2, &want));
        CHECK_MSG(!device->backend->host_memory || strncmp(got.engine, "fused", 5) == 0, "by %s", got.engine);
        compare("the operations", &problem, &got, &want, 1e-4);
        free(got.theta);
        free(want.theta);
        problem_free(&problem);
    }
}

/* Equal weights are as none, to the bit. */
static void equal_weights(void)
{
    struct problem problem;
    struct problem_result got, want;
    annc_training_options options = annc_training_defaults(ANNC_SGD);
    const annc_shape shape = problem_shape("9-6-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, ROWS, ANNC_INIT_XAVIER, 2));
    options.batch = 4;
    REQUIRE_OK(problem_train(device, &problem, options, ANNC_ENGINE_AUTO, 2, &want));
    problem_weigh(&problem, 0);
    CHECK(!annc_dataset_examples(problem.data)->weights);
    REQUIRE_OK(problem_train(device, &problem, options, ANNC_ENGINE_AUTO, 2, &got));
    CHECK(memcmp(got.theta, want.theta, annc_shape_parameters(&shape) * sizeof(float)) == 0);
    CHECK(got.report.loss == want.report.loss && strcmp(got.engine, want.engine) == 0);
    free(got.theta);
    free(want.theta);
    problem_free(&problem);
}

/* Every engine of a GPU that takes a job's layers takes its weights of rows. */
static void engines(void)
{
    static const annc_engine kinds[] = {ANNC_ENGINE_BLOCK, ANNC_ENGINE_CLUSTER, ANNC_ENGINE_TENSOR};
    size_t trained = 0;
    for (size_t i = 0; i < 6; i++) {
        const annc_shape shape = problem_shape("9-6-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
        annc_training_options options = annc_training_defaults(ANNC_SGD);
        struct problem problem;
        struct problem_result got = {.theta = NULL}, want;
        CHECK(problem_make(&problem, &shape, ANNC_BYTES, i % 2, ROWS, ANNC_INIT_XAVIER, i));
        problem_weigh(&problem, 1);
        options.batch = 5;
        options.objective.class_weights = i % 2 ? CLASS_WEIGHTS : NULL;
        if (problem_train(device, &problem, options, kinds[i / 2], 2, &got) == ANNC_OK) {
            REQUIRE_OK(problem_train(device, &problem, options, ANNC_ENGINE_OPS, 2, &want));
            compare("the operations", &problem, &got, &want, 1e-4);
            free(want.theta);
            trained++;
        } else
            CHECK(!strstr(annc_last_error(), "weights"));
        free(got.theta);
        problem_free(&problem);
    }
    CHECK(trained > 0 || device->backend->host_memory);
}

/* ---------------------------------------------------------------- windows */

/* Weights come to the device with the examples that do not fit at once. */
static void windows(void)
{
    enum { MANY = 3003, INPUTS = 100 };
    const annc_device_options on_cpu = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    const annc_shape shape = problem_shape("100-5-4-3", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_training_options options = annc_training_defaults(ANNC_SGD);
    annc_device *cpu = NULL;
    annc_trainer *trainer = NULL;
    struct problem problem;
    struct problem_result got, want;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, MANY, ANNC_INIT_XAVIER, 4));
    problem_weigh(&problem, 1);
    options.batch = 10;
    options.eta = 0.1;
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    const bool in_windows = annc_trainer_window(trainer) < MANY;
    annc_trainer_free(trainer);
    if (in_windows) {
        REQUIRE_OK(annc_device_open(&on_cpu, &cpu));
        REQUIRE_OK(problem_train(device, &problem, options, ANNC_ENGINE_OPS, 1, &got));
        REQUIRE_OK(problem_train(cpu, &problem, options, ANNC_ENGINE_OPS, 1, &want));
        compare("windows", &problem, &got, &want, 1e-3);
        free(got.theta);
        free(want.theta);
        annc_device_close(cpu);
    }
    problem_free(&problem);
    if (!in_windows)
        SKIP("the examples fit the device's memory");
}

/* ---------------------------------------------------------------- evaluations */

static void evaluate(const struct problem *problem, bool predictions, annc_evaluation *evaluation)
{
    annc_evaluator *evaluator = NULL;
    int32_t *classes = calloc(annc_dataset_examples(problem->data)->count, sizeof *classes);
    REQUIRE_OK(annc_evaluator_create(device, problem->network, problem->data, &evaluator));
    REQUIRE_OK(annc_evaluator_run(evaluator, NULL, predictions ? classes : NULL, NULL, evaluation));
    annc_evaluator_free(evaluator);
    free(classes);
}

/* Loss, accuracy, R^2, RMSE and MAE are those of the table with repeated rows. */
static void evaluations(void)
{
    annc_activation output;
    annc_cost cost;
    for (size_t i = 0; problem_output(i, &output, &cost); i++) {
        struct problem weighted, repeated;
        annc_evaluation got, want;
        const bool labels = i % 2 && cost != ANNC_POISSON;
        CHECK(make(&weighted, i, output, cost, labels) && make(&repeated, i, output, cost, labels));
        problem_weigh(&weighted, 1.5f);
        repeat(&repeated);
        evaluate(&weighted, i % 3 == 0, &got);
        evaluate(&repeated, i % 3 == 0, &want);
        CHECK(got.count == ROWS && want.weight == 0);
        CHECK_NEAR(got.weight, ROWS, 1e-4);
        CHECK_NEAR(got.loss, want.loss, 1e-5 * (1 + fabs(want.loss)));
        if (annc_dataset_labels(weighted.data))
            CHECK_NEAR(annc_evaluation_accuracy(&got), annc_evaluation_accuracy(&want), 1e-6);
        CHECK(isnan(got.r2) == labels);
        if (!labels) {
            CHECK_NEAR(got.r2, want.r2, 1e-5 * (1 + fabs(want.r2)));
            CHECK_NEAR(got.rmse, want.rmse, 1e-5 * want.rmse);
            CHECK_NEAR(got.mae, want.mae, 1e-5 * want.mae);
        }
        problem_free(&weighted);
        problem_free(&repeated);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(gradients), TEST(full_batches), TEST(minibatches), TEST(equal_weights),
                                        TEST(engines),   TEST(windows),      TEST(evaluations)};
    device = problem_device();
    if (!device)
        return 77;
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
