/* CUDA devices on the simulated one: several at once, handed from thread to thread, without code for them, and short of memory. */
#include "backend/backend.h"
#include "support/problem.h"
#include "support/test.h"
#include "training/step/trainer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 2 };

static const annc_training_options plain = {.eta = 0.5, .batch = 4, .seed = 1};

/* What a device takes for itself: the memory of a simulated device is counted from there. */
enum { WORKSPACE_MB = 65 };

static void memory_is(int megabytes)
{
    char text[16];
    snprintf(text, sizeof text, "%d", WORKSPACE_MB + megabytes);
    setenv("ANNC_HOST_MEMORY_MB", text, 1);
}

static annc_device *open_cuda(int index)
{
    const annc_device_options options = {.kind = ANNC_DEVICE_CUDA, .index = index};
    annc_device *device = NULL;
    CHECK_MSG(annc_device_open(&options, &device) == ANNC_OK, "%s", annc_last_error());
    return device;
}

/* One epoch, and what a data set says of it. */
static annc_status one_epoch(annc_trainer *trainer, annc_evaluator *evaluator, double *loss)
{
    annc_epoch epoch;
    annc_evaluation evaluation;
    annc_status status = annc_trainer_epoch(trainer, NULL, NULL, &epoch);
    if (status == ANNC_OK)
        status = annc_evaluator_run(evaluator, trainer, NULL, NULL, &evaluation);
    *loss = status == ANNC_OK ? evaluation.loss : 0;
    return status;
}

static void small_problem(struct problem *problem, uint64_t seed)
{
    const annc_shape shape = problem_shape("5-4-3", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    CHECK(problem_make(problem, &shape, ANNC_FLOATS, true, 90, ANNC_INIT_AUTO, seed));
}

/* ---------------------------------------------------------------- several */

/* Two devices take turns in one thread, each with the bits that it has alone. */
static void two_at_once(void)
{
    double want[2][EPOCHS], got[2][EPOCHS];
    setenv("ANNC_HOST_DEVICES", "2", 1);
    for (int together = 0; together < 2; together++) {
        annc_device *device[2] = {NULL};
        annc_trainer *trainer[2] = {NULL};
        annc_evaluator *evaluator[2] = {NULL};
        struct problem problem[2];
        for (int d = 0; d < 2; d++) {
            small_problem(&problem[d], 7 + (uint64_t)d);
            device[d] = open_cuda(together ? d : 0);
        }
        for (int d = 0; d < 2; d++) {
            REQUIRE_OK(annc_trainer_create(device[d], problem[d].network, problem[d].data, &plain, &trainer[d]));
            REQUIRE_OK(annc_evaluator_create(device[d], problem[d].network, problem[d].data, &evaluator[d]));
        }
        for (int e = 0; e < EPOCHS; e++)
            for (int d = 0; d < 2; d++)
                REQUIRE_OK(one_epoch(trainer[d], evaluator[d], together ? &got[d][e] : &want[d][e]));
        for (int d = 0; d < 2; d++) {
            annc_evaluator_free(evaluator[d]);
            annc_trainer_free(trainer[d]);
            annc_device_close(device[d]);
            problem_free(&problem[d]);
        }
    }
    CHECK(memcmp(want, got, sizeof want) == 0);
    unsetenv("ANNC_HOST_DEVICES");
}

/* What another thread is handed. */
struct handed {
    annc_device *device;
    annc_trainer *trainer;
    annc_evaluator *evaluator;
    double loss;
    annc_status status;
    char message[256];
};

static void *use(void *context)
{
    struct handed *handed = context;
    handed->status = one_epoch(handed->trainer, handed->evaluator, &handed->loss);
    snprintf(handed->message, sizeof handed->message, "%s", annc_last_error());
    annc_evaluator_free(handed->evaluator);
    annc_trainer_free(handed->trainer);
    annc_device_close(handed->device);
    return NULL;
}

/* A device that is opened in one thread, used and closed in another. */
static void handed_on(void)
{
    struct problem problem;
    struct handed handed = {.device = NULL};
    pthread_t thread;
    setenv("ANNC_HOST_DEVICES", "2", 1);
    small_problem(&problem, 7);
    handed.device = open_cuda(1);
    REQUIRE_OK(annc_trainer_create(handed.device, problem.network, problem.data, &plain, &handed.trainer));
    REQUIRE_OK(annc_evaluator_create(handed.device, problem.network, problem.data, &handed.evaluator));
    CHECK(pthread_create(&thread, NULL, use, &handed) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_MSG(handed.status == ANNC_OK && handed.loss > 0, "%s", handed.message);
    problem_free(&problem);
    unsetenv("ANNC_HOST_DEVICES");
}

/* ---------------------------------------------------------------- without code */

/* A GPU that the build has no kernels for, or whose driver cannot translate them, is none: the CPU is taken instead, and why is told. */
static void without_code(void)
{
    const annc_device_options automatic = {.kind = ANNC_DEVICE_AUTO}, cuda = {.kind = ANNC_DEVICE_CUDA};
    annc_device *device = NULL;
    setenv("ANNC_HOST_NO_CODE", "1", 1);
    CHECK(annc_device_open(&cuda, &device) == ANNC_DEVICE && device == NULL);
    CHECK_MSG(strstr(annc_last_error(), "NoKernelImage"), "%s", annc_last_error());
    REQUIRE_OK(annc_device_open(&automatic, &device));
    CHECK(strcmp(annc_device_describe(device)->kind, "cpu") == 0);
    CHECK_MSG(strstr(annc_device_describe(device)->why, "NoKernelImage"), "%s", annc_device_describe(device)->why);
    annc_device_close(device);
    unsetenv("ANNC_HOST_NO_CODE");
}

/* ---------------------------------------------------------------- little memory */

/* 8 MB of examples. */
static void wide_problem(struct problem *problem)
{
    const annc_shape shape = problem_shape("500-4-3", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    CHECK(problem_make(problem, &shape, ANNC_FLOATS, true, 4000, ANNC_INIT_AUTO, 3));
}

/* A trainer's examples come in windows where the device does not hold them, also when another has taken its memory since it was opened. */
static void trainers_share(void)
{
    const annc_training_options options = {.eta = 0.5, .batch = 100, .seed = 1};
    struct problem problem;
    annc_trainer *trainer[2] = {NULL};
    memory_is(14);
    wide_problem(&problem);
    annc_device *device = open_cuda(0);
    for (int i = 0; i < 2; i++)
        REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer[i]));
    CHECK(annc_trainer_window(trainer[0]) == 4000 && annc_trainer_window(trainer[1]) < 4000);
    for (int i = 0; i < 2; i++)
        annc_trainer_free(trainer[i]);
    annc_device_close(device);
    problem_free(&problem);
}

static char calls[512]; /* of one epoch: g gather, c copy beside, w await copies, d download */
static const struct annc_backend *real;

static void log_call(char call)
{
    const size_t length = strlen(calls);
    if (length + 1 < sizeof calls)
        calls[length] = call;
}

static annc_status logged_gather(annc_device *device, struct annc_cursor *cursor, const annc_examples *examples,
                                 struct annc_label_values values, const float *class_weights, uint32_t m, float *X,
                                 float *Y, float *weights)
{
    log_call('g');
    return real->gather(device, cursor, examples, values, class_weights, m, X, Y, weights);
}

static annc_status logged_copy(annc_device *device, void *to, const void *from, size_t bytes)
{
    log_call('c');
    return real->copy_beside(device, to, from, bytes);
}

static annc_status logged_await(annc_device *device)
{
    log_call('w');
    return real->await_copies(device);
}

static annc_status logged_download(annc_device *device, void *host, const void *memory, size_t bytes)
{
    log_call('d');
    return real->download(device, host, memory, bytes);
}

/* Trains an epoch of 4000 examples and evaluates, with the device's memory in MB. */
static void train_within(int megabytes, uint32_t *window, double *loss)
{
    const annc_training_options options = {.eta = 0.5, .batch = 100, .seed = 1, .engine = ANNC_ENGINE_OPS};
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation;
    annc_epoch epoch;
    memory_is(megabytes);
    wide_problem(&problem);
    annc_device *device = open_cuda(0);
    real = device->backend;
    struct annc_backend logging = *real;
    logging.gather = logged_gather;
    logging.copy_beside = logged_copy;
    logging.await_copies = logged_await;
    logging.download = logged_download;
    device->backend = &logging;
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    *window = annc_trainer_window(trainer);
    memset(calls, 0, sizeof calls);
    REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    REQUIRE_OK(annc_trainer_store(trainer));
    annc_trainer_free(trainer);
    log_call('\n');
    REQUIRE_OK(annc_evaluator_create(device, problem.network, problem.data, &evaluator));
    REQUIRE_OK(annc_evaluator_run(evaluator, NULL, NULL, NULL, &evaluation));
    annc_evaluator_free(evaluator);
    device->backend = real;
    annc_device_close(device);
    problem_free(&problem);
    *loss = evaluation.loss;
}

/* A window is copied beside the steps on the one before: after they have been enqueued, before the
 * host waits for them. Its examples are those that the device otherwise holds. */
static void windows_come_beside_steps(void)
{
    uint32_t window = 0, all = 0;
    double want = 0, got = 0;
    train_within(40, &all, &want);
    CHECK(all == 4000 && !strchr(calls, 'c'));
    train_within(9, &window, &got);
    CHECK_MSG(want > 0 && got == want, "loss %.9g, not %.9g", got, want);
    CHECK_MSG(window >= 500 && window < 4000, "windows of %u", window);
    const char *const ends = strchr(calls, '\n');
    int windows = 0;
    for (const char *at = calls; (at = strstr(at, "wg")) && at < ends; at++)
        windows++;
    int beside = 0;
    for (const char *at = calls; (at = strstr(at, "gccd")) && at < ends; at++)
        beside++;
    CHECK_MSG(windows > 1 && beside == windows - 1, "%d of %d windows come beside steps: %s", beside, windows, calls);
    CHECK_MSG(strstr(ends, "gccd"), "evaluation: %s", ends);
}

/* Returns how many of the logged calls are `call`. */
static int calls_of(char call)
{
    int count = 0;
    for (const char *at = calls; *at; at++)
        count += *at == call;
    return count;
}

/* An evaluation takes as many examples at once as fit a share of the device's memory, whatever is
 * free of it: in the second case 4096, though its free memory would give 2048. */
static void chunks_follow_memory(void)
{
    enum { ROWS = 5000 };
    static const struct {
        int megabytes, gathers;
    } cases[] = {{1024, 5}, {3768, 2}, {16384, 1}};
    const annc_shape shape = problem_shape("470-4-3", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    struct problem problem;
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, ROWS, ANNC_INIT_AUTO, 3));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        annc_evaluator *evaluator = NULL;
        annc_evaluation evaluation;
        memory_is(cases[i].megabytes);
        annc_device *device = open_cuda(0);
        real = device->backend;
        struct annc_backend logging = *real;
        logging.gather = logged_gather;
        device->backend = &logging;
        memset(calls, 0, sizeof calls);
        REQUIRE_OK(annc_evaluator_create(device, problem.network, problem.data, &evaluator));
        REQUIRE_OK(annc_evaluator_run(evaluator, NULL, NULL, NULL, &evaluation));
        CHECK_MSG(calls_of('g') == cases[i].gathers, "%d gathers with %d MB", calls_of('g'), cases[i].megabytes);
        CHECK(evaluation.count == ROWS);
        annc_evaluator_free(evaluator);
        device->backend = real;
        annc_device_close(device);
    }
    problem_free(&problem);
}

enum { BESIDE_EPOCHS = 5, BESIDE_EVERY = 3 };

/* What a run's callbacks see, and where it is to stop. */
struct seen {
    annc_evaluation test[BESIDE_EPOCHS];
    uint32_t ahead[BESIDE_EPOCHS]; /* epochs that the trainer has begun beyond the one reported */
    uint32_t count, stop_in;       /* calls of `each`; the epoch to stop in, or 0 */
    bool stops_after;              /* that epoch, not within */
    bool is_saved_ahead;           /* a checkpoint was saved whose epoch was not evaluated */
    const annc_run *run;
};

static annc_status see_begun(void *context, const annc_run *run)
{
    ((struct seen *)context)->run = run;
    return ANNC_OK;
}

static annc_status see_epoch(void *context, const annc_run *run)
{
    struct seen *seen = context;
    const annc_run_state *state = annc_run_progress(run);
    seen->test[seen->count] = state->last.test;
    seen->ahead[seen->count++] = annc_run_trainer(run)->epoch - state->last.epoch.epoch;
    return state->epochs == seen->count ? ANNC_OK : ANNC_FAILURE;
}

static bool see_steps(void *context)
{
    const struct seen *seen = context;
    const annc_trainer *trainer = annc_run_trainer(seen->run);
    return trainer->epoch > 0 && trainer->epoch == seen->stop_in &&
           (!seen->stops_after || trainer->report.steps == trainer->steps);
}

static annc_status see_checkpoint(void *context, const annc_run *run, annc_network *checkpoint)
{
    struct seen *seen = context;
    const annc_trainer *trainer = annc_run_trainer(run);
    const uint32_t ended = trainer->epoch - (trainer->epoch > 0 && trainer->report.steps < trainer->steps);
    (void)checkpoint;
    seen->is_saved_ahead = seen->is_saved_ahead || ended != annc_run_progress(run)->epochs;
    return ANNC_OK;
}

/* Trains with a checkpoint every BESIDE_EVERY epochs, or until it is stopped. */
static annc_status run_with_test(bool beside, uint32_t stop_in, bool stops_after, bool saves, struct problem *problem,
                                 struct seen *seen)
{
    static const char path[] = "test_cuda_devices.checkpoint";
    annc_status status = ANNC_OK;
    annc_run *run = NULL;
    annc_device *device = open_cuda(0);
    small_problem(problem, 7);
    *seen = (struct seen){.stop_in = stop_in, .stops_after = stops_after};
    const annc_run_options options = {.training = {.eta = 0.5, .batch = 4, .seed = 1},
                                      .epochs = BESIDE_EPOCHS,
                                      .test = problem->data,
                                      .evaluate_beside = beside,
                                      .checkpoint = saves ? path : NULL,
                                      .checkpoint_epochs = BESIDE_EVERY,
                                      .begun = see_begun,
                                      .each = see_epoch,
                                      .stop = see_steps,
                                      .describe = see_checkpoint,
                                      .context = seen};
    status = annc_run_create(device, problem->network, problem->data, &options, &run);
    if (status == ANNC_OK)
        status = annc_run_train(run);
    annc_run_free(run);
    annc_device_close(device);
    remove(path);
    return status;
}

/* An evaluation beside the next epoch has the parameters of its own epoch, and the bits of one
 * before it; none is lost where the run is stopped or saved. Without memory for it, it comes before
 * the next epoch. */
static void evaluations_beside_epochs(void)
{
    enum { PLAIN, STOPPED_WITHIN, STOPPED_AFTER, SAVED, NO_MEMORY, CASES };
    for (int c = 0; c < CASES; c++) {
        const bool saves = c == SAVED, stops_after = c == STOPPED_AFTER;
        const uint32_t stop_in = c == STOPPED_WITHIN || stops_after ? 3 : 0;
        const uint32_t epochs = c == STOPPED_WITHIN ? stop_in - 1 : stops_after ? stop_in : BESIDE_EPOCHS;
        memory_is(c == NO_MEMORY ? WORKSPACE_MB / 2 : 2 * WORKSPACE_MB);
        struct problem plain_problem, problem;
        struct seen want, got;
        const annc_status status = run_with_test(false, stop_in, stops_after, saves, &plain_problem, &want);
        CHECK(status == (stop_in ? ANNC_STOPPED : ANNC_OK) && want.count == epochs);
        CHECK(run_with_test(true, stop_in, stops_after, saves, &problem, &got) == status);
        CHECK_MSG(got.count == want.count, "case %d: %u epochs, not %u", c, got.count, want.count);
        for (uint32_t e = 0; e < got.count; e++) {
            const bool is_saved = saves && (e + 1) % BESIDE_EVERY == 0,
                       is_last = e + 1 == (stops_after ? epochs : BESIDE_EPOCHS);
            CHECK_MSG(got.test[e].loss == want.test[e].loss && got.test[e].correct == want.test[e].correct,
                      "case %d, epoch %u: loss %.17g, not %.17g", c, e + 1, got.test[e].loss, want.test[e].loss);
            CHECK(want.ahead[e] == 0);
            CHECK_MSG(got.ahead[e] == !(is_saved || is_last || c == NO_MEMORY), "case %d, epoch %u: %u ahead", c, e + 1,
                      got.ahead[e]);
        }
        CHECK(!got.is_saved_ahead);
        CHECK(stop_in ||
              memcmp(annc_network_parameters(problem.network), annc_network_parameters(plain_problem.network),
                     annc_shape_parameters(annc_network_shape(problem.network)) * sizeof(float)) == 0);
        problem_free(&plain_problem);
        problem_free(&problem);
    }
}

/* An audit needs no more of a device than its minibatch, ... */
static void audits_stream(void)
{
    const annc_check_options audit = {.batch = 8, .sample = 5, .seed = 1};
    struct problem problem;
    annc_check_row *rows = NULL;
    size_t count = 0, failed = 0;
    memory_is(6);
    wide_problem(&problem);
    annc_device *device = open_cuda(0);
    REQUIRE_OK(annc_check(problem.network, problem.data, &device, 1, &audit, &rows, &count));
    for (size_t i = 0; i < count; i++)
        failed += !rows[i].pass;
    CHECK(count > 4 && failed == 0);
    annc_check_free(rows);
    annc_device_close(device);
    problem_free(&problem);
}

/* ... and a sweep no more than a training, also of networks that one launch would train together if the
 * data fitted. */
static void sweeps_stream(void)
{
    const annc_device_options cuda = {.kind = ANNC_DEVICE_CUDA};
    struct problem problem;
    annc_network *copy = NULL;
    memory_is(17);
    wide_problem(&problem);
    REQUIRE_OK(annc_network_copy(problem.network, &copy));
    const annc_run_options options = {.training = {.eta = 0.5, .batch = 5, .seed = 1}, .epochs = 1};
    annc_candidate candidates[] = {{.network = problem.network, .options = options},
                                   {.network = copy, .options = options}};
    for (uint32_t count = 1; count <= 2; count++) {
        REQUIRE_OK(annc_sweep(&cuda, NULL, candidates, count, problem.data, problem.data, NULL, NULL, NULL));
        for (uint32_t i = 0; i < count; i++)
            CHECK_MSG(candidates[i].status == ANNC_OK, "%u of %u: %s", i, count, candidates[i].reason);
    }
    annc_network_free(copy);
    problem_free(&problem);
}

/* Evaluators of a training take no parameters of their own: 8 MB of them fit once beside a chunk of
 * examples for each evaluator. */
static void evaluators_share_parameters(void)
{
    const annc_shape shape = problem_shape("4-1000-1990-3", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    struct problem problem;
    annc_trainer *trainer = NULL;
    annc_evaluator *evaluator[2] = {NULL};
    annc_evaluation evaluation;
    double loss;
    memory_is(27);
    CHECK(problem_make(&problem, &shape, ANNC_FLOATS, true, 8, ANNC_INIT_XAVIER, 3));
    annc_device *device = open_cuda(0);
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &plain, &trainer));
    for (int i = 0; i < 2; i++) {
        REQUIRE_OK(annc_evaluator_create(device, problem.network, problem.data, &evaluator[i]));
        REQUIRE_OK(one_epoch(trainer, evaluator[i], &loss));
    }
    CHECK(annc_evaluator_run(evaluator[0], NULL, NULL, NULL, &evaluation) == ANNC_MEMORY);
    annc_trainer_free(trainer);
    REQUIRE_OK(annc_evaluator_run(evaluator[0], NULL, NULL, NULL, &evaluation));
    for (int i = 0; i < 2; i++)
        annc_evaluator_free(evaluator[i]);
    annc_device_close(device);
    problem_free(&problem);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(two_at_once),
                                        TEST(handed_on),
                                        TEST(without_code),
                                        TEST(trainers_share),
                                        TEST(windows_come_beside_steps),
                                        TEST(chunks_follow_memory),
                                        TEST(evaluations_beside_epochs),
                                        TEST(audits_stream),
                                        TEST(sweeps_stream),
                                        TEST(evaluators_share_parameters)};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
