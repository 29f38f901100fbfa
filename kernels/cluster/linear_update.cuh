// linear_update.cuh - optimisers whose step is linear in the parameter, its state and the gradient:
// SGD, momentum and Nesterov, with an L2 penalty and weight decay. kernels/README.md has their
// delayed update.
#ifndef ANNC_KERNELS_CLUSTER_LINEAR_UPDATE_CUH
#define ANNC_KERNELS_CLUSTER_LINEAR_UPDATE_CUH

#include "backend/cuda/cluster.h"
#include "kernels/hopper.cuh"

// One step of a parameter by its mean gradient g. A bias has no penalty and no decay.
template <typename real>
ANNC_INLINE void linear_step(const annc_cluster_rule &rule, bool is_weight, real eta, real g, real &theta, real &v)
{
    const real l2 = is_weight ? rule.l2 : 0, of_theta = is_weight ? rule.of_theta : 0;
    const real change = fma((real)rule.of_gradient, g, fma((real)rule.of_v, v, of_theta * theta));
    v = fma((real)rule.mu, v, fma(l2, theta, g));
    theta = fma(-eta, change, theta);
}

// A parameter and its state.
struct LinearState {
    double theta, v;
};

// Returns the learning rate of a step of this launch.
ANNC_INLINE float rate_of(const annc_cluster_launch &job, int step)
{
    return job.net.rates ? job.net.rates[job.start->step + job.offset + step].eta : job.net.eta;
}

// Returns `state` after the steps from `first` to `end` - 1 with gradients of 0: by linearity, what
// a share of the state (or of an earlier gradient) has become.
ANNC_INLINE LinearState after_steps(const annc_cluster_launch &job, bool is_weight, LinearState state, int first,
                                    int end)
{
    for (int step = first; step < end; step++)
        linear_step(job.rule, is_weight, (double)rate_of(job, step), 0.0, state.theta, state.v);
    return state;
}

// Returns the share that the mean gradient of step `past` has in the parameter before step `step`.
ANNC_INLINE double share_of_gradient(const annc_cluster_launch &job, bool is_weight, int past, int step)
{
    LinearState state = {0, 0};
    linear_step(job.rule, is_weight, (double)rate_of(job, past), 1.0, state.theta, state.v);
    return after_steps(job, is_weight, state, past + 1, step).theta;
}

#endif
