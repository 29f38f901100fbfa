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
        barrier_open(&s.z_full, Z_PARTS);
        barrier_open(&s.z_read, CHAIN_WARPS);
        barrier_open(&s.deltas_full[0], CHAIN_WARPS);
        barrier_open(&s.deltas_full[1], CHAIN_WARPS);
    }
    for (int i = (int)threadIdx.x; i < (int)(sizeof s.chain / sizeof(float)); i += THREADS)
        reinterpret_cast<float *>(s.chain)[i] = 0;
    // The inputs before the first group's.
    for (int i = (int)threadIdx.x; i < (int)(sizeof s.x[1] / sizeof(int4)); i += THREADS)
        reinterpret_cast<int4 *>(s.x[1])[i] = make_int4(0, 0, 0, 0);
    __syncthreads();
    // A phase per group, and one before the first, in which no step runs, and one after the last, in
    // which W^1 is updated by its deltas. The warps need not be in the same phase: tensor_layout.cuh
    // has the barriers at which they wait for each other.
    if (w < CHAIN_WARPS) {
        ChainState c;
        load_chain<HEADLINE>(s, c, w, lane);
        clear_sums(s, 0, w, lane);
        clear_sums(s, 1, w, lane);
        if (w == 3) {
            load_weights(s, s.last_tile[lane], LAST_TILE, lane);
        } else if (w == 1) {
            find_examples(s, 0, lane);
            find_examples(s, 1, lane);
            find_examples(s, 2, lane);
        }
        __syncthreads();
        if (w == 3)
            fetch_group<1>(s, 0, LAST_TILE, lane);
        for (int group = -1; group <= groups_of(s); group++) {
            if (group >= 0 && group < groups_of(s))
                chain_group<HEADLINE>(s, c, group, w, lane);
            if (w == 3) {
                ProductState<1> P = s.last_tile[lane];
                product_phase(s, P, group, LAST_TILE, lane);
                s.last_tile[lane] = P;
            } else
                service_phase<HEADLINE>(s, group, w, lane);
            CHAIN_SYNC();
        }
        store_chain(s, c, w, lane);
        if (w == 3)
            store_weights(s, s.last_tile[lane], LAST_TILE, lane);
    } else {
        ProductState<OWN_TILES> P;
        const int first = w - CHAIN_WARPS;
        load_weights(s, P, first, lane);
        __syncthreads(); // the numbers of examples
        fetch_group<OWN_TILES>(s, 0, first, lane);
        for (int group = -1; group <= groups_of(s); group++)
            product_phase(s, P, group, first, lane);
        store_weights(s, P, first, lane);
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
