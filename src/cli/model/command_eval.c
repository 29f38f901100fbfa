/* command_eval.c - annc-gpu eval */
#include "cli/model/command_eval.h"
#include "base/status.h"
#include "cli/charts/gallery.h"
#include "cli/model/class_tables.h"
#include "cli/model/importance_table.h"
#include "cli/model/target_table.h"
#include "cli/options/known_data.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/process.h"
#include "cli/terminal/screen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MISTAKES_SHOWN = 5, HEAD = 9 };

/* An evaluation and its inputs. */
struct result {
    const struct options *options;
    const annc_shape *shape;
    const annc_dataset *data;
    annc_evaluation evaluation;
    int32_t *predictions;
    float *outputs; /* of the network */
    struct importance_list importance;
};

/* Measures of classes beyond accuracy; NaN if undefined. */
struct measures {
    double auc, log_loss;
    annc_confusion *confusion;
    annc_calibration calibration;
};

static void json_numbers(struct json *json, annc_class_measures measures)
{
    json_number(json, "precision", measures.precision);
    json_number(json, "recall", measures.recall);
    json_number(json, "f1", measures.f1);
}

static void json_mean(struct json *json, const char *key, annc_class_measures mean)
{
    json_open(json, key, '{');
    json_numbers(json, mean);
    json_close(json, '}');
}

static void json_calibration(struct json *json, const annc_calibration *calibration)
{
    if (isnan(calibration->error))
        return;
    json_number(json, "calibration_error", calibration->error);
    json_open(json, "calibration", '[');
    for (int bin = 0; bin < ANNC_CALIBRATION_BINS; bin++) {
        json_open(json, NULL, '{');
        json_whole(json, "count", calibration->count[bin]);
        json_number(json, "confidence", calibration->confidence[bin]);
        json_number(json, "accuracy", calibration->accuracy[bin]);
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* Adds R^2, RMSE and MAE, of targets. */
static void json_regression(struct json *json, const annc_evaluation *evaluation)
{
    if (isnan(evaluation->rmse))
        return;
    json_number(json, "r2", evaluation->r2);
    json_number(json, "rmse", evaluation->rmse);
    json_number(json, "mae", evaluation->mae);
}

static annc_status print_json(const struct result *result, const struct measures *measures)
{
    const annc_evaluation *evaluation = &result->evaluation;
    const annc_confusion *confusion = measures->confusion;
    struct json json;
    json_begin(&json, "annc.eval/1");
    json_whole(&json, "correct", evaluation->correct);
    json_whole(&json, "count", evaluation->count);
    json_number(&json, "accuracy", annc_evaluation_accuracy(evaluation));
    json_number(&json, "loss", evaluation->loss);
    if (!isnan(measures->auc))
        json_number(&json, "auc", measures->auc);
    if (!isnan(measures->log_loss))
        json_number(&json, "log_loss", measures->log_loss);
    json_regression(&json, evaluation);
    json_mean(&json, "macro", annc_confusion_mean(confusion, false));
    json_mean(&json, "weighted", annc_confusion_mean(confusion, true));
    json_calibration(&json, &measures->calibration);
    json_open(&json, "classes", '[');
    for (uint32_t c = 0; c < confusion->classes; c++) {
        const annc_class_measures one = annc_confusion_class(confusion, c);
        json_open(&json, NULL, '{');
        json_text(&json, "class", annc_dataset_class_name(result->data, c));
        json_whole(&json, "support", one.support);
        json_numbers(&json, one);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    importance_add_json(&result->importance, &json);
    json_number(&json, "seconds", evaluation->seconds);
    return json_end(&json, stdout, NULL);
}

/* Returns targets or outputs in the units of the file, to be freed. */
static double *unscaled(const struct result *result, const float *values)
{
    const annc_examples *examples = annc_dataset_examples(result->data);
    double *numbers = take_memory((size_t)examples->count * examples->outputs, sizeof *numbers, "the targets");
    annc_dataset_unscale_f64(result->data, examples->count, values, numbers);
    return numbers;
}

/* Prints R^2, RMSE and MAE in the units of the file, of all targets and of each. */
static annc_status print_regression(const struct result *result)
{
    const annc_evaluation *evaluation = &result->evaluation;
    const struct option_value *value = result->options->value;
    struct json json;
    char r2[SHORT_NUMBER];
    annc_status status = ANNC_OK;
    if (!value[OPTION_JSON].given) {
        printf("R2 %s, RMSE %.6g, MAE %.6g, loss %.6g per example (%u)\n", short_number(evaluation->r2, 6, r2),
               evaluation->rmse, evaluation->mae, evaluation->loss, evaluation->count);
        print_cost_measures(result->shape, result->data, result->outputs, !value[OPTION_QUIET].given);
        ANNC_TRY(print_targets(result->data, result->outputs, !value[OPTION_QUIET].given));
    } else {
        json_begin(&json, "annc.eval/1");
        json_whole(&json, "count", evaluation->count);
        json_regression(&json, evaluation);
        json_number(&json, "loss", evaluation->loss);
        ANNC_TRY(json_targets(&json, result->data, result->outputs));
        json_cost_measures(&json, result->shape, result->data, result->outputs);
        importance_add_json(&result->importance, &json);
        json_number(&json, "seconds", evaluation->seconds);
        ANNC_TRY(json_end(&json, stdout, NULL));
    }
out:
    return status;
}

static void print_calibration(const annc_calibration *calibration)
{
    if (isnan(calibration->error))
        return;
    printf("\ncalibration error %.2f%%: mean confidence against accuracy\n%-*s", 100 * calibration->error, HEAD,
           "output");
    for (int bin = 0; bin < ANNC_CALIBRATION_BINS; bin++)
        if (calibration->count[bin])
            printf(" %6.3f", calibration->confidence[bin]);
    printf("\n%-*s", HEAD, "right");
    for (int bin = 0; bin < ANNC_CALIBRATION_BINS; bin++)
        if (calibration->count[bin])
            printf(" %6.3f", calibration->accuracy[bin]);
    printf("\n%-*s", HEAD, "examples");
    for (int bin = 0; bin < ANNC_CALIBRATION_BINS; bin++)
        if (calibration->count[bin])
            printf(" %6u", calibration->count[bin]);
    printf("\n");
}

static void print_mistakes(const struct result *result)
{
    const int32_t *labels = annc_dataset_labels(result->data);
    uint32_t count;
    struct mistake *mistakes = find_mistakes(result->data, result->predictions, result->outputs, &count);
    if (count > 0)
        printf("\nworst mistakes\n");
    for (uint32_t i = 0; i < count && i < MISTAKES_SHOWN; i++) {
        char label[CLASS_NAME], predicted[CLASS_NAME];
        const uint32_t example = mistakes[i].example;
        printf("example %-8u %s, predicted as %s\n", example + 1,
               plain_class(result->data, (uint32_t)labels[example], label),
               plain_class(result->data, (uint32_t)result->predictions[example], predicted));
    }
    free(mistakes);
}

static void print_binary(const struct measures *measures)
{
    const bool has_auc = !isnan(measures->auc), has_log_loss = !isnan(measures->log_loss);
    if (has_auc)
        printf("AUC %.6f", measures->auc);
    if (has_log_loss)
        printf("%slog loss %.6g", has_auc ? ", " : "", measures->log_loss);
    if (has_auc || has_log_loss)
        printf("\n");
}

static void print_measures(const struct result *result, const struct measures *measures)
{
    const annc_evaluation *evaluation = &result->evaluation;
    printf("%saccuracy %.2f%% (%u / %u), loss %.6g per example\n", evaluation->weight > 0 ? "weighted " : "",
           100 * annc_evaluation_accuracy(evaluation), evaluation->correct, evaluation->count, evaluation->loss);
    print_binary(measures);
    if (result->options->value[OPTION_QUIET].given)
        return;
    print_class_table(result->data, measures->confusion);
    print_confusion(result->data, measures->confusion);
    print_calibration(&measures->calibration);
    print_mistakes(result);
}

static annc_status print_classification(const struct result *result)
{
    struct measures measures = {.log_loss = annc_log_loss_measure(result->shape, result->data, result->outputs)};
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_auc_measure(result->data, result->outputs, &measures.auc));
    ANNC_TRY(annc_confusion_create(result->data, result->predictions, &measures.confusion));
    ANNC_TRY(annc_calibration_measure(result->shape, result->data, result->predictions, result->outputs,
                                      &measures.calibration));
    if (result->options->value[OPTION_JSON].given)
        ANNC_TRY(print_json(result, &measures));
    else
        print_measures(result, &measures);
out:
    annc_confusion_free(measures.confusion);
    return status;
}

/* ---------------------------------------------------------------- --per-example */

static void print_classified(const struct result *result, FILE *out)
{
    const annc_examples *examples = annc_dataset_examples(result->data);
    fputs("row,label,predicted,correct", out);
    for (uint32_t j = 0; j < examples->outputs; j++) {
        fputc(',', out);
        print_csv_field(out, "", annc_dataset_class_name(result->data, examples->outputs == 1 ? 1 : j));
    }
    for (uint32_t i = 0; i < examples->count; i++) {
        const int32_t label = examples->labels[i], predicted = result->predictions[i];
        fprintf(out, "\n%llu,", (unsigned long long)annc_dataset_row(result->data, i));
        print_csv_field(out, "", annc_dataset_class_name(result->data, (uint32_t)label));
        fputc(',', out);
        print_csv_field(out, "", annc_dataset_class_name(result->data, (uint32_t)predicted));
        fprintf(out, ",%d", label == predicted);
        for (uint32_t j = 0; j < examples->outputs; j++) {
            fputc(',', out);
            print_float(out, (double)result->outputs[(size_t)i * examples->outputs + j]);
        }
    }
}

/* Prints the heads of a target and its prediction: its name from the training data, if any. */
static void print_target_heads(const annc_dataset *data, uint32_t j, FILE *out)
{
    const char *name = annc_dataset_target_name(data, j);
    if (!name) {
        fprintf(out, ",target%u,predicted%u", j + 1, j + 1);
        return;
    }
    fputc(',', out);
    print_csv_field(out, "", name);
    fputc(',', out);
    print_csv_field(out, "predicted_", name);
}

static void print_measured(const struct result *result, FILE *out)
{
    const annc_examples *examples = annc_dataset_examples(result->data);
    const uint32_t n = examples->outputs;
    double *targets = unscaled(result, examples->targets), *outputs = unscaled(result, result->outputs);
    fputs("row", out);
    for (uint32_t j = 0; j < n; j++)
        print_target_heads(result->data, j, out);
    for (uint32_t i = 0; i < examples->count; i++) {
        fprintf(out, "\n%llu", (unsigned long long)annc_dataset_row(result->data, i));
        for (uint32_t j = 0; j < n; j++) {
            fputc(',', out);
            print_target_value(out, result->data, j, targets[(size_t)i * n + j]);
            fputc(',', out);
            print_target_value(out, result->data, j, outputs[(size_t)i * n + j]);
        }
    }
    free(targets);
    free(outputs);
}

static void print_examples(const struct result *result, FILE *out)
{
    (annc_dataset_has_classes(result->data) ? print_classified : print_measured)(result, out);
    fputc('\n', out);
}

static annc_status save_examples(const struct result *result, const char *path)
{
    struct annc_buffer text = {.bytes = NULL};
    FILE *stream = text_stream(&text);
    print_examples(result, stream);
    fclose(stream);
    set_stop_policy(END_WHEN_ASKED); /* complete every started file */
    const annc_status status = annc_file_save(path, text.bytes, text.length);
    text_free(&text);
    return status;
}

/* Allocates the predictions of each example. */
static void make_room(struct result *result)
{
    const annc_examples *examples = annc_dataset_examples(result->data);
    result->predictions = take_memory(examples->count, sizeof *result->predictions, "the predictions");
    result->outputs = take_memory((size_t)examples->count * examples->outputs, sizeof *result->outputs, "the outputs");
}

static annc_status evaluate(struct result *result, annc_device *device, const annc_network *network)
{
    annc_status status = ANNC_OK;
    const struct option_value *threshold = &result->options->value[OPTION_THRESHOLD];
    annc_evaluator *evaluator = NULL;
    ANNC_TRY(annc_evaluator_create(device, network, result->data, &evaluator));
    make_room(result);
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, result->predictions, result->outputs, &result->evaluation));
    if (threshold->given)
        ANNC_TRY(annc_threshold_apply(result->shape, result->data, result->outputs, threshold->number,
                                      result->predictions, &result->evaluation));
out:
    annc_evaluator_free(evaluator);
    return status;
}

static annc_status print_evaluation(const struct result *result)
{
    const char *path = result->options->value[OPTION_PER_EXAMPLE].text;
    if (path && is_standard_output(path)) { /* only the table on standard output */
        print_examples(result, stdout);
        return ANNC_OK;
    }
    const bool has_classes = annc_dataset_has_classes(result->data),
               is_json = result->options->value[OPTION_JSON].given;
    if (!has_classes && !(is_json && annc_dataset_labels(result->data)))
        ANNC_RETURN_IF_FAILED(print_regression(result));
    if (annc_dataset_labels(result->data))
        ANNC_RETURN_IF_FAILED(print_classification(result));
    if (!is_json)
        importance_print(&result->importance);
    return path ? save_examples(result, path) : ANNC_OK;
}

annc_status run_eval(const struct options *options)
{
    annc_network *network = NULL;
    annc_data data = {0};
    annc_data_options source;
    annc_device *device = NULL;
    annc_device_options chosen;
    annc_shape said;
    struct known_data known = {.text = NULL};
    struct result result = {.options = options};
    const char *path = options->value[OPTION_PER_EXAMPLE].text;
    if (options->positional_count != 1)
        return annc_fail(ANNC_USAGE, "eval needs a model: annc-gpu eval MODEL --data WHAT");
    if (path && is_standard_output(path) && options->value[OPTION_JSON].given)
        return annc_fail(ANNC_USAGE, "--json and --per-example - cannot be combined: both write to standard output");
    annc_status status = ANNC_OK;
    ANNC_TRY(device_options_from(options, &chosen));
    if (path)
        ANNC_TRY(annc_model_can_save(output_path(path)));
    ANNC_TRY(load_model(options, options->positional[0], &network));
    /* Options about the network must agree with it. */
    ANNC_TRY(shape_from_options(options, annc_network_shape(network), &said));
    if (options->value[OPTION_THRESHOLD].given)
        ANNC_TRY(annc_threshold_check(annc_network_shape(network), options->value[OPTION_THRESHOLD].number));
    result.shape = annc_network_shape(network);
    ANNC_TRY(known_data_open(EVAL, options, network, &known));
    ANNC_TRY(data_options_from(&known.options, result.shape, &source));
    source.model = network;
    source.need_test = true;
    ANNC_TRY(load_data(options, known.options.value[OPTION_DATA].text, &source, false, &data));
    ANNC_TRY(device_from_options(options, result.shape, NULL, NULL, &device));
    result.data = data.test;
    ANNC_TRY(evaluate(&result, device, network));
    if (options->value[OPTION_IMPORTANCE].given)
        ANNC_TRY(importance_measure(device, network, data.test, (uint32_t)options->value[OPTION_IMPORTANCE].whole,
                                    &result.importance));
    ANNC_TRY(print_evaluation(&result));
out:
    free(result.predictions);
    free(result.outputs);
    importance_free(&result.importance);
    known_data_close(&known);
    annc_device_close(device);
    annc_data_free(&data);
    annc_network_free(network);
    return status;
}
