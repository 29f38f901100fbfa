/* weight_table.h - the weights of a layer as a table for a screen. */
#ifndef ANNC_CLI_CHARTS_WEIGHT_TABLE_H
#define ANNC_CLI_CHARTS_WEIGHT_TABLE_H

#include "annc.h"

#include <stdio.h>

/* Prints the weights into at most `count` units of layer l, a unit per line and an input per
 * column, on signed colours: blue below 0, orange above, as strong as the share of the largest. Of
 * wide layers, the inputs that fit the screen. */
void print_weight_table(FILE *out, const annc_network *network, uint32_t l, uint32_t count);

#endif
