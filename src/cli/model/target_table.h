/* target_table.h - the measures of each of several targets. */
#ifndef ANNC_CLI_MODEL_TARGET_TABLE_H
#define ANNC_CLI_MODEL_TARGET_TABLE_H

#include "annc.h"
#include "cli/terminal/output.h"

/* Prints the accuracy of targets that are all 0 or 1, and, with `each`, the measures of each of
 * several targets. outputs: count x n_L, as the network gives them. */
annc_status print_targets(const annc_dataset *data, const float *outputs, bool each);
/* Adds the measures of each target. */
annc_status json_targets(struct json *json, const annc_dataset *data, const float *outputs);

/* Print, or add, the measures of the cost (quantile, poisson) and those of several labels per
 * example: with `each`, of each label. outputs: count x n_L, as the network gives them. */
void print_cost_measures(const annc_shape *shape, const annc_dataset *data, const float *outputs, bool each);
void json_cost_measures(struct json *json, const annc_shape *shape, const annc_dataset *data, const float *outputs);

/* Prints a target or its prediction, in the units of the file, with the digits that are known. */
void print_target_value(FILE *out, const annc_dataset *data, uint32_t target, double value);

#endif
