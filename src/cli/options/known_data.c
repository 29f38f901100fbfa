/* known_data.c - the data that a model was trained with, for commands that are given none. */
#include "cli/options/known_data.h"
#include "base/status.h"
#include "cli/options/configuration.h"
#include "cli/options/note.h"
#include "cli/options/option_table.h"
#include "cli/options/options.h"
#include "cli/terminal/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The lines "name = value" of a configuration that say which data are read, and how. */
static const enum option_id READ_BY[] = {
    OPTION_DATA,      OPTION_LABELS,    OPTION_LABEL,     OPTION_TARGET,      OPTION_DROP,   OPTION_MISSING,
    OPTION_DELIMITER, OPTION_DECIMAL,   OPTION_THOUSANDS, OPTION_HEADER,      OPTION_SKIP,   OPTION_X,
    OPTION_Y,         OPTION_TRANSPOSE, OPTION_TEST,      OPTION_TEST_LABELS, OPTION_WEIGHTS};

enum { READ_COUNT = sizeof READ_BY / sizeof *READ_BY };

/* Cuts a configuration into the values of READ_BY; NULL for those that it lacks. */
static void cut_lines(char *text, const char *values[OPTION_COUNT])
{
    const char *name, *value;
    while (configuration_next(&text, &name, &value))
        for (int i = 0; i < READ_COUNT; i++)
            if (option_named(TRAIN, name) == READ_BY[i])
                values[READ_BY[i]] = value;
}

/* A pipe cannot be read again. */
static bool is_there(const char *path)
{
    struct stat file;
    return strcmp(path, "mnist") == 0 || strcmp(path, "digits") == 0 ||
           (stat(path, &file) == 0 && (S_ISREG(file.st_mode) || S_ISDIR(file.st_mode)));
}

/* Puts the test set in the place of the training data. */
static void take_test(const char *values[OPTION_COUNT])
{
    const char *skip = values[OPTION_SKIP], *comma = skip ? strchr(skip, ',') : NULL;
    values[OPTION_DATA] = values[OPTION_TEST];
    values[OPTION_LABELS] = values[OPTION_TEST_LABELS];
    values[OPTION_WEIGHTS] = NULL;
    values[OPTION_SKIP] = comma ? comma + 1 : skip;
}

annc_status known_data_open(unsigned command, const struct options *given, const annc_network *network,
                            struct known_data *known)
{
    const char *config = network ? annc_network_metadata(network, "annc.config") : NULL;
    const char *values[OPTION_COUNT] = {NULL};
    known->text = NULL;
    memcpy(&known->options, given, sizeof *given);
    if (!config || given->value[OPTION_DATA].given)
        return ANNC_OK;
    known->text = take_copy(config, "a configuration");
    cut_lines(known->text, values);
    const bool has_test = values[OPTION_TEST] && is_there(values[OPTION_TEST]);
    if (has_test)
        take_test(values);
    if (!values[OPTION_DATA] || !is_there(values[OPTION_DATA]))
        return ANNC_OK;
    for (int i = 0; i < READ_COUNT; i++) {
        const enum option_id id = READ_BY[i];
        if (values[id] && OPTIONS[id].commands & command && !given->value[id].given)
            ANNC_RETURN_IF_FAILED(option_set(id, values[id], &known->options));
    }
    note(given, "reading the %s of the model's training; --data names others", has_test ? "test set" : "data");
    return ANNC_OK;
}

void known_data_close(struct known_data *known)
{
    free(known->text);
}
