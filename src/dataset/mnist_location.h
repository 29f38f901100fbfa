/* mnist_location.h - where MNIST is on this machine. */
#ifndef ANNC_DATASET_MNIST_LOCATION_H
#define ANNC_DATASET_MNIST_LOCATION_H

#include "annc.h"

/* The user's cache folder for MNIST: $XDG_CACHE_HOME/annc/mnist or ~/.cache/annc/mnist; false where there is neither. */
bool annc_mnist_cache_folder(char *path, size_t size);

#endif
