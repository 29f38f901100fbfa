// cluster_train.cu - the training kernel of the cluster engine and its launcher.
#include "kernels/cluster/chain_block.cuh"
#include "kernels/cluster/helper_block.cuh"
#include "kernels/cluster/plan_steps.cuh"

// A block of the clusters after the first: plans steps of the next launch.
template <bool HEADLINE>
__device__ __noinline__ static void planning_block(void *memory, const annc_cluster_launch &next)
{
    const int first = blockIdx.x - BLOCKS, stride = gridDim.x - BLOCKS;
    if (threadIdx.x >= PLAN_THREADS)
        return;
    if (!HEADLINE && next.has_floats)
        plan_steps(*reinterpret_cast<PlanOfFloats *>(memory), next, first, stride);
    else
        plan_steps(*reinterpret_cast<PlanOfBytes *>(memory), next, first, stride);
}
static_assert(sizeof(PlanOfFloats) <= SHARED_BYTES<true> && sizeof(PlanOfBytes) <= SHARED_BYTES<false>,
              "a plan fits the memory of a training block");

// The first cluster trains the steps of `job`, which are planned; the others plan those of `next`.
//
// HEADLINE: sigmoid in both layers, the quadratic cost, up to 10 outputs, inputs of bytes and no
// dropout, with the hardware's 2^x and 1 / x; any other functions are those of annc_functions.h.
// PLAIN: plain SGD; else a linear optimiser.
// Registers: at most 128 (448 threads, which count as 512, of 65536), no spills.
template <bool HEADLINE, bool PLAIN>
__global__ void __cluster_dims__(BLOCKS, 1, 1) __launch_bounds__(THREADS, 1)
    cluster_train_kernel(const __grid_constant__ annc_cluster_launch job,
                         const __grid_constant__ annc_cluster_launch next)
{
    extern __shared__ __align__(128) unsigned char memory[];
    const int rank = (int)blockIdx.x; // in the first cluster
    if (rank == 0) {
        chain_block<HEADLINE, PLAIN>(*reinterpret_cast<ChainMemory *>(memory), job);
    } else if (rank >= BLOCKS) {
        planning_block<HEADLINE>(memory, next);
        return;
    } else if (!HEADLINE && job.has_floats)
        helper_block<HEADLINE, PLAIN, true>(*reinterpret_cast<HelperMemory<true> *>(memory), job, rank);
    else
        helper_block<HEADLINE, PLAIN, false>(*reinterpret_cast<HelperMemory<false> *>(memory), job, rank);
    __syncthreads();
    cluster_sync(); // no block ends while another may still write to its memory
    if (rank == 0 && threadIdx.x == 0)
        job.net.cursor->step = job.net.cursor->next = job.start->step + job.offset + job.steps;
}

typedef void (*TrainKernel)(annc_cluster_launch, annc_cluster_launch);

static TrainKernel kernel_of(const annc_cluster_launch *launch)
{
    if (launch->is_plain)
        return launch->is_headline ? cluster_train_kernel<true, true> : cluster_train_kernel<false, true>;
    return launch->is_headline ? cluster_train_kernel<true, false> : cluster_train_kernel<false, false>;
}

extern "C" cudaError_t annc_launch_cluster_train(cudaStream_t stream, const struct annc_cluster_launch *launch,
                                                 const struct annc_cluster_launch *next, uint32_t planners)
{
    const uint32_t busy = (next->steps + BLOCKS - 1) / BLOCKS, blocks = BLOCKS * (1 + min(planners, busy));
    const TrainKernel kernel = kernel_of(launch);
    const int bytes = launch->has_floats ? SHARED_BYTES<true> : SHARED_BYTES<false>;
    const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
    if (error != cudaSuccess)
        return error;
    ANNC_LAUNCH(kernel, blocks, THREADS, bytes, stream, *launch, *next);
    return cudaGetLastError();
}

extern "C" cudaError_t annc_cluster_capacity(int *clusters)
{
    cudaLaunchAttribute size = {};
    size.id = cudaLaunchAttributeClusterDimension;
    size.val.clusterDim.x = BLOCKS;
    size.val.clusterDim.y = size.val.clusterDim.z = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = BLOCKS;
    config.blockDim = THREADS;
    config.dynamicSmemBytes = SHARED_BYTES<true>;
    config.attrs = &size;
    config.numAttrs = 1;
    *clusters = 0;
    const cudaError_t error = cudaFuncSetAttribute(cluster_train_kernel<false, false>,
                                                   cudaFuncAttributeMaxDynamicSharedMemorySize, SHARED_BYTES<true>);
    return error == cudaSuccess ? cudaOccupancyMaxActiveClusters(clusters, cluster_train_kernel<false, false>, &config)
                                : error;
}
