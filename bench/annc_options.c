/* annc-options - what each training option costs on the CPU, as a multiple of plain SGD's time.
 *
 *   annc-options [--rounds N] [--threads N] [--layers 784-32-10|784-128-10] [--option NAME] [--json]
 *
 * Trains on MNIST where it is on disk, otherwise on the built-in digits. The options' epochs are
 * interleaved in N rounds (default 7), of two epochs each, of which the second counts, so that other
 * processes of the machine disturb all alike; the table has medians and the fastest. --option takes
 * plain SGD and the options whose names contain NAME alone. First each option's engine must change
 * the weights as the operations do; otherwise the exit code is 7. */
#include "annc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS = 101, MOST_OPTIONS = 32 };
static const double VERIFIED = 0.005; /* share of the examples on which results are compared */
static const double TOLERANCE = 1e-3; /* adaptive rules divide rounding by small numbers */

struct network_row {
    const char *name;
    annc_shape shape;
    uint32_t batch;
};

static const struct network_row NETWORKS[] = {
    {"784-32-10", {2, {784, 32, 10}, {ANNC_SIGMOID, ANNC_SIGMOID}, ANNC_QUADRATIC, 0}, 16},
    {"784-128-10", {2, {784, 128, 10}, {ANNC_RELU, ANNC_SOFTMAX}, ANNC_CATEGORICAL_CROSS_ENTROPY, 0}, 64},
};

struct settings {
    const struct network_row *network;
    const char *option; /* NULL = all */
    int rounds, threads;
    bool json;
};

struct option_row {
    const char *name;
    annc_training_options options;
    annc_trainer *trainer;
    annc_network *network;
    double seconds[MOST_ROUNDS], difference;
};

static void die_on(annc_status status)
{
    if (status == ANNC_OK)
        return;
    fprintf(stderr, "annc-options: %s\n", annc_last_error());
    exit((int)status);
}

/* ---------------------------------------------------------------- the options */

static size_t list_options(struct option_row *rows, const struct settings *settings)
{
    size_t count = 0;
    for (int optimiser = 0; optimiser < ANNC_OPTIMISER_COUNT; optimiser++) {
        rows[count] = (struct option_row){.name = annc_optimiser_name((annc_optimiser)optimiser),
                                          .options = annc_training_defaults((annc_optimiser)optimiser)};
        rows[count++].options.eta = optimiser == ANNC_SGD ? 0.1 : 0.001;
    }
    for (size_t i = count; i < MOST_OPTIONS; i++)
        rows[i] = (struct option_row){.options = rows[0].options};
#define SET(title, field, value) rows[count].name = title, rows[count++].options.field = value
    SET("l2 0.0001", objective.l2, 0.0001);
    SET("l1 0.0001", objective.l1, 0.0001);
    SET("decay 0.0001", decay, 0.0001);
    SET("clip 1", clip, 1);
    SET("max-norm 3", max_norm, 3);
    SET("dropout 0.2", objective.dropout, 0.2);
    SET("input dropout 0.2", objective.input_dropout, 0.2);
    SET("input noise 0.1", objective.input_noise, 0.1);
    SET("shift 2", augmentation.shift, 2);
    SET("rotate 10", augmentation.rotation, 10);
    SET("zoom 0.1", augmentation.zoom, 0.1);
    SET("elastic 34", augmentation.elastic, 34);
#undef SET
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && settings->option && !strstr(rows[i].name, settings->option))
            continue;
        rows[chosen] = rows[i];
        rows[chosen].options.batch = settings->network->batch;
        rows[chosen++].options.seed = 1;
    }
    return chosen;
}

/* ---------------------------------------------------------------- verification */

/* Trains a new network for an epoch. */
static annc_network *train(annc_device *device, const annc_shape *shape, const annc_dataset *data,
                           const annc_training_options *options)
{
    annc_network *network = NULL;
    annc_trainer *trainer = NULL;
    annc_epoch epoch;
    die_on(annc_network_create(shape, &network));
    die_on(annc_network_initialise(network, device, ANNC_INIT_XAVIER, 1));
    if (!options)
        return network;
    die_on(annc_trainer_create(device, network, data, options, &trainer));
    die_on(annc_trainer_epoch(trainer, NULL, NULL, &epoch));
    die_on(annc_trainer_store(trainer));
    annc_trainer_free(trainer);
    return network;
}

/* Returns ||change by the engine - change by the operations|| / ||change by the operations||. */
static double compare(annc_device *device, const annc_shape *shape, const annc_dataset *data,
                      annc_training_options options)
{
    double error = 0, size = 0;
    options.epsilon = fmax(options.epsilon, 1e-4); /* smaller gradients are rounding */
    annc_network *engine = train(device, shape, data, &options);
    options.engine = ANNC_ENGINE_OPS;
    annc_network *operations = train(device, shape, data, &options), *start = train(device, shape, data, NULL);
    const float *got = annc_network_parameters(engine), *want = annc_network_parameters(operations),
                *theta = annc_network_parameters(start);
    for (size_t i = 0; i < annc_shape_parameters(shape); i++) {
        const double change = (double)want[i] - (double)theta[i], off = (double)got[i] - (double)want[i];
        error += off * off;
        size += change * change;
    }
    annc_network_free(engine);
    annc_network_free(operations);
    annc_network_free(start);
    return sqrt(error / size);
}

static bool verify(annc_device *device, const annc_shape *shape, const annc_dataset *data, struct option_row *rows,
                   size_t count)
{
    bool verified = true;
    for (size_t i = 0; i < count; i++) {
        rows[i].difference = compare(device, shape, data, rows[i].options);
        verified = verified && rows[i].difference <= TOLERANCE;
    }
    return verified;
}

/* ---------------------------------------------------------------- timing */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_rounds(annc_device *device, const annc_shape *shape, const annc_dataset *data, struct option_row *rows,
                        size_t count, int rounds)
{
    annc_epoch epoch;
    for (size_t i = 0; i < count; i++) {
        rows[i].network = train(device, shape, data, NULL);
        die_on(annc_trainer_create(device, rows[i].network, data, &rows[i].options, &rows[i].trainer));
        die_on(annc_trainer_epoch(rows[i].trainer, NULL, NULL, &epoch));
    }
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++) {
            /* The first finds the caches as another option left them. */
            die_on(annc_trainer_epoch(rows[i].trainer, NULL, NULL, &epoch));
            die_on(annc_trainer_epoch(rows[i].trainer, NULL, NULL, &epoch));
            rows[i].seconds[round] = epoch.seconds;
        }
    for (size_t i = 0; i < count; i++)
        qsort(rows[i].seconds, (size_t)rounds, sizeof *rows[i].seconds, ascending);
}

/* ---------------------------------------------------------------- output */

static void print(const struct settings *settings, const annc_device *device, const struct option_row *rows,
                  size_t count)
{
    const annc_device_info *info = annc_device_describe(device);
    const double plain = rows[0].seconds[settings->rounds / 2], plain_fastest = rows[0].seconds[0];
    if (!settings->json)
        printf("commit %s; %s, threads %d\n%s, minibatches of %u\n%-18s %-14s %11s %12s %11s %12s %11s\n",
               annc_build_info().commit, info->name, info->threads, settings->network->name, settings->network->batch,
               "option", "engine", "s an epoch", "times plain", "fastest", "times plain", "difference");
    for (size_t i = 0; i < count; i++) {
        const char *engine = annc_trainer_engine(rows[i].trainer);
        const double median = rows[i].seconds[settings->rounds / 2], fastest = rows[i].seconds[0];
        if (settings->json)
            printf("{\"schema\":\"annc.options/1\",\"commit\":\"%s\",\"device\":\"%s\",\"threads\":%d,"
                   "\"layers\":\"%s\",\"option\":\"%s\",\"engine\":\"%s\",\"seconds_epoch\":%.6g,\"fastest\":%.6g,"
                   "\"times_plain\":%.4g,\"difference\":%.3g}\n",
                   annc_build_info().commit, info->name, info->threads, settings->network->name, rows[i].name, engine,
                   median, fastest, median / plain, rows[i].difference);
        else
            printf("%-18s %-14s %11.4f %12.2f %11.4f %12.2f %11.1e\n", rows[i].name, engine, median, median / plain,
                   fastest, fastest / plain_fastest, rows[i].difference);
    }
}

static struct settings parse(int argc, char **argv)
{
    struct settings settings = {.network = &NETWORKS[0], .rounds = 7, .threads = 1};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool known = strcmp(option, "--json") == 0;
        if (known) {
            settings.json = true;
            continue;
        }
        i++;
        if (value && strcmp(option, "--rounds") == 0 && atoi(value) >= 1 && atoi(value) <= MOST_ROUNDS)
            settings.rounds = atoi(value), known = true;
        else if (value && strcmp(option, "--threads") == 0 && atoi(value) >= 0)
            settings.threads = atoi(value), known = true;
        else if (value && strcmp(option, "--option") == 0)
            settings.option = value, known = true;
        for (size_t n = 0; value && strcmp(option, "--layers") == 0 && n < sizeof NETWORKS / sizeof *NETWORKS; n++)
            if (strcmp(value, NETWORKS[n].name) == 0)
                settings.network = &NETWORKS[n], known = true;
        if (!known) {
            fprintf(stderr,
                    "usage: annc-options [--rounds 1...%d] [--threads N] [--layers %s|%s] "
                    "[--option NAME] [--json]\n",
                    MOST_ROUNDS, NETWORKS[0].name, NETWORKS[1].name);
            exit(ANNC_USAGE);
        }
    }
    return settings;
}

int main(int argc, char **argv)
{
    const struct settings settings = parse(argc, argv);
    static struct option_row rows[MOST_OPTIONS];
    const annc_shape *shape = &settings.network->shape;
    char folder[4096];
    annc_data_options source = {.source = annc_mnist_find(folder, sizeof folder) == ANNC_OK ? ANNC_SOURCE_MNIST
                                                                                            : ANNC_SOURCE_DIGITS,
                                .outputs = 10,
                                .need_train = true};
    const annc_device_options device_options = {.kind = ANNC_DEVICE_CPU, .threads = settings.threads};
    annc_data data, part;
    annc_device *device = NULL;
    die_on(annc_data_load(&source, &data));
    source.validation = VERIFIED;
    die_on(annc_data_load(&source, &part));
    die_on(annc_device_open(&device_options, &device));
    fprintf(stderr, "data: %s\n", data.description);
    const size_t count = list_options(rows, &settings);
    const bool verified = verify(device, shape, part.validation, rows, count);
    time_rounds(device, shape, data.train, rows, count, settings.rounds);
    print(&settings, device, rows, count);
    for (size_t i = 0; i < count; i++) {
        annc_trainer_free(rows[i].trainer);
        annc_network_free(rows[i].network);
    }
    annc_device_close(device);
    annc_data_free(&data);
    annc_data_free(&part);
    return verified ? ANNC_OK : ANNC_CHECK_FAILED;
}
