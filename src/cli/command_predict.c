/* command_predict.c - annc-gpu predict */
#include "cli.h"
#include "drawing.h"
#include "gallery.h"

#include <stdlib.h>
#include <string.h>

/* What is predicted of one file's examples. */
struct prediction {
    const struct options *options;
    const char *input; /* the file */
    const annc_dataset *data;
    bool is_probability; /* what a single output says of class 1 */
    int32_t *classes;
    float *outputs; /* count x n_L */
};

static annc_status print_json(const struct prediction *prediction, uint32_t i)
{
    const annc_examples *examples = annc_dataset_examples(prediction->data);
    const float *outputs = prediction->outputs + (size_t)i * examples->outputs;
    struct json json;
    json_begin(&json, "annc.prediction/1");
    json_text(&json, "input", prediction->input);
    json_whole(&json, "row", (uint64_t)i + 1);
    if (examples->labels)
        json_text(&json, "label", annc_dataset_class_name(prediction->data, (uint32_t)prediction->classes[i]));
    json_open(&json, examples->labels ? "probabilities" : "values", '[');
    for (uint32_t j = 0; j < examples->outputs; j++)
        json_number(&json, NULL, (double)outputs[j]);
    json_close(&json, ']');
    return json_end(&json, stdout, NULL);
}

/* "setosa 0.9871", "3.25 17.1". */
static void print_line(const struct prediction *prediction, uint32_t i)
{
    const annc_examples *examples = annc_dataset_examples(prediction->data);
    const float *outputs = prediction->outputs + (size_t)i * examples->outputs;
    if (examples->labels) {
        const uint32_t label = (uint32_t)prediction->classes[i];
        double output = (double)outputs[examples->outputs == 1 ? 0 : label];
        if (examples->outputs == 1 && label == 0 && prediction->is_probability)
            output = 1 - output; /* of the class that is named */
        const char *name = annc_dataset_class_name(prediction->data, label);
        print_plain(stdout, name, strlen(name));
        printf(" %.4f\n", output);
        return;
    }
    for (uint32_t j = 0; j < examples->outputs; j++)
        printf("%s%.9g", j ? " " : "", (double)outputs[j]);
    printf("\n");
}

static annc_status print_predictions(struct prediction *prediction)
{
    annc_status status = ANNC_OK;
    const annc_examples *examples = annc_dataset_examples(prediction->data);
    if (!examples->labels)
        annc_dataset_unscale(prediction->data, examples->count, prediction->outputs);
    for (uint32_t i = 0; i < examples->count && status == ANNC_OK; i++) {
        if (prediction->options->value[OPTION_JSON].given)
            status = print_json(prediction, i);
        else
            print_line(prediction, i);
    }
    return status;
}

static annc_status predict_data(struct prediction *prediction, annc_device *device, const annc_network *network)
{
    const annc_examples *examples = annc_dataset_examples(prediction->data);
    annc_evaluator *evaluator = NULL;
    annc_evaluation ignored; /* there are no labels to be right about */
    annc_status status = annc_evaluator_create(device, network, prediction->data, &evaluator);
    prediction->classes = calloc(examples->count, sizeof *prediction->classes);
    prediction->outputs = calloc((size_t)examples->count * examples->outputs, sizeof *prediction->outputs);
    if (status == ANNC_OK && (!prediction->classes || !prediction->outputs)) {
        usage_failed("out of memory: %u predictions", examples->count);
        status = ANNC_DEVICE;
    }
    if (status == ANNC_OK)
        status = annc_evaluator_run(evaluator, NULL, prediction->classes, prediction->outputs, &ignored);
    annc_evaluator_free(evaluator);
    if (status == ANNC_OK)
        status = print_predictions(prediction);
    free(prediction->classes);
    free(prediction->outputs);
    return status;
}

/* Draws what the network sees. */
static annc_status show_inputs(const annc_dataset *dataset)
{
    struct gallery gallery;
    const annc_status status = gallery_of_examples(dataset, 0, annc_dataset_examples(dataset)->count, &gallery);
    gallery.images.captions = NULL; /* they have no labels yet */
    if (status == ANNC_OK)
        draw_gallery(stderr, &gallery.images);
    gallery_close(&gallery);
    return status;
}

static annc_status predict_file(const struct options *options, const char *path, annc_device *device,
                                const annc_network *network)
{
    struct prediction prediction = {.options = options, .input = path};
    annc_data_options source;
    annc_data data = {0};
    annc_status status = data_options_from(options, annc_network_shape(network), &source);
    source.source = ANNC_SOURCE_PATH;
    source.path = path;
    source.model = network;
    source.unlabelled = true;
    source.need_test = true;
    if (status == ANNC_OK)
        status = load_file(options, &source, &data);
    prediction.data = data.test;
    prediction.is_probability =
        annc_network_shape(network)->activation[annc_network_shape(network)->layers - 1] == ANNC_SIGMOID;
    if (status == ANNC_OK && options->value[OPTION_SHOW_INPUT].given)
        status = show_inputs(data.test);
    if (status == ANNC_OK)
        status = predict_data(&prediction, device, network);
    annc_data_free(&data);
    return status;
}

annc_status run_predict(const struct options *options)
{
    annc_network *network = NULL;
    annc_device *device = NULL;
    annc_shape said;
    if (options->positional_count < 2)
        return usage_failed("predict needs a model and a file: annc-gpu predict MODEL FILE...");
    annc_status status = load_model(options, options->positional[0], &network);
    if (status == ANNC_OK)
        status = shape_from_options(options, annc_network_shape(network), &said);
    if (status == ANNC_OK)
        status = device_from_options(options, &device);
    for (int i = 1; i < options->positional_count && status == ANNC_OK; i++)
        status = predict_file(options, options->positional[i], device, network);
    annc_device_close(device);
    annc_network_free(network);
    return status;
}
