/* group.h - a group of ranks: processes or devices that train one network together, each on its own
 * rows of every minibatch. All ranks call the same functions in the same order. */
#ifndef ANNC_BACKEND_GROUP_H
#define ANNC_BACKEND_GROUP_H

#include "annc.h"

struct annc_group {
    uint32_t rank, size; /* rank: 0...size-1 */
    void *context;       /* of the functions; they are not called in a group of size 1 */
    /* Replaces `count` values in this rank's device memory by their sums over all ranks, added in
     * the order of the ranks, so that every rank gets the same bits. */
    annc_status (*sum)(const struct annc_group *group, annc_device *device, float *values, size_t count);
    /* The same for numbers in host memory. */
    annc_status (*sum_numbers)(const struct annc_group *group, double *numbers, size_t count);
    /* Copies host memory of rank 0 to that of all ranks. */
    annc_status (*broadcast)(const struct annc_group *group, void *memory, size_t bytes);
};

/* The rows of one rank in a minibatch. */
struct annc_share {
    uint32_t first, count;
};

/* Returns the rows of a rank in a minibatch of m: shares that differ by one row at most. */
static inline struct annc_share annc_group_share(const struct annc_group *group, uint32_t m)
{
    const uint32_t first = (uint32_t)((uint64_t)m * group->rank / group->size),
                   end = (uint32_t)((uint64_t)m * (group->rank + 1) / group->size);
    const struct annc_share share = {first, end - first};
    return share;
}

#endif
