/* command_show.c - annc-gpu show */
#include "cli.h"
#include "drawing.h"

#include <stdlib.h>

enum { SHOWN_IN_FILE = 100, SHOWN_ON_SCREEN = 10 };

static annc_status show_images(const struct options *options, const annc_dataset *dataset)
{
    const struct option_value *value = options->value;
    const char *path = value[OPTION_OUT].text;
    const uint32_t there = annc_dataset_examples(dataset)->count;
    uint32_t count = value[OPTION_COUNT_SHOWN].given ? (uint32_t)value[OPTION_COUNT_SHOWN].whole
                     : path                          ? SHOWN_IN_FILE
                                                     : SHOWN_ON_SCREEN;
    uint32_t rows, columns;
    annc_dataset_image_size(dataset, &rows, &columns);
    if (columns == 1) {
        usage_failed("the data are rows of %u features, not images", rows);
        return ANNC_INPUT;
    }
    count = count < there ? count : there;
    if (!path)
        return draw_images(stdout, dataset, 0, count, true);
    const annc_status status = annc_dataset_draw(dataset, 0, count, path);
    if (status == ANNC_OK)
        note(options, "%u images are in %s", count, path);
    return status;
}

annc_status run_show(const struct options *options)
{
    annc_data_options source;
    annc_data data = {0};
    annc_status status = data_options_from(options, NULL, &source);
    source.need_train = true;
    if (status == ANNC_OK)
        status = load_data(options, options->positional_count ? options->positional[0] : NULL, &source, false, &data);
    if (status == ANNC_OK)
        status = show_images(options, data.train);
    annc_data_free(&data);
    return status;
}
