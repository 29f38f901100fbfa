/* command_check.c - annc-gpu check */
#include "cli/model/command_check.h"
#include "base/status.h"
#include "cli/options/inferred.h"
#include "cli/options/known_data.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/options/training_from_options.h"
#include "cli/terminal/output.h"
#include "cli/terminal/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEVICES = 2 };

/* The open resources of an audit. */
struct audit {
    const struct options *options;
    struct inferred inferred;
    annc_network *network;
    annc_shape shape;
    annc_data data;
    annc_device *devices[MOST_DEVICES];
    size_t device_count;
};

/* Opens the CPU, and the requested CUDA device or, by default, the first one if any. */
static annc_status open_devices(struct audit *audit)
{
    annc_device_options chosen, cpu;
    char why[512];
    ANNC_RETURN_IF_FAILED(device_options_from(audit->options, &chosen));
    cpu = chosen;
    cpu.kind = ANNC_DEVICE_CPU;
    ANNC_RETURN_IF_FAILED(annc_device_open(&cpu, &audit->devices[0]));
    audit->device_count = 1;
    if (chosen.kind == ANNC_DEVICE_CPU)
        return ANNC_OK;
    if (chosen.kind == ANNC_DEVICE_AUTO && annc_device_cuda_count(why, sizeof why) == 0) {
        note(audit->options, "checking the CPU only: %s", why);
        return ANNC_OK;
    }
    chosen.kind = ANNC_DEVICE_CUDA;
    ANNC_RETURN_IF_FAILED(annc_device_open(&chosen, &audit->devices[1]));
    audit->device_count = 2;
    return ANNC_OK;
}

static annc_status make_network(struct audit *audit)
{
    const struct option_value *value = audit->options->value;
    if (audit->network)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(annc_network_create(&audit->shape, &audit->network));
    return annc_network_initialise(audit->network, audit->devices[0], (annc_init)value[OPTION_INIT].choice,
                                   value[OPTION_SEED].whole);
}

/* Chooses what the options leave open by the data, which stay loaded. */
static annc_status infer(struct audit *audit)
{
    annc_data_options source;
    ANNC_RETURN_IF_FAILED(data_options_from(audit->options, NULL, &source));
    ANNC_RETURN_IF_FAILED(options_infer(CHECK, audit->options, &source, &audit->inferred, &audit->data));
    audit->options = &audit->inferred.options;
    return ANNC_OK;
}

static annc_status load(struct audit *audit)
{
    annc_data_options source;
    struct known_data known;
    annc_status status = ANNC_OK;
    if (audit->data.train)
        return ANNC_OK;
    ANNC_TRY(known_data_open(CHECK, audit->options, audit->network, &known));
    ANNC_TRY(data_options_from(&known.options, &audit->shape, &source));
    source.model = audit->network;
    source.need_train = true;
    ANNC_TRY(load_data(audit->options, known.options.value[OPTION_DATA].text, &source, false, &audit->data));
out:
    known_data_close(&known);
    return status;
}

static annc_status prepare(struct audit *audit)
{
    annc_device_options chosen;
    ANNC_RETURN_IF_FAILED(device_options_from(audit->options, &chosen));
    if (audit->options->positional_count > 0)
        ANNC_RETURN_IF_FAILED(load_model(audit->options, audit->options->positional[0], &audit->network));
    else
        ANNC_RETURN_IF_FAILED(infer(audit));
    ANNC_RETURN_IF_FAILED(
        shape_from_options(audit->options, audit->network ? annc_network_shape(audit->network) : NULL, &audit->shape));
    ANNC_RETURN_IF_FAILED(open_devices(audit));
    ANNC_RETURN_IF_FAILED(load(audit));
    return make_network(audit);
}

static annc_status print_json(const annc_check_row *row)
{
    struct json json;
    json_begin(&json, "annc.check/1");
    json_whole(&json, "layer", row->layer);
    json_text(&json, "kind", row->kind == ANNC_WEIGHT ? "weight" : "bias");
    json_text(&json, "path", row->path);
    json_number(&json, "worst", row->worst);
    json_number(&json, "normwise", row->normwise);
    json_number(&json, "tolerance", row->tolerance);
    json_whole(&json, "sampled", row->sampled);
    json_whole(&json, "parameters", row->parameters);
    json_whole(&json, "kinks", row->kinks);
    json_truth(&json, "pass", row->pass);
    return json_end(&json, stdout, NULL);
}

static void print_row(const annc_check_row *row)
{
    const bool colour = use_colour(stdout);
    printf("%5u  %-7s %-18s %9zu of %-9zu %10.2e %10.2e %10.2e  %s%s%s", row->layer,
           row->kind == ANNC_WEIGHT ? "weights" : "biases", row->path, row->sampled, row->parameters, row->worst,
           row->normwise, row->tolerance, colour ? (row->pass ? "\033[32m" : "\033[31m") : "",
           row->pass ? "PASS" : "FAIL", colour ? "\033[0m" : "");
    if (row->kinks > 0)
        printf("  (%zu skipped at a kink)", row->kinks);
    printf("\n");
}

static annc_status print_rows(const struct options *options, const annc_check_row *rows, size_t count)
{
    size_t failed = 0;
    if (!options->value[OPTION_JSON].given)
        printf("%5s  %-7s %-18s %22s %10s %10s %10s\n", "layer", "kind", "compared by", "parameters", "worst",
               "normwise", "tolerance");
    for (size_t i = 0; i < count; i++) {
        failed += !rows[i].pass;
        if (options->value[OPTION_JSON].given)
            ANNC_RETURN_IF_FAILED(print_json(&rows[i]));
        else
            print_row(&rows[i]);
    }
    if (failed)
        note(options, "FAIL: %zu of %zu comparisons", failed, count);
    else
        note(options, "PASS: the equations agree with finite differences, and every device with the equations");
    return failed ? ANNC_CHECK_FAILED : ANNC_OK;
}

annc_status run_check(const struct options *options)
{
    const struct option_value *value = options->value;
    annc_check_options check = {.batch = (uint32_t)value[OPTION_BATCH].whole,
                                .sample = value[OPTION_ALL].given ? 0 : (uint32_t)value[OPTION_SAMPLE].whole,
                                .seed = value[OPTION_SEED].whole,
                                .precision = (annc_precision)value[OPTION_PRECISION].choice};
    struct audit audit;
    annc_check_row *rows = NULL;
    float *weights = NULL;
    size_t count = 0;
    memset(&audit, 0, sizeof audit);
    audit.options = options;
    annc_status status = ANNC_OK;
    ANNC_TRY(objective_from_options(options, &check.objective));
    ANNC_TRY(augmentation_from_options(options, &check.augmentation));
    ANNC_TRY(prepare(&audit));
    ANNC_TRY(weigh_classes(options, audit.data.train, &weights));
    check.objective.class_weights = weights;
    ANNC_TRY(annc_check(audit.network, audit.data.train, audit.devices, audit.device_count, &check, &rows, &count));
    ANNC_TRY(print_rows(options, rows, count));
out:
    annc_check_free(rows);
    free(weights);
    annc_network_free(audit.network);
    annc_data_free(&audit.data);
    for (size_t i = 0; i < audit.device_count; i++)
        annc_device_close(audit.devices[i]);
    return status;
}
