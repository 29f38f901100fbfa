/* Every combination of activation, cost, optimiser, depth, full or ragged minibatch and input type: the audit, and two epochs of steps against
 * the reference with optimisers that are written again here. The device under test is problem_device()'s. */
#include "backend/backend.h"
#include "base/functions.h"
#include "base/order.h"
#include "network/network.h"
#include "support/optimiser.h"
#include "support/problem.h"
#include "support/test.h"
#include "training/step/reference.h"

static annc_device *device;

enum { BATCH = 4, IMAGE_ROWS = 2 }; /* images are square */

/* What is added to the cost takes turns, so that each meets everything else. */
static annc_objective objective_of(size_t number, bool labels)
{
    static const float weights[] = {0.5f, 2, 1.25f};
    annc_objective objective = {0};
    switch (number % 7) {
    case 1:
        objective.l2 = 0.02;
        break;
    case 2:
        objective.l1 = 0.01;
        break;
    case 3:
        objective.dropout = 0.25;
        objective.input_dropout = 0.125;
        break;
    case 4:
        objective.input_noise = 0.1;
        break;
    case 5:
        objective.label_smoothing = labels ? 0.1 : 0;
        objective.class_weights = labels ? weights : NULL;
        break;
    case 6:
        objective = (annc_objective){
            .l2 = 0.01, .l1 = 0.02, .dropout = 0.5, .input_noise = 0.05, .class_weights = labels ? weights : NULL};
        break;
    default:
        break;
    }
    return objective;
}

/* What is done to the step takes turns too. */
static annc_training_options options_of(size_t number, annc_optimiser optimiser, bool labels)
{
    annc_training_options options = annc_training_defaults(optimiser);
    options.eta = 0.02;
    options.epsilon = 1e-2; /* where gradients are nothing but rounding, the adaptive ones would make steps of it */
    options.decay = number % 3 == 1 ? 0.5 : 0;
    options.clip = number % 5 == 2 ? 0.3 : 0;
    options.max_norm = number % 5 == 4 ? 1 : 0;
    options.schedule = (annc_schedule){.kind = (annc_schedule_kind)(number % ANNC_PLATEAU), .epochs = 2};
    options.schedule.warmup = number % 4 == 3 ? 0.5 : 0;
    options.batch = BATCH;
    options.seed = number;
    options.objective = objective_of(number, labels);
    return options;
}

/* Two epochs by the reference and the tests' own optimiser; gives the loss of the second. */
static double reference_epochs(const struct problem *problem, const annc_training_options *options, double *theta)
{
    const annc_examples *examples = annc_dataset_examples(problem->data);
    const annc_shape *shape = &problem->shape;
    const size_t parameters = annc_shape_parameters(shape);
    const uint32_t steps = (examples->count - 1) / options->batch + 1;
    struct annc_reference reference;
    struct optimiser optimiser;
    double *gradient = calloc(parameters, sizeof *gradient), loss = 0;
    CHECK(annc_reference_open(shape, &options->objective, options->seed, &reference) == ANNC_OK);
    if (options->augmentation.shift > 0)
        CHECK(annc_reference_augment(&reference, &options->augmentation, IMAGE_ROWS, IMAGE_ROWS) == ANNC_OK);
    optimiser_open(&optimiser, shape, options);
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        const struct annc_order order = annc_order_shuffled(examples->count, options->seed, epoch);
        loss = 0;
        for (uint32_t step = 0; step < steps; step++) {
            const uint32_t first = step * options->batch,
                           m = examples->count - first < options->batch ? examples->count - first : options->batch;
            memset(gradient, 0, parameters * sizeof *gradient);
            for (uint32_t i = first; i < first + m; i++) {
                annc_reference_load(&reference, examples, annc_order_at(&order, i),
                                    (uint64_t)epoch * examples->count + i);
                loss += annc_reference_forward(&reference, theta) / m;
                annc_reference_backward(&reference, theta, gradient);
            }
            for (size_t i = 0; i < parameters; i++)
                gradient[i] /= m;
            annc_reference_penalty(shape, &options->objective, theta, gradient);
            optimiser_step(&optimiser, annc_schedule_rate(&options->schedule, options->eta, epoch, step, steps),
                           gradient, theta);
        }
    }
    optimiser_close(&optimiser);
    annc_reference_close(&reference);
    free(gradient);
    return loss;
}

static void check_steps(struct problem *problem, const annc_training_options *options)
{
    const size_t parameters = annc_shape_parameters(&problem->shape);
    double *theta = malloc(parameters * sizeof *theta), size = 0, norm = 0;
    float *start = malloc(parameters * sizeof *start), *change = malloc(parameters * sizeof *change);
    annc_trainer *trainer = NULL;
    annc_epoch report;
    memcpy(start, problem->network->theta, parameters * sizeof *start);
    for (size_t i = 0; i < parameters; i++)
        theta[i] = (double)start[i];
    const double loss = reference_epochs(problem, options, theta);
    REQUIRE_OK(annc_trainer_create(device, problem->network, problem->data, options, &trainer));
    for (int epoch = 0; epoch < 2; epoch++)
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
    REQUIRE_OK(annc_trainer_store(trainer));
    annc_trainer_free(trainer);
    for (size_t i = 0; i < parameters; i++) {
        norm += theta[i] * theta[i];
        change[i] = problem->network->theta[i] - start[i];
        theta[i] -= (double)start[i];
        size += theta[i] * theta[i];
    }
    CHECK_MSG(fabs(report.loss - loss) <= 2e-5 * (1 + loss), "%s: loss %.9g, not %.9g", problem->name, report.loss,
              loss);
    const double error = problem_normwise(change, theta, parameters), rounding = sqrt(norm / size) / (1 << 20);
    CHECK_MSG(error <= 1e-4 + rounding, "%s: the change is off by %g (rounding %g)", problem->name, error, rounding);
    free(theta);
    free(start);
    free(change);
}

static void check_audit(const struct problem *problem, uint32_t batch, const annc_training_options *options)
{
    const annc_check_options check = {.batch = batch,
                                      .sample = 2,
                                      .seed = options->seed,
                                      .objective = options->objective,
                                      .augmentation = options->augmentation};
    annc_check_row *rows = NULL;
    size_t count = 0;
    REQUIRE_OK(annc_check(problem->network, problem->data, &device, 1, &check, &rows, &count));
    CHECK(count == problem_audit_rows(problem, device, &check));
    for (size_t r = 0; r < count; r++)
        CHECK_MSG(rows[r].pass, "%s: layer %u %s by %s: worst %g, normwise %g, tolerance %g", problem->name,
                  rows[r].layer, rows[r].kind == ANNC_WEIGHT ? "weights" : "biases", rows[r].path, rows[r].worst,
                  rows[r].normwise, rows[r].tolerance);
    annc_check_free(rows);
}

/* The output activation for a cost: its partner, or one that takes turns; only Poisson's cost keeps steps of exp small. */
static annc_activation output_of(annc_cost cost, size_t number)
{
    const int partner = annc_cost_partner(cost);
    annc_shape shape;
    if (partner != ANY_OUTPUT)
        return (annc_activation)partner;
    do
        shape = problem_shape("3-3", ANNC_SIGMOID, (annc_activation)(number++ % ANNC_ACTIVATION_COUNT), cost);
    while (annc_shape_check(&shape) != ANNC_OK || annc_activation_kind_of(shape.activation[0]) == OF_OUTPUTS);
    return shape.activation[0];
}

static void one_case(size_t number, annc_activation f, annc_cost cost, annc_optimiser optimiser, const char *widths,
                     bool ragged, bool bytes)
{
    struct problem problem;
    const annc_shape shape = problem_shape(widths, f, output_of(cost, number), cost);
    annc_training_options options = options_of(number, optimiser, bytes);
    if (cost == ANNC_POISSON)
        options.eta /= 100; /* its rates grow as fast as exp */
    if (!problem_make(&problem, &shape, bytes ? ANNC_BYTES : ANNC_FLOATS, bytes, 2 * BATCH + (ragged ? 3 : 0),
                      ANNC_INIT_XAVIER, number)) {
        CHECK(!"the problem could not be made");
        return;
    }
    snprintf(problem.name, sizeof problem.name, "case %zu: %s %s %s %s %s %s %s", number, widths,
             annc_activation_name(f), annc_activation_name(shape.activation[shape.layers - 1]), annc_cost_name(cost),
             annc_optimiser_name(optimiser), ragged ? "ragged" : "full", bytes ? "bytes" : "floats");
    if (shape.width[0] == IMAGE_ROWS * IMAGE_ROWS && number % 2) {
        problem_make_images(&problem, IMAGE_ROWS);
        options.augmentation =
            (annc_augmentation){.shift = 0.5, .rotation = 20, .zoom = 0.2, .elastic = 2, .elastic_sigma = 1};
    }
    check_audit(&problem, ragged ? BATCH - 1 : BATCH, &options);
    check_steps(&problem, &options);
    problem_free(&problem);
}

static void every_combination(void)
{
    static const char *const depths[] = {"5-3", "4-6-3", "3-4-5-2-3"};
    size_t number = 0;
    for (int f = 0; f < ANNC_ACTIVATION_COUNT; f++)
        for (int cost = 0; cost < ANNC_COST_COUNT; cost++)
            for (int optimiser = 0; optimiser < ANNC_OPTIMISER_COUNT; optimiser++)
                for (size_t depth = 0; depth < sizeof depths / sizeof *depths; depth++)
                    for (int variant = 0; variant < 4; variant++)
                        if (annc_activation_kind_of((annc_activation)f) < OF_OUTPUTS)
                            one_case(number++, (annc_activation)f, (annc_cost)cost, (annc_optimiser)optimiser,
                                     depths[depth], variant & 1, variant & 2);
    printf("%zu cases on %s\n", number, device->info.kind);
    CHECK(number >= 5000);
}

/* Plain SGD changes the parameters by the products themselves: each bias once, also of layers whose
 * units are dropped. */
static void dropout_in_place(void)
{
    const annc_training_options options = {
        .eta = 0.1, .batch = BATCH, .seed = 3, .engine = ANNC_ENGINE_OPS, .objective = {.dropout = 0.5}};
    const annc_shape shape = problem_shape("3-4-5-2-3", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    struct problem problem;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 2 * BATCH + 3, ANNC_INIT_XAVIER, 3));
    snprintf(problem.name, sizeof problem.name, "dropout in place");
    check_steps(&problem, &options);
    problem_free(&problem);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(every_combination), TEST(dropout_in_place)};
    device = problem_device();
    if (!device) {
        printf("0 passed, 0 failed, 1 skipped\n");
        return 77;
    }
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
