/* command_predict.c - annc-gpu predict */
#include "cli/model/command_predict.h"
#include "base/functions.h"
#include "base/pool.h"
#include "base/processors.h"
#include "base/status.h"
#include "cli/charts/drawing.h"
#include "cli/charts/gallery.h"
#include "cli/model/input_files.h"
#include "cli/model/predictions.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Draws the inputs of the network. */
static annc_status show_inputs(const annc_dataset *dataset)
{
    struct gallery gallery;
    const annc_status status = gallery_of_examples(dataset, 0, annc_dataset_examples(dataset)->count, &gallery);
    gallery.images.captions = NULL; /* no labels yet */
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
    annc_evaluation ignored; /* no labels to compare with */
    annc_status status = ANNC_OK;
    const size_t count = (size_t)examples->count * examples->outputs;
    int32_t *classes = take_memory(examples->count, sizeof *classes, "the predictions");
    float *outputs = take_memory(count, sizeof *outputs, "the predictions");
    predictions->outputs = take_memory(count, sizeof *predictions->outputs, "the predictions");
    ANNC_TRY(annc_evaluator_create(device, network, predictions->data, &evaluator));
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, classes, outputs, &ignored));
    predictions->classes = examples->labels ? classes : NULL;
    annc_dataset_unscale_f64(predictions->data, examples->count, outputs, predictions->outputs);
    if (!examples->labels && predictions->options->value[OPTION_TOP_CLASSES].given)
        ANNC_TRY(annc_fail(ANNC_USAGE, "--top needs classes, but the model predicts numbers"));
    ANNC_TRY(print_predictions(predictions));
out:
    annc_evaluator_free(evaluator);
    free(classes);
    free(outputs);
    free(predictions->outputs);
    return status;
}

/* Prints the reader's new assumptions; *told: length of those already printed. */
static void tell_notes(const struct options *options, const annc_reader *reader, size_t *told)
{
    char text[1024];
    for (const char *line = annc_reader_notes(reader) + *told; *line; line += strcspn(line, "\n") + 1)
        note(options, "  %s", note_naming_options(line, text, sizeof text));
    *told = strlen(annc_reader_notes(reader));
}

static annc_status show_and_predict(struct predictions *predictions, annc_device *device, const annc_network *network)
{
    if (predictions->options->value[OPTION_SHOW_INPUT].given)
        ANNC_RETURN_IF_FAILED(show_inputs(predictions->data));
    return predict_piece(predictions, device, network);
}

/* The pieces of an input: one is predicted while the next one is read. */
struct pieces {
    struct predictions *predictions;
    annc_reader *reader;
    annc_device *device;
    const annc_network *network;
    annc_dataset *next;                /* NULL: there is none */
    annc_status read, predicted;       /* of the last calls */
    struct annc_kept_error read_error; /* maybe of another thread */
};

static void read_next(struct pieces *pieces)
{
    pieces->read = annc_reader_next(pieces->reader, &pieces->next);
    if (pieces->read != ANNC_OK)
        annc_error_keep(&pieces->read_error);
}

static void predict_or_read(void *context, int i)
{
    struct pieces *pieces = context;
    if (i == 0)
        pieces->predicted = show_and_predict(pieces->predictions, pieces->device, pieces->network);
    else
        read_next(pieces);
}

/* Opens a second thread for a long input. Not for pipes: a prediction that nobody reads any more
 * ends the program, which must not wait for further input first. NULL: one thread does everything. */
static struct annc_pool *open_second_thread(const struct predictions *predictions)
{
    enum { LONG = 1 << 20 };
    const uint64_t threads = predictions->options->value[OPTION_THREADS].whole;
    struct annc_pool *pool = NULL;
    struct stat file;
    const bool is_long = strcmp(predictions->input, "-") != 0 && stat(predictions->input, &file) == 0 &&
                         S_ISREG(file.st_mode) && file.st_size > LONG;
    if (is_long && (threads > 0 ? threads > 1 : annc_usable_processors() > 1))
        annc_pool_open(2, &pool); /* or the system gives no thread */
    return pool;
}

static annc_status predict_pieces(struct pieces *pieces)
{
    struct predictions *predictions = pieces->predictions;
    struct annc_pool *pool = open_second_thread(predictions);
    annc_dataset *piece = NULL;
    size_t told = 0;
    note(predictions->options, "data: %s", annc_reader_description(pieces->reader));
    read_next(pieces);
    for (;;) {
        tell_notes(predictions->options, pieces->reader, &told);
        if (pieces->read != ANNC_OK || !pieces->next)
            break;
        predictions->data = piece = pieces->next;
        pieces->next = NULL;
        annc_pool_run(pool, 2, predict_or_read, pieces);
        annc_dataset_free(piece);
        if (pieces->predicted != ANNC_OK)
            break;
        if (!pool)
            read_next(pieces);
    }
    annc_pool_close(pool);
    annc_dataset_free(pieces->next);
    if (pieces->predicted != ANNC_OK || pieces->read == ANNC_OK)
        return pieces->predicted;
    return annc_fail_again(pieces->read, &pieces->read_error);
}

static annc_status predict_file(struct predictions *predictions, annc_device *device, const annc_network *network)
{
    annc_data_options source;
    annc_reader *reader = NULL;
    annc_status status = ANNC_OK;
    ANNC_TRY(data_options_from(predictions->options, annc_network_shape(network), &source));
    source.source = ANNC_SOURCE_PATH;
    source.path = predictions->input;
    source.model = network;
    ANNC_TRY(annc_reader_open(&source, &reader));
    struct pieces pieces = {.predictions = predictions, .reader = reader, .device = device, .network = network};
    ANNC_TRY(predict_pieces(&pieces));
out:
    annc_reader_close(reader);
    return status;
}

static annc_status predict_files(const struct options *options, annc_device *device, const annc_network *network)
{
    struct input_files files;
    annc_status status = ANNC_OK;
    const annc_shape *shape = annc_network_shape(network);
    const annc_activation last = shape->activation[shape->layers - 1];
    struct predictions predictions = {.options = options,
                                      .is_probability = last == ANNC_SIGMOID || last == ANNC_SOFTMAX,
                                      .has_label_sets = annc_network_metadata(network, "annc.label_separator") != NULL,
                                      .middle = annc_cost_middle(shape->cost),
                                      .on_terminal = isatty(STDOUT_FILENO)};
    int failed = 0;
    ANNC_TRY(input_files_open(options->positional + 1, options->positional_count - 1, &files));
    predictions.has_names = files.count > 1 && files.pictures == files.count;
    for (int i = 0; i < files.count; i++) {
        predictions.input = files.path[i];
        status = predict_file(&predictions, device, network);
        if (status == ANNC_INPUT && files.count > 1) {
            fprintf(stderr, "annc-gpu: %s\n", error_text());
            failed++;
            continue;
        }
        ANNC_TRY(status);
    }
    status =
        failed == 0 ? ANNC_OK : annc_fail(ANNC_INPUT, "%d of %d files could not be predicted", failed, files.count);
out:
    input_files_close(&files);
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
        return annc_fail(ANNC_USAGE, "--csv and --json cannot be combined");
    annc_status status = ANNC_OK;
    ANNC_TRY(load_model(options, options->positional[0], &network));
    ANNC_TRY(shape_from_options(options, annc_network_shape(network), &said));
    ANNC_TRY(device_from_options(options, annc_network_shape(network), NULL, NULL, &device));
    ANNC_TRY(predict_files(options, device, network));
out:
    annc_device_close(device);
    annc_network_free(network);
    return status;
}
