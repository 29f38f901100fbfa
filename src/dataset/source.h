/* source.h - data sets from files. */
#ifndef ANNC_DATASET_SOURCE_H
#define ANNC_DATASET_SOURCE_H

#include "annc.h"
#include "formats/stream.h"

/* As annc_data_load; `stream`, or NULL, is the file that the options name, open already and of a format, and becomes the loading's own. */
annc_status annc_data_load_open(const annc_data_options *options, struct annc_stream *stream, annc_format format,
                                annc_data *data);

#endif
