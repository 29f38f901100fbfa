/* command_info.c - annc-gpu info */
#include "cli/model/command_info.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/options/training_from_options.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/ranks.h"
#include "cli/terminal/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ENGINES = 16 };

/* A network that is to be trained. */
struct subject {
    annc_shape shape;
    annc_training_options training;
};

/* Lists the engines of a device for a subject. Returns the index of the one that --engine auto
 * selects. */
static size_t list_engines(const annc_device *device, const struct subject *subject, annc_engine_info *engines,
                           size_t *count)
{
    size_t chosen = 0;
    *count = annc_device_engines(device, &subject->shape, &subject->training, engines, MOST_ENGINES);
    while (engines[chosen].refusal)
        chosen++;
    return chosen;
}

static void print_device(const annc_device *device, const struct subject *subject)
{
    const annc_device_info *info = annc_device_describe(device);
    annc_engine_info engines[MOST_ENGINES];
    size_t count;
    const size_t chosen = list_engines(device, subject, engines, &count);
    printf("%s: %s\n", info->kind, info->name);
    if (info->compute_capability)
        printf("  compute capability %d.%d, %d multiprocessor%s\n", info->compute_capability / 10,
               info->compute_capability % 10, info->multiprocessors, annc_plural((uint64_t)info->multiprocessors));
    else
        printf("  up to %d thread%s\n", info->threads, annc_plural((uint64_t)info->threads));
    printf("  memory: %.1f of %.1f GB free\n", (double)info->memory_free / 1e9, (double)info->memory_bytes / 1e9);
    printf("  engine for this network: %s (%s)\n", engines[chosen].name, engines[chosen].about);
    for (size_t i = chosen; i < count; i++)
        if (isfinite(engines[i].seconds))
            printf("    %s: an estimated %.3g us a step\n", engines[i].name, 1e6 * engines[i].seconds);
    for (size_t i = 0; i < chosen; i++)
        printf("    not %s: %s\n", engines[i].name, engines[i].refusal);
}

static void json_device(struct json *json, const annc_device *device, const struct subject *subject)
{
    const annc_device_info *info = annc_device_describe(device);
    annc_engine_info engines[MOST_ENGINES];
    size_t count;
    const size_t chosen = list_engines(device, subject, engines, &count);
    json_open(json, NULL, '{');
    json_text(json, "kind", info->kind);
    json_text(json, "name", info->name);
    json_whole(json, "compute_capability", (uint64_t)info->compute_capability);
    json_whole(json, "multiprocessors", (uint64_t)info->multiprocessors);
    json_whole(json, "threads", (uint64_t)info->threads);
    json_whole(json, "memory_bytes", info->memory_bytes);
    json_whole(json, "memory_free", info->memory_free);
    json_text(json, "engine", engines[chosen].name);
    json_text(json, "engine_why", engines[chosen].about);
    json_open(json, "engines", '[');
    for (size_t i = 0; i < count; i++) {
        json_open(json, NULL, '{');
        json_text(json, "name", engines[i].name);
        if (engines[i].refusal)
            json_text(json, "refusal", engines[i].refusal);
        if (isfinite(engines[i].seconds))
            json_number(json, "estimated_seconds", engines[i].seconds);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

static annc_status print_info(const struct options *options, const struct subject *subject, annc_device *const *devices,
                              size_t count, const char *no_cuda)
{
    const annc_build build = annc_build_info();
    const char *optimiser = annc_optimiser_name(subject->training.optimiser);
    char layers[1024], folder[4096];
    const annc_status found = annc_mnist_find(folder, sizeof folder);
    const bool mnist = found == ANNC_OK;
    end_if_out_of_memory(found);
    print_layers(&subject->shape, layers, sizeof layers);
    if (options->value[OPTION_JSON].given) {
        struct json json;
        json_begin(&json, "annc.info/1");
        json_text(&json, "version", build.version);
        json_text(&json, "commit", build.commit);
        json_text(&json, "blas", build.blas);
        json_text(&json, "zlib", build.zlib);
        json_text(&json, "libpng", build.png);
        json_text(&json, "libjpeg", build.jpeg);
        json_text(&json, "cuda", build.cuda);
        json_text(&json, "mpi", build.mpi);
        json_whole(&json, "ranks", ranks_count());
        json_text(&json, "layers", layers);
        json_whole(&json, "parameters", annc_shape_parameters(&subject->shape));
        json_text(&json, "optimizer", optimiser);
        json_whole(&json, "batch", subject->training.batch);
        if (mnist)
            json_text(&json, "mnist", folder);
        if (no_cuda)
            json_text(&json, "no_cuda", no_cuda);
        json_open(&json, "devices", '[');
        for (size_t i = 0; i < count; i++)
            json_device(&json, devices[i], subject);
        json_close(&json, ']');
        return json_end(&json, stdout, NULL);
    }
    printf("annc-gpu %s, commit %s; BLAS %s, zlib %s, libpng %s, libjpeg %s, CUDA %s, MPI %s\n", build.version,
           build.commit, build.blas, build.zlib, build.png, build.jpeg, build.cuda, build.mpi);
    if (ranks_group())
        printf("ranks: %u, by %s\n", ranks_count(), annc_group_library(ranks_group()));
    printf("network %s: %zu parameters; training by %s with minibatches of %u\n", layers,
           annc_shape_parameters(&subject->shape), optimiser, subject->training.batch);
    for (size_t i = 0; i < count; i++)
        print_device(devices[i], subject);
    if (no_cuda)
        printf("cuda: none: %s\n", no_cuda);
    printf("MNIST: ");
    if (mnist)
        print_plain(stdout, folder, strlen(folder));
    printf("%s\n", mnist ? "" : "not on disk; `annc-gpu fetch` downloads it");
    return ANNC_OK;
}

/* ---------------------------------------------------------------- a model */

/* Prints a hexadecimal number also in decimal. */
static void print_decimal(const char *value)
{
    double number;
    if (strncmp(value, "0x", 2) == 0 && annc_number_parse_hex(value, &number))
        printf(" (%.9g)", number);
}

/* Prints "key: value", or the lines of a multi-line value below the key. */
static void print_entry(const char *key, const char *value)
{
    print_plain(stdout, key, strlen(key));
    printf(strchr(value, '\n') ? ":\n" : ": ");
    while (*value) {
        const size_t length = strcspn(value, "\n");
        if (value[length])
            printf("  ");
        print_plain(stdout, value, length);
        print_decimal(value);
        printf("\n");
        value += length + (value[length] == '\n');
    }
}

static annc_status print_model(const struct options *options)
{
    annc_network *network = NULL;
    const char *key, *value;
    const annc_status status = load_model(options, options->positional[0], &network);
    if (status != ANNC_OK)
        return status;
    const size_t parameters = annc_shape_parameters(annc_network_shape(network));
    if (options->value[OPTION_JSON].given) {
        struct json json;
        json_begin(&json, "annc.model/1");
        json_whole(&json, "parameters", parameters);
        for (size_t i = 0; annc_network_metadata_at(network, i, &key, &value); i++)
            json_text(&json, key, value);
        annc_network_free(network);
        return json_end(&json, stdout, NULL);
    }
    printf("%zu parameters\n", parameters);
    for (size_t i = 0; annc_network_metadata_at(network, i, &key, &value); i++)
        print_entry(key, value);
    annc_network_free(network);
    return ANNC_OK;
}

annc_status run_info(const struct options *options)
{
    if (options->positional_count > 0)
        return print_model(options);
    annc_device_options chosen, cpu;
    annc_device *devices[2] = {NULL, NULL};
    struct subject subject;
    char why[512] = "";
    size_t count = 0;
    annc_status status = shape_from_options(options, NULL, &subject.shape);
    if (status == ANNC_OK)
        status = training_from_options(options, &subject.shape, &subject.training);
    if (status == ANNC_OK)
        status = device_options_from(options, &chosen);
    if (status != ANNC_OK)
        return status;
    cpu = chosen;
    cpu.kind = ANNC_DEVICE_CPU;
    status = annc_device_open(&cpu, &devices[count]);
    count += status == ANNC_OK;
    const bool try_cuda = chosen.kind == ANNC_DEVICE_CUDA ||
                          (chosen.kind == ANNC_DEVICE_AUTO && annc_device_cuda_count(why, sizeof why) > 0);
    if (status == ANNC_OK && try_cuda) {
        chosen.kind = ANNC_DEVICE_CUDA;
        status = annc_device_open(&chosen, &devices[count]);
        count += status == ANNC_OK;
    }
    if (status == ANNC_OK)
        status = print_info(options, &subject, devices, count, why[0] ? why : NULL);
    for (size_t i = 0; i < count; i++)
        annc_device_close(devices[i]);
    return status;
}
