/* network.h - the private part of annc_network. */
#ifndef ANNC_NETWORK_NETWORK_H
#define ANNC_NETWORK_NETWORK_H

#include "annc.h"

struct annc_metadata_entry {
    char *key, *value;
};

struct annc_block {
    char name[ANNC_BLOCK_NAME];
    float *values;
};

struct annc_network {
    annc_shape shape;
    float *theta;                         /* W^1, b^1, W^2, b^2, ... */
    struct annc_metadata_entry *metadata; /* in bytewise order of the keys */
    size_t metadata_count;
    struct annc_block blocks[ANNC_MOST_BLOCKS]; /* those without values are free */
};

#endif
