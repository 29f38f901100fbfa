/* CUDA and cuBLAS that fail, at every single call of a training on the simulated device: an error
 * that names the call, nothing left on the device, and a device that is opened anew works. */
#include "base/status.h"
#include "support/problem.h"
#include "support/test.h"

#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>

/* Of the simulated device: tests/host/host.h. */
static long (*host_faults)(long first, long last);
static long (*host_left)(void);

/* A training: what it is of. */
struct training {
    const char *name;
    annc_engine engine;
    annc_objective objective;
    uint32_t examples; /* in minibatches of 2: 64 steps are recorded at once */
    long stride;       /* every so many calls */
    int harmless; /* of these, so many can fail: data come in windows where they cannot be staged at once (twice two blocks, a copy and a
                        * wait each), and when a recording is freed (alone, and with what follows) all is done */
};

struct result {
    annc_epoch epoch;
    annc_evaluation evaluation;
    float theta[64];
};

/* All of a training, on a device of its own. */
static annc_status train(const struct problem *problem, const struct training *training, struct result *result)
{
    const annc_device_options cuda = {.kind = ANNC_DEVICE_CUDA};
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    annc_status status = ANNC_OK;
    annc_device *device = NULL;
    annc_network *network = NULL, *checkpoint = NULL;
    annc_trainer *trainer = NULL;
    annc_evaluator *evaluator = NULL;
    annc_layer_health health[ANNC_MAX_LAYERS];
    int32_t predictions[1000];
    options.batch = 2;
    options.seed = 3;
    options.engine = training->engine;
    options.objective = training->objective;
    ANNC_TRY(annc_device_open(&cuda, &device));
    ANNC_TRY(annc_network_create(&problem->shape, &network));
    ANNC_TRY(annc_network_initialise(network, device, ANNC_INIT_NORMAL, 1));
    ANNC_TRY(annc_trainer_create(device, network, problem->data, &options, &trainer));
    ANNC_TRY(annc_evaluator_create(device, network, problem->data, &evaluator));
    ANNC_TRY(annc_trainer_epoch(trainer, NULL, NULL, &result->epoch));
    ANNC_TRY(annc_evaluator_run(evaluator, trainer, predictions, NULL, &result->evaluation));
    ANNC_TRY(annc_trainer_health(trainer, health));
    ANNC_TRY(annc_trainer_checkpoint(trainer, &checkpoint));
    ANNC_TRY(annc_trainer_resume(trainer, checkpoint));
    ANNC_TRY(annc_trainer_store(trainer));
    memcpy(result->theta, annc_network_parameters(network),
           annc_shape_parameters(&problem->shape) * sizeof *result->theta);
out:
    annc_network_free(checkpoint);
    annc_evaluator_free(evaluator);
    annc_trainer_free(trainer);
    annc_network_free(network);
    annc_device_close(device);
    return status;
}

static bool same(const struct result *a, const struct result *b)
{
    return memcmp(a->theta, b->theta, sizeof a->theta) == 0 &&
           memcmp(&a->epoch.loss, &b->epoch.loss, sizeof a->epoch.loss) == 0 &&
           memcmp(&a->evaluation.loss, &b->evaluation.loss, sizeof a->evaluation.loss) == 0;
}

/* A call of CUDA's or cuBLAS's by its name, or memory that is short, also for the examples of an engine
 * that needs them all. */
static bool is_told(annc_status status)
{
    const char *text = annc_last_error();
    return (status == ANNC_DEVICE || status == ANNC_MEMORY) &&
           (strstr(text, "out of memory") || strstr(text, "no CUDA device: ") ||
            strstr(text, "the examples do not fit the device's memory") ||
            ((strstr(text, "CUDA: ") || strstr(text, "cuBLAS: ")) && strstr(text, " in ")));
}

static void one_fault(const struct problem *problem, const struct training *training, long k, bool on,
                      const struct result *want, int *went_on)
{
    struct result got = {.theta = {0}};
    annc_fail(ANNC_OK, "%s", "");
    host_faults(k, on ? LONG_MAX : k);
    const annc_status status = train(problem, training, &got);
    host_faults(0, 0);
    *went_on += status == ANNC_OK;
    CHECK_MSG(status == ANNC_OK ? same(&got, want) : is_told(status), "%s, call %ld%s: status %d: %s", training->name,
              k, on ? " and on" : "", (int)status, annc_last_error());
    CHECK_MSG(host_left() == 0, "%s, call %ld%s: %ld left on the device", training->name, k, on ? " and on" : "",
              host_left());
    if (k % 16 == 0)
        CHECK_MSG(train(problem, training, &got) == ANNC_OK && same(&got, want), "%s, after call %ld: %s",
                  training->name, k, annc_last_error());
}

static void every_call(const struct training *training)
{
    const annc_shape shape = problem_shape("3-4-2", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    struct problem problem;
    struct result want = {.theta = {0}};
    int went_on = 0;
    REQUIRE_OK(problem_make(&problem, &shape, ANNC_FLOATS, true, training->examples, ANNC_INIT_AUTO, 3) ? ANNC_OK
                                                                                                        : ANNC_FAILURE);
    host_faults(0, 0);
    REQUIRE_OK(train(&problem, training, &want));
    const long calls = host_faults(0, 0);
    for (int on = 0; on < 2; on++)
        for (long k = 1; k <= calls; k += training->stride)
            one_fault(&problem, training, k, on, &want, &went_on);
    CHECK_MSG(went_on == training->harmless, "%s went on after %d of %ld", training->name, went_on, calls);
    printf("%s: %ld calls\n", training->name, calls);
    problem_free(&problem);
}

static void operations(void)
{
    const struct training training = {
        "operations", ANNC_ENGINE_OPS, {.l2 = 1e-3, .dropout = 0.2, .class_weights = (float[]){1, 2}}, 5, 1, 8};
    every_call(&training);
}

static void recorded_steps(void)
{
    const struct training training = {"single steps, recorded", ANNC_ENGINE_RECORDED, {.l2 = 0}, 7, 1, 8 + 2};
    every_call(&training);
}

static void recorded_blocks(void)
{
    const struct training training = {"blocks of steps, recorded", ANNC_ENGINE_RECORDED, {.l2 = 0}, 140, 29, 0};
    every_call(&training);
}

/* A launch that fails, and data that cannot be staged. */
static void block_steps(void)
{
    const struct training training = {"steps in blocks of threads", ANNC_ENGINE_BLOCK, {.l1 = 1e-3}, 7, 1, 0};
    every_call(&training);
}

/* Everything is recorded in the first epoch: the second makes the calls of the third. 128 examples
 * are exactly one block of steps. */
static void recorded_once(void)
{
    const annc_shape shape = problem_shape("3-4-2", ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    const annc_device_options cuda = {.kind = ANNC_DEVICE_CUDA};
    const annc_training_options options = {.eta = 0.1, .batch = 2, .seed = 1, .engine = ANNC_ENGINE_RECORDED};
    struct problem problem;
    annc_device *device = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    long calls[3];
    REQUIRE_OK(problem_make(&problem, &shape, ANNC_FLOATS, true, 128, ANNC_INIT_AUTO, 3) ? ANNC_OK : ANNC_FAILURE);
    REQUIRE_OK(annc_device_open(&cuda, &device));
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &options, &trainer));
    for (int i = 0; i < 3; i++) {
        host_faults(0, 0);
        REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
        calls[i] = host_faults(0, 0);
    }
    CHECK_MSG(calls[0] > calls[1] && calls[1] == calls[2], "calls of three epochs: %ld, %ld, %ld", calls[0], calls[1],
              calls[2]);
    annc_trainer_free(trainer);
    annc_device_close(device);
    problem_free(&problem);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(operations), TEST(recorded_steps), TEST(recorded_blocks),
                                        TEST(block_steps), TEST(recorded_once)};
    const char *path = getenv("ANNC_CUDA_MODULE");
    void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    void *const symbols[] = {module ? dlsym(module, "annc_host_faults") : NULL,
                             module ? dlsym(module, "annc_host_left") : NULL};
    if (!symbols[0] || !symbols[1]) {
        printf("ANNC_CUDA_MODULE names no simulated device\n0 passed, 1 failed, 0 skipped\n");
        return 1;
    }
    memcpy(&host_faults, &symbols[0], sizeof host_faults); /* ISO C has no cast from data to function pointers */
    memcpy(&host_left, &symbols[1], sizeof host_left);
    mallopt(M_MMAP_THRESHOLD,
            64 << 20); /* the device's workspace, taken anew by each training, is then not mapped anew */
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
