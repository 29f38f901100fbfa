// cluster_plan.cu - the plan of a call's first steps (plan_steps.cuh), one step per block; those of
// its next ones are written beside the training (cluster_train.cu).
#include "kernels/cluster/plan_steps.cuh"

// Registers: at most 64, no spills.
template <typename Plan>
__global__ void __launch_bounds__(PLAN_THREADS, 4) cluster_plan_kernel(const __grid_constant__ annc_cluster_launch job)
{
    __shared__ Plan plan;
    plan_steps(plan, job, blockIdx.x, gridDim.x);
}

extern "C" cudaError_t annc_launch_cluster_plan(cudaStream_t stream, const struct annc_cluster_launch *launch)
{
    if (launch->has_floats)
        ANNC_LAUNCH(cluster_plan_kernel<PlanOfFloats>, launch->steps, PLAN_THREADS, 0, stream, *launch);
    else
        ANNC_LAUNCH(cluster_plan_kernel<PlanOfBytes>, launch->steps, PLAN_THREADS, 0, stream, *launch);
    return cudaGetLastError();
}
