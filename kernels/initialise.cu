// initialise.cu - scaled normal deviates: Philox words from cuRAND's device interface, one Box-Muller pair a thread.
#include <curand_kernel.h>

#include "device.cuh"
#include "philox.h"

__global__ void initialise_kernel(uint64_t seed, uint64_t first, size_t count, double scale, float *theta)
{
    const uint64_t first_block = first / 2, blocks = (first + count + 1) / 2 - first_block;
    ANNC_FOR_ELEMENTS (t, blocks) {
        const uint64_t block = first_block + t;
        curandStatePhilox4_32_10_t state;
        curand_init(seed, (unsigned long long)ANNC_STREAM_PARAMETERS, 4 * block, &state);
        const uint4 words = curand4(&state);
        annc_philox_block philox;
        philox.word[0] = words.x;
        philox.word[1] = words.y;
        philox.word[2] = words.z;
        philox.word[3] = words.w;
        double pair[2];
        annc_normal_pair(philox, &pair[0], &pair[1]);
        for (unsigned lane = 0; lane < 2; lane++) {
            const uint64_t i = 2 * block + lane;
            if (i >= first && i < first + count)
                theta[i - first] = (float)(scale * pair[lane]);
        }
    }
}

__global__ void zero_kernel(size_t count, float *theta)
{
    ANNC_FOR_ELEMENTS (i, count)
        theta[i] = 0;
}

extern "C" cudaError_t annc_launch_initialise(cudaStream_t stream, uint64_t seed, uint64_t first, size_t count,
                                              double scale, float *theta)
{
    if (scale == 0)
        ANNC_LAUNCH(zero_kernel, element_blocks(count), element_threads(count), 0, stream, count, theta);
    else
        ANNC_LAUNCH(initialise_kernel, element_blocks(count / 2 + 1), element_threads(count / 2 + 1), 0, stream, seed,
                    first, count, scale, theta);
    return cudaGetLastError();
}
