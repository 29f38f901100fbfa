/* annc-cost - what a training costs on one core of the CPU: against what the machine can do, and as a function of what the user chooses.
 *
 *   annc-cost [--repeats N] [--json]
 *
 * The data are made: random bytes, of which a share is not 0. Times are of 60,000 examples, medians of N epochs (default 5) after one that is not
 * counted; "first" is that one, in which inputs are listed. */
#include "annc.h"
#include "backend/cpu/loops/cpu_kernels.h"
#include "base/clock.h"
#include "base/philox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double EPOCH_EXAMPLES = 60000;
enum { CLASSES = 10, INPUTS = 784, MOST_REPEATS = 101 };

struct settings {
    int repeats;
    bool json;
};

/* One training to be timed; density: share of inputs that are not 0. */
struct trial {
    const char *varied;
    uint32_t widths[6], layers, batch, examples;
    double density;
};

struct timing {
    double seconds, first; /* of 60,000 examples */
    char engine[32];
};

static void die_on(annc_status status)
{
    if (status == ANNC_OK)
        return;
    fprintf(stderr, "annc-cost: %s\n", annc_last_error());
    exit((int)status);
}

static void *room(size_t bytes)
{
    void *block = aligned_alloc(ANNC_LINE, (bytes + ANNC_LINE - 1) / ANNC_LINE * ANNC_LINE);
    if (!block) {
        fprintf(stderr, "annc-cost: out of memory: %zu bytes\n", bytes);
        exit(ANNC_MEMORY);
    }
    memset(block, 0, bytes);
    return block;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[count / 2];
}

/* ---------------------------------------------------------------- the machine */

enum { SMALL = 16 << 10, LARGE = 256 << 20 };

/* Multiply-adds a second of the engine's own product, everything in the first cache. */
static double product_rate(const struct annc_cpu_kernels *kernels)
{
    enum { M = 48, N = 32, K = 64, TIMES = 8000 }; /* M: whole tiles of any instruction set */
    float *A = room(M * K * sizeof *A), *B = room(K * N * sizeof *B), *C = room(M * N * sizeof *C);
    const struct annc_product product = {
        .M = M, .N = N, .K = K, .A = {A, K, 1}, .B = {B, N, ANNC_PAD}, .C = {C, N, ANNC_PAD}, .start = ANNC_START_ZERO};
    const double start = annc_now();
    for (int i = 0; i < TIMES; i++)
        kernels->multiply(&product);
    const double seconds = annc_now() - start;
    free(A);
    free(B);
    free(C);
    return (double)TIMES * M * N * K / seconds;
}

/* Bytes a second that are stored, or copied, again and again within so many. */
static double store_rate(size_t bytes, bool copies)
{
    char *to = room(bytes), *from = room(bytes);
    const int times = (int)((size_t)LARGE * 8 / bytes);
    const double start = annc_now();
    for (int i = 0; i < times; i++) {
        if (copies)
            memcpy(to, from, bytes);
        else
            memset(to, i, bytes);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    const double seconds = annc_now() - start;
    free(to);
    free(from);
    return (double)times * (double)bytes / seconds;
}

/* ---------------------------------------------------------------- trainings */

static annc_dataset *make_data(uint32_t examples, double density)
{
    uint8_t *x = room((size_t)examples * INPUTS);
    int32_t *labels = room(examples * sizeof *labels);
    annc_dataset *data = NULL;
    const uint32_t threshold = (uint32_t)(density * UINT32_MAX);
    for (size_t i = 0; i < (size_t)examples * INPUTS; i += 2) {
        const struct annc_philox_block words = annc_philox(1, 100, i / 2);
        for (size_t k = 0; k < 2 && i + k < (size_t)examples * INPUTS; k++)
            x[i + k] = words.word[2 * k] <= threshold ? (uint8_t)(1 + words.word[2 * k + 1] % 255) : 0;
    }
    for (uint32_t i = 0; i < examples; i++)
        labels[i] = (int32_t)(annc_philox(2, 100, i).word[0] % CLASSES);
    const annc_examples given = {.count = examples,
                                 .inputs = INPUTS,
                                 .outputs = CLASSES,
                                 .type = ANNC_BYTES,
                                 .divisor = 255,
                                 .x = x,
                                 .labels = labels};
    die_on(annc_dataset_create(&given, &data));
    free(x);
    free(labels);
    return data;
}

static struct timing time_trial(annc_device *device, const struct trial *trial, int repeats)
{
    annc_shape shape = {.layers = trial->layers, .cost = ANNC_QUADRATIC};
    annc_training_options options = annc_training_defaults(ANNC_SGD);
    annc_dataset *data = make_data(trial->examples, trial->density);
    annc_network *network = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch report;
    double seconds[MOST_REPEATS];
    const double scale = EPOCH_EXAMPLES / trial->examples;
    struct timing timing;
    memcpy(shape.width, trial->widths, (trial->layers + 1) * sizeof *shape.width);
    for (uint32_t l = 0; l < shape.layers; l++)
        shape.activation[l] = ANNC_SIGMOID;
    options.batch = trial->batch;
    options.eta = 0.1;
    die_on(annc_network_create(&shape, &network));
    die_on(annc_network_initialise(network, device, ANNC_INIT_XAVIER, 1));
    const double start = annc_now();
    die_on(annc_trainer_create(device, network, data, &options, &trainer));
    die_on(annc_trainer_epoch(trainer, NULL, NULL, &report));
    timing.first = (annc_now() - start) * scale;
    for (int i = 0; i < repeats; i++) {
        die_on(annc_trainer_epoch(trainer, NULL, NULL, &report));
        seconds[i] = report.seconds * scale;
    }
    timing.seconds = median(seconds, repeats);
    snprintf(timing.engine, sizeof timing.engine, "%s", annc_trainer_engine(trainer));
    annc_trainer_free(trainer);
    annc_network_free(network);
    annc_dataset_free(data);
    return timing;
}

static void print_trial(const struct trial *trial, const struct timing *timing, bool json)
{
    char layers[64] = "";
    for (uint32_t l = 0; l <= trial->layers; l++)
        snprintf(layers + strlen(layers), sizeof layers - strlen(layers), "%s%u", l ? "-" : "", trial->widths[l]);
    if (json)
        printf("{\"schema\":\"annc.cost/"
               "1\",\"varied\":\"%s\",\"layers\":\"%s\",\"batch\":%u,\"examples\":%u,\"density\":%g,"
               "\"engine\":\"%s\",\"seconds_epoch\":%.6g,\"first_epoch\":%.6g}\n",
               trial->varied, layers, trial->batch, trial->examples, trial->density, timing->engine, timing->seconds,
               timing->first);
    else
        printf("%-9s %-22s %6u %9u %8.2f  %-14s %10.4f %10.4f %9.2f\n", trial->varied, layers, trial->batch,
               trial->examples, trial->density, timing->engine, timing->seconds, timing->first,
               1e6 * timing->seconds / EPOCH_EXAMPLES * trial->batch);
}

/* The tutorial's network and as many inputs that are not 0 as MNIST has; one of these numbers is then varied. */
static struct trial base_trial(const char *varied)
{
    return (struct trial){varied, {INPUTS, 32, CLASSES}, 2, 16, 20000, 0.19};
}

static void run(annc_device *device, const struct trial *trial, const struct settings *settings)
{
    const struct timing timing = time_trial(device, trial, settings->repeats);
    print_trial(trial, &timing, settings->json);
}

static void scan(annc_device *device, const struct settings *settings)
{
    static const uint32_t widths[] = {16, 32, 64, 128, 256, 512, 1024}, batches[] = {1, 4, 16, 64, 256, 1024},
                          counts[] = {1000, 5000, 20000, 60000};
    static const double densities[] = {0.01, 0.05, 0.1, 0.2, 0.4, 0.58, 0.62, 1};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct trial trial = base_trial("width");
        trial.widths[1] = widths[i];
        run(device, &trial, settings);
    }
    for (uint32_t depth = 1; depth <= 5; depth++) {
        struct trial trial = base_trial("depth");
        trial.layers = depth;
        for (uint32_t l = 1; l < depth; l++)
            trial.widths[l] = 32;
        trial.widths[depth] = CLASSES;
        run(device, &trial, settings);
    }
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        struct trial trial = base_trial("minibatch");
        trial.batch = batches[i];
        run(device, &trial, settings);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct trial trial = base_trial("examples");
        trial.examples = counts[i];
        run(device, &trial, settings);
    }
    for (size_t i = 0; i < sizeof densities / sizeof *densities; i++) {
        struct trial trial = base_trial("density");
        trial.density = densities[i];
        run(device, &trial, settings);
    }
}

/* Of the tutorial's job: multiply-adds and stores of the first layer, which is four fifths of the work, and bytes of the lists, a second, as
 * shares of what the machine does where it has nothing else to do. */
static void roofline(annc_device *device, const struct settings *settings)
{
    const struct annc_cpu_kernels *kernels = annc_cpu_kernels_choose();
    const struct trial trial = base_trial("roofline");
    const struct timing timing = time_trial(device, &trial, settings->repeats);
    const double products = product_rate(kernels), stores = store_rate(SMALL, false), memory = store_rate(LARGE, true);
    const double inputs = trial.density * INPUTS * EPOCH_EXAMPLES / timing.seconds; /* that are not 0, a second */
    const double used[] = {inputs * 32 * 2 / products, inputs * 32 * sizeof(float) / stores,
                           inputs * (sizeof(uint16_t) + 1) / memory};
    if (settings->json)
        printf("{\"schema\":\"annc.roofline/1\",\"kernels\":\"%s\",\"seconds_epoch\":%.6g,\"multiply_adds\":%.4g,"
               "\"stored_bytes\":%.4g,\"memory_bytes\":%.4g,\"share_multiply_adds\":%.4g,\"share_stores\":%.4g,"
               "\"share_memory\":%.4g}\n",
               kernels->name, timing.seconds, products, stores, memory, used[0], used[1], used[2]);
    else
        printf("%s: %.1f Gmultiply-adds/s and %.0f GB/s stored in the first cache, %.1f GB/s copied from memory\n"
               "784-32-10, minibatches of 16, density 0.19: %.4f s an epoch; the first layer uses %.0f %% of the "
               "multiply-adds,\n"
               "%.0f %% of the stores and %.0f %% of the memory\n\n",
               kernels->name, products / 1e9, stores / 1e9, memory / 1e9, timing.seconds, 100 * used[0], 100 * used[1],
               100 * used[2]);
}

int main(int argc, char **argv)
{
    struct settings settings = {5, false};
    const annc_device_options options = {.kind = ANNC_DEVICE_CPU, .threads = 1};
    annc_device *device = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            settings.json = true;
        } else if (strcmp(argv[i], "--repeats") == 0 && i + 1 < argc && atoi(argv[i + 1]) > 0 &&
                   atoi(argv[i + 1]) <= MOST_REPEATS) {
            settings.repeats = atoi(argv[++i]);
        } else {
            fprintf(stderr, "annc-cost [--repeats N] [--json]\n");
            return 2;
        }
    }
    die_on(annc_device_open(&options, &device));
    roofline(device, &settings);
    if (!settings.json)
        printf("%-9s %-22s %6s %9s %8s  %-14s %10s %10s %9s\n", "varied", "layers", "batch", "examples", "density",
               "engine", "s an epoch", "first", "us a step");
    scan(device, &settings);
    annc_device_close(device);
    return 0;
}
