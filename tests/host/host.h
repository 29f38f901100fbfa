// host.h - what the parts of the simulated device share.
#ifndef ANNC_HOST_H
#define ANNC_HOST_H

#include <cuda_runtime.h>

#include <cstdint>

// A whole number from the environment, or the default.
long annc_host_setting(const char *name, long preset);

// Counts a call of the CUDA runtime or cuBLAS; true where ANNC_HOST_FAIL says that this one must fail.
bool annc_host_must_fail();

// Performs work in the stream's order: at once, or, with ANNC_HOST_DEFER=1, when something waits for it; recorded while capturing.
void annc_host_submit(cudaStream_t stream, std::function<void()> work);

// Runs all threads of a grid, block after block.
void annc_host_run_grid(const char *kernel, dim3 grid, dim3 block, const std::function<void()> &thread);

#endif
