/* cpu_staged.h - host arrays that are in use on the CPU, and the lists made of them, which live as long. */
#ifndef ANNC_BACKEND_CPU_CPU_STAGED_H
#define ANNC_BACKEND_CPU_CPU_STAGED_H

#include "backend/cpu/cpu_sparse.h"

struct annc_staged {
    const void *host;
    int users;
    struct annc_sparse *lists; /* of its inputs that are not 0; NULL until somebody asks */
    struct annc_staged *next;
};

annc_status annc_staged_add(struct annc_staged **all, const void *host);
/* One user less; with the last one the lists go. */
void annc_staged_remove(struct annc_staged **all, const void *host);

/* Lists of examples whose inputs are staged. */
annc_status annc_staged_lists(struct annc_staged *all, const struct annc_cpu_kernels *kernels,
                              const annc_examples *examples, const struct annc_sparse **lists);

#endif
