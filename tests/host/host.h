// host.h - what the parts of the simulated device share.
#ifndef ANNC_TESTS_HOST_HOST_H
#define ANNC_TESTS_HOST_HOST_H

#include <cuda_runtime.h>

#include <cstdint>

// A whole number from the environment, or the default.
long annc_host_setting(const char *name, long preset);

// Counts a call of the CUDA runtime or cuBLAS; true where this one must fail.
bool annc_host_must_fail();

// Whether calls fail from one on that has been: an error of the device that stays.
bool annc_host_is_broken();

// Whether a stream is not of this thread's current device, as an error of the caller's.
bool annc_host_is_foreign(cudaStream_t stream);

// Whether an address lies in memory of the device.
bool annc_host_is_device_memory(const void *address);

// The kernel that runs, or ran last.
const char *annc_host_kernel();

// Streams, graphs and handles that there are.
extern long annc_host_objects;

// For test programs, found in the module by name: counts calls anew, of which number first to last fail (0: none); gives how many there were.
typedef long annc_host_faults_fn(long first, long last);
// Blocks of memory and objects that are not freed.
typedef long annc_host_left_fn(void);

// Bytes of device memory that the launches of a kernel have loaded and stored; of the module
// annc_counted alone.
typedef long annc_host_traffic_fn(const char *kernel);
// The graph that was instantiated last: its nodes, and how many of them the longest path has.
typedef void annc_host_last_graph_fn(long *nodes, long *longest);

// Performs work in the stream's order: at once, or, with ANNC_HOST_DEFER=1, when something waits for it; recorded while capturing.
void annc_host_submit(cudaStream_t stream, std::function<void()> work);

// The same for a library outside the module, which finds this function in it by name.
typedef void annc_host_submit_call_fn(cudaStream_t stream, void (*call)(void *), void *context);

// Runs all threads of a grid, cluster after cluster.
void annc_host_run_grid(const char *kernel, unsigned cluster, dim3 grid, dim3 block, size_t shared,
                        const std::function<void()> &thread);

#endif
