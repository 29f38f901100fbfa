/* command_show.c - annc-gpu show */
#include "cli/model/command_show.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/charts/gallery.h"
#include "cli/charts/weight_table.h"
#include "cli/options/argument_order.h"
#include "cli/options/known_data.h"
#include "cli/options/note.h"
#include "cli/options/option_types.h"
#include "cli/options/setup.h"
#include "cli/options/show_subject.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/output.h"
#include "cli/terminal/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SHOWN_IN_FILE = 100, SHOWN_ON_SCREEN = 10 };

static uint32_t count_asked(const struct options *options)
{
    const struct option_value *value = options->value;
    return value[OPTION_COUNT_SHOWN].given ? (uint32_t)value[OPTION_COUNT_SHOWN].whole
           : value[OPTION_OUT].text        ? SHOWN_IN_FILE
                                           : SHOWN_ON_SCREEN;
}

/* ---------------------------------------------------------------- data */

static annc_status show_data(const struct options *options, const char *what, enum subject subject,
                             struct gallery *gallery)
{
    annc_data_options source;
    annc_data data = {0};
    annc_status status = ANNC_OK;
    ANNC_TRY(data_options_from(options, NULL, &source));
    source.need_train = true;
    ANNC_TRY(load_data(options, what, &source, false, &data));
    if (subject == SHOW_MEANS) {
        ANNC_TRY(gallery_of_means(data.train, gallery));
    } else {
        const uint32_t there = annc_dataset_examples(data.train)->count, asked = count_asked(options);
        ANNC_TRY(gallery_of_examples(data.train, 0, asked < there ? asked : there, gallery));
    }
out:
    annc_data_free(&data);
    return status;
}

/* ---------------------------------------------------------------- models */

static annc_status show_weights(const struct options *options, const annc_network *network, struct gallery *gallery)
{
    const uint32_t l = (uint32_t)options->value[OPTION_LAYER].whole, layers = annc_network_shape(network)->layers;
    if (l > layers)
        return annc_fail(ANNC_USAGE, "--of-layer %u: the model has %u layer%s", l, layers, annc_plural(layers));
    const uint32_t count = options->value[OPTION_COUNT_SHOWN].given ? count_asked(options) : SHOWN_IN_FILE;
    uint32_t rows, columns;
    if (options->value[OPTION_OUT].text || (l == 1 && network_takes_images(network, &rows, &columns))) {
        gallery_of_weights(network, l, count, gallery);
        return ANNC_OK;
    }
    print_weight_table(stdout, network, l, count);
    return flush(stdout, "standard output");
}

static annc_status find_and_show_mistakes(const struct options *options, const annc_network *network,
                                          const annc_dataset *dataset, struct gallery *gallery)
{
    const annc_examples *examples = annc_dataset_examples(dataset);
    const annc_device_options chosen = {.kind = ANNC_DEVICE_AUTO};
    annc_device *device = NULL;
    annc_evaluator *evaluator = NULL;
    annc_evaluation evaluation;
    if (!annc_dataset_labels(dataset))
        return annc_fail(ANNC_INPUT, "--what mistakes needs classes, but the data have targets");
    int32_t *predictions = take_memory(examples->count, sizeof *predictions, "the predictions");
    float *outputs = take_memory((size_t)examples->count * examples->outputs, sizeof *outputs, "the outputs");
    annc_status status = ANNC_OK;
    ANNC_TRY(annc_device_open_for(&chosen, annc_network_shape(network), NULL, NULL, 0, &device));
    ANNC_TRY(annc_evaluator_create(device, network, dataset, &evaluator));
    ANNC_TRY(annc_evaluator_run(evaluator, NULL, predictions, outputs, &evaluation));
    if (evaluation.correct == evaluation.count)
        note(options, "no mistakes: all %u examples are classified correctly", evaluation.count);
    else
        ANNC_TRY(gallery_of_mistakes(dataset, predictions, outputs, count_asked(options), gallery));
out:
    annc_evaluator_free(evaluator);
    annc_device_close(device);
    free(predictions);
    free(outputs);
    return status;
}

static annc_status show_mistakes(const struct options *options, const annc_network *network, struct gallery *gallery)
{
    annc_data_options source;
    annc_data data = {0};
    struct known_data known;
    annc_status status = ANNC_OK;
    ANNC_TRY(known_data_open(SHOW, options, network, &known));
    ANNC_TRY(data_options_from(&known.options, annc_network_shape(network), &source));
    source.model = network;
    source.need_test = true;
    ANNC_TRY(load_data(options, known.options.value[OPTION_DATA].text, &source, false, &data));
    ANNC_TRY(find_and_show_mistakes(options, network, data.test, gallery));
out:
    known_data_close(&known);
    annc_data_free(&data);
    return status;
}

/* Returns whether the subject is a model, and loads it. */
static annc_status find_model(const struct options *options, bool needed, annc_network **network)
{
    const char *path = options->positional_count ? options->positional[0] : NULL;
    struct stat file;
    *network = NULL;
    if (!path && needed)
        return annc_fail(ANNC_USAGE, "--what weights and mistakes need a model: annc-gpu show MODEL --what weights");
    if (!path || (!needed && (stat(path, &file) != 0 || !S_ISREG(file.st_mode))))
        return ANNC_OK;
    const annc_status status = needed ? load_model(options, path, network) : annc_model_load(path, NULL, network);
    return needed || status == ANNC_MEMORY ? status : ANNC_OK;
}

/* Shows data without any use of the model. */
static annc_status show_data_beside_model(const struct options *options, enum subject subject, struct gallery *gallery)
{
    const char *data = options->value[OPTION_DATA].text;
    if (!data)
        return annc_fail(ANNC_USAGE, "--what %s needs data, but %.200s is a model; name the data with --data",
                         show_subject(subject), options->positional[0]);
    return show_data(options, data, subject, gallery);
}

static annc_status refuse_two_data(const struct options *options, const char *name)
{
    ANNC_RETURN_IF_FAILED(check_model_first(options));
    return annc_fail(ANNC_USAGE, "%.200s is not a model, so it names data, as --data does; give only one of them",
                     name);
}

annc_status run_show(const struct options *options)
{
    const struct option_value *what = &options->value[OPTION_WHAT];
    const char *name = options->positional_count ? options->positional[0] : NULL,
               *data = options->value[OPTION_DATA].text;
    struct gallery gallery = {.pixels = NULL};
    annc_network *network = NULL;
    const bool of_model = what->given && (what->choice == SHOW_WEIGHTS || what->choice == SHOW_MISTAKES);
    annc_status status = ANNC_OK;
    ANNC_TRY(find_model(options, of_model, &network));
    if (network && what->given && !of_model)
        ANNC_TRY(show_data_beside_model(options, (enum subject)what->choice, &gallery));
    else if (network && what->choice == SHOW_MISTAKES)
        ANNC_TRY(show_mistakes(options, network, &gallery));
    else if (network)
        ANNC_TRY(show_weights(options, network, &gallery));
    else if (name && data)
        ANNC_TRY(refuse_two_data(options, name));
    else
        ANNC_TRY(show_data(options, name ? name : data, (enum subject)what->choice, &gallery));
    if (gallery.images.count > 0)
        ANNC_TRY(gallery_present(options, &gallery));
out:
    gallery_close(&gallery);
    annc_network_free(network);
    return status;
}
