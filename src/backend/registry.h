/* registry.h - the kinds of devices that the library knows. */
#ifndef ANNC_BACKEND_REGISTRY_H
#define ANNC_BACKEND_REGISTRY_H

#include "backend/engine.h"

/* One kind of device. */
struct annc_device_row {
    annc_device_kind kind;
    const char *name;
    /* Its backend, loaded on first use; NULL with the reason in `why` (of `size` bytes). */
    const struct annc_backend *(*load)(char *why, size_t size);
    /* The least that a step of a job can take on a device of the kind, or an evaluation's: known without loading the backend. */
    double (*least_seconds)(const struct annc_job *job);
};

/* Row i of the registry, the CPU's first; NULL past the last. */
const struct annc_device_row *annc_device_row_at(size_t i);

#endif
