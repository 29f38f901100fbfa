/* export_text.h - exports a network as JSON and as C. */
#ifndef ANNC_NETWORK_EXPORT_EXPORT_TEXT_H
#define ANNC_NETWORK_EXPORT_EXPORT_TEXT_H

#include "annc.h"

struct annc_safe_file;

/* Both write to an open file. ANNC_OUTPUT if writing fails; ANNC_MEMORY. */
annc_status annc_export_json(const annc_network *network, struct annc_safe_file *file);
annc_status annc_export_c(const annc_network *network, struct annc_safe_file *file);

#endif
