/* device_code.h - the qualifier of small functions compiled for C, CUDA host code and CUDA
 * kernels. */
#ifndef ANNC_BASE_DEVICE_CODE_H
#define ANNC_BASE_DEVICE_CODE_H

#if defined(__CUDACC__)
#define ANNC_DEVICE_CODE __host__ __device__ static inline
#else
#define ANNC_DEVICE_CODE static inline
#endif

#endif
