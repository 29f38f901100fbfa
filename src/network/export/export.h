/* export.h - exports a network as NPZ. */
#ifndef ANNC_NETWORK_EXPORT_EXPORT_H
#define ANNC_NETWORK_EXPORT_EXPORT_H

#include "annc.h"

struct annc_safe_file;

/* Writes to an open file. ANNC_OUTPUT if writing fails; ANNC_MEMORY. */
annc_status annc_export_npz(const annc_network *network, struct annc_safe_file *file);

#endif
