/* reader.h - the inside of annc_reader, for those who want other pieces than the library's own. */
#ifndef ANNC_DATASET_READER_H
#define ANNC_DATASET_READER_H

#include "dataset/tables/records.h"

/* How large pieces are; nothing that is read depends on it but what `intake` says of the beginning. */
struct annc_reader_sizes {
    struct annc_intake intake;
    size_t cells; /* inputs a piece, as many rows of them as make a power of two */
};

annc_status annc_reader_open_sized(const annc_data_options *options, const struct annc_reader_sizes *sizes,
                                   annc_reader **reader);

#endif
