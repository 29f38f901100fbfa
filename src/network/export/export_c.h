/* export_c.h - exports a network as C code that computes it. */
#ifndef ANNC_NETWORK_EXPORT_EXPORT_C_H
#define ANNC_NETWORK_EXPORT_EXPORT_C_H

#include "annc.h"

struct annc_safe_file;

/* Writes to an open file. ANNC_INPUT if the model's metadata contradict its shape; ANNC_OUTPUT if
 * writing fails; ANNC_MEMORY. */
annc_status annc_export_c(const annc_network *network, struct annc_safe_file *file);

#endif
