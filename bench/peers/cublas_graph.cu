/* cublas_graph.cu - the job by bare cuBLAS in CUDA graphs, a GPU peer; worker.py has the protocol.
 *
 *   cublas_graph FOLDER     (FOLDER: a job that gpu.py has written)
 *
 * A graph has many steps. Its first kernel gathers the examples of all of them, by the order and a
 * counter of replays in the device's memory; a step is then three kernels and, with two layers, five
 * products. The weight update is the product of the weight gradient itself (beta = 1). The data stay
 * in the device's memory as bytes. */
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

enum { LAYERS = 8, THREADS = 256, COLUMNS = 32, ROW_LANES = 8, WORKSPACE = 32 << 20 };

static void stop(const char *what, const char *why, int line)
{
    printf("{\"error\":\"line %d: %s: %s\"}\n", line, what, why);
    fflush(stdout);
    exit(1);
}

#define CUDA(call)                                                                                                     \
    do {                                                                                                               \
        const cudaError_t status_ = (call);                                                                            \
        if (status_ != cudaSuccess)                                                                                    \
            stop("CUDA", cudaGetErrorString(status_), __LINE__);                                                       \
    } while (0)
#define CUBLAS(call)                                                                                                   \
    do {                                                                                                               \
        const cublasStatus_t status_ = (call);                                                                         \
        if (status_ != CUBLAS_STATUS_SUCCESS)                                                                          \
            stop("cuBLAS", cublasGetStatusString(status_), __LINE__);                                                  \
    } while (0)

/* ---------------------------------------------------------------- kernels */

/* Inputs and labels of `rows` examples, from position first + replay * rows of the order on. */
static __global__ void gather(const uint8_t *x, const uint8_t *y, const int *order, const unsigned *replay, int first,
                              int rows, int inputs, float *to, uint8_t *labels)
{
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= rows)
        return;
    const int example = order[(size_t)first + (size_t)*replay * rows + row];
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < inputs; i += gridDim.x * blockDim.x)
        to[(size_t)row * inputs + i] = (float)x[(size_t)example * inputs + i] * (1.0f / 255);
    if (blockIdx.x == 0 && threadIdx.x == 0)
        labels[row] = y[example];
}

static __global__ void advance(unsigned *replay)
{
    ++*replay;
}

static __device__ float sigmoid(float z)
{
    return 1 / (1 + expf(-z));
}

/* a = f(z + b) in place. */
static __global__ void activate(float *a, const float *b, int count, int n, int softmax)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    const float z = a[i] + b[i % n];
    a[i] = softmax ? fmaxf(z, 0.0f) : sigmoid(z);
}

/* The output layer of one minibatch, in one block with a thread per row: z becomes delta, and b is
 * updated. */
static __global__ void output_delta(float *z, float *b, const uint8_t *labels, int m, int n, float scale, int softmax)
{
    for (int r = threadIdx.x; r < m; r += blockDim.x) {
        float *row = z + (size_t)r * n, most = -INFINITY, sum = 0;
        for (int j = 0; j < n; j++) {
            row[j] += b[j];
            most = fmaxf(most, row[j]);
        }
        if (softmax)
            for (int j = 0; j < n; j++)
                sum += row[j] = expf(row[j] - most);
        for (int j = 0; j < n; j++) {
            const float a = softmax ? row[j] / sum : sigmoid(row[j]), e = a - (labels[r] == j ? 1.0f : 0.0f);
            row[j] = softmax ? e : e * a * (1 - a);
        }
    }
    __syncthreads();
    const int warps = blockDim.x / 32, lane = threadIdx.x % 32;
    for (int j = threadIdx.x / 32; j < n; j += warps) {
        float sum = 0;
        for (int r = lane; r < m; r += 32)
            sum += z[(size_t)r * n + j];
        for (int offset = 16; offset > 0; offset /= 2)
            sum += __shfl_down_sync(0xFFFFFFFFu, sum, offset);
        if (lane == 0)
            b[j] += scale * sum;
    }
}

/* delta *= f'(a) in place, and the update of b by its column sums; a block has 32 columns. */
static __global__ void hidden_delta(float *delta, const float *a, float *b, int m, int n, float scale, int softmax)
{
    __shared__ float sums[ROW_LANES][COLUMNS];
    const int j = blockIdx.x * COLUMNS + threadIdx.x;
    float sum = 0;
    if (j < n)
        for (int r = threadIdx.y; r < m; r += ROW_LANES) {
            const size_t i = (size_t)r * n + j;
            const float d = softmax ? (a[i] > 0 ? delta[i] : 0.0f) : delta[i] * a[i] * (1 - a[i]);
            delta[i] = d;
            sum += d;
        }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && j < n) {
        for (int lane = 1; lane < ROW_LANES; lane++)
            sum += sums[lane][threadIdx.x];
        b[j] += scale * sum;
    }
}

static __global__ void to_floats(const uint8_t *bytes, float *to, size_t count)
{
    const size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        to[i] = (float)bytes[i] * (1.0f / 255);
}

static __global__ void count_hits(const float *z, const float *b, const uint8_t *labels, int rows, int n, int *hits)
{
    const int r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rows)
        return;
    int best = 0;
    for (int j = 1; j < n; j++)
        if (z[(size_t)r * n + j] + b[j] > z[(size_t)r * n + best] + b[best])
            best = j;
    if (best == labels[r])
        atomicAdd(hits, 1);
}

/* ---------------------------------------------------------------- the job */

struct job {
    std::string folder;
    int n[LAYERS + 1], layers, batch, count, tests, epochs, many, softmax;
    float lr;
    std::vector<uint8_t> x, y, test_x, test_y;
    std::vector<float> first;
    std::vector<int> orders;
};

template <typename T> static std::vector<T> read_file(const std::string &path, size_t count)
{
    std::vector<T> all(count);
    FILE *file = fopen(path.c_str(), "rb");
    if (!file || fread(all.data(), sizeof(T), count, file) != count)
        stop("file", path.c_str(), __LINE__);
    fclose(file);
    return all;
}

/* job.txt: widths, batch, lr, softmax, examples, tests, epochs, steps per graph. */
static struct job read_job(const char *folder)
{
    struct job job;
    char widths[256], path[4096];
    job.folder = folder;
    snprintf(path, sizeof path, "%s/job.txt", folder);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%255s %d %f %d %d %d %d %d", widths, &job.batch, &job.lr, &job.softmax, &job.count,
                        &job.tests, &job.epochs, &job.many) != 8)
        stop("file", path, __LINE__);
    fclose(file);
    job.layers = -1;
    for (char *text = widths, *end; *text && job.layers < LAYERS; text = *end ? end + 1 : end)
        job.n[++job.layers] = (int)strtol(text, &end, 10);
    size_t floats = 0;
    for (int l = 1; l <= job.layers; l++)
        floats += (size_t)job.n[l] * (size_t)(job.n[l - 1] + 1);
    const std::string at = job.folder + "/";
    job.x = read_file<uint8_t>(at + "x.u8", (size_t)job.count * job.n[0]);
    job.y = read_file<uint8_t>(at + "y.u8", job.count);
    job.test_x = read_file<uint8_t>(at + "test_x.u8", (size_t)job.tests * job.n[0]);
    job.test_y = read_file<uint8_t>(at + "test_y.u8", job.tests);
    job.first = read_file<float>(at + "weights.f32", floats);
    job.orders = read_file<int>(at + "orders.i32", (size_t)job.epochs * job.count);
    const int full = job.count / job.batch;
    job.many = job.many < 1 ? 1 : job.many > full && full > 0 ? full : job.many;
    return job;
}

template <typename T> static T *device_memory(size_t count, const T *from = nullptr)
{
    T *memory;
    CUDA(cudaMalloc(&memory, count * sizeof(T)));
    if (from)
        CUDA(cudaMemcpy(memory, from, count * sizeof(T), cudaMemcpyHostToDevice));
    return memory;
}

struct trainer {
    const struct job *job;
    cudaStream_t stream;
    cublasHandle_t handle;
    void *workspace;
    uint8_t *x, *y, *test_x, *test_y, *labels;
    float *first, *theta, *W[LAYERS + 1], *b[LAYERS + 1], *inputs, *A[LAYERS + 1], *delta[LAYERS + 1];
    float *test_inputs, *test_A[LAYERS + 1];
    int *orders, *order, *hits;
    unsigned *replay;
    cudaGraphExec_t single, program, tail;
};

static void stage(struct trainer *t, const struct job *job)
{
    t->job = job;
    t->single = t->program = t->tail = nullptr;
    CUDA(cudaStreamCreateWithFlags(&t->stream, cudaStreamNonBlocking));
    CUBLAS(cublasCreate(&t->handle));
    CUBLAS(cublasSetStream(t->handle, t->stream));
    t->workspace = device_memory<char>(WORKSPACE);
    CUBLAS(cublasSetWorkspace(t->handle, t->workspace, WORKSPACE));
    t->x = device_memory(job->x.size(), job->x.data());
    t->y = device_memory(job->y.size(), job->y.data());
    t->test_x = device_memory(job->test_x.size(), job->test_x.data());
    t->test_y = device_memory(job->test_y.size(), job->test_y.data());
    t->first = device_memory(job->first.size(), job->first.data());
    t->theta = device_memory(job->first.size(), job->first.data());
    t->orders = device_memory(job->orders.size(), job->orders.data());
    t->order = device_memory((size_t)job->count, job->orders.data());
    t->hits = device_memory<int>(1);
    t->replay = device_memory<unsigned>(1);
    CUDA(cudaMemset(t->replay, 0, sizeof *t->replay));
    const size_t rows = (size_t)(job->many + 1) * job->batch; /* of a graph, or of the tail */
    t->labels = device_memory<uint8_t>(rows);
    t->inputs = device_memory<float>(rows * job->n[0]);
    t->test_inputs = device_memory<float>((size_t)job->tests * job->n[0]);
    float *theta = t->theta;
    for (int l = 1; l <= job->layers; l++) {
        t->W[l] = theta;
        t->b[l] = theta += (size_t)job->n[l] * job->n[l - 1];
        theta += job->n[l];
        t->A[l] = device_memory<float>((size_t)job->batch * job->n[l]);
        t->delta[l] = l < job->layers ? device_memory<float>((size_t)job->batch * job->n[l]) : t->A[l];
        t->test_A[l] = device_memory<float>((size_t)job->tests * job->n[l]);
    }
    const size_t pixels = (size_t)job->tests * job->n[0];
    to_floats<<<(unsigned)((pixels + THREADS - 1) / THREADS), THREADS, 0, t->stream>>>(t->test_x, t->test_inputs,
                                                                                       pixels);
    CUDA(cudaGetLastError());
    CUDA(cudaStreamSynchronize(t->stream));
}

/* C (rows x columns) = alpha op(A) op(B) + beta C, all row-major: cuBLAS sees the transposed product. */
static void product(struct trainer *t, bool transpose_a, bool transpose_b, int rows, int columns, int inner,
                    float alpha, const float *a, const float *b, float beta, float *c)
{
    CUBLAS(cublasSgemm(t->handle, transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N,
                       columns, rows, inner, &alpha, b, transpose_b ? inner : columns, a, transpose_a ? rows : inner,
                       &beta, c, columns));
}

static void forward(struct trainer *t, const float *x, float **A, int m)
{
    const struct job *job = t->job;
    for (int l = 1; l <= job->layers; l++) {
        const int n = job->n[l], n_in = job->n[l - 1], count = m * n;
        product(t, false, true, m, n, n_in, 1, l == 1 ? x : A[l - 1], t->W[l], 0, A[l]);
        if (l < job->layers)
            activate<<<(count + THREADS - 1) / THREADS, THREADS, 0, t->stream>>>(A[l], t->b[l], count, n, job->softmax);
    }
}

static void step(struct trainer *t, const float *x, const uint8_t *labels, int m)
{
    const struct job *job = t->job;
    const int L = job->layers, softmax = job->softmax, threads = m <= 128 ? 128 : m >= 1024 ? 1024 : (m + 31) / 32 * 32;
    const float scale = -job->lr / (float)m;
    forward(t, x, t->A, m);
    output_delta<<<1, threads, 0, t->stream>>>(t->A[L], t->b[L], labels, m, job->n[L], scale, softmax);
    for (int l = L; l > 0; l--) {
        const int n = job->n[l], n_in = job->n[l - 1];
        if (l > 1) {
            product(t, false, false, m, n_in, n, 1, t->delta[l], t->W[l], 0, t->delta[l - 1]);
            hidden_delta<<<(n_in + COLUMNS - 1) / COLUMNS, dim3(COLUMNS, ROW_LANES), 0, t->stream>>>(
                t->delta[l - 1], t->A[l - 1], t->b[l - 1], m, n_in, scale, softmax);
        }
        product(t, true, false, n, n_in, m, scale, t->delta[l], l == 1 ? x : t->A[l - 1], 1, t->W[l]);
    }
}

/* Enqueues the steps of `rows` examples from position first + replay * rows of the order on. `moves`:
 * the counter goes up afterwards. */
static void enqueue(struct trainer *t, int first, int rows, bool moves)
{
    const struct job *job = t->job;
    const dim3 block(64, 4), grid(4, (unsigned)(rows + 3) / 4);
    gather<<<grid, block, 0, t->stream>>>(t->x, t->y, t->order, t->replay, first, rows, job->n[0], t->inputs,
                                          t->labels);
    for (int at = 0; at < rows; at += job->batch)
        step(t, t->inputs + (size_t)at * job->n[0], t->labels + at, rows - at < job->batch ? rows - at : job->batch);
    if (moves)
        advance<<<1, 1, 0, t->stream>>>(t->replay);
    CUDA(cudaGetLastError());
}

static cudaGraphExec_t capture(struct trainer *t, int first, int rows, bool moves)
{
    cudaGraph_t graph;
    cudaGraphExec_t program;
    CUDA(cudaMemsetAsync(t->replay, 0, sizeof *t->replay, t->stream));
    enqueue(t, first, rows, moves); /* loads whatever is loaded at the first call */
    CUDA(cudaStreamSynchronize(t->stream));
    CUDA(cudaStreamBeginCapture(t->stream, cudaStreamCaptureModeThreadLocal));
    enqueue(t, first, rows, moves);
    CUDA(cudaStreamEndCapture(t->stream, &graph));
    CUDA(cudaGraphInstantiate(&program, graph, 0));
    CUDA(cudaGraphDestroy(graph));
    CUDA(cudaGraphUpload(program, t->stream));
    CUDA(cudaStreamSynchronize(t->stream));
    return program;
}

static void prepare(struct trainer *t)
{
    const struct job *job = t->job;
    const int rows = job->many * job->batch, rest = job->count % rows;
    t->single = capture(t, 0, job->batch, true);
    t->program = capture(t, 0, rows, true);
    /* The tail reads the counter as 0: run_epoch sets it. */
    t->tail = rest ? capture(t, job->count - rest, rest, false) : nullptr;
}

static void restore(struct trainer *t)
{
    CUDA(
        cudaMemcpyAsync(t->theta, t->first, t->job->first.size() * sizeof(float), cudaMemcpyDeviceToDevice, t->stream));
    CUDA(cudaStreamSynchronize(t->stream));
}

static void use_order(struct trainer *t, int epoch)
{
    const size_t count = (size_t)t->job->count;
    CUDA(
        cudaMemcpyAsync(t->order, t->orders + epoch * count, count * sizeof(int), cudaMemcpyDeviceToDevice, t->stream));
    CUDA(cudaMemsetAsync(t->replay, 0, sizeof *t->replay, t->stream));
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Seconds of an epoch from the present weights. */
static double run_epoch(struct trainer *t, int epoch)
{
    const struct job *job = t->job;
    const double start = now();
    use_order(t, epoch);
    for (int i = 0; i < job->count / (job->many * job->batch); i++)
        CUDA(cudaGraphLaunch(t->program, t->stream));
    if (t->tail) {
        CUDA(cudaMemsetAsync(t->replay, 0, sizeof *t->replay, t->stream));
        CUDA(cudaGraphLaunch(t->tail, t->stream));
    }
    CUDA(cudaStreamSynchronize(t->stream));
    return now() - start;
}

static void run_steps(struct trainer *t, int steps)
{
    use_order(t, 0);
    for (int i = 0; i < (steps == 1 ? 1 : steps / t->job->many); i++)
        CUDA(cudaGraphLaunch(steps == 1 ? t->single : t->program, t->stream));
    CUDA(cudaStreamSynchronize(t->stream));
}

static int count_correct(struct trainer *t, double *seconds)
{
    const struct job *job = t->job;
    const double start = now();
    int hits = 0;
    CUDA(cudaMemsetAsync(t->hits, 0, sizeof *t->hits, t->stream));
    forward(t, t->test_inputs, t->test_A, job->tests);
    count_hits<<<(job->tests + THREADS - 1) / THREADS, THREADS, 0, t->stream>>>(
        t->test_A[job->layers], t->b[job->layers], t->test_y, job->tests, job->n[job->layers], t->hits);
    CUDA(cudaGetLastError());
    CUDA(cudaMemcpyAsync(&hits, t->hits, sizeof hits, cudaMemcpyDeviceToHost, t->stream));
    CUDA(cudaStreamSynchronize(t->stream));
    *seconds = now() - start;
    return hits;
}

static void write_parameters(struct trainer *t, const char *path)
{
    std::vector<float> theta(t->job->first.size());
    CUDA(cudaMemcpy(theta.data(), t->theta, theta.size() * sizeof(float), cudaMemcpyDeviceToHost));
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(theta.data(), sizeof(float), theta.size(), file) != theta.size() || fclose(file) != 0)
        stop("file", path, __LINE__);
}

static void release(struct trainer *t)
{
    const int L = t->job->layers;
    for (cudaGraphExec_t program : {t->single, t->program, t->tail})
        if (program)
            CUDA(cudaGraphExecDestroy(program));
    CUBLAS(cublasDestroy(t->handle));
    for (int l = 1; l <= L; l++) {
        CUDA(cudaFree(t->A[l]));
        CUDA(cudaFree(t->test_A[l]));
        if (l < L)
            CUDA(cudaFree(t->delta[l]));
    }
    for (void *memory :
         {t->workspace, (void *)t->x, (void *)t->y, (void *)t->test_x, (void *)t->test_y, (void *)t->labels,
          (void *)t->first, (void *)t->theta, (void *)t->inputs, (void *)t->test_inputs, (void *)t->orders,
          (void *)t->order, (void *)t->hits, (void *)t->replay})
        CUDA(cudaFree(memory));
    CUDA(cudaStreamDestroy(t->stream));
}

int main(int argc, char **argv)
{
    int devices = 0, runtime = 0, version = 0;
    if (argc < 2)
        return 2;
    const cudaError_t status = cudaGetDeviceCount(&devices);
    if (status != cudaSuccess || devices == 0) {
        printf("{\"unavailable\":\"no CUDA device: %s\"}\n", cudaGetErrorString(status));
        return 0;
    }
    const struct job job = read_job(argv[1]);
    struct trainer t;
    struct cudaDeviceProp properties;
    CUDA(cudaSetDevice(0));
    CUDA(cudaFree(nullptr)); /* the context is no part of staging */
    CUDA(cudaGetDeviceProperties(&properties, 0));
    const double start = now();
    stage(&t, &job);
    const double staged = now();
    prepare(&t);
    restore(&t);
    CUDA(cudaRuntimeGetVersion(&runtime));
    CUBLAS(cublasGetVersion(t.handle, &version));
    printf("{\"ready\":true,\"device\":\"%s\",\"versions\":{\"cuda\":\"%d.%d\",\"cublas\":\"%d\"},\"data\":\"bytes\","
           "\"seconds_staging\":%.9g,\"seconds_preparation\":%.9g}\n",
           properties.name, runtime / 1000, runtime % 1000 / 10, version, staged - start, now() - staged);
    fflush(stdout);
    char line[4096], path[4096];
    for (int value; fgets(line, sizeof line, stdin) && strcmp(line, "quit\n") != 0; fflush(stdout)) {
        double seconds, seconds_test;
        if (sscanf(line, "steps %d %4095s", &value, path) == 2) {
            restore(&t);
            run_steps(&t, value);
            write_parameters(&t, path);
            restore(&t);
            printf("{\"steps\":%d}\n", value);
        } else if (strcmp(line, "warm\n") == 0) {
            restore(&t);
            seconds = run_epoch(&t, 0);
            count_correct(&t, &seconds_test); /* the first one loads kernels */
            const int correct = count_correct(&t, &seconds_test);
            restore(&t);
            printf("{\"seconds\":%.9g,\"correct\":[%d],\"seconds_test\":%.9g}\n", seconds, correct, seconds_test);
        } else if (sscanf(line, "epoch %d", &value) == 1) {
            printf("{\"seconds\":%.9g}\n", run_epoch(&t, value % job.epochs));
        } else if (strcmp(line, "test\n") == 0) {
            const int correct = count_correct(&t, &seconds_test);
            printf("{\"correct\":[%d],\"seconds_test\":%.9g}\n", correct, seconds_test);
        } else {
            printf("{\"error\":\"unknown command\"}\n");
        }
    }
    release(&t);
    return 0;
}
