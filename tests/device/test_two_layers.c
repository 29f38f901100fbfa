/* The engines of networks of one hidden layer (ANNC_TEST_ENGINE: cluster or tensor) against the
 * reference, the operations and themselves, on a GPU or an interpreter of their code: shapes, functions,
 * minibatches and options drawn at random, and every call as another number of launches.
 * ANNC_TEST_CASES: number of random cases; ANNC_TEST_SEED: of them. Skipped where the device has no
 * such engine. */
#include "backend/backend.h"
#include "backend/cuda_estimate.h"
#include "base/functions.h"
#include "base/order.h"
#include "network/network.h"
#include "support/optimiser.h"
#include "support/problem.h"
#include "support/test.h"
#include "training/step/reference.h"

static annc_device *device;
static annc_engine tested; /* ANNC_ENGINE_CLUSTER or ANNC_ENGINE_TENSOR */

/* Whole numbers in [0, n), one after another. */
static uint64_t drawn;
static uint32_t draw(uint32_t n)
{
    return problem_draw(78, &drawn, n);
}

/* ---------------------------------------------------------------- training */

/* ANNC_DIVERGED is no failure. */
static annc_status train(const struct problem *problem, const annc_training_options *options, annc_engine engine,
                         uint32_t epochs, struct problem_result *result)
{
    const annc_status status = problem_train(device, problem, *options, engine, epochs, result);
    CHECK_MSG(status == ANNC_OK || status == ANNC_DIVERGED, "%s by %s: %s", problem->name, annc_engine_name(engine),
              annc_last_error());
    CHECK(strcmp(result->engine, annc_engine_name(engine)) == 0);
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
    struct optimiser optimiser;
    double *gradient = malloc(parameters * sizeof *gradient), loss = 0;
    CHECK(annc_reference_open(&problem->shape, &options->objective, options->seed, &reference) == ANNC_OK);
    optimiser_open(&optimiser, &problem->shape, options);
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        const struct annc_order order = annc_order_shuffled(examples->count, options->seed, epoch);
        loss = 0;
        for (uint32_t step = 0; step < steps; step++) {
            const uint32_t first = step * options->batch, left = examples->count - first,
                           m = left < options->batch ? left : options->batch;
            const double rate = annc_schedule_rate(&options->schedule, options->eta, epoch, step, steps);
            memset(gradient, 0, parameters * sizeof *gradient);
            for (uint32_t i = first; i < first + m; i++) {
                annc_reference_load(&reference, examples, annc_order_at(&order, i),
                                    (uint64_t)epoch * examples->count + i);
                loss += annc_reference_forward(&reference, theta) / m;
                annc_reference_backward(&reference, theta, gradient);
            }
            for (size_t i = 0; i < parameters; i++)
                gradient[i] /= m;
            annc_reference_penalty(&problem->shape, &options->objective, theta, gradient);
            optimiser_step(&optimiser, rate, gradient, theta);
        }
    }
    optimiser_close(&optimiser);
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
    struct problem_result got = {.theta = NULL}, operations = {.theta = NULL};
    for (size_t i = 0; i < parameters; i++)
        change[i] = (double)start[i];
    const double loss = train_reference(problem, options, epochs, change);
    for (size_t i = 0; i < parameters; i++) {
        norm += change[i] * change[i];
        change[i] -= (double)start[i];
        size += change[i] * change[i];
    }
    const double rounding = 6 * sqrt(norm / size) * epochs / (1 << 24);
    const annc_status trained = train(problem, options, tested, epochs, &got),
                      wanted = train(problem, options, ANNC_ENGINE_OPS, epochs, &operations);
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
        const double loss_error =
            fmax(fmax(1e-5, 0.1 * tolerance) * (1 + fabs(loss)), 16 * fabs(operations.report.loss - loss));
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

static bool make_typed(struct problem *problem, const annc_shape *shape, annc_input_type type, bool labels,
                       uint32_t count)
{
    if (!problem_make(problem, shape, type, labels, count, ANNC_INIT_XAVIER, drawn))
        return false;
    snprintf(problem->name, sizeof problem->name, "%u%s-%u-%u %s %s %s, %u examples", shape->width[0],
             type == ANNC_BYTES ? "" : " floats", shape->width[1], shape->width[2],
             annc_activation_name(shape->activation[0]), annc_activation_name(shape->activation[1]),
             annc_cost_name(shape->cost), count);
    return true;
}

static bool make(struct problem *problem, const annc_shape *shape, bool labels, uint32_t count)
{
    return make_typed(problem, shape, ANNC_BYTES, labels, count);
}

/* floats: no more inputs than the cluster engine takes of them. */
static annc_shape random_shape(bool floats)
{
    static const uint32_t inputs[] = {1, 2, 3, 4, 15, 16, 17, 63, 287, 288, 289, 300, 576, 783, 784, 861, 863},
                          units[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32};
    annc_shape shape = {.layers = 2};
    annc_activation output;
    annc_cost cost;
    uint32_t pairs = 0;
    while (problem_output(pairs, &output, &cost))
        pairs++;
    do /* where a gradient jumps, rounding decides on which side it is; functions() has these */
        problem_output(draw(pairs), &output, &cost);
    while (annc_activation_kind_of(output) == PIECEWISE || cost == ANNC_MEAN_ABSOLUTE || cost == ANNC_HINGE ||
           cost == ANNC_QUANTILE);
    do
        shape.width[0] = inputs[draw(sizeof inputs / sizeof *inputs - (tested == ANNC_ENGINE_TENSOR ? 2 : 0))];
    while (floats && shape.width[0] > ANNC_CLUSTER_FLOATS);
    shape.width[1] = units[draw(sizeof units / sizeof *units)];
    shape.width[2] = 1 + draw(tested == ANNC_ENGINE_CLUSTER ? ANNC_CLUSTER_OUTPUTS : ANNC_TENSOR_OUTPUTS);
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
    const char *const widths[] = {"784-32-10", tested == ANNC_ENGINE_CLUSTER ? "863-32-10" : "783-32-10", "784-30-10",
                                  "5-1-1", "300-17-3"};
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
        const annc_activation any = (annc_activation)(o % ANNC_SOFTMAX),
                              hidden = annc_activation_kind_of(any) == OF_OUTPUTS ? ANNC_TANH : any;
        const annc_shape shape = problem_shape("12-9-4", hidden, output, cost);
        const annc_training_options options = {.eta = 0.02, .batch = 4, .seed = o};
        struct problem problem;
        if (make(&problem, &shape, o % 2, 14))
            check_training(&problem, &options, 1, 2e-5);
        problem_free(&problem);
    }
}

/* More outputs than the headline's kernels have: with its functions and others, and every class. */
static void many_outputs(void)
{
    static const char *const widths[] = {"12-32-11", "12-9-16", "12-17-16", "12-8-13"};
    for (uint32_t n = 0; tested == ANNC_ENGINE_CLUSTER && n < sizeof widths / sizeof *widths; n++) {
        const annc_shape shape = n % 2 ? problem_shape(widths[n], ANNC_TANH, ANNC_SOFTMAX,
                                                       n == 1 ? ANNC_CATEGORICAL_CROSS_ENTROPY : ANNC_QUADRATIC)
                                       : headline_shape(widths[n]);
        const annc_training_options options = {.eta = 0.2, .batch = 16, .seed = n};
        struct problem problem;
        if (make(&problem, &shape, n != 2, 16 * 4 + 3))
            check_training(&problem, &options, 2, 1e-5);
        problem_free(&problem);
    }
}

/* Makes a training other than plain SGD, of number n: each optimiser, with and without an L2 penalty
 * and weight decay. */
static void set_linear(annc_training_options *options, uint32_t n)
{
    static const annc_optimiser optimisers[] = {ANNC_MOMENTUM, ANNC_NESTEROV, ANNC_SGD};
    options->optimiser = optimisers[n % 3];
    options->mu = options->optimiser == ANNC_SGD ? 0 : n % 2 ? 0.9 : 0.5;
    options->decay = n % 4 == 1 || n % 3 == 2 ? 0.5 : 0;
    options->objective.l2 = n % 4 >= 2 ? 0.3 : 0;
}

/* Inputs that are floats, up to 431; bytes by a divisor that is no bf16 number, noisy ones, dropped ones. */
static void floats(void)
{
    static const char *const widths[] = {"431-32-10", "17-9-3", "144-16-16", "145-8-1", "1-4-2"};
    for (uint32_t n = 0; tested == ANNC_ENGINE_CLUSTER && n < 2 * sizeof widths / sizeof *widths; n++) {
        const annc_shape shape = n % 2 ? problem_shape(widths[n / 2], ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY)
                                       : headline_shape(widths[n / 2]);
        annc_training_options options = {.eta = 0.1, .batch = 8, .seed = n};
        struct problem problem;
        if (n % 5 == 1)
            set_linear(&options, n);
        options.objective.input_dropout = n % 4 == 2 ? 0.2 : 0;
        options.objective.input_noise = n % 4 == 3 ? 0.1 : 0;
        if (make_typed(&problem, &shape, n == 2 || n == 3 ? ANNC_BYTES : ANNC_FLOATS, true, n == 0 ? 8 : 8 * 5 + 3))
            check_training(&problem, &options, 2, 1e-5);
        problem_free(&problem);
    }
}

/* One step, LAG and a few more, by every linear optimiser. */
static void linear_optimisers(void)
{
    for (uint32_t n = 0; tested == ANNC_ENGINE_CLUSTER && n < 12; n++) {
        static const uint32_t steps[] = {1, 2, 3, 4, 9};
        const annc_shape shape =
            n % 2 ? headline_shape("30-17-10")
                  : problem_shape("300-9-4", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
        annc_training_options options = {.eta = 0.1, .batch = 8, .seed = n};
        struct problem problem;
        set_linear(&options, n);
        if (make(&problem, &shape, true, 8 * steps[n % 5]))
            check_training(&problem, &options, 2, 1e-5);
        problem_free(&problem);
    }
}

/* Dropout of the hidden layer: every width keeps the units that the reference keeps, in the second epoch
 * too, with the headline's functions and others. */
static void dropout(void)
{
    static const char *const widths[] = {"12-32-10", "12-1-3", "12-4-3", "12-17-1"};
    for (uint32_t n = 0; tested == ANNC_ENGINE_CLUSTER && n < sizeof widths / sizeof *widths; n++) {
        const annc_shape shape =
            n % 2 ? problem_shape(widths[n], ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY) : headline_shape(widths[n]);
        annc_training_options options = {.eta = 0.2, .batch = 8, .seed = n, .objective.dropout = n < 2 ? 0.5 : 0.2};
        struct problem problem;
        if (n == 2)
            set_linear(&options, 5);
        if (make(&problem, &shape, true, 8 * 6 + 3))
            check_training(&problem, &options, 2, 1e-5);
        problem_free(&problem);
    }
}

/* Shapes, functions, minibatches and options at random. */
static void random_cases(void)
{
    const int count = problem_cases(tested == ANNC_ENGINE_CLUSTER ? 56 : 24);
    drawn = problem_first_draw();
    for (int i = 0; i < count; i++) {
        static const float weights[] = {0.5f, 2, 1.25f, 1, 0, 3, 1, 1, 0.25f, 1};
        const bool floats = tested == ANNC_ENGINE_CLUSTER && draw(3) == 0;
        const annc_shape shape = random_shape(floats);
        const bool labels = draw(4) > 0;
        annc_training_options options = {.eta = 0.05, .batch = 1 + draw(ANNC_TWO_LAYERS_BATCH), .seed = i};
        struct problem problem;
        if (draw(2) && tested == ANNC_ENGINE_CLUSTER) {
            set_linear(&options, draw(12));
            options.eta = 0.02;
        }
        if (draw(3) == 0 && tested == ANNC_ENGINE_CLUSTER)
            options.objective.dropout = 0.1 + 0.1 * draw(6);
        if (labels) {
            options.objective.label_smoothing = draw(3) == 0 ? 0.1 : 0;
            options.objective.class_weights = draw(3) == 0 ? weights : NULL;
        }
        options.schedule = (annc_schedule){.kind = (annc_schedule_kind)draw(ANNC_PLATEAU), .epochs = 2};
        options.schedule.warmup = draw(2) ? 0.5 : 0;
        if (floats && draw(3) == 0)
            options.objective.input_dropout = 0.3;
        if (floats && draw(3) == 0)
            options.objective.input_noise = 0.2;
        if (make_typed(&problem, &shape, floats && draw(4) > 0 ? ANNC_FLOATS : ANNC_BYTES, labels,
                       options.batch * 5 + draw(options.batch))) {
            if (draw(4) == 0)
                problem_weigh(&problem, 0.5f);
            check_training(&problem, &options, 2, 2e-5);
        }
        problem_free(&problem);
    }
}

/* 100 steps: within 1e-4. */
static void hundred_steps(void)
{
    const annc_shape shape = headline_shape("100-32-10");
    const annc_training_options trainings[] = {
        {.eta = 0.5, .batch = 16, .seed = 8},
        {.eta = 0.1, .batch = 16, .seed = 9, .optimiser = ANNC_MOMENTUM, .mu = 0.9, .decay = 0.01},
        {.eta = 0.1, .batch = 16, .seed = 10, .optimiser = ANNC_NESTEROV, .mu = 0.9, .objective.l2 = 0.001},
    };
    for (size_t i = 0; i < (tested == ANNC_ENGINE_CLUSTER ? sizeof trainings / sizeof *trainings : 1); i++) {
        struct problem problem;
        if (make(&problem, &shape, true, 1600))
            check_training(&problem, &trainings[i], 1, 1e-4);
        problem_free(&problem);
    }
}

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

/* Trains an epoch, stopping wherever it can: after a block, and before a ragged minibatch. Each time
 * a new trainer resumes it. */
static void train_in_pieces(const struct problem *problem, const annc_training_options *options,
                            struct problem_result *result)
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
static void check_same_bits(annc_training_options options)
{
    const annc_shape shape = headline_shape("20-11-10");
    const size_t bytes = annc_shape_parameters(&shape) * sizeof(float);
    struct problem problem;
    struct problem_result whole = {.theta = NULL}, pieces = {.theta = NULL};
    CHECK(make(&problem, &shape, true, 2 * (ANNC_CLUSTER_STEPS + 20) + 1));
    options.engine = tested;
    train(&problem, &options, tested, 1, &whole);
    train_in_pieces(&problem, &options, &pieces);
    CHECK(pieces.theta && memcmp(whole.theta, pieces.theta, bytes) == 0);
    CHECK(whole.report.loss == pieces.report.loss && whole.report.correct == pieces.report.correct &&
          whole.report.steps == pieces.report.steps);
    free(whole.theta);
    free(pieces.theta);
    problem_free(&problem);
}

static void same_bits(void)
{
    check_same_bits((annc_training_options){.eta = 0.3, .batch = 2, .seed = 6});
    if (tested == ANNC_ENGINE_TENSOR)
        return;
    check_same_bits((annc_training_options){.eta = 0.1,
                                            .batch = 2,
                                            .seed = 7,
                                            .optimiser = ANNC_NESTEROV,
                                            .mu = 0.9,
                                            .decay = 0.01,
                                            .objective.l2 = 0.01,
                                            .objective.dropout = 0.3,
                                            .objective.input_noise = 0.1,
                                            .schedule.kind = ANNC_COSINE,
                                            .schedule.epochs = 2});
}

/* Replaces a problem's data by the same with another divisor: bytes have it, floats are divided by it. */
static void redivide(struct problem *problem, float divisor)
{
    annc_dataset *data = NULL;
    annc_examples examples = *annc_dataset_examples(problem->data);
    const size_t values = (size_t)examples.count * examples.inputs;
    float *x = malloc(values * sizeof *x);
    for (size_t i = 0; examples.type == ANNC_FLOATS && i < values; i++)
        x[i] = ((const float *)examples.x)[i] / divisor;
    if (examples.type == ANNC_FLOATS)
        examples.x = x;
    else
        examples.divisor = divisor;
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    annc_dataset_free(problem->data);
    problem->data = data;
    free(x);
}

/* Large inputs: bytes that are not divided, and floats, so that eta ||x||^2 / m is about 10^5; and a
 * divisor that is no bf16 number. The engine is as close to the reference as the operations are. */
static void large_inputs(void)
{
    static const struct {
        annc_input_type type;
        float divisor;
    } cases[] = {{ANNC_BYTES, 1},
                 {ANNC_FLOATS, 1.0f / 252},
                 {ANNC_FLOATS, 1.0f / 128},
                 {ANNC_BYTES, 1.003f},
                 {ANNC_BYTES, 256.3f}};
    for (size_t i = 0; i < (tested == ANNC_ENGINE_CLUSTER ? sizeof cases / sizeof *cases : 1); i++) {
        const annc_shape shape = problem_shape("60-8-3", ANNC_TANH, ANNC_IDENTITY, ANNC_QUADRATIC);
        const annc_training_options options = {.eta = 0.01, .batch = 8, .seed = 2};
        struct problem problem;
        CHECK(make_typed(&problem, &shape, cases[i].type, true, 40));
        redivide(&problem, cases[i].divisor);
        check_training(&problem, &options, 1, 1e-3); /* here errors grow from step to step */
        problem_free(&problem);
    }
}

/* Makes inputs 0 where is_zero(example, input) says so. */
static void clear_inputs(struct problem *problem, bool (*is_zero)(uint32_t example, uint32_t input))
{
    annc_dataset *data = NULL;
    annc_examples examples = *annc_dataset_examples(problem->data);
    uint8_t *x = malloc((size_t)examples.count * examples.inputs);
    for (uint32_t i = 0; i < examples.count; i++)
        for (uint32_t j = 0; j < examples.inputs; j++) {
            const size_t at = (size_t)i * examples.inputs + j;
            x[at] = is_zero(i, j) ? 0 : ((const uint8_t *)examples.x)[at];
        }
    examples.x = x;
    REQUIRE_OK(annc_dataset_create(&examples, &data));
    annc_dataset_free(problem->data);
    problem->data = data;
    free(x);
}

static bool always(uint32_t example, uint32_t input)
{
    (void)example;
    (void)input;
    return true;
}

static bool unless_common(uint32_t example, uint32_t input)
{
    (void)example;
    return input % 3 != 0;
}

/* The later columns are used by ever fewer examples; the last ones by one or by none. */
static bool more_and_more(uint32_t example, uint32_t input)
{
    return input > 400 && example % 37 != input % 41;
}

/* The first columns are the rare ones. */
static bool fewer_and_fewer(uint32_t example, uint32_t input)
{
    return input < 500 && example % 53 != input / 16;
}

/* Columns that are 0 in all examples, in most and in a few, and data that are all 0. */
static void zero_inputs(void)
{
    static const struct {
        const char *widths;
        bool (*is_zero)(uint32_t example, uint32_t input);
    } cases[] = {{"784-32-10", more_and_more}, {"784-9-3", fewer_and_fewer}, {"783-17-2", unless_common},
                 {"31-8-4", unless_common},    {"20-5-3", always},           {"784-4-2", always}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const annc_shape shape = headline_shape(cases[i].widths);
        const annc_training_options options = {.eta = 0.5, .batch = 8, .seed = i};
        struct problem problem;
        CHECK(make(&problem, &shape, true, 8 * 20 + 3));
        clear_inputs(&problem, cases[i].is_zero);
        check_training(&problem, &options, 1, 2e-5);
        problem_free(&problem);
    }
}

enum { CREW = 5 };

/* The candidates of a sweep: each network with its own rate, seed and number of epochs, the last with
 * its own examples; one diverges. */
static void make_candidates(const struct problem *problem, const struct problem *other, annc_candidate *candidates)
{
    for (uint32_t i = 0; i < CREW; i++) {
        annc_run_options *run = &candidates[i].options;
        memset(&candidates[i], 0, sizeof candidates[i]);
        REQUIRE_OK(annc_network_copy(problem->network, &candidates[i].network));
        candidates[i].train = i == CREW - 1 ? other->data : problem->data;
        run->training = (annc_training_options){.eta = i == 2 ? 1e38 : 0.1 * (i + 1), .batch = 4, .seed = 10 + i};
        run->training.engine = tested;
        run->epochs = 1 + i % 2;
    }
}

/* Each network of a sweep ends with the bits that it has alone, whatever becomes of the others. */
static void same_bits_together(void)
{
    const annc_device_options options = {.kind = ANNC_DEVICE_CUDA};
    const annc_shape shape = problem_shape("17-9-3", ANNC_RELU, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    annc_candidate together[CREW], alone[CREW];
    struct problem problem, other;
    if (tested != ANNC_ENGINE_TENSOR)
        return; /* the cluster engine trains one network at a time */
    CHECK(make(&problem, &shape, true, 43));
    drawn++;
    CHECK(make(&other, &shape, true, 43));
    clear_inputs(&other, unless_common);
    make_candidates(&problem, &other, together);
    make_candidates(&problem, &other, alone);
    REQUIRE_OK(annc_sweep(&options, NULL, together, CREW, NULL, NULL, NULL, NULL, NULL));
    for (uint32_t i = 0; i < CREW; i++) {
        REQUIRE_OK(annc_sweep(&options, NULL, &alone[i], 1, NULL, NULL, NULL, NULL, NULL));
        CHECK_MSG(together[i].status == alone[i].status && alone[i].status == (i == 2 ? ANNC_DIVERGED : ANNC_OK),
                  "network %u: %d, not %d: %s", i, (int)together[i].status, (int)alone[i].status, together[i].reason);
        CHECK(strcmp(together[i].engine, annc_engine_name(tested)) == 0);
        CHECK_MSG(memcmp(annc_network_parameters(together[i].network), annc_network_parameters(alone[i].network),
                         annc_shape_parameters(&shape) * sizeof(float)) == 0,
                  "network %u", i);
        annc_network_free(together[i].network);
        annc_network_free(alone[i].network);
    }
    problem_free(&problem);
    problem_free(&other);
}

/* What the engine does not take, it refuses, and then the next one trains. */
static void refusals(void)
{
    static const struct {
        const char *widths, *cluster, *tensor; /* why, in the engines' words */
        annc_training_options options;
    } cases[] = {
        {"9-5-4-3", "one hidden layer", "one hidden layer", {.batch = 4}},
        {"9-3", "one hidden layer", "one hidden layer", {.batch = 4}},
        {"864-5-3", "863 inputs", "784 inputs", {.batch = 4}},
        {"9-33-3", "32 hidden units", "32 hidden units", {.batch = 4}},
        {"9-5-11", "accepted", "10 outputs", {.batch = 4}},
        {"9-5-17", "16 outputs", "10 outputs", {.batch = 4}},
        {"9-5-3", "16 examples", "16 examples", {.batch = 17}},
        {"9-5-3", "linear optimisers", "plain sgd", {.batch = 4, .optimiser = ANNC_ADAM}},
        {"9-5-3", "no L1 penalty", "plain sgd", {.batch = 4, .objective.l1 = 1e-3}},
        {"9-5-3", "clipping", "plain sgd", {.batch = 4, .clip = 1}},
        {"9-5-3", "limit of norms", "plain sgd", {.batch = 4, .optimiser = ANNC_MOMENTUM, .max_norm = 3}},
        {"9-5-3", "accepted", "no dropout", {.batch = 4, .objective.dropout = 0.5}},
        {"9-5-3", "accepted", "no dropout", {.batch = 4, .objective.input_dropout = 0.5}},
        {"432-5-3", "431 inputs", "no noise", {.batch = 4, .objective.input_noise = 0.5}},
        {"9-5-3", "images", "images", {.batch = 4, .augmentation.shift = 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const annc_shape shape = headline_shape(cases[i].widths);
        annc_training_options options = cases[i].options;
        options.eta = 0.1;
        options.rho = options.epsilon = 0.5; /* of Adam */
        const char *refusal = problem_refusal(device, &shape, &options, tested);
        CHECK_MSG(strstr(refusal, tested == ANNC_ENGINE_CLUSTER ? cases[i].cluster : cases[i].tensor), "case %zu: %s",
                  i, refusal);
    }
    /* Floats: known with the data. */
    const annc_shape shape = headline_shape(tested == ANNC_ENGINE_CLUSTER ? "432-5-3" : "9-5-3");
    annc_training_options options = {.eta = 1, .batch = 4, .engine = tested};
    struct problem problem;
    annc_trainer *trainer = NULL;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 16, ANNC_INIT_XAVIER, 1));
    CHECK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer) == ANNC_DEVICE &&
          strstr(annc_last_error(), tested == ANNC_ENGINE_CLUSTER ? "431 inputs" : "bytes"));
    options.engine = ANNC_ENGINE_AUTO;
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    CHECK(strcmp(annc_trainer_engine(trainer), annc_engine_name(tested)) != 0);
    annc_trainer_free(trainer);
    problem_free(&problem);
}

/* Returns why the device does not train the tutorial's network by the tested engine, or NULL. */
static const char *reason_to_skip(void)
{
    const annc_shape shape = headline_shape("784-32-10");
    const annc_training_options options = {.eta = 1, .batch = 16};
    if (!device)
        return "no device";
    const char *refusal = problem_refusal(device, &shape, &options, tested);
    return strcmp(refusal, "accepted") == 0 ? NULL : refusal;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(refusals),     TEST(one_step),           TEST(functions),
                                        TEST(many_outputs), TEST(linear_optimisers),  TEST(dropout),
                                        TEST(floats),       TEST(random_cases),       TEST(hundred_steps),
                                        TEST(same_bits),    TEST(same_bits_together), TEST(large_inputs),
                                        TEST(zero_inputs)};
    const char *name = getenv("ANNC_TEST_ENGINE");
    tested = name && strcmp(name, "tensor") == 0 ? ANNC_ENGINE_TENSOR : ANNC_ENGINE_CLUSTER;
    device = problem_device();
    const char *why = reason_to_skip();
    if (why) {
        printf("no engine %s: %s\n0 passed, 0 failed, %zu skipped\n", annc_engine_name(tested), why,
               sizeof tests / sizeof *tests);
        annc_device_close(device);
        return 77;
    }
    printf("%s on %s: %s\n", annc_engine_name(tested), device->info.kind, device->info.name);
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
