/* dates.h - which inputs of a model are dates, and that list as metadata of a model. An array has a
 * truth value per input, NULL if none is a date. */
#ifndef ANNC_DATASET_DATES_DATES_H
#define ANNC_DATASET_DATES_DATES_H

#include "annc.h"
#include "base/json/json_write.h"

/* Returns whether an input is a date. */
static inline bool annc_is_date(const bool *dates, uint32_t input)
{
    return dates && dates[input];
}

/* Makes the array of one input after another; annc_release frees it. */
annc_status annc_dates_add(bool **dates, uint32_t inputs, uint32_t input);
annc_status annc_dates_copy(const bool *from, uint32_t inputs, bool **to);

/* Read and write a JSON array of the inputs that are dates, in increasing order, from 0. ANNC_INPUT
 * unless a network of `inputs` inputs has them. */
annc_status annc_dates_parse(const char *text, uint32_t inputs, bool **dates);
void annc_dates_format(const bool *dates, uint32_t inputs, struct annc_json_writer *json);

#endif
