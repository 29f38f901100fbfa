/* A new device is one row of the registry: this one counts the calls of the contract. It trains, is
 * audited and swept by code that knows nothing of it, and ANNC_DEVICE_AUTO takes it where its
 * engine says that it is the fastest. The registry is compiled with the row for this test
 * (tests/CMakeLists.txt). */
#include "support/counting_device.h"
#include "support/problem.h"
#include "support/test.h"

#include <string.h>

/* Calls so far. */
static struct {
    int open, gather, forward, weight_step, score, engine_open, engine_steps, engine_changed, engine_close;
} calls;

static struct annc_backend counting; /* filled by counting_load */

static annc_status counted_open(const struct annc_host *host, int index, int threads, annc_device **device)
{
    const annc_status status = annc_backend_cpu.open(host, index, threads, device);
    calls.open++;
    if (status == ANNC_OK) {
        (*device)->backend = &counting;
        snprintf((*device)->info.kind, sizeof(*device)->info.kind, "counting");
    }
    return status;
}

static annc_status counted_gather(annc_device *device, struct annc_cursor *cursor, const annc_examples *examples,
                                  struct annc_label_values values, const float *class_weights, uint32_t m, float *X,
                                  float *Y, float *weights)
{
    calls.gather++;
    return annc_backend_cpu.gather(device, cursor, examples, values, class_weights, m, X, Y, weights);
}

static annc_status counted_forward(annc_device *device, annc_activation f, uint32_t m, uint32_t n_in, uint32_t n,
                                   const float *A_in, const float *W, const float *b, float *Z, float *A)
{
    calls.forward++;
    return annc_backend_cpu.forward(device, f, m, n_in, n, A_in, W, b, Z, A);
}

static annc_status counted_output(annc_device *device, annc_activation f, annc_cost cost, float tau, uint32_t m,
                                  uint32_t n_in, uint32_t n, const float *A_in, const float *W, const float *b,
                                  const float *Y, const float *weights, float *Z, float *A, float *delta)
{
    calls.forward++;
    return annc_backend_cpu.output(device, f, cost, tau, m, n_in, n, A_in, W, b, Y, weights, Z, A, delta);
}

static annc_status counted_weight_step(annc_device *device, uint32_t m, uint32_t n_in, uint32_t n, float alpha,
                                       float beta, const float *delta, const float *A_in, float *W, float *b)
{
    calls.weight_step++;
    return annc_backend_cpu.weight_step(device, m, n_in, n, alpha, beta, delta, A_in, W, b);
}

static annc_status counted_score(annc_device *device, annc_cost cost, float tau, uint32_t m, uint32_t n, const float *Z,
                                 const float *A, const float *Y, const float *weights, struct annc_cursor *cursor,
                                 struct annc_score *scores, int32_t *predictions)
{
    calls.score++;
    return annc_backend_cpu.score(device, cost, tau, m, n, Z, A, Y, weights, cursor, scores, predictions);
}

/* ---------------------------------------------------------------- its engine, for networks of one
 * layer */

static const char *one_layer_refuses(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    return job->shape->layers > 1 ? "it has one layer" : !job->training ? "it does not evaluate" : NULL;
}

static double one_layer_seconds(const annc_device *device, const struct annc_job *job)
{
    (void)device;
    (void)job;
    return COUNTING_STEP;
}

static size_t one_layer_memory(const annc_device *device, const struct annc_job *job, uint32_t n)
{
    (void)device;
    (void)job;
    return n;
}

static annc_status one_layer_open(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **engine)
{
    (void)device;
    CHECK(n == 1);
    calls.engine_open++;
    *engine = jobs[0];
    return ANNC_OK;
}

static annc_status one_layer_steps(void *engine, uint32_t m, uint32_t count)
{
    const struct annc_job *job = engine;
    annc_status status = ANNC_OK;
    calls.engine_steps += (int)count;
    for (uint32_t i = 0; i < count && status == ANNC_OK; i++)
        status = job->step(job, m);
    return status;
}

static annc_status one_layer_changed(void *engine)
{
    (void)engine;
    calls.engine_changed++;
    return ANNC_OK;
}

static const char *one_layer_describe(const void *engine)
{
    (void)engine;
    return "one layer";
}

static void one_layer_close(void *engine)
{
    (void)engine;
    calls.engine_close++;
}

static const struct annc_engine_ops one_layer = {
    .kind = ANNC_ENGINE_FUSED,
    .name = "one-layer",
    .about = "one layer at a time",
    .of_operations = true,
    .of_bytes = true,
    .most_jobs = 1,
    .block = 1,
    .refuses = one_layer_refuses,
    .seconds = one_layer_seconds,
    .memory = one_layer_memory,
    .open = one_layer_open,
    .steps = one_layer_steps,
    .changed = one_layer_changed,
    .describe = one_layer_describe,
    .close = one_layer_close,
};
static const struct annc_engine_ops *const engines[] = {&one_layer, NULL};

const struct annc_backend *counting_load(char *why, size_t size)
{
    (void)why;
    (void)size;
    counting = annc_backend_cpu;
    counting.kind = ANNC_DEVICE_COUNT;
    counting.name = "counting";
    counting.engines = engines;
    counting.open = counted_open;
    counting.gather = counted_gather;
    counting.forward = counted_forward;
    counting.output = counted_output;
    counting.weight_step = counted_weight_step;
    counting.score = counted_score;
    return &counting;
}

double counting_least_seconds(const struct annc_job *job)
{
    return job->training ? COUNTING_STEP : 1;
}

/* ---------------------------------------------------------------- tests */

static const annc_training_options plain = {.eta = 0.1, .batch = 4, .seed = 1};
static const annc_device_options automatic = {.kind = ANNC_DEVICE_AUTO};

static void make(const char *widths, struct problem *problem)
{
    const annc_shape shape = problem_shape(widths, ANNC_TANH, ANNC_SIGMOID, ANNC_CROSS_ENTROPY);
    REQUIRE_OK(problem_make(problem, &shape, ANNC_FLOATS, true, 10, ANNC_INIT_XAVIER, 3) ? ANNC_OK : ANNC_FAILURE);
    memset(&calls, 0, sizeof calls);
}

/* Opened by its kind, each operation is called once per layer and step, the ragged third minibatch
 * included. */
static void operations(void)
{
    const annc_device_options options = {.kind = ANNC_DEVICE_COUNT};
    struct problem problem;
    annc_device *device = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    make("3-4-2", &problem);
    REQUIRE_OK(annc_device_open(&options, &device));
    CHECK(calls.open == 1 && strcmp(annc_device_describe(device)->kind, "counting") == 0);
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &plain, &trainer));
    CHECK(strcmp(annc_trainer_engine(trainer), "ops") == 0);
    REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    CHECK(calls.gather == 3 && calls.forward == 6 && calls.weight_step == 6 && calls.score == 3);
    CHECK(calls.engine_open == 0);
    annc_trainer_free(trainer);
    annc_device_close(device);
    problem_free(&problem);
}

/* ANNC_DEVICE_AUTO takes it where its engine takes the training and its data, which must be known,
 * and otherwise the CPU. */
static void the_fastest(void)
{
    struct problem problem;
    annc_device *device = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    make("3-2", &problem);
    REQUIRE_OK(annc_device_open_for(&automatic, &problem.shape, &plain, problem.data, 0, &device));
    CHECK(strcmp(annc_device_describe(device)->kind, "counting") == 0);
    REQUIRE_OK(annc_trainer_create(device, problem.network, problem.data, &plain, &trainer));
    CHECK(strcmp(annc_trainer_engine(trainer), "one layer") == 0 && calls.engine_open == 1);
    REQUIRE_OK(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    CHECK(calls.engine_steps == 3 && calls.weight_step == 3);
    REQUIRE_OK(annc_trainer_set_rate(trainer, 0.2));
    CHECK(calls.engine_changed == 1);
    annc_trainer_free(trainer);
    CHECK(calls.engine_close == 1);
    annc_device_close(device);
    REQUIRE_OK(annc_device_open_for(&automatic, &problem.shape, &plain, NULL, 0, &device));
    CHECK(strcmp(annc_device_describe(device)->kind, "cpu") == 0);
    annc_device_close(device);
    for (uint32_t epochs = 1; epochs <= 1000000; epochs += 999999) {
        REQUIRE_OK(annc_device_open_for(&automatic, &problem.shape, &plain, problem.data, epochs, &device));
        CHECK(strcmp(annc_device_describe(device)->kind, epochs == 1 ? "cpu" : "counting") == 0);
        annc_device_close(device);
    }
    problem_free(&problem);

    make("3-4-2", &problem);
    REQUIRE_OK(annc_device_open_for(&automatic, &problem.shape, &plain, problem.data, 1, &device));
    CHECK(strcmp(annc_device_describe(device)->kind, "cpu") == 0);
    annc_device_close(device);
    REQUIRE_OK(annc_device_open_for(&automatic, &problem.shape, NULL, NULL, 0, &device));
    CHECK(strcmp(annc_device_describe(device)->kind, "cpu") == 0);
    annc_device_close(device);
    problem_free(&problem);
}

/* Its engines and their refusals are listed, the operations last; the audit has rows of its own. */
static void listed_and_audited(void)
{
    const annc_device_options options = {.kind = ANNC_DEVICE_COUNT};
    const annc_check_options check = {.batch = 4, .sample = 2, .seed = 1};
    struct problem problem;
    annc_device *device = NULL;
    annc_engine_info list[4];
    annc_check_row *rows = NULL;
    size_t count = 0;
    make("3-4-2", &problem);
    REQUIRE_OK(annc_device_open(&options, &device));
    CHECK(annc_device_engines(device, &problem.shape, &plain, list, 4) == 2);
    CHECK(strcmp(list[0].refusal, "it has one layer") == 0 && list[1].engine == ANNC_ENGINE_OPS && !list[1].refusal);
    REQUIRE_OK(annc_check(problem.network, problem.data, &device, 1, &check, &rows, &count));
    CHECK(count == 8 && strcmp(rows[4].path, "counting") == 0);
    for (size_t i = 0; i < count; i++)
        CHECK(rows[i].pass);
    annc_check_free(rows);
    annc_device_close(device);
    problem_free(&problem);
}

/* A sweep runs on it too; by one thread, since the counts are not atomic. */
static void swept(void)
{
    const annc_device_options one_thread = {.kind = ANNC_DEVICE_COUNT, .threads = 1};
    struct problem problem;
    annc_network *copy = NULL;
    make("3-2", &problem);
    REQUIRE_OK(annc_network_copy(problem.network, &copy));
    annc_candidate candidates[2] = {{.network = problem.network, .options = {.training = plain, .epochs = 2}},
                                    {.network = copy, .options = {.training = plain, .epochs = 2}}};
    REQUIRE_OK(annc_sweep(&one_thread, NULL, candidates, 2, problem.data, problem.data, NULL, NULL, NULL));
    CHECK(candidates[0].status == ANNC_OK && candidates[1].status == ANNC_OK && calls.engine_steps == 12);
    CHECK(memcmp(annc_network_parameters(copy), annc_network_parameters(problem.network), 8 * sizeof(float)) == 0);
    annc_network_free(copy);
    problem_free(&problem);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(operations), TEST(the_fastest), TEST(listed_and_audited), TEST(swept)};
    setenv("ANNC_CUDA_MODULE", "/nonexistent", 1); /* whatever GPU there may be */
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
