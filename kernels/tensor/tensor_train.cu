// tensor_train.cu - the training kernel of the tensor engine and its launcher: one block of threads
// per network.
#include "kernels/tensor/tensor_chain.cuh"
#include "kernels/tensor/tensor_products.cuh"
#include "kernels/tensor/tensor_service.cuh"

// HEADLINE: sigmoid in both layers and the quadratic cost, with the hardware's 2^x and 1 / x; any
// other functions are those of annc_functions.h.
// Registers: at most 128 (512 threads of 65536), no spills.
template <bool HEADLINE>
__global__ void __launch_bounds__(THREADS, 1) tensor_train_kernel(const annc_tensor_network *networks, uint32_t steps)
{
    extern __shared__ __align__(128) unsigned char memory[];
    TensorMemory &s = *reinterpret_cast<TensorMemory *>(memory);
    const int w = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32, groups = ((int)steps + STEPS - 1) / STEPS;
    if (threadIdx.x == 0) {
        s.net = networks[blockIdx.x].net;
        s.inputs = networks[blockIdx.x].inputs;
        s.cursor = *s.net.cursor;
        s.columns = (int)s.inputs.columns->used;
        s.steps = (int)steps;
        s.per_divisor = 1.f / s.net.examples.divisor;
        s.largest = __float_as_uint(SMALL_WEIGHT);
        barrier_open(&s.z_full, PRODUCT_WARPS);
        barrier_open(&s.z_read, CHAIN_WARPS);
        barrier_open(&s.deltas_full[0], CHAIN_WARPS);
        barrier_open(&s.deltas_full[1], CHAIN_WARPS);
    }
    for (int i = (int)threadIdx.x; i < (int)(sizeof s.chain / sizeof(float)); i += THREADS)
        reinterpret_cast<float *>(s.chain)[i] = 0;
    // The inputs before the first group's.
    for (int i = (int)threadIdx.x; i < (int)(sizeof s.x[0] / sizeof(int4)); i += THREADS)
        reinterpret_cast<int4 *>(s.x[X_SLOTS - 1])[i] = make_int4(0, 0, 0, 0);
    __syncthreads();
    // A phase per group, and one before the first, in which no step runs, and one after the last, in
    // which W^1 is updated by its deltas. The warps need not be in the same phase: tensor_layout.cuh
    // has the barriers at which they wait for each other.
    if (w < CHAIN_WARPS) {
        ChainState c;
        load_chain<HEADLINE>(s, c, w, lane);
        for (int group = 0; group < GRAM_SLOTS - 1; group++)
            clear_sums(s, group, w, lane);
        if (w == 1)
            for (int group = 0; group < 4; group++)
                find_examples(s, group, lane);
        __syncthreads();
        for (int group = -1; group <= groups; group++) {
            if (group >= 0 && group < groups)
                chain_group<HEADLINE>(s, c, group, w, lane);
            service_phase<HEADLINE>(s, group, groups, w, lane);
            CHAIN_SYNC();
        }
        store_chain(s, c, w, lane);
    } else {
        ProductState P;
        const int first = w - CHAIN_WARPS;
        load_weights(s, P, first, lane);
        __syncthreads(); // the numbers of examples, the largest weight
        scale_weights(s, P, scale_of(s), first, lane);
        fetch_group(s, 0, first, lane);
        for (int group = -1; group <= groups; group++)
            product_phase(s, P, group, groups, first, lane);
        scale_weights(s, P, inverse_of_power(scale_of(s)), first, lane);
        store_weights(s, P, first, lane);
    }
    if (threadIdx.x == 0)
        s.net.cursor->step = s.net.cursor->next = s.cursor.step + steps;
}

typedef void (*TrainKernel)(const annc_tensor_network *, uint32_t);

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

extern "C" cudaError_t annc_launch_tensor_train(cudaStream_t stream, const struct annc_tensor_network *networks,
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
