/* cpu_sparse.h - lists of a data set's nonzero inputs, example by example. */
#ifndef ANNC_BACKEND_CPU_CPU_SPARSE_H
#define ANNC_BACKEND_CPU_CPU_SPARSE_H

#include "backend/cpu/loops/cpu_kernels.h"

struct annc_sparse {
    struct annc_records records;
    struct annc_record *record; /* of each example */
};

/* Returns the share of nonzero inputs, from up to 1,000 examples. */
double annc_sparse_density(const annc_examples *examples);

/* Returns whether a list can number so many inputs. */
bool annc_sparse_can_list(uint32_t inputs);

annc_status annc_sparse_open(const struct annc_cpu_kernels *kernels, const annc_examples *examples,
                             struct annc_sparse *sparse);
void annc_sparse_close(struct annc_sparse *sparse);

#endif
