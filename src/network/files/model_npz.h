/* model_npz.h - the arrays of an NPZ file as a network. */
#ifndef ANNC_NETWORK_FILES_MODEL_NPZ_H
#define ANNC_NETWORK_FILES_MODEL_NPZ_H

#include "annc.h"

/* Annc_model_load of an NPZ file. */
annc_status annc_model_load_npz(const char *path, const annc_shape *assumed, annc_network **network);

#endif
