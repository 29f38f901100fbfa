/* annc-ranks - the two parts of a step of several ranks, each alone: the matrix products of a rank's rows, and the sums over the ranks.
 *
 *   mpirun -n N annc-ranks [--layers 784-1024-1024-10] [--batch M] [--repeats R]
 *
 * Rank 0 prints a JSON line, annc.ranks/1: medians of R times (default 9), each of the slowest rank. Products use one thread. Without mpirun
 * there is one rank, and nothing to sum. bench/scaling.py makes a model of these numbers. */
#include "annc.h"
#include "backend/blas/gemm.h"
#include "backend/group.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 16, MOST_REPEATS = 1001, SIZES = 8 };

struct settings {
    uint32_t width[MOST_LAYERS + 1], layers, batch;
    int repeats;
};

/* What all ranks need, and the matrices of a step. */
struct bench {
    struct settings settings;
    const struct annc_group *group;
    annc_device *device;
    uint32_t rows;
    float *A[MOST_LAYERS + 1], *delta[MOST_LAYERS + 1], *W[MOST_LAYERS + 1], *G[MOST_LAYERS + 1];
    float *values; /* to sum: as many as the largest layer has parameters */
    double *times; /* of all ranks */
};

static void die_on(annc_status status)
{
    if (status == ANNC_OK)
        return;
    fprintf(stderr, "annc-ranks: %s\n", annc_last_error());
    exit((int)status);
}

static float *room(size_t count)
{
    float *block = malloc(count * sizeof *block);
    if (!block) {
        fprintf(stderr, "annc-ranks: out of memory: %zu floats\n", count);
        exit(ANNC_MEMORY);
    }
    for (size_t i = 0; i < count; i++)
        block[i] = (float)(i % 7) * 0.125F;
    return block;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* ---------------------------------------------------------------- what is timed */

/* The products of a training step, without the elementwise parts: Z = A W^T, Delta W and Delta^T A. */
static void products(struct bench *bench, size_t unused)
{
    const struct settings *s = &bench->settings;
    const uint32_t m = bench->rows;
    (void)unused;
    for (uint32_t l = 1; l <= s->layers; l++)
        annc_gemm_nt(m, s->width[l], s->width[l - 1], 1, bench->A[l - 1], bench->W[l], 0, bench->A[l]);
    for (uint32_t l = s->layers; l >= 1; l--) {
        annc_gemm_tn(s->width[l], s->width[l - 1], m, 1, bench->delta[l], bench->A[l - 1], 0, bench->G[l]);
        if (l > 1)
            annc_gemm_nn(m, s->width[l - 1], s->width[l], 1, bench->delta[l], bench->W[l], 0, bench->delta[l - 1]);
    }
}

static void sum(struct bench *bench, size_t count)
{
    memset(bench->values, 0, count * sizeof *bench->values); /* sums of sums would overflow */
    die_on(bench->group->begin_sum(bench->group, bench->device, bench->values, count));
    die_on(bench->group->end_sums(bench->group, bench->device));
}

/* Returns the largest of the ranks' numbers; waits for all ranks. */
static double slowest(const struct bench *bench, double seconds)
{
    const struct annc_group *group = bench->group;
    double most = 0;
    if (group->size == 1)
        return seconds;
    memset(bench->times, 0, group->size * sizeof *bench->times);
    bench->times[group->rank] = seconds;
    die_on(group->sum_numbers(group, bench->times, group->size));
    for (uint32_t r = 0; r < group->size; r++)
        most = bench->times[r] > most ? bench->times[r] : most;
    return most;
}

/* Returns the median time of an action that all ranks begin together. */
static double median(struct bench *bench, void (*action)(struct bench *bench, size_t count), size_t count)
{
    double times[MOST_REPEATS];
    action(bench, count); /* touches all memory */
    for (int i = 0; i < bench->settings.repeats; i++) {
        slowest(bench, 0);
        const double start = annc_now();
        action(bench, count);
        times[i] = slowest(bench, annc_now() - start);
    }
    qsort(times, (size_t)bench->settings.repeats, sizeof *times, ascending);
    return times[bench->settings.repeats / 2];
}

/* ---------------------------------------------------------------- settings and output */

static void usage(void)
{
    fprintf(stderr, "usage: [mpirun -n N] annc-ranks [--layers 784-1024-1024-10] [--batch M] [--repeats R]\n");
    exit(ANNC_USAGE);
}

static uint32_t whole(const char **text, char end)
{
    char *after;
    const unsigned long number = strtoul(*text, &after, 10);
    if (after == *text || number < 1 || number > 1000000 || (*after && *after != end))
        usage();
    *text = after + (*after == end && *after);
    return (uint32_t)number;
}

static void parse_layers(const char *text, struct settings *settings)
{
    settings->width[0] = whole(&text, '-');
    for (settings->layers = 0; *text; settings->width[settings->layers] = whole(&text, '-'))
        if (++settings->layers > MOST_LAYERS)
            usage();
    if (settings->layers == 0)
        usage();
}

static struct settings parse(int argc, char **argv)
{
    struct settings settings = {.batch = 1024, .repeats = 9};
    parse_layers("784-1024-1024-10", &settings);
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--layers") == 0)
            parse_layers(value, &settings);
        else if (strcmp(argv[i], "--batch") == 0)
            settings.batch = whole(&value, '\0');
        else if (strcmp(argv[i], "--repeats") == 0)
            settings.repeats = (int)whole(&value, '\0');
        else
            usage();
    }
    if (settings.repeats > MOST_REPEATS)
        usage();
    return settings;
}

static size_t parameters(const struct settings *settings, uint32_t l)
{
    return (size_t)settings->width[l] * (settings->width[l - 1] + 1U);
}

/* Allocates the matrices, and returns the parameters of the largest layer. */
static size_t make_matrices(struct bench *bench)
{
    const struct settings *s = &bench->settings;
    size_t most = 1;
    bench->rows = annc_group_share(bench->group, s->batch).count;
    for (uint32_t l = 0; l <= s->layers; l++) {
        bench->A[l] = room((size_t)bench->rows * s->width[l]);
        bench->delta[l] = room((size_t)bench->rows * s->width[l]);
        if (l == 0)
            continue;
        bench->W[l] = room(parameters(s, l));
        bench->G[l] = room(parameters(s, l));
        most = parameters(s, l) > most ? parameters(s, l) : most;
    }
    bench->values = room(most);
    bench->times = calloc(bench->group->size, sizeof *bench->times);
    if (!bench->times)
        die_on(ANNC_MEMORY);
    return most;
}

static void free_matrices(struct bench *bench)
{
    for (uint32_t l = 0; l <= bench->settings.layers; l++) {
        free(bench->A[l]);
        free(bench->delta[l]);
        free(bench->W[l]);
        free(bench->G[l]);
    }
    free(bench->values);
    free(bench->times);
}

static void measure(struct bench *bench)
{
    const size_t most = make_matrices(bench);
    const bool prints = bench->group->rank == 0;
    const double seconds = median(bench, products, 0);
    if (prints)
        printf(
            "{\"schema\":\"annc.ranks/1\",\"ranks\":%u,\"batch\":%u,\"rows\":%u,\"blas\":\"%s\",\"products_seconds\":"
            "%.9g,\"sums\":[",
            bench->group->size, bench->settings.batch, bench->rows, annc_gemm_name(), seconds);
    /* 1 value, and sizes up to the largest layer's. */
    for (int i = 0; i < SIZES && bench->group->size > 1; i++) {
        const size_t count = i == 0 ? 1 : most >> (SIZES - 1 - i);
        const double took = median(bench, sum, count > 0 ? count : 1);
        if (prints)
            printf("%s{\"values\":%zu,\"seconds\":%.9g}", i > 0 ? "," : "", count > 0 ? count : 1, took);
    }
    if (prints)
        printf("]}\n");
    free_matrices(bench);
}

int main(int argc, char **argv)
{
    const annc_device_options one_thread = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_group *group = NULL;
    struct bench bench = {.settings = parse(argc, argv)};
    die_on(annc_group_open(&group));
    die_on(annc_device_open(&one_thread, &bench.device));
    annc_gemm_set_threads(1);
    bench.group = group ? group : &annc_group_alone;
    measure(&bench);
    annc_device_close(bench.device);
    fflush(stdout);
    annc_group_close(group);
    return 0;
}
