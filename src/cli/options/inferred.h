/* inferred.h - options that follow from the data: the network and its training. */
#ifndef ANNC_CLI_OPTIONS_INFERRED_H
#define ANNC_CLI_OPTIONS_INFERRED_H

#include "annc.h"
#include "cli/options/option_types.h"

/* A command's options, completed from the data; `options` uses the texts. */
struct inferred {
    struct options options;
    char text[OPTION_COUNT][80], layers[1024];
};

/* Completes the options of a command that trains or draws a network. With --layers nothing changes;
 * for a model, source->model, only the options of its training do. For MNIST and the built-in
 * digits, --hidden gives the layers. Any other data are loaded as `source` says, and each option
 * that is not given, from --layers to --epochs, gets the value of annc_plan_make, with a note of
 * the main ones. `data` has the data afterwards, unless they are to be loaded again for each fold,
 * or were not loaded. */
annc_status options_infer(unsigned command, const struct options *given, annc_data_options *source,
                          struct inferred *inferred, annc_data *data);

/* Completes options by data that are loaded, like options_infer, without notes. */
annc_status options_infer_from(unsigned command, const struct options *given, const annc_dataset *train,
                               struct inferred *inferred);

#endif
