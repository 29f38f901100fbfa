/* model_npz.h - makes a network from the arrays of an NPZ file. */
#ifndef ANNC_NETWORK_FILES_MODEL_NPZ_H
#define ANNC_NETWORK_FILES_MODEL_NPZ_H

#include "annc.h"

/* Does the work of annc_model_load for an NPZ file. */
annc_status annc_model_load_npz(const char *path, const annc_shape *assumed, annc_network **network);

#endif
