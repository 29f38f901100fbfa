/* Optimisers in double against the tests' own, schedules against their definitions, and what is refused. */
#include "base/functions.h"
#include "support/optimiser.h"
#include "support/problem.h"
#include "support/test.h"

/* 100 steps of each optimiser over one gradient path: the table's formulas and the tests' own end at the same parameters. */
static void trajectories(void)
{
    enum { STEPS = 100, M = 5 };
    const annc_shape shape = problem_shape("6-5-3", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    const size_t parameters = annc_shape_parameters(&shape);
    struct problem problem;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 40, ANNC_INIT_XAVIER, 4));
    for (int i = 0; i < ANNC_OPTIMISER_COUNT; i++) {
        annc_training_options options = annc_training_defaults((annc_optimiser)i);
        double *ours = malloc(parameters * sizeof *ours), *theirs = malloc(parameters * sizeof *theirs),
               *gradient = malloc(parameters * sizeof *gradient), *v = calloc(parameters, sizeof *v),
               *s = calloc(parameters, sizeof *s), cost, moved = 0;
        struct optimiser optimiser;
        options.decay = 0;
        optimiser_open(&optimiser, &shape, &options);
        for (size_t k = 0; k < parameters; k++)
            ours[k] = theirs[k] = (double)annc_network_parameters(problem.network)[k];
        for (int t = 1; t <= STEPS; t++) {
            CHECK(problem_reference_gradient(&problem, ours, 1, (uint32_t)t, 0, M, gradient, &cost));
            for (size_t k = 0; k < parameters; k++)
                ours[k] -= annc_optimiser_step_f64(options.optimiser, options.eta, options.mu, options.rho,
                                                   options.epsilon, options.eta / (1 - pow(options.mu, t)),
                                                   1 / sqrt(1 - pow(options.rho, t)), gradient[k], &v[k], &s[k]);
            CHECK(problem_reference_gradient(&problem, theirs, 1, (uint32_t)t, 0, M, gradient, &cost));
            optimiser_step(&optimiser, options.eta, gradient, theirs);
        }
        for (size_t k = 0; k < parameters; k++) {
            CHECK_NEAR(ours[k], theirs[k], 1e-6);
            moved = fmax(moved, fabs(ours[k] - (double)annc_network_parameters(problem.network)[k]));
        }
        CHECK_MSG(moved > 0.01, "%s hardly moves", annc_optimiser_name(options.optimiser));
        optimiser_close(&optimiser);
        free(ours), free(theirs), free(gradient), free(v), free(s);
    }
    problem_free(&problem);
}

/* Steps known by hand. */
static void known_steps(void)
{
    double v = 0, s = 0;
    CHECK_NEAR(annc_optimiser_step_f64(ANNC_SGD, 0.1, 0, 0, 0, 1, 1, 3, &v, &s), 0.3, 1e-15);
    CHECK_NEAR(annc_optimiser_step_f64(ANNC_MOMENTUM, 0.1, 0.9, 0, 0, 1, 1, 3, &v, &s), 0.3, 1e-15);
    CHECK_NEAR(annc_optimiser_step_f64(ANNC_MOMENTUM, 0.1, 0.9, 0, 0, 1, 1, 3, &v, &s), 0.57, 1e-15);
    v = 0;
    CHECK_NEAR(annc_optimiser_step_f64(ANNC_NESTEROV, 0.1, 0.9, 0, 0, 1, 1, 3, &v, &s), 0.57, 1e-15);
    CHECK_NEAR(annc_optimiser_step_f64(ANNC_ADAGRAD, 0.1, 0, 0, 0, 1, 1, 3, &v, &s), 0.1, 1e-15);
    CHECK_NEAR(annc_optimiser_step_f64(ANNC_ADAGRAD, 0.1, 0, 0, 0, 1, 1, 4, &v, &s), 0.08, 1e-15);
    s = 0;
    CHECK_NEAR(annc_optimiser_step_f64(ANNC_RMSPROP, 0.1, 0, 0.75, 0, 1, 1, -3, &v, &s), -0.2, 1e-15);
    v = s = 0; /* Adam's first step is the rate itself, whatever the gradient's size */
    CHECK_NEAR(annc_optimiser_step_f64(ANNC_ADAM, 0.1, 0.9, 0.999, 0, 1, 1 / sqrt(0.001), -1e-3, &v, &s), -0.1, 1e-12);
    CHECK_NEAR(v, -1e-4, 1e-18);
    CHECK_NEAR(s, 1e-9, 1e-22);
}

static double rate(annc_schedule_kind kind, double warmup, uint32_t period, uint32_t epoch, uint32_t step)
{
    const annc_schedule schedule = {.kind = kind, .warmup = warmup, .period = period, .epochs = 10};
    return annc_schedule_rate(&schedule, 2, epoch, step, 10);
}

static void schedules(void)
{
    CHECK_NEAR(rate(ANNC_CONSTANT, 0, 0, 7, 3), 2, 0);
    CHECK_NEAR(rate(ANNC_STEP_DECAY, 0, 3, 2, 9), 2, 0);
    CHECK_NEAR(rate(ANNC_STEP_DECAY, 0, 3, 3, 0), 0.2, 1e-15);
    CHECK_NEAR(rate(ANNC_STEP_DECAY, 0, 3, 8, 0), 0.02, 1e-15);
    CHECK_NEAR(rate(ANNC_EXPONENTIAL, 0, 0, 2, 5), 2 * 0.95 * 0.95, 1e-15);
    CHECK_NEAR(rate(ANNC_COSINE, 0, 0, 0, 0), 2, 1e-15);
    CHECK_NEAR(rate(ANNC_COSINE, 0, 0, 5, 0), 1, 1e-15);
    CHECK_NEAR(rate(ANNC_COSINE, 0, 0, 9, 9), 1 + cos(3.14159265358979324 * 0.99), 1e-15);
    CHECK(rate(ANNC_COSINE, 0, 0, 25, 4) == rate(ANNC_COSINE, 0, 0, 9, 9));
    CHECK_NEAR(rate(ANNC_ONE_CYCLE, 0, 0, 0, 0), 2.0 / 25, 1e-15);
    CHECK_NEAR(rate(ANNC_ONE_CYCLE, 0, 0, 2, 9), 2, 1e-15);
    CHECK_NEAR(rate(ANNC_ONE_CYCLE, 0, 0, 9, 9), 2.0 / 250000, 1e-15);
    CHECK_NEAR(rate(ANNC_CONSTANT, 1, 0, 0, 0), 0.2, 1e-15);
    CHECK_NEAR(rate(ANNC_CONSTANT, 1, 0, 0, 9), 2, 1e-15);
    CHECK_NEAR(rate(ANNC_CONSTANT, 0.5, 0, 1, 0), 2, 0);
    for (int kind = 0; kind < ANNC_SCHEDULE_COUNT; kind++)
        for (uint32_t t = 0; t < 150; t++) {
            const double r = rate((annc_schedule_kind)kind, 0.3, 0, t / 10, t % 10);
            CHECK_MSG(isfinite(r) && r > 0 && r <= 2, "%s at step %u: %g", annc_schedule_name((annc_schedule_kind)kind),
                      t, r);
        }
}

/* A loss that stays lowers the rate after the period, and once more after the next. */
static void plateau(void)
{
    const annc_shape shape = problem_shape("3-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_training_options options = annc_training_defaults(ANNC_SGD);
    const double losses[] = {5, 4, 4, 4, 3, 3, 3, 3, 3, 3}, rates[] = {1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125};
    const annc_device_options cpu = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    struct problem problem;
    annc_device *device = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch report;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 20, ANNC_INIT_XAVIER, 4));
    REQUIRE_OK(annc_device_open(&cpu, &device));
    options.eta = 1;
    options.schedule = (annc_schedule){.kind = ANNC_PLATEAU, .factor = 0.5, .period = 1};
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    for (size_t epoch = 0; epoch < sizeof losses / sizeof *losses; epoch++) {
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
        CHECK_NEAR(report.rate, rates[epoch], 1e-7);
        annc_trainer_report(trainer, losses[epoch]);
    }
    annc_trainer_free(trainer);
    annc_device_close(device);
    problem_free(&problem);
}

static void refused(const annc_training_options *options, const char *word)
{
    const annc_shape shape = problem_shape("3-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    CHECK_MSG(annc_training_check(options, &shape) == ANNC_USAGE && strstr(annc_last_error(), word), "%s: %s", word,
              annc_last_error());
}

static void refusals(void)
{
    const annc_shape shape = problem_shape("3-2", ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    static const float weights[] = {1, NAN};
    for (int i = 0; i < ANNC_OPTIMISER_COUNT; i++) {
        const annc_training_options good = annc_training_defaults((annc_optimiser)i);
        CHECK(annc_training_check(&good, &shape) == ANNC_OK);
    }
#define REFUSED(member, value, word)                                                                                   \
    do {                                                                                                               \
        annc_training_options bad = annc_training_defaults(ANNC_ADAM);                                                 \
        bad.member = value;                                                                                            \
        refused(&bad, word);                                                                                           \
    } while (0)
    REFUSED(optimiser, (annc_optimiser)77, "77");
    REFUSED(eta, NAN, "nan");
    REFUSED(eta, -1, "-1");
    REFUSED(mu, 1, "momentum");
    REFUSED(rho, -0.5, "squares");
    REFUSED(epsilon, INFINITY, "epsilon");
    REFUSED(decay, -1, "decay");
    REFUSED(clip, -1, "gradient");
    REFUSED(max_norm, NAN, "limit of a unit's weights");
    REFUSED(batch, 0, "minibatch");
    REFUSED(schedule.kind, (annc_schedule_kind)77, "77");
    REFUSED(schedule.kind, ANNC_COSINE, "length");
    REFUSED(schedule.warmup, -2, "warm-up");
    REFUSED(schedule.factor, 1.5, "factor");
    REFUSED(objective.dropout, 1, "dropout");
    REFUSED(objective.input_dropout, -0.1, "input dropout");
    REFUSED(objective.input_noise, -1, "noise");
    REFUSED(objective.l2, -1, "L2");
    REFUSED(objective.l1, NAN, "L1");
    REFUSED(objective.label_smoothing, 1, "smoothing");
    REFUSED(objective.class_weights, weights, "class");
#undef REFUSED
}

TEST_MAIN(TEST(trajectories), TEST(known_steps), TEST(schedules), TEST(plateau), TEST(refusals))
