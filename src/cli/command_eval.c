/* command_eval.c - annc-gpu eval */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* How the examples of a data set were classified. */
struct confusion {
    uint32_t classes;
    uint32_t *count; /* classes x classes: rows are labels, columns what was predicted */
};

enum { MOST_SHOWN_CLASSES = 20 };

struct class_figures {
    uint32_t support, predicted, correct;
    double precision, recall, f1;
};

static annc_status count_confusion(const annc_dataset *data, const int32_t *predictions, struct confusion *confusion)
{
    const annc_examples *examples = annc_dataset_examples(data);
    confusion->classes = examples->outputs == 1 ? 2 : examples->outputs;
    confusion->count = calloc((size_t)confusion->classes * confusion->classes, sizeof *confusion->count);
    if (!confusion->count) {
        usage_failed("out of memory: a table of %u classes", confusion->classes);
        return ANNC_DEVICE;
    }
    for (uint32_t i = 0; i < examples->count; i++)
        confusion->count[(size_t)examples->labels[i] * confusion->classes + (uint32_t)predictions[i]]++;
    return ANNC_OK;
}

static struct class_figures figures_of(const struct confusion *confusion, uint32_t c)
{
    struct class_figures figures = {.correct = confusion->count[(size_t)c * confusion->classes + c]};
    for (uint32_t other = 0; other < confusion->classes; other++) {
        figures.support += confusion->count[(size_t)c * confusion->classes + other];
        figures.predicted += confusion->count[(size_t)other * confusion->classes + c];
    }
    figures.precision = figures.predicted ? (double)figures.correct / figures.predicted : 0;
    figures.recall = figures.support ? (double)figures.correct / figures.support : 0;
    const double sum = figures.precision + figures.recall;
    figures.f1 = sum > 0 ? 2 * figures.precision * figures.recall / sum : 0;
    return figures;
}

static annc_status print_json(const annc_dataset *data, const annc_evaluation *evaluation,
                              const struct confusion *confusion)
{
    struct json json;
    json_begin(&json, "annc.eval/1");
    json_whole(&json, "correct", evaluation->correct);
    json_whole(&json, "count", evaluation->count);
    json_number(&json, "accuracy", (double)evaluation->correct / evaluation->count);
    json_number(&json, "loss", evaluation->loss);
    json_open(&json, "classes", '[');
    for (uint32_t c = 0; c < confusion->classes; c++) {
        const struct class_figures figures = figures_of(confusion, c);
        json_open(&json, NULL, '{');
        json_text(&json, "class", annc_dataset_class_name(data, c));
        json_whole(&json, "support", figures.support);
        json_number(&json, "precision", figures.precision);
        json_number(&json, "recall", figures.recall);
        json_number(&json, "f1", figures.f1);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_number(&json, "seconds", evaluation->seconds);
    return json_end(&json, stdout, NULL);
}

static void print_table(const annc_dataset *data, const struct confusion *confusion)
{
    printf("\n%-12s %8s %10s %8s %8s\n", "class", "support", "precision", "recall", "F1");
    for (uint32_t c = 0; c < confusion->classes; c++) {
        const struct class_figures figures = figures_of(confusion, c);
        printf("%-12s %8u %9.2f%% %7.2f%% %7.2f%%\n", annc_dataset_class_name(data, c), figures.support,
               100 * figures.precision, 100 * figures.recall, 100 * figures.f1);
    }
}

static void print_confusion(const annc_dataset *data, const struct confusion *confusion)
{
    if (confusion->classes > MOST_SHOWN_CLASSES)
        return;
    printf("\nlabels down, predictions across\n%-12s", "");
    for (uint32_t c = 0; c < confusion->classes; c++)
        printf(" %6.6s", annc_dataset_class_name(data, c));
    for (uint32_t r = 0; r < confusion->classes; r++) {
        printf("\n%-12s", annc_dataset_class_name(data, r));
        for (uint32_t c = 0; c < confusion->classes; c++)
            printf(" %6u", confusion->count[(size_t)r * confusion->classes + c]);
    }
    printf("\n");
}

static annc_status print_evaluation(const struct options *options, const annc_dataset *data,
                                    const annc_evaluation *evaluation, const int32_t *predictions)
{
    struct confusion confusion = {0, NULL};
    annc_status status = count_confusion(data, predictions, &confusion);
    if (status == ANNC_OK && options->value[OPTION_JSON].given) {
        status = print_json(data, evaluation, &confusion);
    } else if (status == ANNC_OK) {
        printf("accuracy %.2f%% (%u / %u), loss %.6g an example\n", 100.0 * evaluation->correct / evaluation->count,
               evaluation->correct, evaluation->count, evaluation->loss);
        if (!options->value[OPTION_QUIET].given) {
            print_table(data, &confusion);
            print_confusion(data, &confusion);
        }
    }
    free(confusion.count);
    return status;
}

annc_status run_eval(const struct options *options)
{
    annc_network *network = NULL;
    annc_data data = {0};
    annc_device *device = NULL;
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation;
    int32_t *predictions = NULL;
    annc_device_options chosen;
    if (options->positional_count != 1)
        return usage_failed("eval needs a model: annc-gpu eval MODEL --data WHAT");
    annc_status status = device_options_from(options, &chosen);
    if (status == ANNC_OK)
        status = annc_model_load(options->positional[0], &network);
    if (status == ANNC_OK) {
        const annc_shape *shape = annc_network_shape(network);
        status = data_from_options(options, network, shape->width[shape->layers], false, true, false, &data);
    }
    if (status == ANNC_OK)
        status = device_from_options(options, &device);
    if (status == ANNC_OK)
        status = annc_evaluator_create(device, network, data.test, &evaluator);
    if (status == ANNC_OK) {
        predictions = calloc(annc_dataset_examples(data.test)->count, sizeof *predictions);
        if (!predictions) {
            usage_failed("out of memory: %u predictions", annc_dataset_examples(data.test)->count);
            status = ANNC_DEVICE;
        }
    }
    if (status == ANNC_OK)
        status = annc_evaluator_run(evaluator, NULL, predictions, &evaluation);
    if (status == ANNC_OK)
        status = print_evaluation(options, data.test, &evaluation, predictions);
    free(predictions);
    annc_evaluator_free(evaluator);
    annc_device_close(device);
    annc_data_free(&data);
    annc_network_free(network);
    return status;
}
