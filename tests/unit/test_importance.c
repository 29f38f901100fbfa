/* Permutation importance, against evaluations of data that are permuted by hand; and dC/dx, against
 * differences. */
#include "base/order.h"
#include "support/problem.h"
#include "support/test.h"

#include <math.h>

enum { EXAMPLES = 60, REPEATS = 3, SEED = 9 };

static annc_device *device;

/* Evaluates the network on the problem's data with inputs first...end-1 exchanged. */
static annc_evaluation evaluate(const struct problem *problem, uint32_t first, uint32_t end, uint32_t epoch)
{
    const annc_examples *examples = annc_dataset_examples(problem->data);
    const struct annc_order order = annc_order_shuffled(examples->count, SEED, epoch);
    const size_t n = examples->inputs;
    float *x = malloc(examples->count * n * sizeof *x);
    annc_dataset *permuted = NULL;
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation = {.count = 0};
    annc_examples changed = *examples;
    changed.x = x;
    CHECK(x != NULL);
    for (uint32_t i = 0; x && i < examples->count; i++)
        for (uint32_t k = 0; k < n; k++) {
            const uint32_t from = k >= first && k < end ? annc_order_at(&order, i) : i;
            x[i * n + k] = ((const float *)examples->x)[from * n + k];
        }
    CHECK(annc_dataset_create(&changed, &permuted) == ANNC_OK);
    CHECK(annc_evaluator_create(device, problem->network, permuted, &evaluator) == ANNC_OK);
    CHECK(annc_evaluator_run(evaluator, NULL, NULL, NULL, &evaluation) == ANNC_OK);
    annc_evaluator_free(evaluator);
    annc_dataset_free(permuted);
    free(x);
    return evaluation;
}

static double score_of(const annc_evaluation *evaluation, bool labels)
{
    return labels ? annc_evaluation_accuracy(evaluation) : evaluation->r2;
}

/* Checks the importance of each of these columns; first: NULL for each input by itself. */
static void check_columns(const struct problem *problem, bool labels, uint32_t *first, uint32_t count)
{
    annc_importance importance[8];
    annc_evaluation before;
    const annc_input_columns columns = {.count = count, .first = first};
    const annc_importance_options options = {.repeats = REPEATS, .seed = SEED, .columns = first ? &columns : NULL};
    REQUIRE_OK(annc_importance_measure(device, problem->network, problem->data, &options, importance, &before));
    const annc_evaluation same = evaluate(problem, 0, 0, 0);
    CHECK(before.loss == same.loss && before.count == EXAMPLES);
    for (uint32_t g = 0; g < count; g++) {
        annc_spread score = {.count = 0}, loss = {.count = 0};
        for (uint32_t r = 0; r < REPEATS; r++) {
            const annc_evaluation after =
                evaluate(problem, first ? first[g] : g, first ? first[g + 1] : g + 1, g * REPEATS + r);
            annc_spread_add(&score, score_of(&before, labels) - score_of(&after, labels));
            annc_spread_add(&loss, after.loss - before.loss);
        }
        CHECK(annc_spread_mean(&importance[g].score) == annc_spread_mean(&score));
        CHECK(annc_spread_mean(&importance[g].loss) == annc_spread_mean(&loss));
        CHECK(importance[g].loss.count == REPEATS && annc_spread_mean(&loss) != 0);
    }
}

static void of_classes_and_targets(void)
{
    uint32_t first[] = {0, 1, 4};
    struct problem problem;
    for (int labels = 0; labels < 2; labels++) {
        const annc_shape shape = problem_shape("4-6-3", ANNC_TANH, labels ? ANNC_SOFTMAX : ANNC_IDENTITY,
                                               labels ? ANNC_CATEGORICAL_CROSS_ENTROPY : ANNC_QUADRATIC);
        if (!problem_make(&problem, &shape, ANNC_FLOATS, labels, EXAMPLES, ANNC_INIT_NORMAL, 4))
            return;
        check_columns(&problem, labels, NULL, 4);
        check_columns(&problem, labels, first, 2);
        problem_free(&problem);
    }
}

/* An input without weights has no importance at all, and the number of permutations has a default. */
static void of_an_unused_input(void)
{
    struct problem problem;
    annc_importance importance[4];
    const annc_importance_options options = {.seed = SEED};
    const annc_shape shape = problem_shape("4-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    if (!problem_make(&problem, &shape, ANNC_BYTES, true, EXAMPLES, ANNC_INIT_NORMAL, 4))
        return;
    for (int j = 0; j < 3; j++)
        annc_network_parameters(problem.network)[4 * j + 2] = 0;
    REQUIRE_OK(annc_importance_measure(device, problem.network, problem.data, &options, importance, NULL));
    for (int k = 0; k < 4; k++) {
        CHECK(importance[k].score.count == 5);
        CHECK((annc_spread_mean(&importance[k].loss) == 0) == (k == 2));
    }
    problem_free(&problem);
}

static void refused_columns(void)
{
    static uint32_t late[] = {1, 4}, early[] = {0, 3}, empty[] = {0, 2, 2, 4}, back[] = {0, 3, 2, 4};
    static const annc_input_columns wrong[] = {{1, late, 0}, {1, early, 0}, {3, empty, 0},
                                               {3, back, 0}, {0, late, 0},  {5, late, 0}};
    struct problem problem;
    annc_importance importance[4];
    const annc_shape shape = problem_shape("4-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    if (!problem_make(&problem, &shape, ANNC_BYTES, true, EXAMPLES, ANNC_INIT_NORMAL, 4))
        return;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const annc_importance_options options = {.columns = &wrong[i]};
        CHECK(annc_importance_measure(device, problem.network, problem.data, &options, importance, NULL) == ANNC_USAGE);
        CHECK(strstr(annc_last_error(), "must partition the 4 inputs") != NULL);
    }
    problem_free(&problem);
}

/* dC/dx of a trace, against central differences of its cost. */
static void slope_of_inputs(void)
{
    static const double h = 1e-3; /* x is single */
    struct problem problem;
    const annc_shape shape = problem_shape("4-5-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    if (!problem_make(&problem, &shape, ANNC_FLOATS, true, 1, ANNC_INIT_NORMAL, 4))
        return;
    const size_t parameters = annc_shape_parameters(&shape);
    double *theta = malloc(parameters * sizeof *theta);
    CHECK(theta != NULL);
    for (size_t i = 0; theta && i < parameters; i++)
        theta[i] = (double)annc_network_parameters(problem.network)[i];
    annc_trace *trace = NULL;
    REQUIRE_OK(annc_trace_create(&shape, theta, problem.data, 0, &trace));
    for (int k = 0; k < 4; k++) {
        double cost[2], at[2];
        for (int side = 0; side < 2; side++) {
            annc_examples examples = *annc_dataset_examples(problem.data);
            annc_dataset *moved = NULL;
            annc_trace *there = NULL;
            float x[4];
            memcpy(x, examples.x, sizeof x);
            x[k] += (float)(side ? h : -h);
            at[side] = (double)x[k];
            examples.x = x;
            REQUIRE_OK(annc_dataset_create(&examples, &moved));
            REQUIRE_OK(annc_trace_create(&shape, theta, moved, 0, &there));
            cost[side] = there->cost;
            annc_trace_free(there);
            annc_dataset_free(moved);
        }
        const double slope = (cost[1] - cost[0]) / (at[1] - at[0]);
        CHECK(fabs(trace->slope[0][k] - slope) < 1e-5 * (1 + fabs(slope)));
    }
    annc_trace_free(trace);
    free(theta);
    problem_free(&problem);
}

static void open_device(void)
{
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    REQUIRE_OK(annc_device_open(&options, &device));
}

static void close_device(void)
{
    annc_device_close(device);
}

TEST_MAIN(TEST(open_device), TEST(of_classes_and_targets), TEST(of_an_unused_input), TEST(refused_columns),
          TEST(slope_of_inputs), TEST(close_device))
