// initialise.cu - scaled random numbers: Philox words from cuRAND's device interface, one block of
// four words per thread.
#include <curand_kernel.h>

#include "base/philox.h"
#include "kernels/device.cuh"

// Returns block g of the parameters' stream.
__device__ static annc_philox_block words_of(uint64_t seed, uint64_t g)
{
    curandStatePhilox4_32_10_t state;
    curand_init(seed, (unsigned long long)ANNC_STREAM_PARAMETERS, 4 * g, &state);
    const uint4 words = curand4(&state);
    annc_philox_block block;
    block.word[0] = words.x;
    block.word[1] = words.y;
    block.word[2] = words.z;
    block.word[3] = words.w;
    return block;
}

// One Box-Muller pair per block.
// Registers: at most 40.
__global__ void normal_kernel(uint64_t seed, uint64_t first, size_t count, double scale, float *theta)
{
    const uint64_t first_block = first / 2, blocks = (first + count + 1) / 2 - first_block;
    ANNC_FOR_ELEMENTS (t, blocks) {
        const uint64_t block = first_block + t;
        double pair[2];
        annc_normal_pair(words_of(seed, block), &pair[0], &pair[1]);
        for (unsigned lane = 0; lane < 2; lane++) {
            const uint64_t i = 2 * block + lane;
            if (i >= first && i < first + count)
                theta[i - first] = (float)(scale * pair[lane]);
        }
    }
}

// Four numbers per block.
// Registers: at most 32.
__global__ void uniform_kernel(uint64_t seed, uint64_t first, size_t count, double scale, float *theta)
{
    const uint64_t first_block = first / 4, blocks = (first + count + 3) / 4 - first_block;
    ANNC_FOR_ELEMENTS (t, blocks) {
        const uint64_t block = first_block + t;
        const annc_philox_block words = words_of(seed, block);
        for (unsigned lane = 0; lane < 4; lane++) {
            const uint64_t i = 4 * block + lane;
            if (i >= first && i < first + count)
                theta[i - first] = (float)(scale * annc_uniform_word(words.word[lane]));
        }
    }
}

// Registers: at most 16.
__global__ void zero_kernel(size_t count, float *theta)
{
    ANNC_FOR_ELEMENTS (i, count)
        theta[i] = 0;
}

extern "C" cudaError_t annc_launch_initialise(cudaStream_t stream, uint64_t seed, uint64_t first, size_t count,
                                              bool uniform, double scale, float *theta)
{
    if (scale == 0)
        ANNC_LAUNCH(zero_kernel, element_blocks(count), element_threads(count), 0, stream, count, theta);
    else if (uniform)
        ANNC_LAUNCH(uniform_kernel, element_blocks(count / 4 + 2), element_threads(count / 4 + 2), 0, stream, seed,
                    first, count, scale, theta);
    else
        ANNC_LAUNCH(normal_kernel, element_blocks(count / 2 + 1), element_threads(count / 2 + 1), 0, stream, seed,
                    first, count, scale, theta);
    return cudaGetLastError();
}
