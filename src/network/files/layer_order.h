/* layer_order.h - finds the order of layers whose names do not say it: the one in which their shapes
 * follow from each other. */
#ifndef ANNC_NETWORK_FILES_LAYER_ORDER_H
#define ANNC_NETWORK_FILES_LAYER_ORDER_H

#include "network/files/model_file.h"

/* Sorts layers by name, with numbers in names compared as numbers, and then puts them in the one
 * order in which each takes the outputs of the layer before it, layers whose names differ in numbers
 * alone keep the order of these, and, if such an order exists, the widths are those of `assumed` (or
 * NULL). Without any such order, and for names that all differ in numbers alone, the order is that of
 * the names. ANNC_INPUT lists the orders if there are several. */
annc_status annc_layers_order(const struct annc_model_file *file, const annc_shape *assumed,
                              struct annc_model_layer *layers, uint32_t count);

/* Writes the names of the layers in their order, printable, separated by commas, to `list` (of
 * `size` bytes), with their shapes ("fc1 4-8") if asked. */
void annc_layers_list(const struct annc_model_layer *layers, uint32_t count, bool shapes, char *list, size_t size);

#endif
