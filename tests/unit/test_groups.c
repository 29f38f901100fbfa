/* A group of ranks that train together: here threads, each with a device of its own. */
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "support/problem.h"
#include "support/test.h"
#include "training/run/rank_checks.h"
#include "training/step/trainer.h"

#include <pthread.h>

enum { MOST_RANKS = 5 };

/* A message on its way. */
struct letter {
    struct letter *next;
    uint32_t from, to;
    size_t bytes;
    char text[];
};

/* What the ranks share. */
struct crowd {
    pthread_barrier_t barrier;
    const void *from[MOST_RANKS];
    pthread_mutex_t mutex; /* guards the letters, in the order in which they were sent */
    pthread_cond_t sent;
    struct letter *letters;
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

static annc_status begin_sum(const struct annc_group *group, annc_device *device, float *values, size_t count)
{
    (void)device; /* the CPU, whose memory is the host's */
    SUM_OVER_RANKS(float, values, count);
    return ANNC_OK;
}

static annc_status end_sums(const struct annc_group *group, annc_device *device)
{
    (void)group;
    (void)device;
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

static annc_status send_letter(const struct annc_group *group, uint32_t to, const void *memory, size_t bytes)
{
    struct crowd *crowd = group->context;
    struct letter *letter = malloc(sizeof *letter + bytes), **place = &crowd->letters;
    *letter = (struct letter){.from = group->rank, .to = to, .bytes = bytes};
    memcpy(letter->text, memory, bytes);
    pthread_mutex_lock(&crowd->mutex);
    while (*place)
        place = &(*place)->next;
    *place = letter;
    pthread_cond_broadcast(&crowd->sent);
    pthread_mutex_unlock(&crowd->mutex);
    return ANNC_OK;
}

/* Returns the place of the first letter to a rank, of any rank or of one. */
static struct letter **find_letter(struct crowd *crowd, uint32_t to, uint32_t from, uint32_t any)
{
    struct letter **place = &crowd->letters;
    while (*place && ((*place)->to != to || (from != any && (*place)->from != from)))
        place = &(*place)->next;
    return place;
}

static annc_status receive_letter(const struct annc_group *group, uint32_t from, void *memory, size_t bytes)
{
    struct crowd *crowd = group->context;
    struct letter **place, *letter;
    pthread_mutex_lock(&crowd->mutex);
    while (!*(place = find_letter(crowd, group->rank, from, group->size)))
        pthread_cond_wait(&crowd->sent, &crowd->mutex);
    letter = *place;
    *place = letter->next;
    pthread_mutex_unlock(&crowd->mutex);
    CHECK(letter->bytes == bytes);
    memcpy(memory, letter->text, bytes);
    free(letter);
    return ANNC_OK;
}

static annc_status look_for_letter(const struct annc_group *group, uint32_t *from)
{
    struct crowd *crowd = group->context;
    pthread_mutex_lock(&crowd->mutex);
    const struct letter *letter = *find_letter(crowd, group->rank, group->size, group->size);
    *from = letter ? letter->from : group->size;
    pthread_mutex_unlock(&crowd->mutex);
    return ANNC_OK;
}

static void open_crowd(struct crowd *crowd, uint32_t size)
{
    memset(crowd, 0, sizeof *crowd);
    CHECK(pthread_barrier_init(&crowd->barrier, NULL, size) == 0);
    pthread_mutex_init(&crowd->mutex, NULL);
    pthread_cond_init(&crowd->sent, NULL);
}

static void close_crowd(struct crowd *crowd)
{
    CHECK(!crowd->letters);
    pthread_cond_destroy(&crowd->sent);
    pthread_mutex_destroy(&crowd->mutex);
    pthread_barrier_destroy(&crowd->barrier);
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

/* Leaves a rank its shard of the data. */
static void keep_shard(struct rank *rank)
{
    const annc_examples *all = annc_dataset_examples(rank->problem.data);
    const struct annc_share share = annc_share_of(all->count, rank->group.size, rank->group.rank);
    const uint32_t total = all->count;
    annc_examples own = *all;
    annc_dataset *shard = NULL;
    own.count = share.count;
    own.x = (const float *)all->x + (size_t)share.first * all->inputs;
    own.labels = all->labels + share.first;
    CHECK(annc_dataset_create(&own, &shard) == ANNC_OK);
    shard->total = total;
    shard->first = share.first;
    annc_dataset_free(rank->problem.data);
    rank->problem.data = shard;
}

static bool make(struct rank *rank, uint32_t index, uint32_t size, struct crowd *crowd,
                 const annc_training_options *options, bool has_shard)
{
    const annc_shape shape = problem_shape("7-6-4", ANNC_TANH, ANNC_SOFTMAX, ANNC_CATEGORICAL_CROSS_ENTROPY);
    *rank = (struct rank){.group = {.rank = index,
                                    .size = size,
                                    .context = crowd,
                                    .begin_sum = begin_sum,
                                    .end_sums = end_sums,
                                    .sum_numbers = sum_numbers,
                                    .broadcast = broadcast,
                                    .send = send_letter,
                                    .receive = receive_letter,
                                    .find_message = look_for_letter},
                          .options = *options,
                          .stop = index == size - 1}; /* one rank's wish stops all */
    if (!problem_make(&rank->problem, &shape, ANNC_FLOATS, true, 50, ANNC_INIT_NORMAL, 3))
        return false;
    if (size > 1 && options->shards > 1 && has_shard)
        keep_shard(rank);
    if (index > 0) /* rank 0's parameters are those of all */
        annc_network_parameters(rank->problem.network)[0] = 1e3F;
    return true;
}

/* Trains alone and with `size` ranks: within rounding the same, and the same bits on every rank. */
static void compare(uint32_t size, const annc_training_options *options, bool has_shard)
{
    struct crowd crowd;
    struct rank alone, ranks[MOST_RANKS];
    pthread_t threads[MOST_RANKS];
    CHECK(make(&alone, 0, 1, NULL, options, false));
    REQUIRE_OK(train(&alone));
    open_crowd(&crowd, size);
    for (uint32_t i = 0; i < size; i++)
        CHECK(make(&ranks[i], i, size, &crowd, options, has_shard));
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
    close_crowd(&crowd);
}

/* Minibatches that the ranks divide evenly and unevenly, and a last one with fewer rows than ranks. */
static void plain(void)
{
    const annc_training_options even = {.eta = 0.2, .batch = 10, .seed = 5},
                                uneven = {.eta = 0.2, .batch = 7, .seed = 5};
    compare(2, &even, false);
    compare(3, &uneven, false);
    compare(MOST_RANKS, &uneven, false); /* 50 = 7 * 7 + 1 */
}

static void with_options(void)
{
    annc_training_options options = annc_training_defaults(ANNC_ADAM);
    options.batch = 12;
    options.clip = 0.5;
    options.objective = (annc_objective){.l2 = 1e-2, .dropout = 0.25, .input_noise = 0.1, .label_smoothing = 0.1};
    options.schedule = (annc_schedule){.kind = ANNC_COSINE, .epochs = EPOCHS};
    compare(3, &options, false);
    options.shards = 3;
    compare(3, &options, true);
    compare(3, &options, false); /* ranks that have all rows */
}

/* Each rank has one shard of the examples, also one without a row of the last minibatch. */
static void shards(void)
{
    annc_training_options options = {.eta = 0.2, .batch = 10, .seed = 5, .shards = 2};
    compare(2, &options, true);
    options.shards = 3;
    options.batch = 48; /* 50 = 48 + 2 */
    compare(3, &options, true);
    options.batch = 60;
    compare(3, &options, true);
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
    CHECK(make(&rank, 1, 2, &crowd, &fused, false));
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
    open_crowd(&crowd, 3);
    for (uint32_t i = 0; i < 3; i++)
        CHECK(make(&ranks[i], i, 3, &crowd, options, false));
    for (uint32_t i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, function, &ranks[i]) == 0);
    for (uint32_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t i = 0; i < 3; i++)
        problem_free(&ranks[i].problem);
    close_crowd(&crowd);
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

/* ---------------------------------------------------------------- sweeps */

enum { NETWORKS = 12, COMPLETE = 5 };

/* Every other network diverges: so do some that rank 0 does not train, whichever these are. */
static bool diverges(uint32_t i)
{
    return i % 2 == 0;
}

/* A sweep of all ranks: its candidates, and who reported them. */
struct sweep_of_rank {
    struct rank *rank;
    annc_candidate candidates[NETWORKS];
    uint32_t reports[NETWORKS];
    bool slow, stops; /* this rank takes long for a network; wants to stop after the first */
    uint32_t own;     /* networks that this rank began */
};

static annc_status count_own(void *context, const annc_run *run)
{
    struct sweep_of_rank *sweep = context;
    const struct timespec nap = {.tv_nsec = 200000000};
    (void)run;
    __atomic_add_fetch(&sweep->own, 1, __ATOMIC_RELAXED);
    if (sweep->slow)
        nanosleep(&nap, NULL);
    return ANNC_OK;
}

static void report_network(void *context, uint32_t i)
{
    struct sweep_of_rank *sweep = context;
    sweep->reports[i]++;
    if (sweep->candidates[i].status == ANNC_DIVERGED)
        CHECK_MSG(strstr(annc_last_error(), "diverged"), "%s", annc_last_error());
}

static bool stop_sweep(void *context)
{
    const struct sweep_of_rank *sweep = context;
    return sweep->stops && __atomic_load_n(&sweep->own, __ATOMIC_RELAXED) > 0;
}

/* Makes the candidates: with rates of their own, some of which diverge. */
static void make_candidates(struct sweep_of_rank *sweep, uint32_t epochs)
{
    const annc_dataset *data = sweep->rank->problem.data;
    for (uint32_t i = 0; i < NETWORKS; i++) {
        annc_candidate *candidate = &sweep->candidates[i];
        *candidate = (annc_candidate){.options = {.training = sweep->rank->options,
                                                  .epochs = epochs,
                                                  .validation = data,
                                                  .begun = count_own,
                                                  .context = sweep}};
        candidate->options.training.eta = diverges(i) ? 1e30 : 0.1 + 0.05 * i;
        CHECK(annc_network_copy(sweep->rank->problem.network, &candidate->network) == ANNC_OK);
        annc_network_parameters(candidate->network)[0] = 0.5F; /* `make` has set another on each rank */
    }
}

static annc_status sweep_in_group(struct sweep_of_rank *sweep, annc_group *group)
{
    const annc_device_options two_threads = {.kind = ANNC_DEVICE_CPU, .threads = 2};
    return annc_sweep(&two_threads, group, sweep->candidates, NETWORKS, sweep->rank->problem.data, NULL, stop_sweep,
                      report_network, sweep);
}

static void free_candidates(struct sweep_of_rank *sweep)
{
    for (uint32_t i = 0; i < NETWORKS; i++)
        annc_network_free(sweep->candidates[i].network);
}

/* Rank 0 has the parameters and results of one process, and reports each network once. */
static void compare_with_alone(const struct sweep_of_rank *sweep)
{
    struct sweep_of_rank alone = {.rank = sweep->rank};
    const size_t bytes = annc_shape_parameters(&sweep->rank->problem.shape) * sizeof(float);
    make_candidates(&alone, EPOCHS);
    CHECK(sweep_in_group(&alone, NULL) == ANNC_OK);
    for (uint32_t i = 0; i < NETWORKS; i++) {
        const annc_candidate *one = &alone.candidates[i], *other = &sweep->candidates[i];
        CHECK(sweep->reports[i] == (i != COMPLETE));
        CHECK(one->status == (diverges(i) ? ANNC_DIVERGED : ANNC_OK) && one->status == other->status);
        CHECK(strcmp(one->reason, other->reason) == 0 && strcmp(one->engine, other->engine) == 0);
        CHECK(one->result.epochs == other->result.epochs);
        CHECK(annc_candidate_merit(one) == annc_candidate_merit(other));
        CHECK(memcmp(annc_network_parameters_const(one->network), annc_network_parameters_const(other->network),
                     bytes) == 0);
    }
    free_candidates(&alone);
}

/* Trains one candidate before the sweep, in another network of its result. */
static void complete_one(struct sweep_of_rank *sweep)
{
    struct sweep_of_rank before = {.rank = sweep->rank};
    annc_candidate *trained = &before.candidates[COMPLETE];
    make_candidates(&before, EPOCHS);
    CHECK(sweep_in_group(&before, NULL) == ANNC_OK);
    CHECK(annc_candidate_restore(trained->network, 7, &sweep->candidates[COMPLETE]) == ANNC_INPUT);
    CHECK(annc_candidate_store(trained, 7, trained->network) == ANNC_OK);
    CHECK(annc_candidate_restore(trained->network, 8, &sweep->candidates[COMPLETE]) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "other data"), "%s", annc_last_error());
    CHECK(!sweep->candidates[COMPLETE].is_complete);
    CHECK(annc_candidate_restore(trained->network, 7, &sweep->candidates[COMPLETE]) == ANNC_OK);
    CHECK(sweep->candidates[COMPLETE].is_complete);
    free_candidates(&before);
}

/* The last rank is slow: the others train the networks that it does not come to. */
static void *sweep_of_three(void *context)
{
    struct rank *rank = context;
    struct sweep_of_rank sweep = {.rank = rank, .slow = rank->group.rank == 2};
    make_candidates(&sweep, EPOCHS);
    if (rank->group.rank == 0)
        complete_one(&sweep);
    CHECK(sweep_in_group(&sweep, &rank->group) == ANNC_OK);
    CHECK(rank->group.rank != 2 || sweep.own < NETWORKS / 3);
    double own = sweep.own;
    CHECK(sum_numbers(&rank->group, &own, 1) == ANNC_OK && own == NETWORKS - 1);
    if (rank->group.rank == 0)
        compare_with_alone(&sweep);
    free_candidates(&sweep);
    /* One rank stops after its first networks, and with it all. */
    sweep = (struct sweep_of_rank){.rank = rank, .stops = rank->group.rank == 1};
    make_candidates(&sweep, 100000000);
    CHECK(sweep_in_group(&sweep, &rank->group) == ANNC_STOPPED);
    CHECK_MSG(strncmp(annc_last_error(), "stopped after ", 14) == 0, "%s", annc_last_error());
    sweep.stops = false;
    sweep.candidates[1].options.training.objective.l2 = rank->group.rank == 2 ? 0.5 : 0;
    CHECK(sweep_in_group(&sweep, &rank->group) == ANNC_INPUT);
    CHECK_MSG(strstr(annc_last_error(), "same networks, but rank 0 has "), "%s", annc_last_error());
    free_candidates(&sweep);
    return NULL;
}

static void sweeps(void)
{
    const annc_training_options options = {.eta = 0.1, .batch = 7, .seed = 5};
    struct rank ranks[3];
    on_three_ranks(sweep_of_three, ranks, &options);
}

/* The networks of a sweep train at once, in threads that have no order: none of them in a group. */
static void sweeps_refuse(void)
{
    const annc_device_options one_thread = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    const annc_training_options plain_sgd = {.eta = 1, .batch = 10};
    struct rank rank;
    CHECK(make(&rank, 0, 1, NULL, &plain_sgd, false));
    annc_candidate candidate = {.network = rank.problem.network,
                                .options = {.training = plain_sgd, .epochs = 1, .group = &rank.group}};
    REQUIRE_OK(annc_sweep(&one_thread, NULL, &candidate, 1, rank.problem.data, NULL, NULL, NULL, NULL));
    CHECK(candidate.status == ANNC_USAGE);
    CHECK_MSG(strstr(candidate.reason, "'group' must be NULL"), "%s", candidate.reason);
    problem_free(&rank.problem);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(shards),       TEST(shares),         TEST(plain),
                                        TEST(with_options), TEST(engines_refuse), TEST(agreement),
                                        TEST(whole_runs),   TEST(sweeps),         TEST(sweeps_refuse)};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
