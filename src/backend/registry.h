/* registry.h - the kinds of devices in the library. */
#ifndef ANNC_BACKEND_REGISTRY_H
#define ANNC_BACKEND_REGISTRY_H

#include "backend/engine.h"

/* One kind of device. */
struct annc_device_row {
    annc_device_kind kind;
    const char *name;
    /* Returns the backend, loaded on first use; NULL with the reason in `why` (of `size` bytes). */
    const struct annc_backend *(*load)(char *why, size_t size);
    /* Returns a lower bound of the seconds of a job's step, or of an evaluation's, on this kind of
     * device, without loading the backend. */
    double (*least_seconds)(const struct annc_job *job);
    /* Of a process: until such a device runs the first step. An estimate. */
    double start_seconds;
};

/* Returns row i of the registry, the CPU first; NULL past the last. */
const struct annc_device_row *annc_device_row_at(size_t i);
/* Returns the row of a kind of device; NULL for ANNC_DEVICE_AUTO and unknown kinds. */
const struct annc_device_row *annc_device_row_of(annc_device_kind kind);

/* Checks that this process may use a device. ANNC_USAGE for NULL; ANNC_DEVICE for a device that was
 * opened before a fork. */
annc_status annc_device_check(const annc_device *device);

#endif
