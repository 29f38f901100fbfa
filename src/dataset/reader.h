/* reader.h - annc_reader with other piece sizes than the library's default. */
#ifndef ANNC_DATASET_READER_H
#define ANNC_DATASET_READER_H

#include "dataset/text/records.h"

/* Sizes of pieces. They do not affect the result, except that `intake` sets the size of the
 * beginning. */
struct annc_reader_sizes {
    struct annc_intake intake;
    size_t cells; /* inputs per piece; its number of rows is a power of two */
};

annc_status annc_reader_open_sized(const annc_data_options *options, const struct annc_reader_sizes *sizes,
                                   annc_reader **reader);

#endif
