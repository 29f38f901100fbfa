/* cpu_sparse.h - a data set's inputs that are not 0, listed example by example. */
#ifndef ANNC_BACKEND_CPU_CPU_SPARSE_H
#define ANNC_BACKEND_CPU_CPU_SPARSE_H

#include "backend/cpu/cpu_kernels.h"

struct annc_sparse {
    struct annc_records records;
    struct annc_record *record; /* of each example */
};

/* The share of inputs that are not 0, from up to 1,000 examples. */
double annc_sparse_density(const annc_examples *examples);

/* Whether so many inputs can be told apart in a list. */
bool annc_sparse_can_list(uint32_t inputs);

annc_status annc_sparse_open(const struct annc_cpu_kernels *kernels, const annc_examples *examples,
                             struct annc_sparse *sparse);
void annc_sparse_close(struct annc_sparse *sparse);

#endif
