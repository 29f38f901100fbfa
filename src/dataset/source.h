/* source.h - loads data sets from files. */
#ifndef ANNC_DATASET_SOURCE_H
#define ANNC_DATASET_SOURCE_H

#include "annc.h"
#include "formats/stream.h"

/* Does the same as annc_data_load. `stream`, or NULL, is the already open file of the options, in
 * format `format`; the loading takes ownership of it. */
annc_status annc_data_load_open(const annc_data_options *options, struct annc_stream *stream, annc_format format,
                                annc_data *data);

#endif
