/* annc-bench - how fast each device trains, verified before it is timed.
 *
 *   annc-bench [--device cpu|cuda|all] [--job NAME] [--except NAME] [--repeats N] [--seconds S] [--threads N] [--json]
 *
 * --json prints a line for scripts on standard output, and the table on standard error. NAME is part of a job's name: --job runs the
 * jobs that have it, --except those that do not.
 *
 * Jobs train on MNIST where it is on disk, otherwise on the built-in digits, which have other zeros, and the fused engine skips them. An
 * epoch's time is that of 60,000 examples, by so many steps as take about S seconds (default 0.5), the median of N repeats (default 5). The
 * share of peak, which counts inputs that are 0 as if they were multiplied, is that of the rate of one large matrix product on the same
 * device in the same run. */
#include "annc.h"
#include "backend/backend.h"
#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    const char *name;
    annc_shape shape;
    uint32_t batch;
    double eta;
};

struct result {
    const struct job *job;
    char engine[32];
    double seconds_epoch, fastest, slowest, us_step, gflops, share_of_peak;
    bool verified;
    double difference; /* from the CPU after one step, normwise */
    double tolerance;  /* of that */
};

struct settings {
    const char *device, *job, *except;
    int repeats, threads;
    double seconds;
    bool json;
};

static const double EPOCH_EXAMPLES = 60000;
static const double STEP_TOLERANCE = 1e-4;      /* of one step, relative to its length */
static const double ROUNDINGS = 4;              /* of each new weight, each by at most ... */
static const double HALF_ULP = 1.0 / (1 << 24); /* ... this, relative to the weight */
enum { JOBS = 4, MOST_REPEATS = 101 };

static const struct job JOB_TABLE[JOBS] = {
    {"784-32-10 b16", {2, {784, 32, 10}, {ANNC_SIGMOID, ANNC_SIGMOID}, ANNC_QUADRATIC, 0}, 16, 3},
    {"784-128-10 b64", {2, {784, 128, 10}, {ANNC_RELU, ANNC_SOFTMAX}, ANNC_CATEGORICAL_CROSS_ENTROPY, 0}, 64, 0.1},
    {"784-512-512-10 b256",
     {3, {784, 512, 512, 10}, {ANNC_RELU, ANNC_RELU, ANNC_SOFTMAX}, ANNC_CATEGORICAL_CROSS_ENTROPY, 0},
     256,
     0.1},
    {"784-4096-4096-10 b4096",
     {3, {784, 4096, 4096, 10}, {ANNC_RELU, ANNC_RELU, ANNC_SOFTMAX}, ANNC_CATEGORICAL_CROSS_ENTROPY, 0},
     4096,
     0.1},
};

static void die_on(annc_status status)
{
    if (status == ANNC_OK)
        return;
    fprintf(stderr, "annc-bench: %s\n", annc_last_error());
    exit((int)status);
}

/* Floating-point operations of one example's training: three products a layer, but for the first,
 * whose inputs need no error. */
static double flops_an_example(const annc_shape *shape)
{
    double flops = 0;
    for (uint32_t l = 1; l <= shape->layers; l++)
        flops += 2.0 * shape->width[l] * shape->width[l - 1] * (l == 1 ? 2 : 3);
    return flops;
}

/* The first `count` examples of a data set, again from the beginning where it has fewer. */
static annc_dataset *part_of(const annc_dataset *data, uint32_t count)
{
    const annc_examples *all = annc_dataset_examples(data);
    annc_examples part = *all;
    const size_t row = all->inputs * (all->type == ANNC_BYTES ? sizeof(uint8_t) : sizeof(float));
    unsigned char *x = malloc(count * row);
    int32_t *labels = malloc(count * sizeof *labels);
    annc_dataset *result = NULL;
    if (!x || !labels) {
        fprintf(stderr, "annc-bench: out of memory for %u examples\n", count);
        exit(ANNC_MEMORY);
    }
    for (uint32_t i = 0; i < count; i++) {
        memcpy(x + i * row, (const unsigned char *)all->x + i % all->count * row, row);
        labels[i] = all->labels[i % all->count];
    }
    part.count = count;
    part.x = x;
    part.labels = labels;
    die_on(annc_dataset_create(&part, &result));
    free(x);
    free(labels);
    return result;
}

static annc_network *network_of(const struct job *job, annc_device *device)
{
    annc_network *network = NULL;
    die_on(annc_network_create(&job->shape, &network));
    die_on(annc_network_initialise(network, device, ANNC_INIT_AUTO, 1));
    return network;
}

/* ---------------------------------------------------------------- verification */

/* The audit on a few examples: reference, finite differences, device. Fewer where the network is
 * large, since the reference is slow. Half of the sampled parameters have a gradient other than 0
 * (annc_check_options). */
static bool audit(const struct job *job, annc_device *device, const annc_dataset *data)
{
    annc_network *network = network_of(job, device);
    annc_check_options options = {
        .batch = annc_shape_parameters(&job->shape) > 2000000 ? 2 : 16, .sample = 2, .seed = 1};
    annc_check_row *rows = NULL;
    size_t count = 0;
    bool pass = true;
    die_on(annc_check(network, data, &device, 1, &options, &rows, &count));
    for (size_t i = 0; i < count; i++)
        pass = pass && rows[i].pass;
    annc_check_free(rows);
    annc_network_free(network);
    return pass && count > 0;
}

/* Sets result->difference to ||change by the device - change by the CPU|| / ||change by the CPU||
 * after one step from the same weights, and result->tolerance to what it may be: STEP_TOLERANCE,
 * and what rounding the new weights to fp32 adds. */
static void compare_one_step(struct result *result, annc_device *device, annc_device *cpu, const annc_dataset *data)
{
    const struct job *job = result->job;
    annc_dataset *minibatch = part_of(data, job->batch);
    annc_network *networks[2], *start = network_of(job, cpu);
    annc_device *const devices[2] = {device, cpu};
    const size_t parameters = annc_shape_parameters(&job->shape);
    double error = 0, change = 0, size = 0;
    for (int i = 0; i < 2; i++) {
        const annc_training_options options = {.eta = job->eta, .batch = job->batch, .seed = 1};
        annc_trainer *trainer = NULL;
        annc_epoch epoch;
        networks[i] = network_of(job, cpu);
        die_on(annc_trainer_create(devices[i], networks[i], minibatch, &options, &trainer));
        die_on(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
        die_on(annc_trainer_store(trainer));
        annc_trainer_free(trainer);
    }
    const float *theta = annc_network_parameters(start), *got = annc_network_parameters(networks[0]);
    const float *want = annc_network_parameters(networks[1]);
    for (size_t i = 0; i < parameters; i++) {
        error += ((double)got[i] - (double)want[i]) * ((double)got[i] - (double)want[i]);
        change += ((double)want[i] - (double)theta[i]) * ((double)want[i] - (double)theta[i]);
        size += (double)theta[i] * (double)theta[i];
    }
    annc_network_free(start);
    annc_network_free(networks[0]);
    annc_network_free(networks[1]);
    annc_dataset_free(minibatch);
    result->difference = error == 0 ? 0 : sqrt(error / change);
    result->tolerance = STEP_TOLERANCE + ROUNDINGS * HALF_ULP * sqrt(size / change);
}

/* ---------------------------------------------------------------- timing */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds of one epoch over `steps` minibatches, repeated; sorted. Each repeat starts from the same
 * weights. */
static void time_epochs(const struct job *job, annc_device *device, const annc_dataset *data, uint32_t steps,
                        int repeats, double *seconds, char *engine, size_t engine_size)
{
    annc_dataset *examples = part_of(data, steps * job->batch);
    for (int r = -1; r < repeats; r++) { /* the first warms up */
        annc_network *network = network_of(job, device);
        const annc_training_options options = {.eta = job->eta, .batch = job->batch, .seed = 1};
        annc_trainer *trainer = NULL;
        annc_epoch epoch;
        die_on(annc_trainer_create(device, network, examples, &options, &trainer));
        die_on(annc_trainer_epoch(trainer, NULL, NULL, &epoch)); /* whatever is prepared once */
        die_on(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
        if (r >= 0)
            seconds[r] = epoch.seconds;
        snprintf(engine, engine_size, "%s", annc_trainer_engine(trainer));
        annc_trainer_free(trainer);
        annc_network_free(network);
    }
    qsort(seconds, (size_t)repeats, sizeof *seconds, ascending);
    annc_dataset_free(examples);
}

static struct result run_job(const struct job *job, annc_device *device, annc_device *cpu, const annc_dataset *data,
                             double peak, const struct settings *settings)
{
    struct result result = {.job = job};
    double seconds[MOST_REPEATS];
    uint32_t steps = 2;
    compare_one_step(&result, device, cpu, data);
    result.verified = audit(job, device, data) && result.difference <= result.tolerance;
    time_epochs(job, device, data, steps, 1, seconds, result.engine, sizeof result.engine);
    const double wanted = settings->seconds / (seconds[0] / steps), whole = EPOCH_EXAMPLES / job->batch;
    steps = wanted > whole ? (uint32_t)whole : wanted < 2 ? 2 : (uint32_t)wanted;
    time_epochs(job, device, data, steps, settings->repeats, seconds, result.engine, sizeof result.engine);
    const double median = seconds[settings->repeats / 2], to_epoch = EPOCH_EXAMPLES / (steps * (double)job->batch);
    result.seconds_epoch = median * to_epoch;
    result.fastest = seconds[0] * to_epoch;
    result.slowest = seconds[settings->repeats - 1] * to_epoch;
    result.us_step = median / steps * 1e6;
    result.gflops = flops_an_example(&job->shape) * job->batch / result.us_step / 1e3;
    result.share_of_peak = result.gflops / peak;
    return result;
}

/* GFLOP/s of one large matrix product of random numbers, the best of several, by the operation that
 * is almost nothing else. (Zeros would draw less power, and on a GPU take less time.) */
static double product_rate(annc_device *device)
{
    const struct annc_backend *backend = device->backend;
    const uint32_t n = strcmp(device->info.kind, "cpu") == 0    ? 1024
                       : strcmp(device->info.kind, "cuda") == 0 ? 4096
                                                                : 64;
    void *memory[4] = {NULL, NULL, NULL, NULL};
    double best = INFINITY;
    for (int i = 0; i < 4; i++) {
        const size_t count = i == 3 ? n : (size_t)n * n;
        die_on(backend->alloc(device, count * sizeof(float), "a matrix", &memory[i]));
        die_on(backend->initialise(device, 1, (uint64_t)i * n * n, count, true, 1, memory[i]));
    }
    for (int r = 0; r < 8; r++) {
        const double start = annc_now();
        die_on(backend->weight_step(device, n, n, n, -0.5f, 0, memory[0], memory[1], memory[2], memory[3]));
        die_on(backend->synchronise(device));
        const double seconds = annc_now() - start;
        best = seconds < best ? seconds : best;
    }
    for (int i = 0; i < 4; i++)
        backend->free(device, memory[i]);
    return 2.0 * n * n * n / best / 1e9;
}

/* ---------------------------------------------------------------- output */

static void print_json(const annc_device_info *info, double peak, const struct result *results, size_t count)
{
    const annc_build build = annc_build_info();
    printf("{\"schema\":\"annc.bench/"
           "1\",\"commit\":\"%s\",\"device\":\"%s\",\"compute_capability\":%d,\"simulated\":%s,\"blas\":\"%s\","
           "\"threads\":%d,\"sgemm_gflops\":%.6g,\"jobs\":[",
           build.commit, info->name, info->compute_capability, strcmp(info->kind, "simulated") == 0 ? "true" : "false",
           build.blas, info->threads, peak);
    for (size_t i = 0; i < count; i++) {
        const struct result *r = &results[i];
        printf("%s{\"name\":\"%s\",\"engine\":\"%s\",\"seconds_epoch\":%.6g,\"fastest\":%.6g,\"slowest\":%.6g,\"us_"
               "step\":%.6g,"
               "\"gflops\":%.6g,\"share_of_peak\":%.4g,\"one_step_difference\":%.3g,\"one_step_tolerance\":%.3g,"
               "\"verified\":%s}",
               i ? "," : "", r->job->name, r->engine, r->seconds_epoch, r->fastest, r->slowest, r->us_step, r->gflops,
               r->share_of_peak, r->difference, r->tolerance, r->verified ? "true" : "false");
    }
    printf("]}\n");
}

static void print_table(FILE *stream, const annc_device_info *info, double peak, const struct result *results,
                        size_t count)
{
    fprintf(stream, "%s: %s\n  one large matrix product: %.4g GFLOP/s\n", info->kind, info->name, peak);
    fprintf(stream, "  %-24s %-9s %11s %21s %10s %12s %9s %6s  %s\n", "job", "engine", "s an epoch", "range",
            "us a step", "examples/s", "GFLOP/s", "share", "verified");
    for (size_t i = 0; i < count; i++) {
        const struct result *r = &results[i];
        char range[32];
        snprintf(range, sizeof range, "%.4g...%.4g", r->fastest, r->slowest);
        fprintf(stream, "  %-24s %-9s %11.4g %21s %10.4g %12.4g %9.4g %5.1f%%  %s\n", r->job->name, r->engine,
                r->seconds_epoch, range, r->us_step, EPOCH_EXAMPLES / r->seconds_epoch, r->gflops,
                100 * r->share_of_peak, r->verified ? "yes" : "NO");
    }
}

static bool is_chosen(const struct job *job, const struct settings *settings)
{
    return (!settings->job || strstr(job->name, settings->job)) &&
           (!settings->except || !strstr(job->name, settings->except));
}

/* One device, all jobs; false where one was not verified. */
static bool run_device(annc_device *device, annc_device *cpu, const annc_dataset *data, const struct settings *settings)
{
    struct result results[JOBS];
    size_t count = 0;
    bool verified = true;
    const double peak = product_rate(device);
    for (size_t i = 0; i < JOBS; i++) {
        if (!is_chosen(&JOB_TABLE[i], settings))
            continue;
        results[count] = run_job(&JOB_TABLE[i], device, cpu, data, peak, settings);
        verified = verified && results[count].verified;
        count++;
    }
    if (settings->json)
        print_json(annc_device_describe(device), peak, results, count);
    print_table(settings->json ? stderr : stdout, annc_device_describe(device), peak, results, count);
    fflush(stdout);
    return verified;
}

static struct settings parse(int argc, char **argv)
{
    struct settings settings = {.device = "all", .repeats = 5, .seconds = 0.5};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(option, "--json") == 0) {
            settings.json = true;
            continue;
        }
        i++;
        if (value && strcmp(option, "--device") == 0 &&
            (!strcmp(value, "cpu") || !strcmp(value, "cuda") || !strcmp(value, "all")))
            settings.device = value;
        else if (value && strcmp(option, "--job") == 0)
            settings.job = value;
        else if (value && strcmp(option, "--except") == 0)
            settings.except = value;
        else if (value && strcmp(option, "--repeats") == 0 && atoi(value) >= 1 && atoi(value) <= MOST_REPEATS)
            settings.repeats = atoi(value);
        else if (value && strcmp(option, "--threads") == 0 && atoi(value) >= 0)
            settings.threads = atoi(value);
        else if (value && strcmp(option, "--seconds") == 0 && strtod(value, NULL) > 0)
            settings.seconds = strtod(value, NULL);
        else {
            fprintf(stderr,
                    "usage: annc-bench [--device cpu|cuda|all] [--job NAME] [--except NAME] [--repeats 1...%d] "
                    "[--seconds S] [--threads N] [--json]\n",
                    MOST_REPEATS);
            exit(ANNC_USAGE);
        }
    }
    return settings;
}

int main(int argc, char **argv)
{
    const struct settings settings = parse(argc, argv);
    char folder[4096], why[512];
    annc_data_options source = {.source = annc_mnist_find(folder, sizeof folder) == ANNC_OK ? ANNC_SOURCE_MNIST
                                                                                            : ANNC_SOURCE_DIGITS,
                                .outputs = 10,
                                .need_train = true};
    annc_data data;
    annc_device *cpu = NULL, *cuda = NULL;
    bool verified = true;
    die_on(annc_data_load(&source, &data));
    const annc_device_options cpu_options = {.kind = ANNC_DEVICE_CPU, .threads = settings.threads};
    const annc_device_options cuda_options = {.kind = ANNC_DEVICE_CUDA};
    die_on(annc_device_open(&cpu_options, &cpu));
    fprintf(stderr, "data: %s\n", data.description);
    if (strcmp(settings.device, "cpu") != 0) {
        if (strcmp(settings.device, "cuda") == 0 || annc_device_cuda_count(why, sizeof why) > 0)
            die_on(annc_device_open(&cuda_options, &cuda));
        else
            fprintf(stderr, "no CUDA device: %s\n", why);
    }
    if (strcmp(settings.device, "cuda") != 0)
        verified = run_device(cpu, cpu, data.train, &settings);
    if (cuda)
        verified = run_device(cuda, cpu, data.train, &settings) && verified;
    annc_device_close(cuda);
    annc_device_close(cpu);
    annc_data_free(&data);
    return verified ? ANNC_OK : ANNC_CHECK_FAILED;
}
