/* export.h - the kinds of file that annc_model_export writes, one function each. */
#ifndef ANNC_NETWORK_EXPORT_H
#define ANNC_NETWORK_EXPORT_H

#include "annc.h"

struct annc_safe_file;

/* Each writes to an open file: ANNC_OUTPUT where that fails, ANNC_MEMORY when memory runs out. */
annc_status annc_export_onnx(const annc_network *network, struct annc_safe_file *file);
annc_status annc_export_npz(const annc_network *network, struct annc_safe_file *file);
annc_status annc_export_json(const annc_network *network, struct annc_safe_file *file);
annc_status annc_export_c(const annc_network *network, struct annc_safe_file *file);
annc_status annc_export_html(const annc_network *network, struct annc_safe_file *file);

#endif
