#include "training/step/layout.h"
#include "base/status.h"

#include <string.h>

/* cuBLAS assumes matrices that are aligned as an allocation is; 64 floats are 256 bytes. */
enum { W_ALIGNMENT = 64 };

/* W of each layer starts at a multiple of `alignment` floats. */
static struct annc_layout lay_out(const annc_shape *shape, size_t alignment)
{
    struct annc_layout layout;
    size_t gaps = 0;
    memset(&layout, 0, sizeof layout);
    layout.layers = shape->layers;
    for (uint32_t l = 1; l <= shape->layers; l++) {
        const size_t W = annc_shape_weights_at(shape, l);
        gaps += (alignment - (W + gaps) % alignment) % alignment;
        layout.host[l] = W;
        layout.W[l] = W + gaps;
        layout.b[l] = annc_shape_biases_at(shape, l) + gaps;
        layout.end[l] = layout.b[l] + shape->width[l];
    }
    layout.count = annc_shape_parameters(shape) + gaps;
    return layout;
}

struct annc_layout annc_layout_of(const struct annc_backend *backend, const annc_shape *shape)
{
    return lay_out(shape, backend->host_memory ? 1 : W_ALIGNMENT);
}

struct annc_layout annc_layout_dense(const annc_shape *shape)
{
    return lay_out(shape, 1);
}

/* Returns the first layer of the next piece of a block without gaps, after layers l and those that
 * follow it directly. */
static uint32_t next_piece(const struct annc_layout *layout, uint32_t l)
{
    while (++l <= layout->layers && layout->W[l] == layout->end[l - 1])
        continue;
    return l;
}

annc_status annc_layout_upload(const struct annc_layout *layout, annc_device *device, float *block, const float *host)
{
    annc_status status = ANNC_OK;
    for (uint32_t l = 1, next; l <= layout->layers; l = next) {
        next = next_piece(layout, l);
        ANNC_TRY(device->backend->upload(device, block + layout->W[l], host + layout->host[l],
                                         (layout->end[next - 1] - layout->W[l]) * sizeof *host));
    }
out:
    return status;
}

annc_status annc_layout_download(const struct annc_layout *layout, annc_device *device, float *host, const float *block)
{
    annc_status status = ANNC_OK;
    for (uint32_t l = 1, next; l <= layout->layers; l = next) {
        next = next_piece(layout, l);
        ANNC_TRY(device->backend->download(device, host + layout->host[l], block + layout->W[l],
                                           (layout->end[next - 1] - layout->W[l]) * sizeof *host));
    }
out:
    return status;
}
