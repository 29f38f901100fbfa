# What the CUDA module is made of; also built for the CPU by tests/host.
set(ANNC_KERNEL_SOURCES)
foreach(kernel initialise gather dropout activate delta update score)
  list(APPEND ANNC_KERNEL_SOURCES ${PROJECT_SOURCE_DIR}/kernels/${kernel}.cu)
endforeach()
set(ANNC_CUDA_BACKEND_SOURCES ${PROJECT_SOURCE_DIR}/src/backend/cuda/backend_cuda.c)
# The engine of kernels/cluster, for nvcc alone: the simulated device has no clusters.
set(ANNC_CLUSTER_KERNEL_SOURCES)
foreach(kernel cluster_plan cluster_train)
  list(APPEND ANNC_CLUSTER_KERNEL_SOURCES ${PROJECT_SOURCE_DIR}/kernels/cluster/${kernel}.cu)
endforeach()
set(ANNC_CLUSTER_ENGINE_SOURCES ${PROJECT_SOURCE_DIR}/src/backend/cuda/cluster_engine.c)
