/* mnist_location.h - the location of MNIST on this machine. */
#ifndef ANNC_DATASET_MNIST_LOCATION_H
#define ANNC_DATASET_MNIST_LOCATION_H

#include "annc.h"

/* Writes the path of the user's cache directory for MNIST: $XDG_CACHE_HOME/annc/mnist or
 * ~/.cache/annc/mnist. Returns false if neither is defined. */
bool annc_mnist_cache_folder(char *path, size_t size);

#endif
