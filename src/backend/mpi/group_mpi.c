/* group_mpi.c - a group of ranks over MPI: a module of its own, loaded in a process that MPI
 * started.
 *
 * Errors of MPI itself end all processes, as MPI does by default: a group without one of its ranks
 * cannot go on. */
#include "backend/backend.h"
#include "backend/group.h"

#include <mpi.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Values are summed in pieces of this many, and bytes copied: MPI counts them with an int. */
enum { PIECE = ANNC_STAGED_VALUES, PIECE_BYTES = 1 << 30 };

/* Sums of one step, one per layer; values from which on a sum begins before the step's end. */
enum { MOST_SUMS = ANNC_MAX_LAYERS, LEAST_BESIDE = 1 << 18 };

struct sum {
    float *values;
    size_t count;
};

struct ranks {
    struct annc_group group;
    annc_status (*fail)(annc_status status, const char *format, ...);
    char library[128];
    /* Memory of a sum. A rank adds up the part of a piece that it owns, from all ranks. */
    void *parts;              /* PIECE values: the own part as each rank has it */
    int *counts, *firsts;     /* of the parts of all ranks */
    int *own_counts, *places; /* of the own part, from each rank in `parts` */
    /* Sums between begin_sum and end_sums, guarded by the mutex. */
    struct sum sums[MOST_SUMS];
    int begun, done;
    bool is_beside, is_closing;  /* is_beside: the thread does them */
    bool is_awaited;             /* the main thread waits for them */
    bool is_started, has_thread; /* has_thread: all ranks have started it */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

static struct ranks *ranks_of(const struct annc_group *group)
{
    return group->context; /* the group may be a copy */
}

/* ---------------------------------------------------------------- sums */

/* Divides a piece of `count` values into one part per rank. */
static void divide(struct ranks *ranks, int count)
{
    const uint32_t size = ranks->group.size;
    for (uint32_t r = 0; r < size; r++) {
        ranks->firsts[r] = (int)((int64_t)count * r / size);
        ranks->counts[r] = (int)((int64_t)count * (r + 1) / size) - ranks->firsts[r];
    }
    for (uint32_t r = 0; r < size; r++) {
        ranks->own_counts[r] = ranks->counts[ranks->group.rank];
        ranks->places[r] = (int)r * ranks->own_counts[r];
    }
}

/* Waits for an exchange that was begun. While the main thread computes, this thread leaves it the
 * processor between its looks. */
static void await(struct ranks *ranks, MPI_Request *request)
{
    static const struct timespec nap = {.tv_nsec = 20000};
    int is_done = 0;
    while (MPI_Test(request, &is_done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !is_done)
        if (__atomic_load_n(&ranks->is_awaited, __ATOMIC_RELAXED))
            sched_yield();
        else
            nanosleep(&nap, NULL);
}

/* Sends each rank its part of a piece. */
static void scatter(struct ranks *ranks, const float *values, bool is_beside)
{
    MPI_Request request;
    if (!is_beside) {
        MPI_Alltoallv(values, ranks->counts, ranks->firsts, MPI_FLOAT, ranks->parts, ranks->own_counts, ranks->places,
                      MPI_FLOAT, MPI_COMM_WORLD);
        return;
    }
    MPI_Ialltoallv(values, ranks->counts, ranks->firsts, MPI_FLOAT, ranks->parts, ranks->own_counts, ranks->places,
                   MPI_FLOAT, MPI_COMM_WORLD, &request);
    await(ranks, &request);
}

/* Sends all ranks the sums of this rank's part. */
static void gather(struct ranks *ranks, float *values, bool is_beside)
{
    MPI_Request request;
    if (!is_beside) {
        MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values, ranks->counts, ranks->firsts, MPI_FLOAT,
                       MPI_COMM_WORLD);
        return;
    }
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values, ranks->counts, ranks->firsts, MPI_FLOAT, MPI_COMM_WORLD,
                    &request);
    await(ranks, &request);
}

/* Each rank adds up its part in the order of the ranks, and sends the sums to all: every rank sends
 * and receives 2 (N - 1) / N of the piece, as in a ring. */
static void sum_piece(struct ranks *ranks, float *values, int count, bool is_beside)
{
    const uint32_t own = ranks->group.rank;
    const float *parts = ranks->parts;
    divide(ranks, count);
    float *sums = values + ranks->firsts[own];
    scatter(ranks, values, is_beside);
    const int length = ranks->counts[own];
    memcpy(sums, parts, (size_t)length * sizeof *sums);
    for (uint32_t r = 1; r < ranks->group.size; r++)
        for (int i = 0; i < length; i++)
            sums[i] += parts[(size_t)r * (size_t)length + (size_t)i];
    gather(ranks, values, is_beside);
}

/* Sums memory of a device that the host cannot read, by a copy in the host's. */
static annc_status sum_staged(struct ranks *ranks, annc_device *device, float *values, int count)
{
    const size_t bytes = (size_t)count * sizeof *values;
    const annc_status status = device->backend->download(device, device->staging, values, bytes);
    if (status != ANNC_OK)
        return status;
    sum_piece(ranks, device->staging, count, false);
    return device->backend->upload(device, values, device->staging, bytes);
}

/* Sums values piece by piece; is_beside: in the thread beside the main one, in host memory. */
static annc_status sum(struct ranks *ranks, annc_device *device, const struct sum *sum, bool is_beside)
{
    annc_status status = ANNC_OK;
    for (size_t first = 0; first < sum->count && status == ANNC_OK; first += PIECE) {
        const int piece = sum->count - first < PIECE ? (int)(sum->count - first) : PIECE;
        if (is_beside || device->backend->host_memory)
            sum_piece(ranks, sum->values + first, piece, is_beside);
        else
            status = sum_staged(ranks, device, sum->values + first, piece);
    }
    return status;
}

/* ---------------------------------------------------------------- sums beside the computation */

/* The thread that sums while the main thread computes. MPI allows one thread at a time: the main
 * one calls nothing between begin_sum and end_sums. */
static void *sum_beside(void *context)
{
    struct ranks *ranks = context;
    pthread_mutex_lock(&ranks->mutex);
    while (!ranks->is_closing) {
        if (!ranks->is_beside || ranks->done == ranks->begun) {
            pthread_cond_wait(&ranks->changed, &ranks->mutex);
            continue;
        }
        const struct sum next = ranks->sums[ranks->done];
        pthread_mutex_unlock(&ranks->mutex);
        sum(ranks, NULL, &next, true);
        pthread_mutex_lock(&ranks->mutex);
        ranks->done++;
        pthread_cond_broadcast(&ranks->changed);
    }
    pthread_mutex_unlock(&ranks->mutex);
    return NULL;
}

static annc_status end_sums(const struct annc_group *group, annc_device *device)
{
    struct ranks *ranks = ranks_of(group);
    annc_status status = ANNC_OK;
    __atomic_store_n(&ranks->is_awaited, true, __ATOMIC_RELAXED);
    pthread_mutex_lock(&ranks->mutex);
    while (ranks->is_beside && ranks->done < ranks->begun)
        pthread_cond_wait(&ranks->changed, &ranks->mutex);
    for (; ranks->done < ranks->begun && status == ANNC_OK; ranks->done++)
        status = sum(ranks, device, &ranks->sums[ranks->done], false);
    ranks->begun = ranks->done = 0;
    ranks->is_beside = false;
    pthread_mutex_unlock(&ranks->mutex);
    __atomic_store_n(&ranks->is_awaited, false, __ATOMIC_RELAXED);
    return status;
}

/* Large sums begin at once. Small ones wait for a large one or for end_sums: the switch of threads
 * would take longer. All ranks have the same sums, and so decide alike. */
static annc_status begin_sum(const struct annc_group *group, annc_device *device, float *values, size_t count)
{
    struct ranks *ranks = ranks_of(group);
    if (ranks->begun == MOST_SUMS) {
        const annc_status status = end_sums(group, device);
        if (status != ANNC_OK)
            return status;
    }
    pthread_mutex_lock(&ranks->mutex);
    ranks->sums[ranks->begun++] = (struct sum){values, count};
    ranks->is_beside |= ranks->has_thread && device->backend->host_memory && count >= LEAST_BESIDE;
    pthread_cond_broadcast(&ranks->changed);
    pthread_mutex_unlock(&ranks->mutex);
    return ANNC_OK;
}

/* Starts the thread; without it, or if MPI allows but one thread, on any rank, all sums are the main
 * thread's. */
static void start_thread(struct ranks *ranks, int provided)
{
    sigset_t all, before;
    int has_thread;
    pthread_mutex_init(&ranks->mutex, NULL);
    pthread_cond_init(&ranks->changed, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the thread inherits it */
    ranks->is_started =
        provided >= MPI_THREAD_SERIALIZED && pthread_create(&ranks->thread, NULL, sum_beside, ranks) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    has_thread = ranks->is_started;
    MPI_Allreduce(MPI_IN_PLACE, &has_thread, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    ranks->has_thread = has_thread;
}

static void end_thread(struct ranks *ranks)
{
    pthread_mutex_lock(&ranks->mutex);
    ranks->is_closing = true;
    pthread_cond_broadcast(&ranks->changed);
    pthread_mutex_unlock(&ranks->mutex);
    if (ranks->is_started)
        pthread_join(ranks->thread, NULL);
    pthread_cond_destroy(&ranks->changed);
    pthread_mutex_destroy(&ranks->mutex);
}

/* ---------------------------------------------------------------- numbers and host memory */

/* Numbers are few: every rank gets those of all, and adds them in the order of the ranks. */
static annc_status sum_numbers(const struct annc_group *group, double *numbers, size_t count)
{
    struct ranks *ranks = ranks_of(group);
    const size_t most = PIECE * sizeof(float) / sizeof(double) / group->size;
    const double *parts = ranks->parts;
    for (size_t first = 0; first < count; first += most) {
        const size_t piece = count - first < most ? count - first : most;
        MPI_Allgather(numbers + first, (int)piece, MPI_DOUBLE, ranks->parts, (int)piece, MPI_DOUBLE, MPI_COMM_WORLD);
        for (size_t i = 0; i < piece; i++) {
            numbers[first + i] = parts[i];
            for (uint32_t r = 1; r < group->size; r++)
                numbers[first + i] += parts[r * piece + i];
        }
    }
    return ANNC_OK;
}

static annc_status broadcast(const struct annc_group *group, uint32_t from, void *memory, size_t bytes)
{
    (void)group;
    for (size_t first = 0; first < bytes; first += PIECE_BYTES) {
        const int piece = bytes - first < PIECE_BYTES ? (int)(bytes - first) : PIECE_BYTES;
        MPI_Bcast((char *)memory + first, piece, MPI_BYTE, (int)from, MPI_COMM_WORLD);
    }
    return ANNC_OK;
}

/* ---------------------------------------------------------------- messages */

static annc_status send_message(const struct annc_group *group, uint32_t to, const void *memory, size_t bytes)
{
    (void)group;
    for (size_t first = 0; first < bytes; first += PIECE_BYTES) {
        const int piece = bytes - first < PIECE_BYTES ? (int)(bytes - first) : PIECE_BYTES;
        MPI_Send((const char *)memory + first, piece, MPI_BYTE, (int)to, 0, MPI_COMM_WORLD);
    }
    return ANNC_OK;
}

static annc_status receive_message(const struct annc_group *group, uint32_t from, void *memory, size_t bytes)
{
    (void)group;
    for (size_t first = 0; first < bytes; first += PIECE_BYTES) {
        const int piece = bytes - first < PIECE_BYTES ? (int)(bytes - first) : PIECE_BYTES;
        MPI_Recv((char *)memory + first, piece, MPI_BYTE, (int)from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return ANNC_OK;
}

static annc_status find_message(const struct annc_group *group, uint32_t *from)
{
    MPI_Status found;
    int waits;
    MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &waits, &found);
    *from = waits ? (uint32_t)found.MPI_SOURCE : group->size;
    return ANNC_OK;
}

/* ---------------------------------------------------------------- opening and closing */

static void free_ranks(struct ranks *ranks)
{
    void *const memory[] = {ranks->parts, ranks->counts, ranks->firsts, ranks->own_counts, ranks->places, ranks};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        free(memory[i]);
}

static void close_group(struct annc_group *group)
{
    end_thread(ranks_of(group));
    MPI_Finalize();
    free_ranks(ranks_of(group));
}

static void end_all(const struct annc_group *group, int code)
{
    (void)group;
    MPI_Abort(MPI_COMM_WORLD, code);
}

/* Returns the number of ranks on this machine that may use exactly the processors of this one:
 * those that mpirun or Slurm has bound to processors of their own are not among them. */
static uint32_t count_sharers(void)
{
    cpu_set_t own;
    MPI_Comm machine;
    int neighbours;
    uint32_t sharers = 0;
    CPU_ZERO(&own);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &neighbours);
    cpu_set_t *all = calloc((size_t)neighbours, sizeof *all);
    if (!all)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE); /* the others would wait for this rank */
    sched_getaffinity(0, sizeof own, &own);      /* if it fails, as with very many processors, all are equal: 0 */
    MPI_Allgather(&own, sizeof own, MPI_BYTE, all, sizeof own, MPI_BYTE, machine);
    for (int i = 0; i < neighbours; i++)
        sharers += CPU_EQUAL(&own, &all[i]) != 0;
    free(all);
    MPI_Comm_free(&machine);
    return sharers;
}

static void *take(struct ranks *ranks, size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);
    if (!memory)
        ranks->fail(ANNC_MEMORY, "out of memory: the ranks' sums, %zu bytes", bytes);
    return memory;
}

static annc_status allocate_sums(struct ranks *ranks)
{
    const size_t bytes = ranks->group.size * sizeof(int);
    /* Parts are rounded up: of `size` ranks, each part may have one value more. */
    ranks->parts = take(ranks, (PIECE + (size_t)ranks->group.size) * sizeof(float));
    ranks->counts = take(ranks, bytes);
    ranks->firsts = take(ranks, bytes);
    ranks->own_counts = take(ranks, bytes);
    ranks->places = take(ranks, bytes);
    return ranks->parts && ranks->counts && ranks->firsts && ranks->own_counts && ranks->places ? ANNC_OK : ANNC_MEMORY;
}

static void name_library(char *name, size_t size)
{
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(version, &length);
    snprintf(name, size, "%.*s", (int)strcspn(version, ",\n"), version);
    for (char *c = name; *c; c++)
        if (*c == '\t')
            *c = ' ';
}

static annc_status open_group(annc_status (*fail)(annc_status status, const char *format, ...),
                              struct annc_group **group)
{
    int rank, size, provided;
    struct ranks *ranks = calloc(1, sizeof *ranks);
    if (!ranks)
        return fail(ANNC_MEMORY, "out of memory: a group of ranks, %zu bytes", sizeof *ranks);
    MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    ranks->fail = fail;
    ranks->group = (struct annc_group){.rank = (uint32_t)rank,
                                       .size = (uint32_t)size,
                                       .sharers = count_sharers(),
                                       .library = ranks->library,
                                       .context = ranks,
                                       .begin_sum = begin_sum,
                                       .end_sums = end_sums,
                                       .sum_numbers = sum_numbers,
                                       .broadcast = broadcast,
                                       .send = send_message,
                                       .receive = receive_message,
                                       .find_message = find_message,
                                       .close = close_group,
                                       .abort = end_all};
    name_library(ranks->library, sizeof ranks->library);
    if (allocate_sums(ranks) != ANNC_OK) {
        free_ranks(ranks);
        return ANNC_MEMORY;
    }
    start_thread(ranks, provided);
    *group = &ranks->group;
    return ANNC_OK;
}

__attribute__((visibility("default"))) const struct annc_group_module *annc_group_module(void);

const struct annc_group_module *annc_group_module(void)
{
    static const struct annc_group_module module = {ANNC_BACKEND_CONTRACT, open_group};
    return &module;
}
