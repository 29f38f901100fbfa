/* Whole trainings: what ends them, what they keep, checkpoints, cross-validation. */
#include "support/problem.h"
#include "support/test.h"

#include <time.h>
#include <unistd.h>

static annc_device *cpu;
static char path[] = "/tmp/annc-runs-XXXXXX";

enum { EXAMPLES = 40, HELD_OUT = 30 };

/* A network, examples to train on and others to validate with. */
struct pair {
    struct problem train, held_out;
};

static bool pair_make(struct pair *pair)
{
    const annc_shape shape = problem_shape("6-5-3", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    return problem_make(&pair->train, &shape, ANNC_FLOATS, true, EXAMPLES, ANNC_INIT_NORMAL, 1) &&
           problem_make(&pair->held_out, &shape, ANNC_FLOATS, true, HELD_OUT, ANNC_INIT_NORMAL, 2);
}

static void pair_free(struct pair *pair)
{
    problem_free(&pair->train);
    problem_free(&pair->held_out);
}

/* At this rate the network learns its random labels by heart, so that the validation loss rises. */
static annc_run_options options_of(const struct pair *pair, uint32_t epochs)
{
    return (annc_run_options){
        .training = {.eta = 0.5, .batch = 4, .seed = 7}, .epochs = epochs, .validation = pair->held_out.data};
}

static annc_status run(struct pair *pair, const annc_run_options *options, annc_run_state *state)
{
    annc_run *run;
    memset(state, 0, sizeof *state);
    annc_status status = annc_run_create(cpu, pair->train.network, pair->train.data, options, &run);
    if (status == ANNC_OK) {
        status = annc_run_train(run);
        *state = *annc_run_progress(run);
    }
    annc_run_free(run);
    return status;
}

static size_t bytes_of(const annc_network *network)
{
    return annc_shape_parameters(annc_network_shape(network)) * sizeof(float);
}

static bool same_parameters(const annc_network *a, const annc_network *b)
{
    return memcmp(annc_network_parameters_const(a), annc_network_parameters_const(b), bytes_of(a)) == 0;
}

/* A loop of the trainer's own functions keeps the same epoch, and its parameters. */
static void keeps_the_best_epoch(void)
{
    struct pair pair, again;
    annc_run_state state;
    annc_trainer *trainer;
    annc_evaluator *evaluator;
    annc_epoch report;
    double best = INFINITY, last = 0;
    uint32_t best_epoch = 0;
    CHECK(pair_make(&pair) && pair_make(&again));
    const annc_run_options options = options_of(&pair, 12);
    REQUIRE_OK(run(&pair, &options, &state));
    REQUIRE_OK(annc_trainer_create(cpu, again.train.network, again.train.data, &options.training, &trainer));
    REQUIRE_OK(annc_evaluator_create(cpu, again.train.network, again.held_out.data, &evaluator));
    for (uint32_t epoch = 1; epoch <= 12; epoch++) {
        annc_evaluation validation;
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &report));
        REQUIRE_OK(annc_evaluator_run(evaluator, trainer, NULL, NULL, &validation));
        last = validation.loss;
        if (validation.loss < best) {
            best = validation.loss;
            best_epoch = epoch;
            REQUIRE_OK(annc_trainer_store(trainer));
        }
    }
    CHECK(state.epochs == 12 && state.ending == ANNC_ENDED_BY_EPOCHS && state.classes);
    CHECK(best_epoch < 12 && state.best.epoch.epoch == best_epoch && annc_run_kept(&state) == &state.best);
    CHECK(state.best.validation.loss == best && state.last.validation.loss == last);
    CHECK(state.last.test.count == 0 && state.last.validation.count == HELD_OUT);
    CHECK(same_parameters(pair.train.network, again.train.network));
    annc_trainer_free(trainer);
    annc_evaluator_free(evaluator);
    pair_free(&pair);
    pair_free(&again);
}

/* Without a validation set the last parameters are kept, and no epoch is the best. */
static void keeps_the_last_epoch(void)
{
    struct pair pair;
    annc_run_state state;
    CHECK(pair_make(&pair));
    annc_run_options options = options_of(&pair, 2);
    options.validation = NULL;
    options.test = pair.held_out.data;
    options.health = true;
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.best.epoch.epoch == 0 && annc_run_kept(&state) == &state.last && state.last.epoch.epoch == 2);
    CHECK(state.last.test.count == HELD_OUT && state.last.health[0].first_dead == 5);
    options.epochs = 0; /* nothing is trained or evaluated */
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.epochs == 0 && state.ending == ANNC_ENDED_BY_EPOCHS && state.last.test.count == 0);
    pair_free(&pair);
}

struct watch {
    uint32_t stop_after, fail_after, epochs, begun; /* epochs; 0 = never */
};

static annc_status count_begun(void *context, const annc_run *run)
{
    ((struct watch *)context)->begun += 1 + annc_run_progress(run)->epochs;
    return ANNC_OK;
}

static annc_status count_epoch(void *context, const annc_run *run)
{
    struct watch *watch = context;
    watch->epochs = annc_run_progress(run)->epochs;
    return watch->epochs == watch->fail_after ? ANNC_OUTPUT : ANNC_OK;
}

static bool stop_now(void *context)
{
    const struct watch *watch = context;
    return watch->stop_after > 0 && watch->epochs >= watch->stop_after;
}

static annc_run_options watched(const struct pair *pair, uint32_t epochs, struct watch *watch)
{
    annc_run_options options = options_of(pair, epochs);
    options.begun = count_begun;
    options.each = count_epoch;
    options.stop = stop_now;
    options.context = watch;
    return options;
}

/* What ends a run before its epochs: patience, a target, time, a stop, a callback. */
static void ends(void)
{
    struct pair pair;
    annc_run_state state;
    struct watch watch = {.stop_after = 3};
    CHECK(pair_make(&pair));
    annc_run_options options = options_of(&pair, 1000);
    options.patience = 4;
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.ending == ANNC_ENDED_BY_PATIENCE && state.epochs == state.best.epoch.epoch + 4);
    options = options_of(&pair, 1000);
    options.validation = NULL;
    options.target_accuracy = 0.99;
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.ending == ANNC_ENDED_BY_TARGET && state.last.epoch.correct == EXAMPLES);
    options = options_of(&pair, 1000000);
    options.seconds = 0.02;
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.ending == ANNC_ENDED_BY_TIME && state.epochs < 1000000);
    options = watched(&pair, 1000, &watch);
    CHECK(run(&pair, &options, &state) == ANNC_STOPPED && strcmp(annc_last_error(), "stopped after epoch 3") == 0);
    CHECK(state.ending == ANNC_ENDED_BY_STOP && state.epochs == 3 && watch.begun == 1);
    watch = (struct watch){.fail_after = 2};
    CHECK(run(&pair, &options, &state) == ANNC_OUTPUT && state.epochs == 2);
    pair_free(&pair);
}

/* Called before the epoch, and then between its steps: there it waits for the end of the time. */
static bool wait_within_the_epoch(void *context)
{
    const struct timespec longer_than_the_limit = {1, 100000000};
    int *calls = context;
    if (++*calls == 2)
        nanosleep(&longer_than_the_limit, NULL);
    return false;
}

/* A time limit within an epoch ends the run well, and its steps so far count. */
static void ends_within_an_epoch(void)
{
    struct pair pair;
    annc_run_state state;
    int calls = 0;
    CHECK(pair_make(&pair));
    const float first = annc_network_parameters(pair.train.network)[0];
    annc_run_options options = options_of(&pair, 1);
    options.training.batch = 1;
    options.seconds = 1;
    options.stop = wait_within_the_epoch;
    options.context = &calls;
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.ending == ANNC_ENDED_BY_TIME && state.epochs == 0 && state.seconds > 0);
    CHECK(annc_network_parameters(pair.train.network)[0] != first);
    pair_free(&pair);
}

static void diverges(void)
{
    struct pair pair;
    annc_run_state state;
    CHECK(pair_make(&pair));
    annc_run_options options = options_of(&pair, 100);
    options.training.eta = 1e30;
    options.training.objective.l2 = 1;
    CHECK(run(&pair, &options, &state) == ANNC_DIVERGED && state.ending == ANNC_ENDED_BY_DIVERGENCE);
    pair_free(&pair);
}

static annc_status describe(void *context, const annc_run *run, annc_network *checkpoint)
{
    (void)context;
    return annc_network_set_metadata(checkpoint, "annc.run", annc_run_progress(run)->epochs == 5 ? "five" : "other");
}

/* A run that is stopped and resumed ends with the bits of one that is not, its best epoch before the stop included. */
static void resumes(void)
{
    struct pair pair, whole;
    annc_run_state state, unbroken;
    annc_network *checkpoint;
    struct watch watch = {.stop_after = 5};
    CHECK(pair_make(&pair) && pair_make(&whole));
    annc_run_options options = options_of(&whole, 12);
    REQUIRE_OK(run(&whole, &options, &unbroken));
    CHECK(unbroken.best.epoch.epoch < 5); /* so that the checkpoint has it */
    options = watched(&pair, 12, &watch);
    options.checkpoint = path;
    options.checkpoint_epochs = 2;
    options.describe = describe;
    CHECK(run(&pair, &options, &state) == ANNC_STOPPED && state.saved_epochs == 5);
    REQUIRE_OK(annc_model_load(path, NULL, &checkpoint));
    CHECK(strcmp(annc_network_metadata(checkpoint, "annc.run"), "five") == 0);
    memset(annc_network_parameters(pair.train.network), 0, bytes_of(pair.train.network));
    watch = (struct watch){.stop_after = 0};
    options.resume = checkpoint;
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(watch.begun == 6 && watch.epochs == 12);
    CHECK(state.epochs == 12 && state.best.epoch.epoch == unbroken.best.epoch.epoch);
    CHECK(state.last.validation.loss == unbroken.last.validation.loss);
    CHECK(same_parameters(pair.train.network, whole.train.network));
    options.validation = pair.train.data; /* other data to validate with */
    CHECK(run(&pair, &options, &state) == ANNC_INPUT && strstr(annc_last_error(), "other validation"));
    options.validation = pair.held_out.data;
    REQUIRE_OK(annc_network_set_metadata(checkpoint, "annc.progress", "0x1p+0 what"));
    CHECK(run(&pair, &options, &state) == ANNC_INPUT && strstr(annc_last_error(), "annc.progress is malformed"));
    REQUIRE_OK(annc_checkpoint_strip(checkpoint));
    CHECK(!annc_network_metadata(checkpoint, "annc.state") && !annc_network_metadata(checkpoint, "annc.run") &&
          !annc_network_block(checkpoint, "best"));
    CHECK(run(&pair, &options, &state) == ANNC_INPUT &&
          strstr(annc_last_error(), "not a checkpoint: it has no training state"));
    annc_network_free(checkpoint);
    pair_free(&pair);
    pair_free(&whole);
}

/* A checkpoint that is due in the middle of epochs does not change them. */
static void saves_in_between(void)
{
    struct pair pair, whole;
    annc_run_state state;
    CHECK(pair_make(&pair) && pair_make(&whole));
    annc_run_options options = options_of(&whole, 3);
    REQUIRE_OK(run(&whole, &options, &state));
    options.checkpoint = path;
    options.checkpoint_seconds = 1e-9;
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.epochs == 3 && state.saved_epochs == 3 && same_parameters(pair.train.network, whole.train.network));
    options.checkpoint = "/nonexistent/checkpoint";
    CHECK(run(&pair, &options, &state) == ANNC_OUTPUT && state.epochs == 0);
    pair_free(&pair);
    pair_free(&whole);
}

static void refuses(void)
{
    const annc_shape shape = problem_shape("3-2", ANNC_TANH, ANNC_IDENTITY, ANNC_QUADRATIC);
    const annc_run_options options = {.training = {.eta = 0.1, .batch = 4}, .epochs = 1, .target_accuracy = 0.5};
    struct problem problem;
    annc_run *run;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, false, 10, ANNC_INIT_NORMAL, 1));
    CHECK(annc_run_create(cpu, problem.network, problem.data, &options, &run) == ANNC_USAGE && !run);
    CHECK(strcmp(annc_last_error(), "'target_accuracy' needs classes, but the data have targets") == 0);
    problem_free(&problem);
}

/* ---------------------------------------------------------------- cross-validation */

enum { FOLDS = 5 };

struct folding {
    struct pair pair[FOLDS];
    double loss[FOLDS];
    uint32_t told, begun, ended, fail_at; /* fail_at: a fold from 1; 0 = none */
    struct watch watch;
    bool alone;
};

static annc_status begin(void *context, uint32_t fold, annc_candidate *candidate)
{
    struct folding *folding = context;
    struct pair *pair = &folding->pair[fold];
    folding->begun++;
    if (!pair_make(pair) || fold + 1 == folding->fail_at)
        return ANNC_INPUT;
    candidate->network = pair->train.network;
    candidate->train = pair->train.data;
    candidate->options = watched(pair, 4, &folding->watch);
    candidate->options.training.seed = fold; /* in place of other data */
    if (folding->alone)
        candidate->options.checkpoint = path;
    return ANNC_OK;
}

static annc_status done(void *context, uint32_t fold, const annc_candidate *candidate)
{
    struct folding *folding = context;
    CHECK(fold == folding->told);
    folding->told = fold + 1;
    folding->loss[fold] = annc_run_kept(&candidate->result)->validation.loss;
    return ANNC_OK;
}

static void end(void *context, uint32_t fold, annc_candidate *candidate)
{
    struct folding *folding = context;
    folding->ended++;
    (void)candidate;
    pair_free(&folding->pair[fold]);
}

static annc_folds_options folds_of(struct folding *folding)
{
    return (annc_folds_options){.folds = FOLDS, .begin = begin, .done = done, .end = end, .context = folding};
}

/* Folds that train together, and folds that train one after another, a checkpoint between, have the same results. */
static void folds(void)
{
    const annc_device_options crew = {.kind = ANNC_DEVICE_CPU, .threads = 3};
    struct folding together = {.told = 0}, alone = {.alone = true}, resumed = {.alone = true, .told = 2};
    annc_folds_options options = folds_of(&together);
    annc_folds first, second;
    annc_device *threads;
    annc_network *checkpoint;
    double mean = 0;
    REQUIRE_OK(annc_device_open(&crew, &threads));
    REQUIRE_OK(annc_cross_validate(threads, &options, &first));
    for (int i = 0; i < FOLDS; i++)
        mean += together.loss[i] / FOLDS;
    CHECK(together.told == FOLDS && together.begun == FOLDS && together.ended == FOLDS);
    CHECK(first.classes && first.loss.count == FOLDS && first.accuracy.count == FOLDS);
    CHECK_NEAR(annc_spread_mean(&first.loss), mean, 1e-12);
    options = folds_of(&alone);
    alone.watch.stop_after = 0;
    REQUIRE_OK(annc_cross_validate(cpu, &options, &second));
    CHECK(memcmp(&first.loss, &second.loss, sizeof first.loss) == 0);
    REQUIRE_OK(annc_model_load(path, NULL, &checkpoint)); /* of the last fold */
    REQUIRE_OK(annc_folds_restore(checkpoint, &second));
    CHECK(second.fold == FOLDS - 1 && second.loss.count == FOLDS - 1);
    resumed.told = FOLDS - 1;
    options = folds_of(&resumed);
    options.checkpoint = checkpoint;
    REQUIRE_OK(annc_cross_validate(threads, &options, &second));
    CHECK(resumed.begun == 1 && memcmp(&first.loss, &second.loss, sizeof first.loss) == 0);
    options.folds = FOLDS - 1;
    CHECK(annc_cross_validate(threads, &options, &second) == ANNC_INPUT);
    annc_network_free(checkpoint);
    annc_device_close(threads);
}

/* A fold that fails ends them all, and everything begun is freed. */
static void folds_fail(void)
{
    const annc_device_options crew = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    struct folding folding = {.fail_at = 4};
    annc_folds_options options = folds_of(&folding);
    annc_folds results;
    annc_device *threads;
    REQUIRE_OK(annc_device_open(&crew, &threads));
    CHECK(annc_cross_validate(threads, &options, &results) == ANNC_INPUT);
    CHECK(folding.begun == 4 && folding.ended == 4 && folding.told == 2);
    folding = (struct folding){.watch = {.fail_after = 2}};
    CHECK(annc_cross_validate(threads, &options, &results) == ANNC_OUTPUT);
    CHECK(strncmp(annc_last_error(), "fold 1: ", 8) == 0 && folding.ended == 2 && folding.told == 0);
    folding = (struct folding){.alone = true, .watch = {.stop_after = 2}};
    CHECK(annc_cross_validate(threads, &options, &results) == ANNC_STOPPED && folding.ended == 1);
    annc_device_close(threads);
}

/* ---------------------------------------------------------------- nothing to do */

/* Without an epoch the parameters stay, with a checkpoint of them, and no outcome exists. */
static void no_epochs(void)
{
    struct pair pair;
    annc_run_state state;
    CHECK(pair_make(&pair));
    annc_run_options options = options_of(&pair, 0);
    annc_network *before;
    REQUIRE_OK(annc_network_copy(pair.train.network, &before));
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.epochs == 0 && state.ending == ANNC_ENDED_BY_EPOCHS && state.best.epoch.epoch == 0);
    CHECK(state.last.validation.count == 0 && annc_run_kept(&state) == &state.last);
    options.validation = NULL;
    options.checkpoint = path;
    REQUIRE_OK(run(&pair, &options, &state));
    CHECK(state.epochs == 0 && state.saved_epochs == 0 && same_parameters(before, pair.train.network));
    annc_network *checkpoint;
    REQUIRE_OK(annc_model_load(path, NULL, &checkpoint));
    CHECK(same_parameters(before, checkpoint));
    annc_network_free(checkpoint);
    annc_network_free(before);
    pair_free(&pair);
}

/* A sweep of no candidates, of candidates without a validation set, without epochs, and without data. */
static void empty_sweeps(void)
{
    const annc_device_options crew = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    struct pair pair[3];
    annc_candidate candidates[3];
    uint32_t ranked[3];
    memset(candidates, 0, sizeof candidates);
    for (int i = 0; i < 3; i++) {
        CHECK(pair_make(&pair[i]));
        candidates[i].network = pair[i].train.network;
        candidates[i].options = options_of(&pair[i], i == 1 ? 0 : 2);
        candidates[i].train = i == 2 ? NULL : pair[i].train.data;
    }
    candidates[0].options.validation = NULL;
    REQUIRE_OK(annc_sweep(&crew, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL));
    REQUIRE_OK(annc_sweep_rank(NULL, 0, NULL));
    REQUIRE_OK(annc_sweep(&crew, NULL, candidates, 3, NULL, NULL, NULL, NULL, NULL));
    CHECK(candidates[0].status == ANNC_OK && candidates[0].result.epochs == 2);
    CHECK(candidates[0].result.best.epoch.epoch == 0 && annc_candidate_merit(&candidates[0]) == -INFINITY);
    CHECK(candidates[1].status == ANNC_OK && candidates[1].result.epochs == 0);
    CHECK(candidates[1].result.last.validation.count == HELD_OUT && annc_candidate_merit(&candidates[1]) >= 0);
    CHECK(candidates[2].status == ANNC_USAGE && strstr(candidates[2].reason, "'train'") != NULL);
    REQUIRE_OK(annc_sweep_rank(candidates, 3, ranked));
    CHECK(ranked[0] == 1 && ranked[1] == 0 && ranked[2] == 2);
    for (int i = 0; i < 3; i++)
        pair_free(&pair[i]);
}

static annc_status begin_without_epochs(void *context, uint32_t fold, annc_candidate *candidate)
{
    const annc_status status = begin(context, fold, candidate);
    candidate->options.epochs = 0;
    return status;
}

static annc_status begin_without_validation(void *context, uint32_t fold, annc_candidate *candidate)
{
    const annc_status status = begin(context, fold, candidate);
    candidate->options.validation = NULL;
    return status;
}

/* Folds of no epochs measure the initial parameters; fewer than two folds, or none held out, are an error. */
static void empty_folds(void)
{
    const annc_device_options crew = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    struct folding folding = {.told = 0};
    annc_folds_options options = folds_of(&folding);
    annc_folds results;
    annc_device *threads;
    REQUIRE_OK(annc_device_open(&crew, &threads));
    options.begin = begin_without_epochs;
    REQUIRE_OK(annc_cross_validate(threads, &options, &results));
    CHECK(results.accuracy.count == FOLDS && annc_spread_mean(&results.loss) > 0);
    folding = (struct folding){.alone = true};
    REQUIRE_OK(annc_cross_validate(cpu, &options, &results));
    CHECK(results.accuracy.count == FOLDS && folding.ended == FOLDS);
    options.begin = begin_without_validation;
    folding = (struct folding){.told = 0};
    CHECK(annc_cross_validate(threads, &options, &results) == ANNC_USAGE && folding.ended == folding.begun);
    CHECK(strcmp(annc_last_error(), "fold 1: 'validation' must not be NULL") == 0);
    for (options.folds = 0; options.folds < 2; options.folds++) {
        folding = (struct folding){.told = 0};
        CHECK(annc_cross_validate(threads, &options, &results) == ANNC_USAGE && folding.begun == 0);
        CHECK(strstr(annc_last_error(), "'folds' is") != NULL);
    }
    annc_device_close(threads);
}

/* 2, 4 and 9: mean 5, deviation the root of ((9 + 1 + 16) / 2). */
static void spreads(void)
{
    annc_spread spread = {.count = 0};
    CHECK(isnan(annc_spread_mean(&spread)) && isnan(annc_spread_deviation(&spread)));
    annc_spread_add(&spread, 2);
    CHECK(annc_spread_mean(&spread) == 2 && annc_spread_deviation(&spread) == 0);
    annc_spread_add(&spread, 4);
    annc_spread_add(&spread, 9);
    CHECK_NEAR(annc_spread_mean(&spread), 5, 1e-15);
    CHECK_NEAR(annc_spread_deviation(&spread), sqrt(13), 1e-14);
}

/* ---------------------------------------------------------------- ranks */

static annc_candidate candidate_of(bool classes, uint32_t correct, double r2, uint32_t count)
{
    annc_candidate candidate = {.network = NULL};
    candidate.result.classes = classes;
    candidate.result.last.validation = (annc_evaluation){.count = count, .correct = correct, .r2 = r2};
    return candidate;
}

static void ranks(void)
{
    annc_candidate classes[] = {candidate_of(true, 5, NAN, 10), candidate_of(true, 0, NAN, 0),
                                candidate_of(true, 9, NAN, 10), candidate_of(true, 9, NAN, 10)};
    annc_candidate targets[] = {candidate_of(false, 0, NAN, 10), candidate_of(false, 0, -0.5, 10),
                                candidate_of(false, 0, 0.75, 10)};
    uint32_t ranked[4];
    classes[0].result.best = classes[0].result.last; /* the best counts, not the last */
    classes[0].result.best.epoch.epoch = 1;
    classes[0].result.last.validation.correct = 10;
    CHECK(annc_candidate_merit(&classes[0]) == 0.5 && annc_candidate_merit(&classes[1]) == -INFINITY);
    REQUIRE_OK(annc_sweep_rank(classes, 4, ranked));
    CHECK(ranked[0] == 2 && ranked[1] == 3 && ranked[2] == 0 && ranked[3] == 1);
    REQUIRE_OK(annc_sweep_rank(targets, 3, ranked));
    CHECK(ranked[0] == 2 && ranked[1] == 1 && ranked[2] == 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(keeps_the_best_epoch),
                                        TEST(keeps_the_last_epoch),
                                        TEST(ends),
                                        TEST(ends_within_an_epoch),
                                        TEST(diverges),
                                        TEST(resumes),
                                        TEST(saves_in_between),
                                        TEST(refuses),
                                        TEST(folds),
                                        TEST(folds_fail),
                                        TEST(no_epochs),
                                        TEST(empty_sweeps),
                                        TEST(empty_folds),
                                        TEST(spreads),
                                        TEST(ranks)};
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    const int descriptor = mkstemp(path);
    if (descriptor < 0 || annc_device_open(&options, &cpu) != ANNC_OK)
        return 1;
    close(descriptor);
    const int code = test_main(argc, argv, tests, sizeof tests / sizeof *tests);
    annc_device_close(cpu);
    unlink(path);
    return code;
}
