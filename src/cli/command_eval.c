/* command_eval.c - annc-gpu eval */
#include "cli.h"
#include "metrics.h"

#include <math.h>
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

/* What an evaluation came to, and what it is made of. */
struct result {
    const struct options *options;
    const annc_shape *shape;
    const annc_dataset *data;
    annc_evaluation evaluation;
    int32_t *predictions;
    float *outputs;
};

static annc_status print_json(const struct result *result, const struct confusion *confusion)
{
    const annc_evaluation *evaluation = &result->evaluation;
    const struct binary_figures binary = binary_figures(result->shape, result->data, result->outputs);
    struct json json;
    json_begin(&json, "annc.eval/1");
    json_whole(&json, "correct", evaluation->correct);
    json_whole(&json, "count", evaluation->count);
    json_number(&json, "accuracy", (double)evaluation->correct / evaluation->count);
    json_number(&json, "loss", evaluation->loss);
    if (!isnan(binary.auc))
        json_number(&json, "auc", binary.auc);
    if (!isnan(binary.log_loss))
        json_number(&json, "log_loss", binary.log_loss);
    json_open(&json, "classes", '[');
    for (uint32_t c = 0; c < confusion->classes; c++) {
        const struct class_figures figures = figures_of(confusion, c);
        json_open(&json, NULL, '{');
        json_text(&json, "class", annc_dataset_class_name(result->data, c));
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

/* R^2, RMSE and MAE in the units of the file. */
static annc_status print_regression(const struct result *result)
{
    const annc_evaluation *evaluation = &result->evaluation;
    struct json json;
    if (!result->options->value[OPTION_JSON].given) {
        printf("R2 %.6f, RMSE %.6g, MAE %.6g, loss %.6g an example (%u)\n", evaluation->r2, evaluation->rmse,
               evaluation->mae, evaluation->loss, evaluation->count);
        return ANNC_OK;
    }
    json_begin(&json, "annc.eval/1");
    json_whole(&json, "count", evaluation->count);
    json_number(&json, "r2", evaluation->r2);
    json_number(&json, "rmse", evaluation->rmse);
    json_number(&json, "mae", evaluation->mae);
    json_number(&json, "loss", evaluation->loss);
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

static void print_binary(const struct result *result)
{
    const struct binary_figures binary = binary_figures(result->shape, result->data, result->outputs);
    if (!isnan(binary.auc))
        printf("AUC %.6f", binary.auc);
    if (!isnan(binary.log_loss))
        printf("%slog loss %.6g", isnan(binary.auc) ? "" : ", ", binary.log_loss);
    if (!isnan(binary.auc) || !isnan(binary.log_loss))
        printf("\n");
}

static annc_status print_classification(const struct result *result)
{
    const annc_evaluation *evaluation = &result->evaluation;
    struct confusion confusion = {0, NULL};
    annc_status status = count_confusion(result->data, result->predictions, &confusion);
    if (status == ANNC_OK && result->options->value[OPTION_JSON].given) {
        status = print_json(result, &confusion);
    } else if (status == ANNC_OK) {
        printf("accuracy %.2f%% (%u / %u), loss %.6g an example\n", 100.0 * evaluation->correct / evaluation->count,
               evaluation->correct, evaluation->count, evaluation->loss);
        print_binary(result);
        if (!result->options->value[OPTION_QUIET].given) {
            print_table(result->data, &confusion);
            print_confusion(result->data, &confusion);
        }
    }
    free(confusion.count);
    return status;
}

/* Room for what is predicted of each example. */
static annc_status make_room(struct result *result)
{
    const annc_examples *examples = annc_dataset_examples(result->data);
    result->predictions = calloc(examples->count, sizeof *result->predictions);
    result->outputs = calloc((size_t)examples->count * examples->outputs, sizeof *result->outputs);
    if (result->predictions && result->outputs)
        return ANNC_OK;
    usage_failed("out of memory: %u predictions", examples->count);
    return ANNC_DEVICE;
}

static annc_status evaluate(struct result *result, annc_device *device, const annc_network *network)
{
    const struct option_value *threshold = &result->options->value[OPTION_THRESHOLD];
    const annc_examples *examples = annc_dataset_examples(result->data);
    annc_evaluator *evaluator = NULL;
    annc_status status = annc_evaluator_create(device, network, result->data, &evaluator);
    if (status == ANNC_OK)
        status = make_room(result);
    if (status == ANNC_OK)
        status = annc_evaluator_run(evaluator, NULL, result->predictions, result->outputs, &result->evaluation);
    annc_evaluator_free(evaluator);
    if (status == ANNC_OK && threshold->given && examples->labels)
        status = apply_threshold(result->shape, result->data, result->outputs, threshold->number, result->predictions,
                                 &result->evaluation.correct);
    if (status != ANNC_OK)
        return status;
    return examples->labels ? print_classification(result) : print_regression(result);
}

annc_status run_eval(const struct options *options)
{
    annc_network *network = NULL;
    annc_data data = {0};
    annc_data_options source;
    annc_device *device = NULL;
    annc_device_options chosen;
    annc_shape said;
    struct result result = {.options = options};
    if (options->positional_count != 1)
        return usage_failed("eval needs a model: annc-gpu eval MODEL --data WHAT");
    annc_status status = device_options_from(options, &chosen);
    if (status == ANNC_OK)
        status = load_model(options, options->positional[0], &network);
    if (status == ANNC_OK) /* what is said of the network must be so */
        status = shape_from_options(options, annc_network_shape(network), &said);
    if (status == ANNC_OK) {
        result.shape = annc_network_shape(network);
        status = data_options_from(options, result.shape, &source);
        source.model = network;
        source.need_test = true;
    }
    if (status == ANNC_OK)
        status = load_data(options, options->value[OPTION_DATA].text, &source, false, &data);
    if (status == ANNC_OK)
        status = device_from_options(options, &device);
    result.data = data.test;
    if (status == ANNC_OK)
        status = evaluate(&result, device, network);
    free(result.predictions);
    free(result.outputs);
    annc_device_close(device);
    annc_data_free(&data);
    annc_network_free(network);
    return status;
}
