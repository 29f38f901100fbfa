/* test_fork.c - children of fork: with a device of their own they train as their parent does, and
 * with their parent's they get an error, at once. An alarm ends a child that hangs. */
#include "support/problem.h"
#include "support/test.h"

#include <sys/wait.h>
#include <unistd.h>

enum { EXAMPLES = 320, EPOCHS = 2, LIMIT = 60, FAILED = 1 };

/* What a child inherits. */
struct parent {
    struct problem problem;
    annc_device *device;
    annc_trainer *trainer;
    annc_evaluator *evaluator;
    annc_run *run;
    annc_engine engine;
    float *wanted; /* parameters after the parent's training */
};

static annc_training_options options_of(const struct parent *parent)
{
    return (annc_training_options){.eta = 0.5, .batch = 32, .seed = 1, .engine = parent->engine};
}

static annc_status train(annc_device *device, const struct parent *parent, annc_network *network)
{
    const annc_training_options options = options_of(parent);
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    annc_status status = annc_trainer_create(device, network, parent->problem.data, &options, &trainer);
    for (int i = 0; i < EPOCHS && status == ANNC_OK; i++)
        status = annc_trainer_epoch(trainer, NULL, NULL, &epoch);
    if (status == ANNC_OK)
        status = annc_trainer_store(trainer);
    annc_trainer_free(trainer);
    return status;
}

static size_t bytes_of(const struct parent *parent)
{
    return annc_shape_parameters(&parent->problem.shape) * sizeof(float);
}

/* Runs `child` in a child of this process; it must return true in time. */
static void in_child(bool (*child)(struct parent *parent), struct parent *parent, const char *what)
{
    int status = 0;
    fflush(stdout);
    const pid_t id = fork();
    if (id == 0) {
        alarm(LIMIT);
        _exit(child(parent) ? 0 : FAILED);
    }
    CHECK(id > 0 && waitpid(id, &status, 0) == id);
    CHECK_MSG(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %s %d", what,
              WIFSIGNALED(status) ? "signal" : "exit code",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static bool own_device(struct parent *parent)
{
    annc_device *device = NULL;
    annc_network *network = NULL;
    const bool trained =
        annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU, .threads = 2}, &device) == ANNC_OK &&
        annc_network_copy(parent->problem.network, &network) == ANNC_OK && train(device, parent, network) == ANNC_OK &&
        memcmp(annc_network_parameters(network), parent->wanted, bytes_of(parent)) == 0;
    if (!trained)
        printf("%s\n", annc_last_error());
    annc_network_free(network);
    annc_device_close(device);
    fflush(stdout);
    return trained;
}

/* One that its predictions and its sweep open by themselves. */
static bool own_devices_inside(struct parent *parent)
{
    static const float x[688];
    const annc_device_options crew = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    annc_candidate candidates[2];
    int32_t class_index;
    memset(candidates, 0, sizeof candidates);
    for (int i = 0; i < 2; i++) {
        candidates[i].options = (annc_run_options){.training = options_of(parent), .epochs = EPOCHS};
        if (annc_network_copy(parent->problem.network, &candidates[i].network) != ANNC_OK)
            return false;
    }
    const bool good = annc_network_predict(parent->problem.network, NULL, 1, x, &class_index, NULL) == ANNC_OK &&
                      annc_sweep(&crew, NULL, candidates, 2, parent->problem.data, NULL, NULL, NULL, NULL) == ANNC_OK &&
                      candidates[0].status == ANNC_OK && candidates[1].status == ANNC_OK;
    for (int i = 0; i < 2; i++)
        annc_network_free(candidates[i].network);
    return good;
}

static bool refused(annc_status status)
{
    if (status == ANNC_DEVICE && strstr(annc_last_error(), "fork"))
        return true;
    printf("%d: %s\n", (int)status, annc_last_error());
    fflush(stdout);
    return false;
}

static bool device_of_the_parent(struct parent *parent)
{
    const annc_training_options options = options_of(parent);
    annc_network *network = parent->problem.network, *checkpoint;
    annc_trainer *trainer;
    annc_evaluator *evaluator;
    annc_run *run;
    annc_epoch epoch;
    annc_evaluation evaluation;
    annc_layer_health health[8];
    const annc_run_options run_options = {.training = options, .epochs = 1};
    const bool all_refused =
        refused(annc_trainer_epoch(parent->trainer, NULL, NULL, &epoch)) &&
        refused(annc_trainer_store(parent->trainer)) && refused(annc_trainer_set_rate(parent->trainer, 1)) &&
        refused(annc_trainer_health(parent->trainer, health)) &&
        refused(annc_trainer_checkpoint(parent->trainer, &checkpoint)) &&
        refused(annc_evaluator_run(parent->evaluator, NULL, NULL, NULL, &evaluation)) &&
        refused(annc_run_train(parent->run)) &&
        refused(annc_trainer_create(parent->device, network, parent->problem.data, &options, &trainer)) &&
        refused(annc_evaluator_create(parent->device, network, parent->problem.data, &evaluator)) &&
        refused(annc_run_create(parent->device, network, parent->problem.data, &run_options, &run)) &&
        refused(annc_network_initialise(network, parent->device, ANNC_INIT_HE, 1));
    annc_run_free(parent->run); /* none of these waits for threads */
    annc_evaluator_free(parent->evaluator);
    annc_trainer_free(parent->trainer);
    annc_device_close(parent->device);
    return all_refused;
}

/* Prepares a parent with all that a child could misuse, its threads once used. */
static annc_status parent_make(struct parent *parent, const char *widths, annc_engine engine)
{
    const annc_shape shape = problem_shape(widths, ANNC_SIGMOID, ANNC_SIGMOID, ANNC_QUADRATIC);
    annc_network *network = NULL;
    memset(parent, 0, sizeof *parent);
    parent->engine = engine;
    if (!problem_make(&parent->problem, &shape, ANNC_BYTES, true, EXAMPLES, ANNC_INIT_XAVIER, 1))
        return ANNC_FAILURE;
    const annc_training_options options = options_of(parent);
    const annc_run_options run_options = {.training = options, .epochs = 1};
    annc_status status =
        annc_device_open(&(annc_device_options){.kind = ANNC_DEVICE_CPU, .threads = 2}, &parent->device);
    if (status == ANNC_OK)
        status = annc_network_copy(parent->problem.network, &network);
    if (status == ANNC_OK)
        status = train(parent->device, parent, network);
    parent->wanted = malloc(bytes_of(parent));
    if (status == ANNC_OK && parent->wanted)
        memcpy(parent->wanted, annc_network_parameters(network), bytes_of(parent));
    annc_network_free(network);
    network = parent->problem.network;
    if (status == ANNC_OK)
        status = annc_trainer_create(parent->device, network, parent->problem.data, &options, &parent->trainer);
    if (status == ANNC_OK)
        status = annc_evaluator_create(parent->device, network, parent->problem.data, &parent->evaluator);
    if (status == ANNC_OK)
        status = annc_run_create(parent->device, network, parent->problem.data, &run_options, &parent->run);
    return status;
}

static void children(void)
{
    static const struct {
        const char *widths;
        annc_engine engine;
    } cases[] = {{"688-101-10", ANNC_ENGINE_OPS}, {"688-20-10", ANNC_ENGINE_FUSED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parent parent;
        REQUIRE_OK(parent_make(&parent, cases[i].widths, cases[i].engine));
        in_child(own_device, &parent, "a device of its own");
        in_child(own_devices_inside, &parent, "predictions and a sweep");
        in_child(device_of_the_parent, &parent, "the parent's device");
        annc_epoch epoch;
        CHECK(annc_trainer_epoch(parent.trainer, NULL, NULL, &epoch) == ANNC_OK); /* the parent goes on */
        annc_run_free(parent.run);
        annc_evaluator_free(parent.evaluator);
        annc_trainer_free(parent.trainer);
        annc_device_close(parent.device);
        problem_free(&parent.problem);
        free(parent.wanted);
    }
}

TEST_MAIN(TEST(children))
