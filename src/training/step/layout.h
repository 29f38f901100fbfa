/* layout.h - the place of each layer's parameters in a block of device memory. Blocks on the host,
 * files and annc.h have them one after another; so do devices whose memory is the host's, and
 * trainings by engines with kernels for whole steps. Operations on a GPU want each W at a multiple
 * of 256 bytes: there are gaps below them. The gaps of blocks that an optimiser sees are 0. */
#ifndef ANNC_TRAINING_STEP_LAYOUT_H
#define ANNC_TRAINING_STEP_LAYOUT_H

#include "backend/backend.h"

/* Of parameters, or of gradients and states of an optimiser. b of a layer follows its W. */
struct annc_layout {
    uint32_t layers;
    size_t host[ANNC_MAX_LAYERS + 1], W[ANNC_MAX_LAYERS + 1], b[ANNC_MAX_LAYERS + 1]; /* from layer 1 */
    size_t end[ANNC_MAX_LAYERS + 1];                                                  /* of b */
    size_t count;                                                                     /* floats of a block */
};

/* Returns the layout for operations of a backend. */
struct annc_layout annc_layout_of(const struct annc_backend *backend, const annc_shape *shape);
/* Returns the layout without gaps, as on the host. */
struct annc_layout annc_layout_dense(const annc_shape *shape);

/* Copy a block from and to the host's layout; the gaps stay. */
annc_status annc_layout_upload(const struct annc_layout *layout, annc_device *device, float *block, const float *host);
annc_status annc_layout_download(const struct annc_layout *layout, annc_device *device, float *host,
                                 const float *block);

#endif
