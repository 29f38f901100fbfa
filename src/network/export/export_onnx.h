/* export_onnx.h - exports a network as an ONNX model. */
#ifndef ANNC_NETWORK_EXPORT_EXPORT_ONNX_H
#define ANNC_NETWORK_EXPORT_EXPORT_ONNX_H

#include "annc.h"

struct annc_safe_file;

/* Writes to an open file. ANNC_OUTPUT if writing fails; ANNC_MEMORY. */
annc_status annc_export_onnx(const annc_network *network, struct annc_safe_file *file);

#endif
