/* The places of parameters on a device: every W is aligned where operations run, engines of whole
 * steps have no gaps, gaps stay 0, and what comes back to the host is what went there. */
#include "network/network.h"
#include "support/problem.h"
#include "support/test.h"
#include "training/step/engine_choice.h"
#include "training/step/layout.h"
#include "training/step/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static annc_device *device;

static const char *const SHAPES[] = {"3-2", "784-33-10", "5-3-2-7-1-4", "64-64-3"};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES, ALIGNMENT = 256 / sizeof(float) };

static annc_shape shape_of(size_t i)
{
    return problem_shape(SHAPES[i], ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
}

/* ---------------------------------------------------------------- places */

static void places(void)
{
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        const annc_shape shape = shape_of(i);
        const struct annc_layout dense = annc_layout_dense(&shape), layout = annc_layout_of(device->backend, &shape);
        CHECK(dense.count == annc_shape_parameters(&shape) && layout.W[1] == 0);
        CHECK(layout.end[shape.layers] == layout.count && dense.end[shape.layers] == dense.count);
        for (uint32_t l = 1; l <= shape.layers; l++) {
            const size_t n = shape.width[l], gap = l == 1 ? 0 : layout.W[l] - layout.end[l - 1];
            CHECK(dense.W[l] == annc_shape_weights_at(&shape, l) && dense.b[l] == annc_shape_biases_at(&shape, l));
            CHECK(layout.b[l] == layout.W[l] + n * shape.width[l - 1] && layout.end[l] == layout.b[l] + n);
            if (device->backend->host_memory)
                CHECK(gap == 0);
            else
                CHECK_MSG(layout.W[l] % ALIGNMENT == 0 && gap < ALIGNMENT, "%s: W of layer %u at %zu", SHAPES[i], l,
                          layout.W[l]);
        }
    }
}

/* Numbers go to a block and come back, and leave its gaps alone. */
static void there_and_back(void)
{
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        const annc_shape shape = shape_of(i);
        const struct annc_layout layout = annc_layout_of(device->backend, &shape);
        const size_t count = annc_shape_parameters(&shape);
        float *host = malloc(count * sizeof *host), *back = calloc(count, sizeof *back),
              *block = malloc(layout.count * sizeof *block);
        void *memory = NULL;
        for (size_t p = 0; p < count; p++)
            host[p] = (float)(p + 1);
        for (size_t p = 0; p < layout.count; p++)
            block[p] = -1;
        REQUIRE_OK(device->backend->alloc(device, layout.count * sizeof *block, "numbers", &memory));
        REQUIRE_OK(device->backend->upload(device, memory, block, layout.count * sizeof *block));
        REQUIRE_OK(annc_layout_upload(&layout, device, memory, host));
        REQUIRE_OK(annc_layout_download(&layout, device, back, memory));
        REQUIRE_OK(device->backend->download(device, block, memory, layout.count * sizeof *block));
        CHECK_MSG(memcmp(host, back, count * sizeof *host) == 0, "%s", SHAPES[i]);
        for (uint32_t l = 1; l <= shape.layers; l++) {
            CHECK_MSG(memcmp(block + layout.W[l], host + annc_shape_weights_at(&shape, l),
                             (layout.end[l] - layout.W[l]) * sizeof *block) == 0,
                      "%s, layer %u", SHAPES[i], l);
            for (size_t p = layout.end[l]; l < shape.layers && p < layout.W[l + 1]; p++)
                CHECK(block[p] == -1);
        }
        device->backend->free(device, memory);
        free(host);
        free(back);
        free(block);
    }
}

/* ---------------------------------------------------------------- trainings */

/* Checks that the gaps of a trainer's block are 0. */
static void check_gaps(const struct annc_layout *layout, const float *d_block, const char *what)
{
    float *block = malloc(layout->count * sizeof *block);
    REQUIRE_OK(device->backend->download(device, block, d_block, layout->count * sizeof *block));
    for (uint32_t l = 2; l <= layout->layers; l++)
        for (size_t p = layout->end[l - 1]; p < layout->W[l]; p++)
            CHECK_MSG(block[p] == 0, "%s: %g at %zu, in the gap below layer %u", what, (double)block[p], p, l);
    free(block);
}

/* Operations train in a block whose W are aligned, with all that an optimiser does to whole blocks;
 * the gaps stay 0. */
static void gaps_stay_zero(void)
{
    const annc_shape shape = shape_of(2);
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    options.batch = 4;
    options.clip = 0.01;
    options.objective.l2 = 0.1;
    options.max_norm = 0.5;
    options.engine = ANNC_ENGINE_OPS;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, false, 18, ANNC_INIT_XAVIER, 5));
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    const struct annc_layout *layout = &trainer->pass.layout;
    CHECK(layout->count == annc_layout_of(device->backend, &shape).count);
    for (int i = 0; i < 2; i++)
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    check_gaps(layout, trainer->job.theta, "parameters");
    check_gaps(layout, trainer->optimisation.gradient, "gradient");
    check_gaps(layout, trainer->optimisation.v, "first moment");
    check_gaps(layout, trainer->optimisation.s, "second moment");
    annc_trainer_free(trainer);
    problem_free(&problem);
}

/* Returns the loss of a trainer's parameters, which an evaluator reads on the device, and of the
 * same ones from the host; an engine and operations may have evaluated them. */
static void evaluate(const struct problem *problem, annc_trainer *trainer, double losses[2])
{
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation;
    REQUIRE_OK(annc_trainer_store(trainer));
    REQUIRE_OK(annc_evaluator_create(device, problem->network, problem->data, &evaluator));
    REQUIRE_OK(annc_evaluator_run(evaluator, trainer, NULL, NULL, &evaluation));
    losses[0] = evaluation.loss;
    REQUIRE_OK(annc_evaluator_run(evaluator, NULL, NULL, NULL, &evaluation));
    losses[1] = evaluation.loss;
    annc_evaluator_free(evaluator);
}

/* A look at the layers finds the parameters of a trainer where they are: a trainer by operations
 * that has got them from the host sees the same. */
static void look_at_layers(const struct problem *problem, annc_trainer *trainer)
{
    const annc_training_options options = {.eta = 0.1, .batch = 4, .engine = ANNC_ENGINE_OPS};
    annc_layer_health layers[2][2] = {{{0}}};
    annc_trainer *other = NULL;
    REQUIRE_OK(annc_trainer_create(device, problem->network, problem->data, &options, &other));
    REQUIRE_OK(annc_trainer_health(trainer, layers[0]));
    REQUIRE_OK(annc_trainer_health(other, layers[1]));
    for (int l = 0; l < 2; l++)
        CHECK_MSG(layers[0][l].saturated == layers[1][l].saturated && layers[0][l].saturated > 0,
                  "%s, layer %d: %g are saturated, not %g", annc_trainer_engine(trainer), l + 1, layers[0][l].saturated,
                  layers[1][l].saturated);
    annc_trainer_free(other);
}

/* Each engine trains in the layout that it expects; an evaluation finds the parameters in it. */
static void layouts_of_engines(void)
{
    const annc_shape shape = problem_shape("9-7-5", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    for (int engine = ANNC_ENGINE_OPS; engine < ANNC_ENGINE_COUNT; engine++) {
        const annc_training_options options = {.eta = 0.1, .batch = 4, .engine = (annc_engine)engine};
        struct problem problem;
        annc_trainer *trainer = NULL;
        annc_epoch epoch;
        double losses[2] = {NAN, NAN};
        if (!annc_engine_exists(device, (annc_engine)engine) ||
            (engine != ANNC_ENGINE_OPS &&
             strcmp(problem_refusal(device, &shape, &options, (annc_engine)engine), "accepted") != 0))
            continue;
        CHECK(problem_make(&problem, &shape, ANNC_BYTES, true, 16, ANNC_INIT_XAVIER, 7));
        for (size_t p = 0; p < annc_shape_parameters(&shape); p++)
            problem.network->theta[p] *= 10; /* saturates some units */
        REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
        const bool is_dense = device->backend->host_memory || (trainer->engine && !trainer->engine->of_operations);
        CHECK_MSG((trainer->pass.layout.count == annc_shape_parameters(&shape)) == is_dense, "%s",
                  annc_engine_name((annc_engine)engine));
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
        evaluate(&problem, trainer, losses);
        CHECK_MSG(fabs(losses[0] - losses[1]) <= 1e-6, "%s: loss %.9g on the device, %.9g on the host",
                  annc_engine_name((annc_engine)engine), losses[0], losses[1]);
        look_at_layers(&problem, trainer);
        annc_trainer_free(trainer);
        problem_free(&problem);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(places), TEST(there_and_back), TEST(gaps_stay_zero),
                                        TEST(layouts_of_engines)};
    device = problem_device();
    if (!device) {
        printf("0 passed, 0 failed, %zu skipped\n", sizeof tests / sizeof *tests);
        return 77;
    }
    const int result = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(device);
    return result;
}
