// block_train.cu - whole training steps of small networks, one block of threads per network, or a
// cluster of them.
//
// A block keeps the parameters, a minibatch and its activations in shared memory and runs the
// equations one after another, with a barrier between those that need each other's results:
//
//   gather   X and Y; the next minibatch is on its way meanwhile
//   forward  Z^l in parts, each warp some tiles or some of the inputs of one; then A^l = f(Z^l)
//   output   Z^L, A^L and delta^L of a row by one warp
//   backward delta^l of a row by one warp
//   step     delta^T A by tiles, each followed by the update of its weights; cost and hits by one warp
//
// The blocks of a cluster each have some of the inputs, with their weights, and some of the rows, and
// meet twice in a step: for Z^1, which is the sum over all inputs, and for the step, which takes all
// rows. Several blocks compute the parameters above the first layer, all the same.
#include "kernels/block/block_update.cuh"

// Copies numbers in theta's layout to or from the block's copy of them. What several blocks have,
// the first one copies.
template <bool OUT> __device__ static void copy_numbers(const Block &block, float *theta, float *own)
{
    for (uint32_t l = 1; l <= block.plan.layers; l++) {
        const annc_block_layer &out = block.plan.layer[l];
        const uint32_t n = inputs_of(block, l), stride = block.plan.layer[l - 1].stride;
        for (uint32_t u = block.warp; (l == 1 || block.rank == 0) && u < out.n; u += WARPS) {
            float *row = own + out.W + (size_t)u * stride, *all = theta + weight_index(block, l, u, 0);
            for (uint32_t k = block.lane; k < (OUT ? n : stride); k += WARP)
                if (OUT)
                    all[k] = row[k];
                else
                    row[k] = k < n ? all[k] : 0;
        }
        for (uint32_t u = threadIdx.x; block.rank == 0 && u < out.n; u += THREADS)
            if (OUT)
                theta[out.theta_b + u] = own[out.b + u];
            else
                own[out.b + u] = theta[out.theta_b + u];
    }
}

// The same for the parameters, and for the states that are beside them.
template <bool OUT> __device__ static void copy_parameters(const Block &block)
{
    const annc_block_network &network = block.network;
    copy_numbers<OUT>(block, network.theta, block.parameters);
    if (block.plan.states && network.v)
        copy_numbers<OUT>(block, network.v, block.v);
    if (block.plan.states && network.s)
        copy_numbers<OUT>(block, network.s, block.s);
}

// Returns the block's states, whose memory in theta's layout is `all`: number `i` of those beside
// the copy of the parameters, or that memory.
__device__ inline float *states_of(const annc_block_plan &plan, float *memory, float *all, uint32_t i)
{
    return all && plan.states ? memory + plan.states + i * plan.parameters : all;
}

// Takes from the first block of the cluster, which has copied them, the numbers that all blocks have.
__device__ static void take_numbers(const Block &block, float *own)
{
    for (uint32_t i = block.plan.layer[1].b + threadIdx.x; i < block.plan.parameters; i += THREADS)
        own[i] = *in_block(own + i, 0);
}

// The same for the parameters, the states beside them and the cursor.
__device__ static void take_parameters(const Block &block, annc_cursor &cursor)
{
    take_numbers(block, block.parameters);
    if (block.v)
        take_numbers(block, block.v);
    if (block.s)
        take_numbers(block, block.s);
    if (threadIdx.x == 0)
        cursor = *in_block(&cursor, 0);
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
        begin_step(block, step);
        gather(block, step);
        if (!is_last)
            find_examples(block, step + 1);
        __syncthreads();
        if (!is_last)
            fetch(block, step + 1);
        for (uint32_t l = 1; l <= L; l++) {
            multiply(block, l);
            __syncthreads();
            if (l == 1 && is_divided(block))
                share_product(block);
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
        if (is_divided(block))
            share_rows(block);
        update(block, step);
    }
    __syncthreads();
}

// What a block has in shared memory beside its matrices.
struct Variables {
    annc_block_network network;
    annc_cursor cursor;
    Share own;
    double sums[WARPS + 1];
    uint64_t barriers[2];
};

// SHARES: the parameters are in shared memory.
// Registers: at most 128 (512 threads of 65536), no spills.
template <bool SHARES>
__global__ void __launch_bounds__(THREADS, 1)
    block_train_kernel(const __grid_constant__ annc_block_plan plan, const annc_block_network *networks, uint32_t steps)
{
    ANNC_DYNAMIC_SHARED(float, memory);
    ANNC_SHARED(Variables, variables);
    annc_block_network &network = variables.network;
    annc_cursor &cursor = variables.cursor;
    Meeting meeting = {variables.barriers, 0};
    const uint32_t rank = blockIdx.x % plan.blocks;
    if (threadIdx.x == 0) {
        divide_inputs(plan, rank, &variables.own);
        network = networks[blockIdx.x / plan.blocks];
        if (rank == 0)
            cursor = *network.cursor;
    }
    for (uint32_t i = threadIdx.x; i < plan.bytes / sizeof(float); i += THREADS)
        memory[i] = 0;
    __syncthreads();
    Block block = {plan,
                   network,
                   cursor,
                   variables.sums,
                   meeting,
                   memory,
                   SHARES ? memory + plan.copy : network.copy,
                   states_of(plan, memory, network.v, 0),
                   states_of(plan, memory, network.s, network.v ? 1 : 0),
                   threadIdx.x / WARP,
                   threadIdx.x % WARP,
                   rank,
                   variables.own,
                   0};
    const uint32_t outputs = plan.layer[plan.layers].n;
    for (uint32_t i = threadIdx.x; network.weights && i < (outputs == 1 ? 2 : outputs); i += THREADS)
        memory[plan.weights + i] = network.weights[i];
    copy_parameters<false>(block);
    if (is_divided(block))
        open_cluster(meeting, plan.blocks);
    if (rank > 0)
        take_parameters(block, cursor);
    __syncthreads();
    train(block, cursor.step, steps);
    copy_parameters<true>(block);
    if (is_divided(block))
        close_cluster();
    if (threadIdx.x == 0 && rank == 0)
        network.cursor->step = network.cursor->next = cursor.step + steps;
}

constexpr int CLUSTER_CODE = 90; // the compute capability that clusters begin with

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
    if (plan->blocks > 1)
        ANNC_LAUNCH_CLUSTERS(kernel, plan->blocks, count * plan->blocks, THREADS, plan->bytes, stream, *plan, networks,
                             steps);
    else
        ANNC_LAUNCH(kernel, count, THREADS, plan->bytes, stream, *plan, networks, steps);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_find_block_limits(int device, struct annc_block_limits *limits)
{
    cudaFuncAttributes attributes;
    int bytes = 0, clusters = 0;
    cudaError_t error = cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    if (error == cudaSuccess)
        error = cudaDeviceGetAttribute(&clusters, cudaDevAttrClusterLaunch, device);
    if (error == cudaSuccess)
        error = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void *>(block_train_kernel<true>));
    if (error == cudaSuccess) {
        limits->bytes = bytes - (int)attributes.sharedSizeBytes;
        limits->has_clusters = clusters && attributes.ptxVersion >= CLUSTER_CODE;
    }
    return error;
}
