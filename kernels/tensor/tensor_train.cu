// tensor_train.cu - the training kernel of the tensor engine and its launcher: one block of threads
// per network.
#include "kernels/tensor/tensor_chain.cuh"
#include "kernels/tensor/tensor_products.cuh"
#include "kernels/tensor/tensor_service.cuh"

// HEADLINE: sigmoid in both layers and the quadratic cost, with the hardware's 2^x and 1 / x; any
// other functions are those of annc_functions.h.
// Registers: at most 128 (512 threads of 65536), no spills.
template <bool HEADLINE>
__global__ void __launch_bounds__(THREADS, 1) tensor_train_kernel(const annc_two_layers *networks, uint32_t steps)
{
    extern __shared__ __align__(128) unsigned char memory[];
    TensorMemory &s = *reinterpret_cast<TensorMemory *>(memory);
    const int w = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
    if (threadIdx.x == 0) {
        s.net = networks[blockIdx.x];
        s.cursor = *s.net.cursor;
        s.tiles = ((int)s.net.inputs + TILE - 1) / TILE;
        s.steps = (int)steps;
    }
    for (int i = (int)threadIdx.x; i < (int)(sizeof s.chain / sizeof(float)); i += THREADS)
        reinterpret_cast<float *>(s.chain)[i] = 0;
    __syncthreads();
    // The roles meet at the barrier of each phase. In the first one no step runs, in the last one
    // W^1 is updated by the last deltas.
    const int groups = groups_of(s);
    if (w < CHAIN_WARPS) {
        ChainState c;
        load_chain<HEADLINE>(s, c, w, lane);
        __syncthreads();
        for (int group = -1; group <= groups; group++) {
            if (group >= 0 && group < groups)
                chain_group<HEADLINE>(s, c, group, w, lane);
            __syncthreads();
        }
        store_chain(s, c, w, lane);
    } else if (w < CHAIN_WARPS + PRODUCT_WARPS) {
        Weights W;
        load_weights(s, W, w - CHAIN_WARPS, lane);
        __syncthreads(); // the numbers of examples
        fetch_group(s, 0, w - CHAIN_WARPS, lane);
        for (int group = -1; group <= groups; group++) {
            product_phase(s, W, group);
            __syncthreads();
        }
        store_weights(s, W, w - CHAIN_WARPS, lane);
    } else {
        clear_sums(s, 0, lane);
        find_examples(s, 0, lane);
        find_examples(s, 1, lane);
        __syncthreads();
        for (int group = -1; group <= groups; group++) {
            service_phase<HEADLINE>(s, group, lane);
            __syncthreads();
        }
    }
    if (threadIdx.x == 0)
        s.net.cursor->step = s.net.cursor->next = s.cursor.step + steps;
}

typedef void (*TrainKernel)(const annc_two_layers *, uint32_t);

extern "C" cudaError_t annc_tensor_capacity(int device, bool *fits)
{
    int bytes = 0;
    cudaFuncAttributes attributes;
    const cudaError_t error =
        cudaFuncGetAttributes(&attributes, reinterpret_cast<const void *>(tensor_train_kernel<true>));
    if (error != cudaSuccess)
        return error;
    const cudaError_t read = cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    *fits = bytes >= (int)sizeof(TensorMemory);
    return read;
}

extern "C" cudaError_t annc_launch_tensor_train(cudaStream_t stream, const struct annc_two_layers *networks,
                                                uint32_t count, bool is_headline, uint32_t steps)
{
    const TrainKernel kernel = is_headline ? tensor_train_kernel<true> : tensor_train_kernel<false>;
    const size_t bytes = sizeof(TensorMemory);
    const cudaError_t error = cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel),
                                                   cudaFuncAttributeMaxDynamicSharedMemorySize, (int)bytes);
    if (error != cudaSuccess)
        return error;
    ANNC_LAUNCH(kernel, count, THREADS, bytes, stream, networks, steps);
    return cudaGetLastError();
}
