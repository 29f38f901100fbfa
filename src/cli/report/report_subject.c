/* report_subject.c - a run's model and data, as far as available. */
#include "cli/report/report_subject.h"
#include "base/status.h"
#include "cli/log/run.h"
#include "cli/options/configuration.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/options/setup.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- options */

/* Reads lines "name = value" of "annc.config"; changes the text. */
static annc_status take_config(char *text, struct options *options)
{
    const char *name, *value;
    while (configuration_next(&text, &name, &value))
        ANNC_RETURN_IF_FAILED(options_set(TRAIN, name, value, options));
    return ANNC_OK;
}

static annc_status take_options(struct subject *subject)
{
    const struct run *run = subject->run;
    const char *config = subject->network ? annc_network_metadata(subject->network, "annc.config") : NULL;
    for (size_t i = 0; i < run->result.option_count; i++)
        ANNC_RETURN_IF_FAILED(
            options_set(TRAIN, run->result.options[i].key, run->result.options[i].text, &subject->options));
    if (run->result.option_count == 0 && config) {
        subject->config = take_copy(config, "a configuration");
        ANNC_RETURN_IF_FAILED(take_config(subject->config, &subject->options));
    }
    return ANNC_OK;
}

/* Completes the options: the report's own ones override the run's. Their notes appear in the
 * report. */
static annc_status complete_options(const struct options *report, struct subject *subject)
{
    static const enum option_id own[] = {OPTION_DEVICE, OPTION_THREADS, OPTION_IMPORTANCE};
    struct option_value *value = subject->options.value;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        value[own[i]] = report->value[own[i]];
    if (report->value[OPTION_DATA].given)
        value[OPTION_DATA] = report->value[OPTION_DATA];
    value[OPTION_QUIET].given = true;
    return options_default(&subject->options);
}

/* ---------------------------------------------------------------- model and data */

static void open_model(struct subject *subject)
{
    const char *path = run_text(subject->run, "model"), *layers = run_text(subject->run, "layers");
    const char *ended = run_text(subject->run, "ended_by");
    char theirs[1024];
    if (!path) {
        snprintf(subject->no_model, sizeof subject->no_model, "The log names no model: %s.",
                 ended && strcmp(ended, "divergence") == 0 ? "a training that diverges saves none"
                                                           : "train with --save FILE to keep one");
        return;
    }
    const annc_status status = annc_model_load(path, NULL, &subject->network);
    end_if_out_of_memory(status);
    if (status != ANNC_OK) {
        snprintf(subject->no_model, sizeof subject->no_model, "The model that the log names cannot be read: %.500s.",
                 error_text());
        return;
    }
    print_layers(annc_network_shape(subject->network), theirs, sizeof theirs);
    if (layers && strcmp(layers, theirs) == 0)
        return;
    snprintf(subject->no_model, sizeof subject->no_model,
             "The model in %.300s has the shape %.100s, unlike this run: another training was saved there since.", path,
             theirs);
    annc_network_free(subject->network);
    subject->network = NULL;
}

/* Returns the value of --data; if it was not given, the log distinguishes MNIST from the drawn
 * digits. NULL if the training ended and the log names no data: they were in memory. */
static const char *source_of(const struct subject *subject)
{
    const char *said = run_text(subject->run, "data"), *given = subject->options.value[OPTION_DATA].text;
    if (!given && !said && subject->run->has_result)
        return NULL;
    return given ? given : said && strncmp(said, "built-in digits", 15) == 0 ? "digits" : "mnist";
}

static annc_status load(struct subject *subject)
{
    const char *what = source_of(subject);
    if (!what)
        return annc_fail(ANNC_INPUT, "the %s names none", subject->run->is_model ? "model" : "log");
    const annc_shape *shape = annc_network_shape(subject->network);
    annc_data_options source;
    if (strcmp(what, "-") == 0)
        return annc_fail(ANNC_INPUT, "they came from standard input");
    ANNC_RETURN_IF_FAILED(data_options_from(&subject->options, shape, &source));
    source.model = subject->network;
    source.need_train = true;
    source.folds = 0;
    return load_data(&subject->options, what, &source, false, &subject->data);
}

static annc_status take_data(const struct options *report, struct subject *subject)
{
    ANNC_RETURN_IF_FAILED(take_options(subject));
    ANNC_RETURN_IF_FAILED(complete_options(report, subject));
    return subject->network ? load(subject) : ANNC_OK;
}

static void open_data(const struct options *report, struct subject *subject)
{
    const annc_status status = take_data(report, subject);
    end_if_out_of_memory(status);
    if (status != ANNC_OK) {
        snprintf(subject->no_data, sizeof subject->no_data,
                 report->value[OPTION_DATA].given ? "The data named with --data do not fit this run (%.500s)."
                                                  : "The data of this run cannot be loaded (%.500s); name them "
                                                    "with --data WHAT.",
                 error_text());
        annc_data_free(&subject->data);
        return;
    }
    const annc_data *data = &subject->data;
    subject->set = data->test ? data->test : data->validation ? data->validation : data->train;
    subject->set_name = data->test ? "test set" : data->validation ? "validation set" : "training set";
}

/* ---------------------------------------------------------------- evaluation */

static annc_status evaluate(struct subject *subject)
{
    const annc_examples *examples = annc_dataset_examples(subject->set);
    const struct option_value *repeats = &subject->options.value[OPTION_IMPORTANCE];
    annc_evaluator *evaluator = NULL;
    annc_status status = ANNC_OK;
    ANNC_TRY(
        device_from_options(&subject->options, annc_network_shape(subject->network), NULL, NULL, &subject->device));
    ANNC_TRY(annc_evaluator_create(subject->device, subject->network, subject->set, &evaluator));
    subject->predictions = take_memory(examples->count, sizeof *subject->predictions, "the predictions");
    subject->outputs =
        take_memory((size_t)examples->count * examples->outputs, sizeof *subject->outputs, "the outputs");
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, subject->predictions, subject->outputs, &subject->evaluation));
    if (repeats->given)
        ANNC_TRY(importance_measure(subject->device, subject->network, subject->set, (uint32_t)repeats->whole,
                                    &subject->importance));
out:
    annc_evaluator_free(evaluator);
    return status;
}

void subject_open(const struct options *report, const struct run *run, const char *name, size_t number,
                  struct subject *subject)
{
    memset(subject, 0, sizeof *subject);
    subject->run = run;
    subject->name = name;
    subject->number = number;
    open_model(subject);
    open_data(report, subject);
    if (!subject->set)
        return;
    const annc_status status = evaluate(subject);
    end_if_out_of_memory(status);
    if (status == ANNC_OK)
        return;
    snprintf(subject->no_evaluation, sizeof subject->no_evaluation, "The model could not be evaluated: %.500s.",
             error_text());
    free(subject->outputs);
    subject->outputs = NULL;
}

void subject_close(struct subject *subject)
{
    free(subject->predictions);
    free(subject->outputs);
    importance_free(&subject->importance);
    free(subject->config);
    annc_device_close(subject->device);
    annc_data_free(&subject->data);
    annc_network_free(subject->network);
    memset(subject, 0, sizeof *subject);
}
