// curand_kernel.h - cuRAND's Philox by the project's own; the test `curand` holds that against cuRAND itself where the toolkit is.
#ifndef ANNC_TESTS_HOST_INCLUDE_CURAND_KERNEL_H
#define ANNC_TESTS_HOST_INCLUDE_CURAND_KERNEL_H

#include <cuda_runtime.h>

#include "base/philox.h"

struct curandStatePhilox4_32_10_t {
    uint64_t seed, stream, block;
};

static inline void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                               curandStatePhilox4_32_10_t *state)
{
    *state = {seed, subsequence, offset / 4};
}

static inline uint4 curand4(curandStatePhilox4_32_10_t *state)
{
    const annc_philox_block words = annc_philox(state->seed, state->stream, state->block++);
    return {words.word[0], words.word[1], words.word[2], words.word[3]};
}

#endif
