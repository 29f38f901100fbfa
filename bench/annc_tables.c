/* annc-tables - the rate at which text tables are loaded: read, checked, scaled.
 *
 *   annc-tables [--rounds N] [--label NAME] [--threads N] FILE...
 *
 * Each file is loaded once by one thread with the portable loops (ANNC_CPU_KERNELS=portable) and once
 * by N threads (default 1) with those of the processor, to the same bits; otherwise the exit code is 7.
 * Then come N loads (default 5): a line has the median of the CPU time, which other processes of the
 * machine disturb least, that of the calling thread alone, which is what a load takes on processors of
 * its own, that of the time, and the peak of the memory so far against the file's size. One JSON object
 * per file. */
#include "annc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { MOST_ROUNDS = 101, UNVERIFIED = 7 };

struct load {
    double cpu, caller, wall; /* seconds: of all threads, of the calling one, on the clock */
    uint32_t rows, inputs;
    uint64_t hash; /* of inputs, labels and notes */
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint64_t add_to_hash(uint64_t hash, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u; /* FNV-1a */
    return hash;
}

static struct load load_file(const char *path, const char *label, int threads)
{
    const annc_data_options options = {
        .source = ANNC_SOURCE_PATH, .path = path, .need_train = true, .text = {.label = label}, .threads = threads};
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), caller = seconds(CLOCK_THREAD_CPUTIME_ID),
                 wall = seconds(CLOCK_MONOTONIC);
    annc_data data;
    const annc_status status = annc_data_load(&options, &data);
    struct load load = {.cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu,
                        .caller = seconds(CLOCK_THREAD_CPUTIME_ID) - caller,
                        .wall = seconds(CLOCK_MONOTONIC) - wall};
    if (status != ANNC_OK) {
        fprintf(stderr, "annc-tables: %s\n", annc_last_error());
        exit((int)status);
    }
    const annc_examples *examples = annc_dataset_examples(data.train);
    const size_t cells = (size_t)examples->count * examples->inputs;
    load.rows = examples->count;
    load.inputs = examples->inputs;
    load.hash = add_to_hash(UINT64_C(14695981039346656037), examples->x, cells * sizeof(float));
    if (examples->labels)
        load.hash = add_to_hash(load.hash, examples->labels, examples->count * sizeof *examples->labels);
    load.hash = add_to_hash(load.hash, data.notes, strlen(data.notes));
    annc_data_free(&data);
    return load;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *path, const char *label, int rounds, int threads)
{
    double cpu[MOST_ROUNDS], caller[MOST_ROUNDS], wall[MOST_ROUNDS];
    struct stat file = {.st_size = 0};
    struct rusage usage;
    setenv("ANNC_CPU_KERNELS", "portable", 1);
    const struct load portable = load_file(path, label, 1);
    unsetenv("ANNC_CPU_KERNELS");
    if (load_file(path, label, threads).hash != portable.hash) {
        fprintf(stderr, "annc-tables: %s: the processor's loops load other examples than the portable ones\n", path);
        exit(UNVERIFIED);
    }
    for (int i = 0; i < rounds; i++) {
        const struct load load = load_file(path, label, threads);
        cpu[i] = load.cpu;
        caller[i] = load.caller;
        wall[i] = load.wall;
    }
    qsort(cpu, (size_t)rounds, sizeof *cpu, by_size);
    qsort(caller, (size_t)rounds, sizeof *caller, by_size);
    qsort(wall, (size_t)rounds, sizeof *wall, by_size);
    stat(path, &file);
    getrusage(RUSAGE_SELF, &usage);
    const double megabytes = (double)file.st_size / 1e6;
    printf(
        "{\"file\": \"%s\", \"megabytes\": %.1f, \"rows\": %u, \"inputs\": %u, \"threads\": %d, \"cpu_seconds\": %.4f, "
        "\"caller_cpu_seconds\": %.4f, \"wall_seconds\": %.4f, \"megabytes_per_cpu_second\": %.1f, "
        "\"portable_cpu_seconds\": %.4f, "
        "\"peak_memory_per_file_size\": %.2f}\n",
        path, megabytes, portable.rows, portable.inputs, threads, cpu[rounds / 2], caller[rounds / 2], wall[rounds / 2],
        megabytes / cpu[rounds / 2], portable.cpu, (double)usage.ru_maxrss * 1.024e-3 / megabytes);
}

int main(int count, char **arguments)
{
    const char *label = NULL;
    int rounds = 5, threads = 1, at = 1;
    for (; at + 1 < count && strncmp(arguments[at], "--", 2) == 0; at += 2) {
        if (strcmp(arguments[at], "--rounds") == 0)
            rounds = atoi(arguments[at + 1]);
        else if (strcmp(arguments[at], "--label") == 0)
            label = arguments[at + 1];
        else if (strcmp(arguments[at], "--threads") == 0)
            threads = atoi(arguments[at + 1]);
        else
            break;
    }
    if (at >= count || rounds < 1 || rounds > MOST_ROUNDS || threads < 1 || strncmp(arguments[at], "--", 2) == 0) {
        fprintf(stderr, "usage: annc-tables [--rounds 1...%d] [--label NAME] [--threads N] FILE...\n", MOST_ROUNDS);
        return 2;
    }
    for (; at < count; at++)
        measure(arguments[at], label, rounds, threads);
    return 0;
}
