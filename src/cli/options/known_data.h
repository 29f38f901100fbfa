/* known_data.h - the data that a model was trained with, for commands that are given none. */
#ifndef ANNC_CLI_OPTIONS_KNOWN_DATA_H
#define ANNC_CLI_OPTIONS_KNOWN_DATA_H

#include "annc.h"
#include "cli/options/option_types.h"

/* A command's options, completed by a model's configuration; `options` uses the text. */
struct known_data {
    struct options options;
    char *text;
};

/* Completes the options of a command by the test set of the model's training, or else by its
 * training data, with the options to read them, if --data is not given, the model's configuration
 * names data and they are still there; notes which it takes. Otherwise nothing changes. network may
 * be NULL. Close it after the last use of the options, in any case. */
annc_status known_data_open(unsigned command, const struct options *given, const annc_network *network,
                            struct known_data *known);
void known_data_close(struct known_data *known);

#endif
