/* number_run.h - reads fields that are numbers with the vectors of the processor. */
#ifndef ANNC_DATASET_TEXT_NUMBER_RUN_H
#define ANNC_DATASET_TEXT_NUMBER_RUN_H

#include "base/config.h"
#include "dataset/text/field.h"

/* The bytes of text that must be in memory before the first field, and from a field's beginning on. */
enum { ANNC_RUN_BEFORE = 17, ANNC_RUN_AHEAD = 64 };

/* Both know numbers of a sign, digits and a point, as most are written, and stop before anything else,
 * which is read field by field, to the same result. The separator is no blank. */
struct annc_number_runs {
    /* Reads the fields from *at on that are numbers of at most 19 digits, as long as a separator or a
     * line end follows each; at most `room`. *at moves to the next field or, with *ended, to the line
     * end. Returns the number of fields. */
    size_t (*read)(const char **at, const char *end, char separator, struct annc_field *fields, size_t room,
                   bool *ended);
    /* Passes over the records from *at on that have `width` numbers and are not `first` (of
     * first_length bytes; NULL: none) again; at most `most`. Sets *has_points if a number has a
     * point. Returns the number of records, each a line. */
    size_t (*pass)(const char **at, const char *end, char separator, size_t width, const char *first,
                   size_t first_length, size_t most, bool *has_points);
};

/* Returns the runs of this processor, or NULL if it has none. */
const struct annc_number_runs *annc_number_runs_choose(void);

#if ANNC_X86_KERNELS
extern const struct annc_number_runs annc_number_runs_avx2;
#endif

#endif
