/* cpu_staged.h - staged host arrays on the CPU, with the lists of their nonzero inputs. */
#ifndef ANNC_BACKEND_CPU_CPU_STAGED_H
#define ANNC_BACKEND_CPU_CPU_STAGED_H

#include "backend/cpu/cpu_sparse.h"

struct annc_staged {
    const void *host;
    int users;
    struct annc_sparse *lists; /* of its nonzero inputs; NULL until first use */
    struct annc_staged *next;
};

annc_status annc_staged_add(struct annc_staged **all, const void *host);
/* Removes one user; the last one's removal frees the lists. */
void annc_staged_remove(struct annc_staged **all, const void *host);

/* Writes the lists of staged examples to `lists`; the first call creates them. */
annc_status annc_staged_lists(struct annc_staged *all, const struct annc_cpu_kernels *kernels,
                              const annc_examples *examples, const struct annc_sparse **lists);

#endif
