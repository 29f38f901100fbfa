// cluster_train.cu - the training kernel of the cluster engine and its launcher.
#include "kernels/cluster/chain_block.cuh"
#include "kernels/cluster/helper_block.cuh"

// HEADLINE: sigmoid in both layers and the quadratic cost, with the hardware's 2^x and 1 / x; any
// other functions are those of annc_functions.h.
// Registers: at most 128 (512 threads of 65536), no spills.
template <bool HEADLINE>
__global__ void __cluster_dims__(BLOCKS, 1, 1) __launch_bounds__(THREADS, 1)
    cluster_train_kernel(const __grid_constant__ annc_cluster_launch job)
{
    extern __shared__ __align__(128) unsigned char memory[];
    const int rank = (int)cluster_rank();
    if (rank == 0)
        chain_block<HEADLINE>(*reinterpret_cast<ChainMemory *>(memory), job);
    else
        helper_block(*reinterpret_cast<HelperMemory *>(memory), job, (rank - 1) & 1, (rank - 1) >> 1);
    __syncthreads();
    cluster_sync(); // no block ends while another may still write to its memory
    if (rank == 0 && threadIdx.x == 0)
        job.cursor->step = job.start->step + job.offset + job.steps;
}

typedef void (*TrainKernel)(annc_cluster_launch);

static TrainKernel kernel_of(const annc_cluster_launch *launch)
{
    const bool headline = launch->hidden_activation == ANNC_SIGMOID && launch->output_activation == ANNC_SIGMOID &&
                          launch->cost == ANNC_QUADRATIC;
    return headline ? cluster_train_kernel<true> : cluster_train_kernel<false>;
}

extern "C" cudaError_t annc_launch_cluster_train(cudaStream_t stream, const struct annc_cluster_launch *launch)
{
    const TrainKernel kernel = kernel_of(launch);
    const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, SHARED_BYTES);
    if (error != cudaSuccess)
        return error;
    ANNC_LAUNCH(kernel, BLOCKS, THREADS, SHARED_BYTES, stream, *launch);
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
    config.dynamicSmemBytes = SHARED_BYTES;
    config.attrs = &size;
    config.numAttrs = 1;
    *clusters = 0;
    const cudaError_t error =
        cudaFuncSetAttribute(cluster_train_kernel<false>, cudaFuncAttributeMaxDynamicSharedMemorySize, SHARED_BYTES);
    return error == cudaSuccess ? cudaOccupancyMaxActiveClusters(clusters, cluster_train_kernel<false>, &config)
                                : error;
}
