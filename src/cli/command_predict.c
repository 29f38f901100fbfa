/* command_predict.c - annc-gpu predict */
#include "cli.h"
#include "drawing.h"
#include "gallery.h"
#include "predictions.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Predicts one piece. */
static annc_status predict_piece(struct predictions *predictions, annc_device *device, const annc_network *network)
{
    const annc_examples *examples = annc_dataset_examples(predictions->data);
    annc_evaluator *evaluator = NULL;
    annc_evaluation ignored; /* there are no labels to be right about */
    annc_status status = annc_evaluator_create(device, network, predictions->data, &evaluator);
    int32_t *classes = take_memory(examples->count, sizeof *classes, "the predictions");
    predictions->outputs =
        take_memory((size_t)examples->count * examples->outputs, sizeof *predictions->outputs, "the predictions");
    if (status == ANNC_OK)
        status = annc_evaluator_run(evaluator, NULL, classes, predictions->outputs, &ignored);
    annc_evaluator_free(evaluator);
    predictions->classes = examples->labels ? classes : NULL;
    if (status == ANNC_OK && !examples->labels)
        annc_dataset_unscale(predictions->data, examples->count, predictions->outputs);
    if (status == ANNC_OK && !examples->labels && predictions->options->value[OPTION_TOP_CLASSES].given)
        status = annc_fail(ANNC_USAGE, "--top shows classes, and the model gives numbers");
    if (status == ANNC_OK)
        status = print_predictions(predictions);
    free(classes);
    free(predictions->outputs);
    return status;
}

/* Tells what the reader assumed since it was last asked; *told is how much of that was told. */
static void tell_notes(const struct options *options, const annc_reader *reader, size_t *told)
{
    for (const char *line = annc_reader_notes(reader) + *told; *line; line += strcspn(line, "\n") + 1)
        note(options, "  %.*s", (int)strcspn(line, "\n"), line);
    *told = strlen(annc_reader_notes(reader));
}

static annc_status predict_pieces(struct predictions *predictions, annc_reader *reader, annc_device *device,
                                  const annc_network *network)
{
    annc_dataset *piece;
    size_t told = 0;
    note(predictions->options, "data: %s", annc_reader_description(reader));
    for (;;) {
        annc_status status = annc_reader_next(reader, &piece);
        tell_notes(predictions->options, reader, &told);
        if (status != ANNC_OK || !piece)
            return status;
        predictions->data = piece;
        if (predictions->options->value[OPTION_SHOW_INPUT].given)
            status = show_inputs(piece);
        if (status == ANNC_OK)
            status = predict_piece(predictions, device, network);
        predictions->before += annc_dataset_examples(piece)->count;
        annc_dataset_free(piece);
        if (status != ANNC_OK)
            return status;
    }
}

static annc_status predict_file(struct predictions *predictions, annc_device *device, const annc_network *network)
{
    annc_data_options source;
    annc_reader *reader = NULL;
    annc_status status = data_options_from(predictions->options, annc_network_shape(network), &source);
    source.source = ANNC_SOURCE_PATH;
    source.path = predictions->input;
    source.model = network;
    predictions->before = 0;
    if (status == ANNC_OK)
        status = annc_reader_open(&source, &reader);
    if (status == ANNC_OK)
        status = predict_pieces(predictions, reader, device, network);
    annc_reader_close(reader);
    return status;
}

static annc_status predict_files(const struct options *options, annc_device *device, const annc_network *network)
{
    static const char *const standard_input[] = {"-"};
    const bool named = options->positional_count > 1;
    const char *const *files = named ? options->positional + 1 : standard_input;
    const int count = named ? options->positional_count - 1 : 1;
    const annc_shape *shape = annc_network_shape(network);
    const annc_activation last = shape->activation[shape->layers - 1];
    struct predictions predictions = {.options = options,
                                      .is_probability = last == ANNC_SIGMOID || last == ANNC_SOFTMAX,
                                      .on_terminal = isatty(STDOUT_FILENO)};
    annc_status status = ANNC_OK;
    for (int i = 0; i < count && status == ANNC_OK; i++) {
        predictions.input = files[i];
        status = predict_file(&predictions, device, network);
    }
    return status;
}

annc_status run_predict(const struct options *options)
{
    annc_network *network = NULL;
    annc_device *device = NULL;
    annc_shape said;
    if (options->positional_count < 1 || (options->positional_count < 2 && isatty(STDIN_FILENO)))
        return annc_fail(ANNC_USAGE,
                         "predict needs a model and a file, or a table from a pipe: annc-gpu predict MODEL FILE...");
    if (options->value[OPTION_CSV].given && options->value[OPTION_JSON].given)
        return annc_fail(ANNC_USAGE, "--csv and --json contradict each other");
    annc_status status = load_model(options, options->positional[0], &network);
    if (status == ANNC_OK)
        status = shape_from_options(options, annc_network_shape(network), &said);
    if (status == ANNC_OK)
        status = device_from_options(options, annc_network_shape(network), NULL, &device);
    if (status == ANNC_OK)
        status = predict_files(options, device, network);
    annc_device_close(device);
    annc_network_free(network);
    return status;
}
