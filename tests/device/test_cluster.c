/* The cluster engine against the reference, the operations and itself, on a GPU or an interpreter of
 * its code: shapes, functions, minibatches and options drawn at random, and every call as another
 * number of launches. Skipped where the device has no clusters. */
#include "backend/backend.h"
#include "backend/cuda_estimate.h"
#include "base/functions.h"
#include "base/order.h"
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"
#include "training/step/reference.h"

static annc_device *device;

/* Whole numbers in [0, n), one after another. */
static uint64_t drawn;
static uint32_t draw(uint32_t n)
{
    const struct annc_philox_block words = annc_philox(78, 0, drawn++);
    return (uint32_t)(((uint64_t)words.word[0] * n) >> 32);
}

/* ---------------------------------------------------------------- training */

struct result {
    annc_epoch report;
    float *theta;
};

/* Trains from the problem's parameters, which stay as they are. ANNC_DIVERGED is no failure. */
static annc_status train(const struct problem *problem, annc_training_options options, annc_engine engine,
                         uint32_t epochs, struct result *result)
{
    const size_t bytes = annc_shape_parameters(&problem->shape) * sizeof(float);
    annc_network *network = NULL;
    annc_trainer *trainer = NULL;
    options.engine = engine;
    annc_status status = annc_network_copy(problem->network, &network);
    if (status == ANNC_OK)
        status = annc_trainer_create(device, network, problem->data, &options, &trainer);
    for (uint32_t epoch = 0; epoch < epochs && status == ANNC_OK; epoch++)
        status = annc_trainer_epoch(trainer, NULL, NULL, &result->report);
    if (status == ANNC_OK)
        status = annc_trainer_store(trainer);
    CHECK_MSG(status == ANNC_OK || status == ANNC_DIVERGED, "%s by %s: %s", problem->name, annc_engine_name(engine),
              annc_last_error());
    if (status == ANNC_OK)
        CHECK(engine == ANNC_ENGINE_OPS || strcmp(annc_trainer_engine(trainer), annc_engine_name(engine)) == 0);
    result->theta = malloc(bytes);
    memcpy(result->theta, annc_network_parameters(network), bytes);
    annc_trainer_free(trainer);
    annc_network_free(network);
    return status;
}

/* The same by the reference, in double; gives the loss of the last epoch. */
static double train_reference(const struct problem *problem, const annc_training_options *options, uint32_t epochs,
                              double *theta)
{
    const annc_examples *examples = annc_dataset_examples(problem->data);
    const size_t parameters = annc_shape_parameters(&problem->shape);
    const uint32_t steps = (examples->count - 1) / options->batch + 1;
    struct annc_reference reference;
    double *gradient = malloc(parameters * sizeof *gradient), loss = 0;
    CHECK(annc_reference_open(&problem->shape, &options->objective, options->seed, &reference) == ANNC_OK);
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        const struct annc_order order = annc_order_shuffled(examples->count, options->seed, epoch);
        loss = 0;
        for (uint32_t step = 0; step < steps; step++) {
            const uint32_t first = step * options->batch, left = examples->count - first,
                           m = left < options->batch ? left : options->batch;
            const double rate = annc_schedule_rate(&options->schedule, options->eta, epoch, step, steps);
            memset(gradient, 0, parameters * sizeof *gradient);
            for (uint32_t i = first; i < first + m; i++) {
                annc_reference_load(&reference, examples, annc_order_at(&order, i), 0);
                loss += annc_reference_forward(&reference, theta) / m;
                annc_reference_backward(&reference, theta, gradient);
            }
            for (size_t i = 0; i < parameters; i++)
                theta[i] -= rate * gradient[i] / m;
        }
    }
    annc_reference_close(&reference);
    free(gradient);
    return loss;
}

/* The change of the parameters by the engine, against the reference's and the operations', within
 * `tolerance` of its norm and the rounding of fp32 parameters. Where a learning rate that is too large
 * makes errors grow, within 16 times the operations' error: the products of G and delta have about 21
 * bits, fp32 has 24. */
static void check_training(struct problem *problem, const annc_training_options *options, uint32_t epochs,
                           double tolerance)
{
    const size_t parameters = annc_shape_parameters(&problem->shape);
    const uint32_t n = annc_dataset_examples(problem->data)->count;
    const float *start = annc_network_parameters(problem->network);
    double *change = malloc(parameters * sizeof *change), size = 0, norm = 0;
    struct result got = {.theta = NULL}, operations = {.theta = NULL};
    for (size_t i = 0; i < parameters; i++)
        change[i] = (double)start[i];
    const double loss = train_reference(problem, options, epochs, change);
    for (size_t i = 0; i < parameters; i++) {
        norm += change[i] * change[i];
        change[i] -= (double)start[i];
        size += change[i] * change[i];
    }
    const double rounding = 6 * sqrt(norm / size) * epochs / (1 << 24);
    const annc_status trained = train(problem, *options, ANNC_ENGINE_CLUSTER, epochs, &got),
                      wanted = train(problem, *options, ANNC_ENGINE_OPS, epochs, &operations);
    CHECK_MSG(trained == wanted, "%s: status %d, not %d", problem->name, (int)trained, (int)wanted);
    if (trained == ANNC_OK && wanted == ANNC_OK) {
        for (size_t i = 0; i < parameters; i++) {
            got.theta[i] -= start[i];
            operations.theta[i] -= start[i];
        }
        const double error = problem_normwise(got.theta, change, parameters),
                     theirs = problem_normwise(operations.theta, change, parameters);
        printf("  %s: off by %.2g, operations %.2g; loss %.6f (%.6f)\n", problem->name, error, theirs, got.report.loss,
               loss);
        CHECK_MSG(error <= fmax(tolerance, 16 * theirs) + rounding,
                  "%s: the change is off by %g, that of operations by %g", problem->name, error, theirs);
        const double loss_error = fmax(1e-5 * (1 + fabs(loss)), 16 * fabs(operations.report.loss - loss));
        CHECK_MSG(fabs(got.report.loss - loss) <= loss_error, "%s: loss %.9g, not %.9g", problem->name, got.report.loss,
                  loss);
        CHECK_MSG(got.report.correct == operations.report.correct && got.report.examples == n &&
                      got.report.steps == operations.report.steps && got.report.rate == operations.report.rate,
                  "%s: %u correct of %u, not %u", problem->name, got.report.correct, got.report.examples,
                  operations.report.correct);
    }
    free(got.theta);
    free(operations.theta);
    free(change);
}

/* ---------------------------------------------------------------- problems */

static bool make(struct problem *problem, const annc_shape *shape, bool labels, uint32_t count)
{
    if (!problem_make(problem, shape, ANNC_BYTES, labels, count, ANNC_INIT_XAVIER, drawn))
        return false;
    snprintf(problem->name, sizeof problem->name, "%u-%u-%u %s %s %s, %u examples", shape->width[0], shape->width[1],
             shape->width[2], annc_activation_name(shape->activation[0]), annc_activation_name(shape->activation[1]),
             annc_cost_name(shape->cost), count);
    return true;
}

static annc_shape random_shape(void)
{
    static const uint32_t inputs[] = {1, 2, 3, 4, 15, 16, 17, 63, 287, 288, 289, 300, 576, 784, 861, 863},
                          units[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32};
    annc_shape shape = {.layers = 2};
    annc_activation output;
    annc_cost cost;
    uint32_t pairs = 0;
    while (problem_output(pairs, &output, &cost))
        pairs++;
    problem_output(draw(pairs), &output, &cost);
    shape.width[0] = inputs[draw(sizeof inputs / sizeof *inputs)];
    shape.width[1] = units[draw(sizeof units / sizeof *units)];
    shape.width[2] = 1 + draw(ANNC_CLUSTER_OUTPUTS);
    if (output == ANNC_SOFTMAX && shape.width[2] == 1)
        shape.width[2] = 10;
    do
        shape.activation[0] = (annc_activation)draw(ANNC_ACTIVATION_COUNT);
    while (annc_activation_kind_of(shape.activation[0]) != SMOOTH);
    shape.activation[1] = output;
    shape.cost = cost;
    return shape;
}

/* The headline network: sigmoid in both layers, the quadratic cost. */
static annc_shape headline_shape(const char *widths)
{
    return problem_shape(widths, ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
}

/* ---------------------------------------------------------------- tests */

/* One step is a gradient: within 1e-5, full minibatches and smaller ones. */
static void one_step(void)
{
    static const char *const widths[] = {"784-32-10", "863-32-10", "784-30-10", "5-1-1", "300-17-3"};
    static const uint32_t counts[] = {16, 16, 11, 1, 7};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const annc_shape shape = headline_shape(widths[i]);
        const annc_training_options options = {.eta = 3, .batch = counts[i], .seed = i};
        struct problem problem;
        if (make(&problem, &shape, true, counts[i]))
            check_training(&problem, &options, 1, 1e-5);
        problem_free(&problem);
    }
}

/* Every output activation with every cost, and every hidden activation. */
static void functions(void)
{
    annc_activation output;
    annc_cost cost;
    for (size_t o = 0; problem_output(o, &output, &cost); o++) {
        const annc_activation hidden = (annc_activation)(o % ANNC_SOFTMAX);
        const annc_shape shape = problem_shape("12-9-4", hidden, output, cost);
        const annc_training_options options = {.eta = 0.02, .batch = 4, .seed = o};
        struct problem problem;
        if (make(&problem, &shape, o % 2, 14))
            check_training(&problem, &options, 1, 2e-5);
        problem_free(&problem);
    }
}

/* Shapes, functions, minibatches and options at random. */
static void random_cases(void)
{
    const char *wanted = getenv("ANNC_TEST_CASES");
    const int count = wanted ? atoi(wanted) : 24;
    for (int i = 0; i < count; i++) {
        static const float weights[] = {0.5f, 2, 1.25f, 1, 0, 3, 1, 1, 0.25f, 1};
        const annc_shape shape = random_shape();
        const bool labels = draw(4) > 0;
        annc_training_options options = {.eta = 0.05, .batch = 1 + draw(ANNC_CLUSTER_BATCH), .seed = i};
        struct problem problem;
        if (labels) {
            options.objective.label_smoothing = draw(3) == 0 ? 0.1 : 0;
            options.objective.class_weights = draw(3) == 0 ? weights : NULL;
        }
        options.schedule = (annc_schedule){.kind = (annc_schedule_kind)draw(ANNC_PLATEAU), .epochs = 2};
        options.schedule.warmup = draw(2) ? 0.5 : 0;
        if (make(&problem, &shape, labels, options.batch * 5 + draw(options.batch)))
            check_training(&problem, &options, 2, 2e-5);
        problem_free(&problem);
    }
}

/* 100 steps: within 1e-4. */
static void hundred_steps(void)
{
    const annc_shape shape = headline_shape("100-32-10");
    const annc_training_options options = {.eta = 0.5, .batch = 16, .seed = 8};
    struct problem problem;
    if (make(&problem, &shape, true, 1600))
        check_training(&problem, &options, 1, 1e-4);
    problem_free(&problem);
}

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

/* Trains an epoch, stopping wherever it can: after a block, and before a ragged minibatch. Each time
 * a new trainer resumes it. */
static void train_in_pieces(const struct problem *problem, const annc_training_options *options, struct result *result)
{
    const size_t bytes = annc_shape_parameters(&problem->shape) * sizeof(float);
    annc_network *network = NULL, *checkpoint = NULL;
    annc_trainer *trainer = NULL;
    const uint32_t full = annc_dataset_examples(problem->data)->count / options->batch;
    int pieces = 1;
    REQUIRE_OK(annc_network_copy(problem->network, &network));
    REQUIRE_OK(annc_trainer_create(device, network, problem->data, options, &trainer));
    for (;; pieces++) {
        const annc_status status = annc_trainer_epoch(trainer, stop_at_once, NULL, &result->report);
        if (status == ANNC_OK)
            break;
        const bool is_block = result->report.steps % ANNC_CLUSTER_STEPS == 0, is_full = result->report.steps == full;
        CHECK(status == ANNC_STOPPED && (is_block || is_full));
        REQUIRE_OK(annc_trainer_checkpoint(trainer, &checkpoint));
        annc_trainer_free(trainer);
        REQUIRE_OK(annc_trainer_create(device, network, problem->data, options, &trainer));
        REQUIRE_OK(annc_trainer_resume(trainer, checkpoint));
        annc_network_free(checkpoint);
    }
    CHECK(pieces == 3);
    REQUIRE_OK(annc_trainer_store(trainer));
    result->theta = malloc(bytes);
    memcpy(result->theta, annc_network_parameters(network), bytes);
    annc_trainer_free(trainer);
    annc_network_free(network);
}

/* A run ends with the same bits each time, and however it is divided. */
static void same_bits(void)
{
    const annc_shape shape = headline_shape("20-11-10");
    const size_t bytes = annc_shape_parameters(&shape) * sizeof(float);
    const annc_training_options options = {.eta = 0.3, .batch = 2, .seed = 6, .engine = ANNC_ENGINE_CLUSTER};
    struct problem problem;
    struct result whole = {.theta = NULL}, pieces = {.theta = NULL};
    CHECK(make(&problem, &shape, true, 2 * (ANNC_CLUSTER_STEPS + 20) + 1));
    train(&problem, options, ANNC_ENGINE_CLUSTER, 1, &whole);
    train_in_pieces(&problem, &options, &pieces);
    CHECK(pieces.theta && memcmp(whole.theta, pieces.theta, bytes) == 0);
    CHECK(whole.report.loss == pieces.report.loss && whole.report.correct == pieces.report.correct &&
          whole.report.steps == pieces.report.steps);
    free(whole.theta);
    free(pieces.theta);
    problem_free(&problem);
}

/* Large inputs: bytes that are not divided, so that eta ||x||^2 / m is about 10^5. The engine is as
 * close to the reference as the operations are. */
static void large_inputs(void)
{
    const annc_shape shape = problem_shape("60-8-3", ANNC_TANH, ANNC_IDENTITY, ANNC_QUADRATIC);
    const annc_training_options options = {.eta = 0.01, .batch = 8, .seed = 2};
    struct problem problem;
    annc_dataset *undivided = NULL;
    CHECK(make(&problem, &shape, true, 40));
    annc_examples examples = *annc_dataset_examples(problem.data);
    examples.divisor = 1;
    REQUIRE_OK(annc_dataset_create(&examples, &undivided));
    annc_dataset_free(problem.data);
    problem.data = undivided;
    check_training(&problem, &options, 1, 1e-4);
    problem_free(&problem);
}

/* What the engine does not take, it refuses, and then the next one trains. */
static void refusals(void)
{
    static const struct {
        const char *widths, *why;
        annc_training_options options;
    } cases[] = {
        {"9-5-4-3", "one hidden layer", {.batch = 4}},
        {"9-3", "one hidden layer", {.batch = 4}},
        {"864-5-3", "863 inputs", {.batch = 4}},
        {"9-33-3", "32 hidden units", {.batch = 4}},
        {"9-5-11", "10 outputs", {.batch = 4}},
        {"9-5-3", "16 examples", {.batch = 17}},
        {"9-5-3", "plain SGD", {.batch = 4, .optimiser = ANNC_ADAM}},
        {"9-5-3", "plain SGD", {.batch = 4, .objective.l2 = 1e-3}},
        {"9-5-3", "no dropout", {.batch = 4, .objective.dropout = 0.5}},
        {"9-5-3", "moved images", {.batch = 4, .augmentation.shift = 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const annc_shape shape = headline_shape(cases[i].widths);
        annc_training_options options = cases[i].options;
        annc_engine_info list[4] = {{.refusal = NULL}};
        options.eta = 0.1;
        options.rho = options.epsilon = 0.5; /* of Adam */
        CHECK(annc_device_engines(device, &shape, &options, list, 4) >= 2);
        CHECK_MSG(list[0].refusal && strstr(list[0].refusal, cases[i].why) && !list[1].refusal, "case %zu: %s", i,
                  list[0].refusal ? list[0].refusal : "accepted");
    }
    /* Floats: known with the data. */
    const annc_shape shape = headline_shape("9-5-3");
    annc_training_options options = {.eta = 1, .batch = 4, .engine = ANNC_ENGINE_CLUSTER};
    struct problem problem;
    annc_trainer *trainer = NULL;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 16, ANNC_INIT_XAVIER, 1));
    CHECK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer) == ANNC_DEVICE &&
          strstr(annc_last_error(), "bytes"));
    options.engine = ANNC_ENGINE_AUTO;
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    CHECK(strcmp(annc_trainer_engine(trainer), "recorded") == 0);
    annc_trainer_free(trainer);
    problem_free(&problem);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(refusals),      TEST(one_step),  TEST(functions),   TEST(random_cases),
                                        TEST(hundred_steps), TEST(same_bits), TEST(large_inputs)};
    const annc_shape shape = headline_shape("784-32-10");
    const annc_training_options options = {.eta = 1, .batch = 16};
    annc_engine_info best = {.refusal = "no device"};
    device = problem_device();
    if (device)
        annc_device_engines(device, &shape, &options, &best, 1);
    if (best.engine != ANNC_ENGINE_CLUSTER || best.refusal) {
        printf("no cluster engine: %s\n0 passed, 0 failed, %zu skipped\n", best.refusal, sizeof tests / sizeof *tests);
        annc_device_close(device);
        return 77;
    }
    printf("on %s: %s\n", device->info.kind, device->info.name);
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
