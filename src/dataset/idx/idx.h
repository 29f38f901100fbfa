/* idx.h - reads IDX files, the format of MNIST: 00 00, a type, a rank, big-endian sizes,
 * elements. */
#ifndef ANNC_DATASET_IDX_IDX_H
#define ANNC_DATASET_IDX_IDX_H

#include "formats/stream.h"

enum { ANNC_IDX_MOST_RANK = 8 };

struct annc_idx {
    uint32_t rank;
    uint32_t size[ANNC_IDX_MOST_RANK];
    size_t count;                /* elements: the product of the sizes */
    annc_input_type type;        /* unsigned bytes stay bytes; all other types become floats */
    void *elements;              /* uint8_t or float; the caller's, freed by annc_release */
    struct annc_mapping mapping; /* of the elements that stay in their file */
    int gzip_layers;             /* around the file */
};

/* Frees all allocated members. */
void annc_idx_free(struct annc_idx *idx);

/* Reads an open IDX file of any element type (08 09 0B 0C 0D 0E). It checks sizes against the
 * file's before it allocates memory, and memory grows with the bytes read. ANNC_INPUT names the
 * file and the reason. maps: leave the bytes of a raw file there, as those of a file too large to
 * be read. */
annc_status annc_idx_read(struct annc_stream *stream, bool maps, struct annc_idx *idx);

#endif
