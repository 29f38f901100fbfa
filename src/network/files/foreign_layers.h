/* foreign_layers.h - finds the layers of a network in the tensors of another program's file. */
#ifndef ANNC_NETWORK_FILES_FOREIGN_LAYERS_H
#define ANNC_NETWORK_FILES_FOREIGN_LAYERS_H

#include "network/files/model_file.h"

/* Assigns the tensors to layers by the ends of their names (torch's weight and bias, Keras's kernel,
 * scikit-learn's coefs_N and intercepts_N), in the order that names and shapes say; sets the shape,
 * with the activations of `assumed`, whose widths must be the same, and the metadata
 * "annc.layer_names". ANNC_INPUT names the tensor that does not fit; it gives the widths if `assumed`
 * is NULL. */
annc_status annc_foreign_layers(struct annc_model_file *file, const annc_shape *assumed, annc_shape *shape,
                                struct annc_model_layer *layers);

#endif
