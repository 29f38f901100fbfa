/* shape.h - shapes as text, for files and messages. */
#ifndef ANNC_NETWORK_SHAPE_H
#define ANNC_NETWORK_SHAPE_H

#include "annc.h"

/* Writes "784-32-10" and "sigmoid-sigmoid"; false where they do not fit. */
bool annc_shape_format_layers(const annc_shape *shape, char *text, size_t size);
bool annc_shape_format_activations(const annc_shape *shape, char *text, size_t size);

/* Reads what the two above write, and the name of a cost, into a shape. Gives NULL, or what is wrong. */
const char *annc_shape_parse(const char *layers, const char *activations, const char *cost, annc_shape *shape);

/* The range of an activation, and the targets that a cost takes; the ends belong to them. */
struct annc_range {
    double low, high;
};
struct annc_range annc_activation_range(annc_activation f);
struct annc_range annc_cost_targets(annc_cost cost);

#endif
