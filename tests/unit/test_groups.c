/* A group of ranks that train together: here threads, each with a device of its own. */
#include "base/status.h"
#include "support/problem.h"
#include "support/test.h"
#include "training/run/rank_checks.h"
#include "training/step/trainer.h"

#include <pthread.h>

enum { MOST_RANKS = 5 };

/* What the ranks share. */
struct crowd {
    pthread_barrier_t barrier;
    const void *from[MOST_RANKS];
};

/* Adds the values of all ranks in the order of the ranks; every rank does the same sums. */
#define SUM_OVER_RANKS(type, values, count)                                                                            \
    do {                                                                                                               \
        struct crowd *crowd = group->context;                                                                          \
        type *sums = calloc(count, sizeof *sums);                                                                      \
        crowd->from[group->rank] = values;                                                                             \
        pthread_barrier_wait(&crowd->barrier);                                                                         \
        for (uint32_t rank = 0; rank < group->size; rank++)                                                            \
            for (size_t i = 0; i < (count); i++)                                                                       \
                sums[i] += ((const type *)crowd->from[rank])[i];                                                       \
        pthread_barrier_wait(&crowd->barrier);                                                                         \
        memcpy(values, sums, (count) * sizeof *sums);                                                                  \
        free(sums);                                                                                                    \
    } while (0)

static annc_status sum(const struct annc_group *group, annc_device *device, float *values, size_t count)
{
    (void)device; /* the CPU, whose memory is the host's */
    SUM_OVER_RANKS(float, values, count);
    return ANNC_OK;
}

static annc_status sum_numbers(const struct annc_group *group, double *numbers, size_t count)
{
    SUM_OVER_RANKS(double, numbers, count);
    return ANNC_OK;
}

static annc_status broadcast(const struct annc_group *group, uint32_t from, void *memory, size_t bytes)
{
    struct crowd *crowd = group->context;
    crowd->from[group->rank] = memory;
    pthread_barrier_wait(&crowd->barrier);
    if (group->rank != from)
        memcpy(memory, crowd->from[from], bytes);
    pthread_barrier_wait(&crowd->barrier);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- trainings */

enum { EPOCHS = 3 };

/* One rank's training, and what comes of it. */
struct rank {
    struct annc_group group;
    struct problem problem;
    annc_training_options options;
    annc_epoch report;
    annc_status status;
    bool stop;
};

static bool stop_once(void *context)
{
    bool *stop = context;
    const bool now = *stop;
    *stop = false;
    return now;
}

static annc_status train(struct rank *rank)
{
    const annc_device_options one_thread = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_status status = ANNC_OK;
    annc_device *device = NULL;
    annc_trainer *trainer = NULL;
    ANNC_TRY(annc_device_open(&one_thread, &device));
    ANNC_TRY(annc_trainer_create_in(device, rank->problem.network, rank->problem.data, &rank->options, &rank->group,
                                    &trainer));
    for (int epoch = 0; epoch < EPOCHS;) {
        status = annc_trainer_epoch(trainer, stop_once, &rank->stop, &rank->report);
        if (status != ANNC_STOPPED)
            epoch++;
        else
            status = ANNC_OK;
        ANNC_TRY(status);
    }
    ANNC_TRY(annc_trainer_store(trainer));
out:
    annc_trainer_free(trainer);
    annc_device_close(device);
    return status;
}

static void *train_rank(void *context)
{
    struct rank *rank = context;
    rank->status = train(rank);
    return NULL;
}

static bool make(struct rank *rank, uint32_t index, uint32_t size, struct crowd *crowd,
                 const annc_training_options *options)
{
    const annc_shape shape = problem_shape("7-6-4", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    *rank = (struct rank){.group = {.rank = index,
                                    .size = size,
                                    .context = crowd,
                                    .sum = sum,
                                    .sum_numbers = sum_numbers,
                                    .broadcast = broadcast},
                          .options = *options,
                          .stop = index == size - 1}; /* one rank's wish stops all */
    if (!problem_make(&rank->problem, &shape, ANNC_FLOATS, true, 50, ANNC_INIT_NORMAL, 3))
        return false;
    if (index > 0) /* rank 0's parameters are those of all */
        annc_network_parameters(rank->problem.network)[0] = 1e3F;
    return true;
}

/* Trains alone and with `size` ranks: within rounding the same, and the same bits on every rank. */
static void compare(uint32_t size, const annc_training_options *options)
{
    struct crowd crowd;
    struct rank alone, ranks[MOST_RANKS];
    pthread_t threads[MOST_RANKS];
    CHECK(make(&alone, 0, 1, NULL, options));
    REQUIRE_OK(train(&alone));
    CHECK(pthread_barrier_init(&crowd.barrier, NULL, size) == 0);
    for (uint32_t i = 0; i < size; i++)
        CHECK(make(&ranks[i], i, size, &crowd, options));
    for (uint32_t i = 0; i < size; i++)
        CHECK(pthread_create(&threads[i], NULL, train_rank, &ranks[i]) == 0);
    for (uint32_t i = 0; i < size; i++)
        pthread_join(threads[i], NULL);
    const size_t count = annc_shape_parameters(&alone.problem.shape);
    const float *want = annc_network_parameters_const(alone.problem.network);
    for (uint32_t i = 0; i < size; i++) {
        const float *got = annc_network_parameters_const(ranks[i].problem.network);
        CHECK_MSG(ranks[i].status == ANNC_OK, "%u", i);
        CHECK(memcmp(got, annc_network_parameters_const(ranks[0].problem.network), count * sizeof *got) == 0);
        for (size_t k = 0; k < count; k++)
            CHECK_NEAR(got[k], want[k], 2e-5);
        CHECK(ranks[i].report.examples == 50 && ranks[i].report.steps == alone.report.steps);
        CHECK(ranks[i].report.correct == alone.report.correct);
        CHECK_NEAR(ranks[i].report.loss, alone.report.loss, 1e-4);
    }
    for (uint32_t i = 0; i < size; i++)
        problem_free(&ranks[i].problem);
    problem_free(&alone.problem);
    pthread_barrier_destroy(&crowd.barrier);
}

/* Minibatches that the ranks divide evenly and unevenly, and a last one with fewer rows than ranks. */
static void plain(void)
{
    const annc_training_options even = {.eta = 0.2, .batch = 10, .seed = 5},
                                uneven = {.eta = 0.2, .batch = 7, .seed = 5};
    compare(2, &even);
    compare(3, &uneven);
    compare(MOST_RANKS, &uneven); /* 50 = 7 * 7 + 1 */
}

static void with_options(void)
{
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    options.batch = 12;
    options.clip = 0.5;
    options.objective = (annc_objective){.l2 = 1e-2, .dropout = 0.25, .input_noise = 0.1, .label_smoothing = 0.1};
    options.schedule = (annc_schedule){.kind = ANNC_COSINE, .epochs = EPOCHS};
    compare(3, &options);
}

static void shares(void)
{
    uint32_t next = 0;
    for (uint32_t rank = 0; rank < 3; rank++) {
        const struct annc_group group = {.rank = rank, .size = 3};
        const struct annc_share share = annc_group_share(&group, 8);
        CHECK(share.first == next && (share.count == 2 || share.count == 3));
        next += share.count;
    }
    CHECK(next == 8);
}

/* Engines do whole steps, and so leave no place for a sum over ranks. */
static void engines_refuse(void)
{
    struct crowd crowd = {.from = {NULL}};
    const annc_device_options one_thread = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    const annc_training_options fused = {.eta = 1, .batch = 10, .engine = ANNC_ENGINE_FUSED};
    struct rank rank;
    annc_device *device;
    annc_trainer *trainer;
    CHECK(make(&rank, 1, 2, &crowd, &fused));
    REQUIRE_OK(annc_device_open(&one_thread, &device));
    CHECK(pthread_barrier_init(&crowd.barrier, NULL, 1) == 0); /* the other rank is not waited for */
    crowd.from[0] = annc_network_parameters(rank.problem.network);
    CHECK(annc_trainer_create_in(device, rank.problem.network, rank.problem.data, &fused, &rank.group, &trainer) ==
          ANNC_DEVICE);
    CHECK_MSG(strstr(annc_last_error(), "several ranks sum their gradients"), "%s", annc_last_error());
    pthread_barrier_destroy(&crowd.barrier);
    annc_device_close(device);
    problem_free(&rank.problem);
}

/* ---------------------------------------------------------------- agreement */

/* Runs a function on every rank of a group of three, each in a thread of its own. */
static void on_three_ranks(void *(*function)(void *rank), struct rank ranks[3], const annc_training_options *options)
{
    struct crowd crowd;
    pthread_t threads[3];
    CHECK(pthread_barrier_init(&crowd.barrier, NULL, 3) == 0);
    for (uint32_t i = 0; i < 3; i++)
        CHECK(make(&ranks[i], i, 3, &crowd, options));
    for (uint32_t i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, function, &ranks[i]) == 0);
    for (uint32_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t i = 0; i < 3; i++)
        problem_free(&ranks[i].problem);
    pthread_barrier_destroy(&crowd.barrier);
}

/* Ranks 1 and 2 fail, each in its own way; the texts of rank 2 differ. */
static void *agree_in_rank(void *context)
{
    struct rank *rank = context;
    annc_group *group = &rank->group;
    static const char *const texts[] = {"a 1\nb 2\n", "a 1\nb 2\n", "a 1\nb 3\nc 4\n"};
    static const annc_status statuses[] = {ANNC_OK, ANNC_INPUT, ANNC_OUTPUT};
    CHECK(annc_group_agree(group, ANNC_OK) == ANNC_OK && !annc_group_has_agreed(group, ANNC_INPUT));
    if (group->rank > 0)
        annc_fail(statuses[group->rank], "the fault of %u", group->rank);
    CHECK(annc_group_agree(group, statuses[group->rank]) == ANNC_INPUT);
    CHECK_MSG(strcmp(annc_last_error(), "rank 1: the fault of 1") == 0, "%s", annc_last_error());
    CHECK(annc_group_has_agreed(group, ANNC_INPUT));
    if (group->rank == 0)
        annc_fail(ANNC_OUTPUT, "the fault of 0");
    CHECK(annc_group_agree(group, group->rank == 0 ? ANNC_OUTPUT : ANNC_OK) == ANNC_OUTPUT);
    CHECK_MSG(strcmp(annc_last_error(), "the fault of 0") == 0, "%s", annc_last_error());
    CHECK(annc_group_same(group, "texts", texts[0]) == ANNC_OK);
    CHECK(annc_group_same(group, "texts", texts[group->rank]) == ANNC_INPUT);
    CHECK_MSG(
        strcmp(annc_last_error(), "the ranks must have the same texts, but rank 0 has 'b 2' and rank 2 has 'b 3'") == 0,
        "%s", annc_last_error());
    return NULL;
}

static void agreement(void)
{
    const annc_training_options options = {.eta = 0.2, .batch = 10};
    struct rank ranks[3];
    on_three_ranks(agree_in_rank, ranks, &options);
}

/* A run of all ranks, of which rank 1 has other options or is asked to stop. */
static annc_status run_in_group(struct rank *rank, annc_run_options *options)
{
    const annc_device_options one_thread = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_status status = ANNC_OK;
    annc_device *device = NULL;
    annc_run *run = NULL;
    options->group = &rank->group;
    ANNC_TRY(annc_device_open(&one_thread, &device));
    ANNC_TRY(annc_run_create(device, rank->problem.network, rank->problem.data, options, &run));
    ANNC_TRY(annc_run_train(run));
    CHECK(annc_run_progress(run)->ending == ANNC_ENDED_BY_PATIENCE);
    CHECK(annc_run_progress(run)->last.validation.count == 50);
    /* The parameters of one rank change, as by a fault of its memory. */
    CHECK(annc_ranks_check_parameters(&rank->group, annc_run_trainer(run), 7) == ANNC_OK);
    if (rank->group.rank == 2)
        annc_run_trainer(run)->job.theta[0] += 1e-3F;
    CHECK(annc_ranks_check_parameters(&rank->group, annc_run_trainer(run), 7) == ANNC_DEVICE);
    CHECK_MSG(strstr(annc_last_error(), "same parameters") && strstr(annc_last_error(), "rank 2"), "%s",
              annc_last_error());
out:
    annc_run_free(run);
    annc_device_close(device);
    return status;
}

static void *whole_run_of_rank(void *context)
{
    struct rank *rank = context;
    annc_run_options options = {.training = rank->options, .epochs = 1000, .patience = 1};
    int stop = rank->group.rank == 1;
    options.validation = rank->problem.data;
    CHECK(run_in_group(rank, &options) == ANNC_OK);
    options.stop = annc_stop_when_set;
    options.context = &stop;
    CHECK(run_in_group(rank, &options) == ANNC_STOPPED);
    options.training.objective.l2 = rank->group.rank == 1 ? 0.5 : 0;
    CHECK(run_in_group(rank, &options) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "same options, but rank 0 has 'l2 0' and rank 1 has 'l2 0.5'"), "%s",
              annc_last_error());
    return NULL;
}

/* A rate so high that the validation loss soon rises again. */
static void whole_runs(void)
{
    const annc_training_options options = {.eta = 30, .batch = 7, .seed = 5};
    struct rank ranks[3];
    on_three_ranks(whole_run_of_rank, ranks, &options);
}

/* The networks of a sweep train at once, in threads that have no order: none of them in a group. */
static void sweeps_refuse(void)
{
    const annc_device_options one_thread = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    const annc_training_options plain_sgd = {.eta = 1, .batch = 10};
    struct rank rank;
    CHECK(make(&rank, 0, 1, NULL, &plain_sgd));
    annc_candidate candidate = {.network = rank.problem.network,
                                .options = {.training = plain_sgd, .epochs = 1, .group = &rank.group}};
    REQUIRE_OK(annc_sweep(&one_thread, &candidate, 1, rank.problem.data, NULL, NULL, NULL, NULL));
    CHECK(candidate.status == ANNC_USAGE);
    CHECK_MSG(strstr(candidate.reason, "'group' must be NULL"), "%s", candidate.reason);
    problem_free(&rank.problem);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(shares),    TEST(plain),      TEST(with_options), TEST(engines_refuse),
                                        TEST(agreement), TEST(whole_runs), TEST(sweeps_refuse)};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
