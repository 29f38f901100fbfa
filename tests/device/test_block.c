/* The engines block and split, on the simulated device, an interpreter of their code or a GPU:
 * against the operations over shapes and options drawn at random, alone and with others in one
 * launch, and however their steps are cut into calls. ANNC_TEST_ENGINE: "block" (default) or "split";
 * ANNC_TEST_CASES: number of random cases; ANNC_TEST_SEED: of them. */
#include "backend/backend.h"
#include "backend/cuda_estimate.h"
#include "base/functions.h"
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"

static annc_device *device;
static annc_engine tested; /* ANNC_ENGINE_BLOCK or ANNC_ENGINE_SPLIT */

/* Whole numbers in [0, n), one after another. */
static uint64_t drawn;
static uint32_t draw(uint32_t n)
{
    return problem_draw(79, &drawn, n);
}

static uint32_t pick(const uint32_t *of, size_t count)
{
    return of[draw((uint32_t)count)];
}
#define PICK(array) pick(array, sizeof(array) / sizeof *(array))

/* ---------------------------------------------------------------- training */

static void train(const struct problem *problem, const annc_training_options *options, annc_engine engine,
                  uint32_t epochs, struct problem_result *result)
{
    const annc_status status = problem_train(device, problem, *options, engine, epochs, result);
    CHECK_MSG(status == ANNC_OK, "%s by %s: %s", problem->name, annc_engine_name(engine), annc_last_error());
    CHECK(strcmp(result->engine, annc_engine_name(engine)) == 0);
}

/* The change of the parameters is that of the operations within 2e-5 of its norm and the rounding of
 * fp32 parameters; scores agree. */
static void check_training(const struct problem *problem, const annc_training_options *options, uint32_t epochs)
{
    const size_t parameters = annc_shape_parameters(&problem->shape);
    const float *start = annc_network_parameters(problem->network);
    struct problem_result got = {.theta = NULL}, want = {.theta = NULL};
    double size = 0, norm = 0, *change = malloc(parameters * sizeof *change);
    train(problem, options, tested, epochs, &got);
    train(problem, options, ANNC_ENGINE_OPS, epochs, &want);
    for (size_t i = 0; i < parameters; i++) {
        change[i] = (double)want.theta[i] - (double)start[i];
        norm += (double)want.theta[i] * (double)want.theta[i];
        size += change[i] * change[i];
        got.theta[i] -= start[i];
    }
    const double error = problem_normwise(got.theta, change, parameters),
                 tolerance = 2e-5 + 6 * sqrt(norm / size) * epochs / (1 << 24);
    CHECK_MSG(error <= tolerance, "%s: the change is off by %g, more than %g", problem->name, error, tolerance);
    CHECK_MSG(fabs(got.report.loss - want.report.loss) <= 1e-5 * (1 + fabs(want.report.loss)),
              "%s: loss %.9g, not %.9g", problem->name, got.report.loss, want.report.loss);
    CHECK_MSG(got.report.correct == want.report.correct && got.report.examples == want.report.examples &&
                  got.report.steps == want.report.steps && got.report.rate == want.report.rate,
              "%s: %u correct of %u, not %u", problem->name, got.report.correct, got.report.examples,
              want.report.correct);
    free(got.theta);
    free(want.theta);
    free(change);
}

/* ---------------------------------------------------------------- random cases */

static annc_shape random_shape(void)
{
    static const uint32_t inputs[] = {1, 2, 3, 4, 5, 7, 16, 31, 33, 64, 100, 101},
                          many[] = {64, 65, 99, 100, 127, 128, 130, 250, 256, 257, 300}, /* 2, 4, 8 blocks */
        units[] = {1, 2, 3, 4, 8, 15, 16, 17, 31, 32, 33, 40, 65};
    annc_shape shape = {.layers = 1 + draw(4)};
    annc_activation output;
    annc_cost cost;
    uint32_t pairs = 0;
    while (problem_output(pairs, &output, &cost))
        pairs++;
    problem_output(draw(pairs), &output, &cost);
    shape.width[0] = tested == ANNC_ENGINE_SPLIT ? PICK(many) : PICK(inputs);
    for (uint32_t l = 1; l < shape.layers; l++) {
        shape.width[l] = PICK(units);
        do
            shape.activation[l - 1] = (annc_activation)draw(ANNC_ACTIVATION_COUNT);
        while (annc_activation_kind_of(shape.activation[l - 1]) != SMOOTH);
    }
    shape.width[shape.layers] = output == ANNC_SOFTMAX ? 2 + draw(39) : 1 + draw(12);
    shape.activation[shape.layers - 1] = output;
    shape.cost = cost;
    shape.quantile = 0.25;
    return shape;
}

static annc_training_options random_options(bool labels)
{
    static const float weights[64] = {0.5f, 2, 1.25f, 1, 0, 3, 1, 1, 0.25f, 1, 1, 1, 2};
    static const uint32_t batches[] = {1, 2, 3, 4, 7, 15, 16, 17, 33};
    annc_training_options options = annc_training_defaults((annc_optimiser)draw(ANNC_OPTIMISER_COUNT));
    options.eta = options.optimiser == ANNC_SGD ? 0.05 : 0.002;
    options.epsilon = 1e-2; /* or steps where the gradient is only rounding would be of random signs */
    options.batch = PICK(batches);
    options.seed = drawn;
    options.decay = draw(3) == 0 ? 0.3 : 0;
    options.clip = draw(4) == 0 ? 0.5 : 0;
    options.max_norm = draw(4) == 0 ? 0.8 : 0;
    options.objective.l2 = draw(4) == 0 ? 0.02 : 0;
    options.objective.l1 = draw(4) == 0 ? 0.01 : 0;
    options.objective.dropout = draw(4) == 0 ? 0.3 : 0;
    options.objective.input_dropout = draw(5) == 0 ? 0.2 : 0;
    options.objective.input_noise = draw(5) == 0 ? 0.1 : 0;
    if (labels) {
        options.objective.label_smoothing = draw(4) == 0 ? 0.1 : 0;
        options.objective.class_weights = draw(4) == 0 ? weights : NULL;
    }
    options.schedule = (annc_schedule){.kind = (annc_schedule_kind)draw(ANNC_PLATEAU), .epochs = 2};
    return options;
}

static bool make(struct problem *problem, const annc_shape *shape, annc_input_type type, bool labels, uint32_t count)
{
    if (!problem_make(problem, shape, type, labels, count, ANNC_INIT_XAVIER, drawn))
        return false;
    int used = snprintf(problem->name, sizeof problem->name, "%u", shape->width[0]);
    for (uint32_t l = 1; l <= shape->layers; l++)
        used += snprintf(problem->name + used, sizeof problem->name - (size_t)used, "-%u %s", shape->width[l],
                         annc_activation_name(shape->activation[l - 1]));
    snprintf(problem->name + used, sizeof problem->name - (size_t)used, " %s, %u examples", annc_cost_name(shape->cost),
             count);
    return true;
}

static void random_cases(void)
{
    const int count = problem_cases(60);
    drawn = problem_first_draw();
    for (int i = 0; i < count; i++) {
        const annc_shape shape = random_shape();
        const bool labels = draw(4) > 0;
        const annc_training_options options = random_options(labels);
        struct problem problem;
        if (make(&problem, &shape, draw(2) ? ANNC_BYTES : ANNC_FLOATS, labels,
                 options.batch * (1 + draw(4)) + draw(options.batch))) {
            if (draw(4) == 0)
                problem_weigh(&problem, 0.5f);
            check_training(&problem, &options, 2);
        }
        problem_free(&problem);
    }
}

/* Images, as in the tutorial: steps that wide copies and every warp take part in. */
static void images(void)
{
    const annc_shape shape = problem_shape("784-32-10", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_training_options options = {.eta = 3, .batch = 16, .seed = 1};
    struct problem problem;
    if (make(&problem, &shape, ANNC_BYTES, true, 40))
        check_training(&problem, &options, 1);
    problem_free(&problem);
}

/* ---------------------------------------------------------------- equal bits */

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

/* A run ends with the same bits however its steps are cut into calls: here each step is a call, and
 * every few steps a new trainer resumes. */
static void same_bits_in_pieces(void)
{
    const annc_shape shape = problem_shape(tested == ANNC_ENGINE_SPLIT ? "70-7-3" : "9-7-3", ANNC_TANH, ANNC_SOFTMAX,
                                           ANNC_CATEGORICAL_CROSS_ENTROPY);
    const size_t bytes = annc_shape_parameters(&shape) * sizeof(float);
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    struct problem problem;
    struct problem_result whole = {.theta = NULL};
    annc_network *network = NULL, *checkpoint = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch report;
    int pieces = 0;
    options.batch = 4;
    options.objective.dropout = 0.2;
    options.engine = tested;
    CHECK(make(&problem, &shape, ANNC_FLOATS, true, 43));
    train(&problem, &options, tested, 1, &whole);
    REQUIRE_OK(annc_network_copy(problem.network, &network));
    REQUIRE_OK(annc_trainer_create(device, network, problem.data, &options, &trainer));
    while (annc_trainer_epoch(trainer, stop_at_once, NULL, &report) == ANNC_STOPPED)
        if (++pieces % 3 == 0) {
            REQUIRE_OK(annc_trainer_checkpoint(trainer, &checkpoint));
            annc_trainer_free(trainer);
            REQUIRE_OK(annc_trainer_create(device, network, problem.data, &options, &trainer));
            REQUIRE_OK(annc_trainer_resume(trainer, checkpoint));
            annc_network_free(checkpoint);
        }
    REQUIRE_OK(annc_trainer_store(trainer));
    CHECK(pieces >= 5);
    CHECK(memcmp(whole.theta, annc_network_parameters(network), bytes) == 0);
    CHECK(whole.report.loss == report.loss && whole.report.correct == report.correct);
    annc_trainer_free(trainer);
    annc_network_free(network);
    free(whole.theta);
    problem_free(&problem);
}

enum { CREW = 9 };

static uint32_t finished;
static void count_finished(void *context, uint32_t i)
{
    (void)context;
    (void)i;
    finished++;
}

/* The candidates of a sweep: two shapes, each network with options of its own, one with a rate that
 * makes it diverge, one that stops early. */
static void make_candidates(const struct problem *problems, annc_candidate *candidates)
{
    for (uint32_t i = 0; i < CREW; i++) {
        const struct problem *problem = &problems[i % 3 == 2];
        annc_run_options *run = &candidates[i].options;
        memset(&candidates[i], 0, sizeof candidates[i]);
        REQUIRE_OK(annc_network_copy(problem->network, &candidates[i].network));
        candidates[i].train = problem->data;
        run->training = annc_training_defaults(i < 5 ? ANNC_SGD : (annc_optimiser)(i % ANNC_OPTIMISER_COUNT));
        run->training.batch = 4;
        run->training.eta = i == 4 ? 1e38 : 0.02 * (i + 1);
        run->training.seed = 10 + i;
        run->training.decay = i % 2 ? 0.1 : 0;
        run->training.engine = tested;
        run->epochs = 2 + i % 4;
        run->validation = problem->data;
        run->patience = i == 6 ? 1 : 0;
    }
}

/* Each network of a sweep ends with the bits that it has alone, whatever becomes of the others. */
static void same_bits_together(void)
{
    const annc_device_options options = {.kind = ANNC_DEVICE_CUDA};
    const annc_shape shapes[] = {
        problem_shape(tested == ANNC_ENGINE_SPLIT ? "70-7-3" : "9-7-3", ANNC_TANH, ANNC_SOFTMAX,
                      ANNC_CATEGORICAL_CROSS_ENTROPY),
        problem_shape(tested == ANNC_ENGINE_SPLIT ? "130-5-4-3" : "9-5-4-3", ANNC_SIGMOID, ANNC_SIGMOID,
                      ANNC_QUADRATIC),
    };
    struct problem problems[2];
    annc_candidate together[CREW], alone[CREW];
    for (int i = 0; i < 2; i++)
        CHECK(make(&problems[i], &shapes[i], ANNC_BYTES, true, 43));
    make_candidates(problems, together);
    make_candidates(problems, alone);
    finished = 0;
    REQUIRE_OK(annc_sweep(&options, NULL, together, CREW, NULL, NULL, NULL, count_finished, NULL));
    CHECK(finished == CREW);
    for (uint32_t i = 0; i < CREW; i++) {
        const annc_run_state *one = &alone[i].result, *many = &together[i].result;
        REQUIRE_OK(annc_sweep(&options, NULL, &alone[i], 1, NULL, NULL, NULL, NULL, NULL));
        CHECK_MSG(together[i].status == alone[i].status && alone[i].status == (i == 4 ? ANNC_DIVERGED : ANNC_OK),
                  "network %u: %d, not %d: %s", i, (int)together[i].status, (int)alone[i].status, together[i].reason);
        CHECK(strcmp(together[i].reason, alone[i].reason) == 0 &&
              strcmp(together[i].engine, annc_engine_name(tested)) == 0);
        CHECK_MSG(memcmp(annc_network_parameters(together[i].network), annc_network_parameters(alone[i].network),
                         annc_shape_parameters(annc_network_shape(alone[i].network)) * sizeof(float)) == 0,
                  "network %u", i);
        CHECK(one->epochs == many->epochs && one->ending == many->ending &&
              one->last.epoch.loss == many->last.epoch.loss && one->best.validation.loss == many->best.validation.loss);
    }
    CHECK(alone[6].result.epochs <= alone[6].options.epochs);
    for (uint32_t i = 0; i < CREW; i++) {
        annc_network_free(together[i].network);
        annc_network_free(alone[i].network);
    }
    for (int i = 0; i < 2; i++)
        problem_free(&problems[i]);
}

/* Trainers of one data set share it on the device, until the last is freed. */
static void one_copy_of_the_data(void)
{
    const annc_shape shape = problem_shape("100-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    const annc_training_options options = {.eta = 1, .batch = 4, .engine = tested};
    struct problem problem;
    annc_trainer *first = NULL, *second = NULL;
    uint64_t before, one, two, after;
    CHECK(make(&problem, &shape, ANNC_FLOATS, true, 20000)); /* 8 MB */
    REQUIRE_OK(device->backend->free_memory(device, &before));
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &first));
    REQUIRE_OK(device->backend->free_memory(device, &one));
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &second));
    REQUIRE_OK(device->backend->free_memory(device, &two));
    CHECK(before - one >= 8000000 && one - two < 4000000);
    annc_trainer_free(first);
    annc_epoch report;
    REQUIRE_OK(device->backend->free_memory(device, &one));
    CHECK(before - one >= 8000000); /* the data are still there */
    REQUIRE_OK(annc_trainer_epoch(second, NULL, NULL, &report));
    CHECK(report.examples == 20000);
    annc_trainer_free(second);
    REQUIRE_OK(device->backend->free_memory(device, &after));
    CHECK(after == before);
    problem_free(&problem);
}

/* ---------------------------------------------------------------- refusals */

static void refusals(void)
{
    static const struct {
        const char *widths, *why;
        annc_training_options options;
    } cases[] = {
        {"9-5-4-3-3-3-3-3-3-3", "8 layers", {.batch = 4}},
        {"9-5-3", "128 examples", {.batch = 129}},
        {"12000-5-3", "shared memory", {.batch = 32}},
        {"9-5-3", "moves no images", {.batch = 4, .augmentation.shift = 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const annc_shape shape = problem_shape(cases[i].widths, ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
        annc_training_options options = cases[i].options;
        options.eta = 0.1;
        const char *refusal = problem_refusal(device, &shape, &options, tested);
        CHECK_MSG(strstr(refusal, cases[i].why), "case %zu: %s", i, refusal);
    }
    static const struct {
        const char *widths, *block, *split;
    } widths[] = {
        {"63-5-3", "accepted", "64 inputs"},
        {"64-5-3", "accepted", "accepted"},
        {"300-900-3", "", "8 blocks"}, /* parameters beside shared memory */
    };
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const annc_training_options options = {.eta = 0.1, .batch = 16};
        const annc_shape shape = problem_shape(widths[i].widths, ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
        const char *refusal = problem_refusal(device, &shape, &options, tested),
                   *want = tested == ANNC_ENGINE_SPLIT ? widths[i].split : widths[i].block;
        CHECK_MSG(strstr(refusal, want), "%s: %s", widths[i].widths, refusal);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(refusals),           TEST(random_cases),        TEST(images), TEST(same_bits_in_pieces),
        TEST(same_bits_together), TEST(one_copy_of_the_data)};
    const char *engine = getenv("ANNC_TEST_ENGINE");
    tested = engine && strcmp(engine, "split") == 0 ? ANNC_ENGINE_SPLIT : ANNC_ENGINE_BLOCK;
    device = problem_device();
    if (!device) {
        printf("no device\n0 passed, 0 failed, %zu skipped\n", sizeof tests / sizeof *tests);
        return 77;
    }
    printf("on %s: %s\n", device->info.kind, device->info.name);
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
