// runtime.cpp - the simulated device's memory, streams and graphs.
#include "host/host.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <unistd.h>
#include <vector>

using Work = std::function<void()>;

// Work in a graph, and the nodes that it comes after.
struct Node {
    Work work;
    std::set<size_t> after;
};

// What one stream and those that it forks to record.
struct Capture {
    cudaStream_t origin;
    bool invalidated = false;
    std::vector<Node> nodes;
};

struct annc_host_stream {
    int device;
    long number; // no other stream has it
    std::deque<Work> pending;
    long submitted = 0, ended = 0;    // pieces of work outside of captures
    std::shared_ptr<Capture> capture; // or none
    std::set<size_t> last;            // nodes that the next one comes after
};

struct annc_host_event {
    std::shared_ptr<Capture> capture;
    std::set<size_t> last;
    long stream = 0, submitted = 0; // outside of captures: the stream's work so far
};

struct annc_host_graph {
    std::vector<Node> nodes;
};

struct annc_host_graph_exec {
    int device;
    std::vector<Node> nodes;
};

namespace
{

cudaError_t last_error = cudaSuccess;
struct Block {
    int device;
    size_t bytes;
};
std::map<void *, Block> allocations;
std::set<void *> pinned;         // host memory
std::map<int, size_t> allocated; // of each device
std::vector<cudaStream_t> streams;
thread_local int current_device = 0;

cudaError_t give(cudaError_t error)
{
    if (error != cudaSuccess)
        last_error = error;
    return error;
}

size_t memory_bytes()
{
    return (size_t)annc_host_setting("ANNC_HOST_MEMORY_MB", 4096) << 20;
}

bool any_capturing()
{
    for (cudaStream_t stream : streams)
        if (stream->capture)
            return true;
    return false;
}

// Performs the first `count` pieces of a stream's work.
void drain_until(cudaStream_t stream, long count)
{
    while (stream->ended < count && !stream->pending.empty()) {
        const Work work = std::move(stream->pending.front());
        stream->pending.pop_front();
        stream->ended++;
        work();
    }
}

void drain(cudaStream_t stream)
{
    drain_until(stream, stream->submitted);
}

long blocks()
{
    return (long)(allocations.size() + pinned.size());
}

// Which calls fail: from the environment, until a test program says otherwise.
struct Faults {
    long first, last, calls;
};

Faults &faults()
{
    static Faults all = {0, 0, 0};
    static const bool read = [] {
        const long at = annc_host_setting("ANNC_HOST_FAIL", 0), from = annc_host_setting("ANNC_HOST_FAIL_FROM", 0);
        all = {at ? at : from, at ? at : LONG_MAX, 0};
        return true;
    }();
    (void)read;
    return all;
}

// What a call that must fail gives.
cudaError_t fault()
{
    return annc_host_is_broken() ? cudaErrorIllegalAddress : cudaErrorUnknown;
}

// With ANNC_HOST_LEAKS=1, what was never freed is a fault.
struct LeakCheck {
    ~LeakCheck()
    {
        if (annc_host_setting("ANNC_HOST_LEAKS", 0) && blocks() + annc_host_objects > 0) {
            std::fprintf(stderr, "simulated device: %ld blocks and %ld streams, graphs and handles were never freed\n",
                         blocks(), annc_host_objects);
            std::_Exit(1);
        }
    }
} leak_check;

} // namespace

// A call that may be made to fail.
#define ENTER()                                                                                                        \
    do {                                                                                                               \
        if (annc_host_must_fail())                                                                                     \
            return give(fault());                                                                                      \
    } while (0)

// The same of memory, which is short until the device is broken.
#define ENTER_MEMORY()                                                                                                 \
    do {                                                                                                               \
        if (annc_host_must_fail())                                                                                     \
            return give(annc_host_is_broken() ? fault() : cudaErrorMemoryAllocation);                                  \
    } while (0)

// What gives something back does so always, and on a broken device tells of that.
#define LEAVE() return annc_host_is_broken() ? give(fault()) : cudaSuccess

long annc_host_objects = 0;

long annc_host_setting(const char *name, long preset)
{
    const char *text = std::getenv(name);
    return text && *text ? std::strtol(text, nullptr, 10) : preset;
}

bool annc_host_must_fail()
{
    Faults &all = faults();
    all.calls++;
    return all.first > 0 && all.calls >= all.first && all.calls <= all.last;
}

bool annc_host_is_broken()
{
    return faults().first > 0 && faults().last > faults().first && faults().calls >= faults().first;
}

extern "C" __attribute__((visibility("default"))) long annc_host_faults(long first, long last)
{
    const long calls = faults().calls;
    faults() = {first, last, 0};
    return calls;
}

extern "C" __attribute__((visibility("default"))) long annc_host_left(void)
{
    return blocks() + annc_host_objects;
}

// The module's own memory on the host: the linker turns its calls here.
extern "C" void *__real_calloc(size_t count, size_t size);
extern "C" void *__wrap_calloc(size_t count, size_t size);

extern "C" void *__wrap_calloc(size_t count, size_t size)
{
    return annc_host_must_fail() ? nullptr : __real_calloc(count, size);
}

bool annc_host_is_device_memory(const void *address)
{
    const auto next = allocations.upper_bound((void *)address);
    if (next == allocations.begin())
        return false;
    const auto found = std::prev(next);
    return (const char *)address < (const char *)found->first + found->second.bytes;
}

bool annc_host_is_foreign(cudaStream_t stream)
{
    return stream->device != current_device;
}

// Whether work of a stream waits until something needs it: with ANNC_HOST_DEFER=2 only that of the
// first stream, so that the others run ahead of it.
static bool is_deferred(cudaStream_t stream)
{
    const long setting = annc_host_setting("ANNC_HOST_DEFER", 0);
    return setting == 1 || (setting == 2 && stream->number == 1);
}

void annc_host_submit(cudaStream_t stream, Work work)
{
    if (stream->capture) {
        stream->capture->nodes.push_back({std::move(work), std::move(stream->last)});
        stream->last = {stream->capture->nodes.size() - 1};
    } else if (is_deferred(stream)) {
        stream->pending.push_back(std::move(work));
        stream->submitted++;
    } else
        work();
}

extern "C" __attribute__((visibility("default"))) void annc_host_submit_call(cudaStream_t stream, void (*call)(void *),
                                                                             void *context)
{
    annc_host_submit(stream, [=] { call(context); });
}

void annc_host_enqueue(const char *kernel, unsigned cluster, dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
                       Work thread)
{
    const size_t threads = (size_t)block.x * block.y * block.z, blocks = (size_t)grid.x * grid.y * grid.z;
    if (annc_host_must_fail()) {
        if (stream->capture)
            stream->capture->invalidated = true;
        give(fault());
    } else if (annc_host_is_foreign(stream)) {
        give(cudaErrorInvalidResourceHandle);
    } else if (annc_host_setting("ANNC_HOST_NO_CODE", 0)) {
        give(cudaErrorNoKernelImageForDevice);
    } else if (threads == 0 || threads > 1024 || blocks == 0 || grid.y > 65535 || grid.z > 65535 || cluster == 0 ||
               cluster > 8 || grid.x % cluster != 0)
        give(cudaErrorInvalidConfiguration);
    else
        annc_host_submit(stream, [=] { annc_host_run_grid(kernel, cluster, grid, block, shared, thread); });
}

cudaError_t cudaGetLastError(void)
{
    const cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

const char *cudaGetErrorName(cudaError_t error)
{
    switch (error) {
    case cudaSuccess:
        return "cudaSuccess";
    case cudaErrorInvalidValue:
        return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
        return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
        return "cudaErrorInvalidConfiguration";
    case cudaErrorInsufficientDriver:
        return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
        return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
        return "cudaErrorInvalidDevice";
    case cudaErrorNoKernelImageForDevice:
        return "cudaErrorNoKernelImageForDevice";
    case cudaErrorInvalidResourceHandle:
        return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotReady:
        return "cudaErrorNotReady";
    case cudaErrorIllegalAddress:
        return "cudaErrorIllegalAddress";
    case cudaErrorStreamCaptureUnsupported:
        return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
        return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorStreamCaptureUnjoined:
        return "cudaErrorStreamCaptureUnjoined";
    case cudaErrorUnknown:
        return "cudaErrorUnknown";
    }
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
    return error == cudaErrorNoDevice ? "no CUDA-capable device is detected" : cudaGetErrorName(error);
}

// ---------------------------------------------------------------- the device

cudaError_t cudaGetDeviceCount(int *count)
{
    ENTER();
    *count = (int)annc_host_setting("ANNC_HOST_DEVICES", 1);
    return *count > 0 ? cudaSuccess : give(cudaErrorNoDevice);
}

cudaError_t cudaSetDevice(int device)
{
    ENTER();
    if (device < 0 || device >= annc_host_setting("ANNC_HOST_DEVICES", 1))
        return give(cudaErrorInvalidDevice);
    current_device = device;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    *device = current_device;
    LEAVE();
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int)
{
    ENTER();
    *properties = {"Simulated device", {{0}}, memory_bytes(), 9, 0, 1};
    const long identity = annc_host_setting("ANNC_HOST_IDENTITY", 0), own = identity < 0 ? getpid() : identity;
    memcpy(properties->uuid.bytes, &own, sizeof own);
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int)
{
    ENTER();
    switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
        *value = 1;
        return cudaSuccess;
    case cudaDevAttrClusterLaunch:
        *value = (int)annc_host_setting("ANNC_HOST_CLUSTERS", 1);
        return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = (int)annc_host_setting("ANNC_HOST_SHARED_KB", 227) << 10;
        return cudaSuccess;
    }
    return give(cudaErrorInvalidValue);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *)
{
    ENTER();
    attributes->sharedSizeBytes = 1024;
    attributes->ptxVersion = 90;
    return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void *, cudaFuncAttribute, int value)
{
    ENTER();
    return value <= (int)annc_host_setting("ANNC_HOST_SHARED_KB", 227) << 10 ? cudaSuccess
                                                                             : give(cudaErrorInvalidValue);
}

cudaError_t cudaDriverGetVersion(int *version)
{
    ENTER();
    *version = 13000;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    ENTER();
    *version = 13000;
    return cudaSuccess;
}

// ---------------------------------------------------------------- memory

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
    ENTER();
    *total_bytes = memory_bytes();
    *free_bytes = *total_bytes - allocated[current_device];
    return cudaSuccess;
}

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    ENTER_MEMORY();
    if (any_capturing())
        return give(cudaErrorStreamCaptureUnsupported);
    *memory = bytes <= memory_bytes() - allocated[current_device] ? std::aligned_alloc(256, (bytes + 255) / 256 * 256)
                                                                  : nullptr;
    if (!*memory)
        return give(cudaErrorMemoryAllocation);
    memset(*memory, 0xFF, bytes); // as floats, NaN
    allocations[*memory] = {current_device, bytes};
    allocated[current_device] += bytes;
    return cudaSuccess;
}

cudaError_t cudaFree(void *memory)
{
    if (!memory)
        return cudaSuccess;
    for (cudaStream_t stream : streams)
        drain(stream);
    const auto found = allocations.find(memory);
    if (found == allocations.end())
        return give(cudaErrorInvalidValue);
    allocated[found->second.device] -= found->second.bytes;
    allocations.erase(found);
    std::free(memory);
    LEAVE();
}

cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned)
{
    ENTER_MEMORY();
    *memory = std::malloc(bytes);
    if (!*memory)
        return give(cudaErrorMemoryAllocation);
    memset(*memory, 0xFF, bytes);
    pinned.insert(*memory);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *memory)
{
    if (pinned.erase(memory) == 0)
        return give(cudaErrorInvalidValue);
    std::free(memory);
    LEAVE();
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream)
{
    ENTER();
    if (annc_host_is_foreign(stream))
        return give(cudaErrorInvalidResourceHandle);
    // Pageable host memory is read before the call returns.
    if (kind == cudaMemcpyHostToDevice && !stream->capture) {
        const std::vector<char> snapshot((const char *)from, (const char *)from + bytes);
        annc_host_submit(stream, [=] { memcpy(to, snapshot.data(), bytes); });
    } else {
        annc_host_submit(stream, [=] { memcpy(to, from, bytes); });
    }
    return cudaSuccess;
}

// ---------------------------------------------------------------- streams and graphs

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned)
{
    ENTER();
    static long numbers = 0;
    *stream = new annc_host_stream;
    (*stream)->device = current_device;
    (*stream)->number = ++numbers;
    streams.push_back(*stream);
    annc_host_objects++;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    drain(stream);
    for (auto i = streams.begin(); i != streams.end(); ++i)
        if (*i == stream) {
            streams.erase(i);
            break;
        }
    delete stream;
    annc_host_objects--;
    LEAVE();
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    ENTER();
    if (stream->capture) {
        stream->capture->invalidated = true;
        return give(cudaErrorStreamCaptureUnsupported);
    }
    return stream->pending.empty() ? cudaSuccess : give(cudaErrorNotReady);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    if (annc_host_must_fail()) {
        if (!stream->capture)
            drain(stream); // so that nothing of it comes after the failure
        return give(fault());
    }
    if (stream->capture) {
        stream->capture->invalidated = true;
        return give(cudaErrorStreamCaptureUnsupported);
    }
    drain(stream);
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned)
{
    ENTER();
    *event = new annc_host_event;
    annc_host_objects++;
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    delete event;
    annc_host_objects--;
    LEAVE();
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    ENTER();
    if (annc_host_is_foreign(stream))
        return give(cudaErrorInvalidResourceHandle);
    event->capture = stream->capture;
    event->last = stream->last;
    event->stream = stream->number;
    event->submitted = stream->submitted;
    return cudaSuccess;
}

// Performs a stream's work up to an event, unless the stream has been destroyed, and thus drained.
static void drain_before(long number, long count)
{
    for (cudaStream_t stream : streams)
        if (stream->number == number)
            return drain_until(stream, count);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned)
{
    ENTER();
    if (annc_host_is_foreign(stream))
        return give(cudaErrorInvalidResourceHandle);
    if (event->stream == 0 || (stream->capture && stream->capture != event->capture))
        return give(cudaErrorInvalidValue);
    if (!event->capture) {
        const long number = event->stream, count = event->submitted;
        annc_host_submit(stream, [=] { drain_before(number, count); });
        return cudaSuccess;
    }
    if (!stream->capture)
        stream->last.clear();
    stream->capture = event->capture;
    stream->last.insert(event->last.begin(), event->last.end());
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
    ENTER();
    if (annc_host_is_foreign(stream))
        return give(cudaErrorInvalidResourceHandle);
    if (stream->capture)
        return give(cudaErrorInvalidValue);
    stream->capture = std::make_shared<Capture>();
    stream->capture->origin = stream;
    stream->last.clear();
    return cudaSuccess;
}

// Whether every node comes before the end of the stream that began the capture.
static bool is_joined(const Capture &capture, const std::set<size_t> &last)
{
    std::vector<size_t> open(last.begin(), last.end());
    std::set<size_t> before(last);
    while (!open.empty()) {
        const size_t node = open.back();
        open.pop_back();
        for (size_t i : capture.nodes[node].after)
            if (before.insert(i).second)
                open.push_back(i);
    }
    return before.size() == capture.nodes.size();
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    *graph = nullptr;
    const std::shared_ptr<Capture> capture = stream->capture;
    if (!capture || capture->origin != stream)
        return give(cudaErrorInvalidValue);
    for (cudaStream_t other : streams)
        if (other->capture == capture)
            other->capture = nullptr;
    ENTER();
    if (capture->invalidated)
        return give(cudaErrorStreamCaptureInvalidated);
    if (!is_joined(*capture, stream->last))
        return give(cudaErrorStreamCaptureUnjoined);
    *graph = new annc_host_graph{capture->nodes};
    annc_host_objects++;
    return cudaSuccess;
}

// Of the graph that was instantiated last.
static long last_nodes = 0, last_longest = 0;

extern "C" __attribute__((visibility("default"))) void annc_host_last_graph(long *nodes, long *longest)
{
    *nodes = last_nodes;
    *longest = last_longest;
}

static long longest_path(const std::vector<Node> &nodes)
{
    std::vector<long> to(nodes.size(), 1); // a node comes after nodes of lower numbers
    long longest = 0;
    for (size_t i = 0; i < nodes.size(); i++) {
        for (size_t j : nodes[i].after)
            to[i] = std::max(to[i], to[j] + 1);
        longest = std::max(longest, to[i]);
    }
    return longest;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long)
{
    ENTER();
    last_nodes = (long)graph->nodes.size();
    last_longest = longest_path(graph->nodes);
    *executable = new annc_host_graph_exec{current_device, graph->nodes};
    annc_host_objects++;
    return cudaSuccess;
}

// As they were recorded, or, with ANNC_HOST_SHUFFLE, in any order that the graph allows.
static std::vector<size_t> order_of_nodes(const std::vector<Node> &nodes)
{
    const long seed = annc_host_setting("ANNC_HOST_SHUFFLE", 0);
    static std::mt19937 dice((unsigned)seed);
    std::vector<size_t> order, ready, missing(nodes.size());
    std::vector<std::vector<size_t>> next(nodes.size());
    for (size_t i = 0; i < nodes.size(); i++) {
        missing[i] = nodes[i].after.size();
        if (missing[i] == 0)
            ready.push_back(i);
        for (size_t j : nodes[i].after)
            next[j].push_back(i);
    }
    while (!ready.empty()) {
        const auto chosen =
            seed ? ready.begin() + (long)(dice() % ready.size()) : std::min_element(ready.begin(), ready.end());
        const size_t node = *chosen;
        ready.erase(chosen);
        order.push_back(node);
        for (size_t i : next[node])
            if (--missing[i] == 0)
                ready.push_back(i);
    }
    return order;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream)
{
    ENTER();
    if (annc_host_is_foreign(stream) || executable->device != current_device)
        return give(cudaErrorInvalidResourceHandle);
    if (stream->capture)
        return give(cudaErrorStreamCaptureUnsupported);
    for (size_t i : order_of_nodes(executable->nodes))
        annc_host_submit(stream, executable->nodes[i].work);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    delete graph;
    annc_host_objects--;
    LEAVE();
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable)
{
    for (cudaStream_t stream : streams)
        drain(stream);
    delete executable;
    annc_host_objects--;
    LEAVE();
}
