/* group.c - the processes that mpirun or srun started together with this one. */
#include "backend/group.h"
#include "backend/backend.h"
#include "backend/module.h"
#include "base/allocate.h"
#include "base/config.h"
#include "base/processors.h"
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct annc_group annc_group_alone = {.size = 1, .sharers = 1};

/* ---------------------------------------------------------------- which processes there are */

/* Returns a whole number of the environment; `otherwise` without one. */
static uint32_t number_of_environment(const char *name, uint32_t otherwise)
{
    const char *text = getenv(name);
    char *end;
    const unsigned long long number = text ? strtoull(text, &end, 10) : 0;
    return text && text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= INT32_MAX ? (uint32_t)number
                                                                                           : otherwise;
}

/* A way in which processes are started together, and its variables. */
struct starter {
    const char *size, *rank;
    bool has_mpi; /* the MPI library finds the other processes */
};

/* Finds how the processes were started, and *size and *rank; NULL for a process that is alone. The
 * first starter whose variables are there decides: mpirun may run under srun. A batch script of
 * Slurm, also of a job array, has no variables of a step. */
static const struct starter *find_starter(uint32_t *size, uint32_t *rank)
{
    static const struct starter starters[] = {
        {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", true}, /* Open MPI */
        {"PMI_SIZE", "PMI_RANK", true},                         /* MPICH, Intel MPI, srun --mpi=pmi2 */
        {"SLURM_STEP_NUM_TASKS", "PMIX_RANK", true},            /* srun --mpi=pmix */
        {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", false},        /* srun --mpi=none */
    };
    const char *wanted = getenv("ANNC_MPI");
    for (size_t i = 0; i < sizeof starters / sizeof *starters; i++) {
        *size = number_of_environment(starters[i].size, 0);
        *rank = number_of_environment(starters[i].rank, UINT32_MAX);
        if (*rank < *size)
            return *size > 1 && !(wanted && strcmp(wanted, "off") == 0) ? &starters[i] : NULL;
    }
    return NULL;
}

uint32_t annc_group_started(uint32_t *rank)
{
    uint32_t size, own;
    const bool is_alone = !find_starter(&size, &own);
    if (rank)
        *rank = is_alone ? 0 : own;
    return is_alone ? 1 : size;
}

/* ---------------------------------------------------------------- opening and closing */

static annc_status open_module(uint32_t started, struct annc_group **group)
{
    static const struct annc_module module = {"MPI", ANNC_MPI_MODULE_NAME, "ANNC_MPI_MODULE", ANNC_GROUP_MODULE_SYMBOL,
                                              NULL};
    char why[512] = "this build has no MPI (it was made without an MPI library)";
    const struct annc_group_module *found =
        ANNC_MPI_FOUND || getenv(module.variable) ? annc_module_load(&module, why, sizeof why) : NULL;
    if (found && found->contract != ANNC_BACKEND_CONTRACT) {
        snprintf(why, sizeof why,
                 "the MPI module has another version (contract %d, not %d): install both from one build",
                 found->contract, ANNC_BACKEND_CONTRACT);
        found = NULL;
    }
    if (!found)
        return annc_fail(ANNC_DEVICE,
                         "%u processes were started together, but %s; start one process, or set ANNC_MPI=off to let "
                         "each work alone",
                         started, why);
    return found->open(annc_fail, group);
}

annc_status annc_group_open(annc_group **group)
{
    ANNC_REQUIRE_RESULT(group, "group");
    uint32_t started, rank;
    const struct starter *starter = find_starter(&started, &rank);
    annc_group *opened = NULL;
    if (!starter)
        return ANNC_OK;
    if (!starter->has_mpi)
        return annc_fail(ANNC_DEVICE,
                         "srun started %u processes together, but without MPI: start them with srun --mpi=pmix or with "
                         "mpirun, or set ANNC_MPI=off to let each work alone",
                         started);
    ANNC_RETURN_IF_FAILED(open_module(started, &opened));
    if (opened->size != started) {
        annc_fail(ANNC_DEVICE,
                  "%u processes were started together, but the MPI library of this program (%s) finds %u: start them "
                  "with the mpirun of that library, or with srun --mpi=pmix",
                  started, opened->library, opened->size);
        opened->close(opened);
        return ANNC_DEVICE;
    }
    *group = opened;
    return ANNC_OK;
}

void annc_group_close(annc_group *group)
{
    if (group)
        group->close(group);
}

void annc_group_abort(const annc_group *group, int code)
{
    if (group)
        group->abort(group, code);
}

/* ---------------------------------------------------------------- properties */

uint32_t annc_group_rank(const annc_group *group)
{
    return group ? group->rank : 0;
}

uint32_t annc_group_size(const annc_group *group)
{
    return group ? group->size : 1;
}

const char *annc_group_library(const annc_group *group)
{
    return group ? group->library : NULL;
}

int annc_group_threads(const annc_group *group)
{
    if (!group || group->size == 1)
        return 0;
    const int share = annc_usable_processors() / (int)group->sharers;
    return share > 0 ? share : 1;
}

bool annc_group_has_agreed(const annc_group *group, annc_status status)
{
    return !group || status == ANNC_OK || status == ANNC_STOPPED || status == ANNC_DIVERGED || group->has_agreed;
}

/* ---------------------------------------------------------------- sums */

annc_status annc_group_connect(const struct annc_group *group, annc_device *device)
{
    const bool is_new = device->exchange[0] == '\0';
    return group->size > 1 && device->backend->connect && is_new ? device->backend->connect(device, group) : ANNC_OK;
}

annc_status annc_group_begin_sum(const struct annc_group *group, annc_device *device, float *values, size_t count)
{
    return device->is_connected ? device->backend->begin_sum(device, values, count)
                                : group->begin_sum(group, device, values, count);
}

annc_status annc_group_end_sums(const struct annc_group *group, annc_device *device)
{
    return device->is_connected ? device->backend->end_sums(device) : group->end_sums(group, device);
}

const char *annc_group_exchange(const annc_device *device)
{
    return device && device->exchange[0] ? device->exchange : NULL;
}

/* ---------------------------------------------------------------- agreement */

annc_status annc_group_find(const struct annc_group *group, bool flag, uint32_t *rank)
{
    annc_status status = ANNC_OK;
    double *flags = NULL;
    ANNC_TRY(annc_allocate(group->size, sizeof *flags, "the ranks", (void **)&flags));
    flags[group->rank] = flag;
    ANNC_TRY(group->sum_numbers(group, flags, group->size));
    for (*rank = 0; *rank < group->size && flags[*rank] == 0;)
        ++*rank;
out:
    annc_release(flags);
    return status;
}

annc_status annc_group_agree(annc_group *group, annc_status status)
{
    uint32_t first;
    struct annc_kept_error error;
    int32_t number = (int32_t)status;
    if (!group || group->size == 1)
        return status;
    memset(&error, 0, sizeof error);
    if (status != ANNC_OK)
        annc_error_keep(&error);
    ANNC_RETURN_IF_FAILED(annc_group_find(group, status != ANNC_OK, &first));
    if (first == group->size)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(group->broadcast(group, first, &number, sizeof number));
    ANNC_RETURN_IF_FAILED(group->broadcast(group, first, &error, sizeof error));
    group->has_agreed = true;
    if (first == 0)
        return annc_fail_again((annc_status)number, &error);
    return annc_fail((annc_status)number, "rank %u: %s", first, error.text);
}

/* Copies a text of rank `from` to all ranks, in memory for the caller to release. */
static annc_status broadcast_text(const struct annc_group *group, uint32_t from, const char *text, char **copy)
{
    annc_status status = ANNC_OK;
    uint64_t length = strlen(text);
    *copy = NULL;
    ANNC_TRY(group->broadcast(group, from, &length, sizeof length));
    ANNC_TRY(annc_allocate(length + 1, 1, "a text of another rank", (void **)copy));
    if (group->rank == from)
        memcpy(*copy, text, length);
    ANNC_TRY(group->broadcast(group, from, *copy, length));
out:
    return status;
}

/* Returns whether a text has a line. */
static bool has_line(const char *text, const char *line, size_t length)
{
    while (*text) {
        const size_t own = strcspn(text, "\n");
        if (own == length && strncmp(text, line, length) == 0)
            return true;
        text += own + (text[own] == '\n');
    }
    return false;
}

/* Copies the first line of a text that another text does not have to `line`; "nothing" if it has
 * all of them. */
static void first_difference(const char *text, const char *other, char *line, size_t size)
{
    size_t length;
    for (; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        if (!has_line(other, text, length)) {
            snprintf(line, size, "'%.*s'", (int)length, text);
            return;
        }
    }
    snprintf(line, size, "nothing");
}

annc_status annc_group_same(annc_group *group, const char *what, const char *text)
{
    annc_status status = ANNC_OK;
    char *first = NULL, *other = NULL, ours[300], theirs[300];
    uint32_t rank;
    ANNC_REQUIRE(what, "what");
    ANNC_REQUIRE(text, "text");
    if (!group || group->size == 1)
        return ANNC_OK;
    ANNC_TRY(broadcast_text(group, 0, text, &first));
    ANNC_TRY(annc_group_find(group, strcmp(first, text) != 0, &rank));
    if (rank < group->size) {
        ANNC_TRY(broadcast_text(group, rank, text, &other));
        first_difference(first, other, ours, sizeof ours);
        first_difference(other, first, theirs, sizeof theirs);
        group->has_agreed = true;
        status = annc_fail(ANNC_INPUT, "the ranks must have the same %s, but rank 0 has %s and rank %u has %s", what,
                           ours, rank, theirs);
    }
out:
    annc_release(first);
    annc_release(other);
    return status;
}
