// block_train.cu - whole training steps of small networks, one block of threads per network.
//
// A block keeps the parameters, a minibatch and its activations in shared memory and runs the
// equations one after another, with a barrier between those that need each other's results:
//
//   gather   X and Y; the next minibatch is on its way meanwhile
//   forward  Z^l in parts, each warp some tiles or some of the inputs of one; then A^l = f(Z^l)
//   output   Z^L, A^L and delta^L of a row by one warp
//   backward delta^l of a row by one warp
//   step     delta^T A by tiles, each followed by the update of its weights; cost and hits by one warp
#include "kernels/block/block_update.cuh"

// Copies the parameters between the parameter block and the block's own copy.
template <bool OUT> __device__ static void copy_parameters(const Block &block)
{
    float *theta = block.network.theta;
    for (uint32_t l = 1; l <= block.plan.layers; l++) {
        const annc_block_layer &in = block.plan.layer[l - 1], &out = block.plan.layer[l];
        for (uint32_t u = block.warp; u < out.n; u += WARPS) {
            float *row = block.parameters + out.W + (size_t)u * in.stride,
                  *all = theta + out.theta_W + (size_t)u * in.n;
            for (uint32_t k = block.lane; k < (OUT ? in.n : in.stride); k += WARP)
                if (OUT)
                    all[k] = row[k];
                else
                    row[k] = k < in.n ? all[k] : 0;
        }
        for (uint32_t u = threadIdx.x; u < out.n; u += THREADS)
            if (OUT)
                theta[out.theta_b + u] = block.parameters[out.b + u];
            else
                block.parameters[out.b + u] = theta[out.theta_b + u];
    }
}

__device__ static void train(Block &block, uint32_t first, uint32_t steps)
{
    const uint32_t L = block.plan.layers;
    find_examples(block, first);
    __syncthreads();
    fetch(block, first);
    for (uint32_t step = first; step < first + steps; step++) {
        const bool is_last = step + 1 == first + steps;
        await_copies();
        __syncthreads(); // also ends the step before
        block.m = examples_of(block, step);
        gather(block, step);
        if (!is_last)
            find_examples(block, step + 1);
        __syncthreads();
        if (!is_last)
            fetch(block, step + 1);
        for (uint32_t l = 1; l <= L; l++) {
            multiply(block, l);
            __syncthreads();
            if (l < L)
                activate(block, l, step);
            else
                output(block, step);
            __syncthreads();
        }
        for (uint32_t l = L - 1; l >= 1; l--) {
            backward(block, l, step);
            __syncthreads();
        }
        update(block, step);
    }
    __syncthreads();
}

// SHARES: the parameters are in shared memory.
// Registers: at most 128 (512 threads of 65536), no spills.
template <bool SHARES>
__global__ void __launch_bounds__(THREADS, 1)
    block_train_kernel(const __grid_constant__ annc_block_plan plan, const annc_block_network *networks, uint32_t steps)
{
    ANNC_DYNAMIC_SHARED(float, memory);
    __shared__ annc_block_network network;
    __shared__ annc_cursor cursor;
    __shared__ double sums[WARPS];
    if (threadIdx.x == 0) {
        network = networks[blockIdx.x];
        cursor = *network.cursor;
    }
    for (uint32_t i = threadIdx.x; i < plan.bytes / sizeof(float); i += THREADS)
        memory[i] = 0;
    __syncthreads();
    Block block = {plan,
                   network,
                   cursor,
                   sums,
                   memory,
                   SHARES ? memory + plan.copy : network.copy,
                   threadIdx.x / WARP,
                   threadIdx.x % WARP,
                   0};
    const uint32_t outputs = plan.layer[plan.layers].n;
    for (uint32_t i = threadIdx.x; network.weights && i < (outputs == 1 ? 2 : outputs); i += THREADS)
        memory[plan.weights + i] = network.weights[i];
    copy_parameters<false>(block);
    __syncthreads();
    train(block, cursor.step, steps);
    copy_parameters<true>(block);
    if (threadIdx.x == 0)
        network.cursor->step = network.cursor->next = cursor.step + steps;
}

typedef void (*TrainKernel)(annc_block_plan, const annc_block_network *, uint32_t);

extern "C" cudaError_t annc_launch_block_train(cudaStream_t stream, const struct annc_block_plan *plan,
                                               const struct annc_block_network *networks, uint32_t count,
                                               uint32_t steps)
{
    const TrainKernel kernel = plan->shares ? block_train_kernel<true> : block_train_kernel<false>;
    const cudaError_t error = cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel),
                                                   cudaFuncAttributeMaxDynamicSharedMemorySize, (int)plan->bytes);
    if (error != cudaSuccess)
        return error;
    ANNC_LAUNCH(kernel, count, THREADS, plan->bytes, stream, *plan, networks, steps);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_block_capacity(int device, int *bytes)
{
    cudaFuncAttributes attributes;
    *bytes = 0;
    cudaError_t error = cudaDeviceGetAttribute(bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    if (error == cudaSuccess)
        error = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void *>(block_train_kernel<true>));
    if (error == cudaSuccess)
        *bytes -= (int)attributes.sharedSizeBytes;
    return error;
}
