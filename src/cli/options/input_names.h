/* input_names.h - what people call the inputs of a network. */
#ifndef ANNC_CLI_OPTIONS_INPUT_NAMES_H
#define ANNC_CLI_OPTIONS_INPUT_NAMES_H

#include "annc.h"

enum { INPUT_NAME = 256 };

/* The names of a network's inputs. */
struct input_names {
    uint32_t count;
    const char **name; /* count: from the training data's columns; NULL if unknown */
    char *text;        /* owns them */
};

/* Takes the names from the model's metadata. network: NULL for none. */
void input_names_open(const annc_network *network, uint32_t count, struct input_names *names);
void input_names_close(struct input_names *names);
/* Writes the name of input i (from 0) in printable form, or its number from 1. Returns `name`. */
const char *input_name(const struct input_names *names, uint32_t i, char name[INPUT_NAME]);

#endif
