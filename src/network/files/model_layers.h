/* model_layers.h - from the tensors of a file to a network. */
#ifndef ANNC_NETWORK_FILES_MODEL_LAYERS_H
#define ANNC_NETWORK_FILES_MODEL_LAYERS_H

#include "annc.h"
#include "network/files/model_file.h"

/* The network of a file whose tensors are listed, whose values come by file->read. `assumed` is as
 * annc_model_load has it. */
annc_status annc_model_make(struct annc_model_file *file, const annc_shape *assumed, annc_network **network);

#endif
