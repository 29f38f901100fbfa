/* model_layers.h - makes a network from the tensors of a file. */
#ifndef ANNC_NETWORK_FILES_MODEL_LAYERS_H
#define ANNC_NETWORK_FILES_MODEL_LAYERS_H

#include "annc.h"
#include "network/files/model_file.h"

/* Makes a network from the listed tensors of a file, with values from file->read. `assumed` is that
 * of annc_model_load. */
annc_status annc_model_make(struct annc_model_file *file, const annc_shape *assumed, annc_network **network);

#endif
