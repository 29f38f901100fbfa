/* peer.h - what the peers in C share: a job that run.py has written into a folder, and how its epochs are reported. */
#ifndef ANNC_BENCH_PEERS_PEER_H
#define ANNC_BENCH_PEERS_PEER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEER_LAYERS = 8 };

struct peer_job {
    int n[PEER_LAYERS + 1], layers, batch, epochs, count, tests, threads;
    int softmax; /* ReLU and categorical cross-entropy, rather than sigmoid and quadratic cost */
    float lr;
    const char *folder;
    float *x, *test_x; /* within [0, 1] */
    uint8_t *y, *test_y;
    float *W[PEER_LAYERS + 1], *b[PEER_LAYERS + 1]; /* the initial ones; W: n x n_in */
};

static inline double peer_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void *peer_read(const char *folder, const char *name, size_t bytes)
{
    char path[4096];
    void *all = aligned_alloc(64, (bytes + 63) / 64 * 64);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!all || !file || fread(all, 1, bytes, file) != bytes) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    return all;
}

static inline float *peer_floats(const char *folder, const char *name, size_t count)
{
    uint8_t *bytes = peer_read(folder, name, count);
    float *x = aligned_alloc(64, (count * sizeof *x + 63) / 64 * 64);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)bytes[i] * (1.0f / 255);
    free(bytes);
    return x;
}

/* PROGRAM FOLDER 784-32-10 BATCH LR EPOCHS COUNT TESTS SOFTMAX THREADS */
static inline struct peer_job peer_open(int argc, char **argv)
{
    struct peer_job job = {.layers = -1};
    if (argc != 10)
        exit(2);
    job.folder = argv[1];
    for (char *text = argv[2], *end; *text; text = *end ? end + 1 : end)
        job.n[++job.layers] = (int)strtol(text, &end, 10);
    job.batch = atoi(argv[3]);
    job.lr = (float)atof(argv[4]);
    job.epochs = atoi(argv[5]);
    job.count = atoi(argv[6]);
    job.tests = atoi(argv[7]);
    job.softmax = atoi(argv[8]);
    job.threads = atoi(argv[9]);
    const size_t inputs = (size_t)job.n[0];
    job.x = peer_floats(job.folder, "x.u8", job.count * inputs);
    job.test_x = peer_floats(job.folder, "test_x.u8", job.tests * inputs);
    job.y = peer_read(job.folder, "y.u8", (size_t)job.count);
    job.test_y = peer_read(job.folder, "test_y.u8", (size_t)job.tests);
    size_t floats = 0;
    for (int l = 1; l <= job.layers; l++)
        floats += (size_t)job.n[l] * (size_t)(job.n[l - 1] + 1);
    float *theta = peer_read(job.folder, "weights.f32", floats * sizeof *theta);
    for (int l = 1; l <= job.layers; l++) {
        job.W[l] = theta;
        job.b[l] = theta += (size_t)job.n[l] * (size_t)job.n[l - 1];
        theta += job.n[l];
    }
    return job;
}

/* The order of an epoch, counted from 0; the caller frees it. */
static inline int32_t *peer_order(const struct peer_job *job, int epoch)
{
    char name[64];
    snprintf(name, sizeof name, "order_%d.i32", epoch);
    return peer_read(job->folder, name, (size_t)job->count * sizeof(int32_t));
}

static inline int peer_argmax(const float *a, int n)
{
    int best = 0;
    for (int j = 1; j < n; j++)
        best = a[j] > a[best] ? j : best;
    return best;
}

static inline void peer_report(const char *name, int epoch, double loss, int correct, int count, double seconds)
{
    printf(
        "{\"schema\":\"annc.peer/1\",\"peer\":\"%s\",\"epoch\":%d,\"loss\":%.9g,\"test_correct\":%d,\"test_count\":%d,"
        "\"seconds\":%.9g}\n",
        name, epoch + 1, loss, correct, count, seconds);
    fflush(stdout);
}

#endif
