/* shape.h - shapes as text, for files and messages. */
#ifndef ANNC_NETWORK_SHAPE_H
#define ANNC_NETWORK_SHAPE_H

#include "annc.h"

/* Write "784-32-10" and "sigmoid-sigmoid"; return false if the text does not fit. */
bool annc_shape_format_layers(const annc_shape *shape, char *text, size_t size);
bool annc_shape_format_activations(const annc_shape *shape, char *text, size_t size);

/* Reads the texts of the two functions above, and the name of a cost, into a shape. Returns NULL,
 * or an error message. */
const char *annc_shape_parse(const char *layers, const char *activations, const char *cost, annc_shape *shape);

/* Returns whether the number of layers and all enumerators of a shape are in range, so that tables
 * may be indexed with them; false for NULL. */
bool annc_shape_is_in_range(const annc_shape *shape);

/* Returns whether two networks have equal layers, activations and costs. */
bool annc_shape_is_same(const annc_shape *a, const annc_shape *b);

/* The range of an activation, or of the targets that a cost accepts; ends included. */
struct annc_range {
    double low, high;
};
struct annc_range annc_activation_range(annc_activation f);
struct annc_range annc_cost_targets(annc_cost cost);

#endif
