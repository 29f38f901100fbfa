// fibers.cpp - CUDA threads as fibers: each has a stack of its own, so that a barrier is a real one.
//
// The threads of a block run one after another, each until it waits or ends; then those whose wait
// is over go on. The blocks of a cluster take turns: one runs until all its threads wait for the
// cluster or have ended.
// ANNC_HOST_SHUFFLE=SEED runs blocks and threads in another order each time, which a missing
// barrier does not survive.
#include "host/host.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <ucontext.h>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define START_SWITCH(saved, stack, bytes) __sanitizer_start_switch_fiber(saved, stack, bytes)
#define FINISH_SWITCH(saved)              __sanitizer_finish_switch_fiber(saved, nullptr, nullptr)
#else
#define START_SWITCH(saved, stack, bytes) (void)(saved), (void)(stack), (void)(bytes)
#define FINISH_SWITCH(saved)              (void)(saved)
#endif

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace
{

constexpr size_t STACK_BYTES = 1 << 17;
constexpr unsigned WARP = 32;

enum class State { ready, at_barrier, at_warp, at_cluster, ended };

struct Fiber {
    void *jump[5]; // __builtin_setjmp's
    std::unique_ptr<char[]> stack{new char[STACK_BYTES]};
    void *sanitizer = nullptr;
    State state = State::ended;
    unsigned warp_mask = 0;      // of the lanes that it waits for
    unsigned char value[8] = {}; // that it gives to its warp
};

// Shared memory of a block: variables by their key (ANNC_SHARED), and what the launch asks for.
struct Shared {
    std::map<const void *, std::vector<unsigned char>> variables;
    std::vector<unsigned char> dynamic;
};

// The scheduler is the host thread's own stack; fibers switch to it and back.
struct Scheduler {
    void *jump[5];
    void *sanitizer = nullptr;
    const void *stack = nullptr;
    size_t stack_bytes = 0;
    std::vector<std::unique_ptr<Fiber>> fibers; // kept between launches
    const std::function<void()> *thread = nullptr;
    const char *kernel = "";
    unsigned count = 0, current = 0; // threads of a block; the one that runs
    unsigned cluster = 1, rank = 0;  // blocks of a cluster; the one that runs
    std::vector<Shared> shared;      // of the cluster's blocks
} scheduler;

// Thread `index` of the block that runs.
Fiber &fiber_of(unsigned index)
{
    return *scheduler.fibers[scheduler.rank * scheduler.count + index];
}

[[noreturn]] void fault(const char *what)
{
    std::fprintf(stderr, "simulated device: %s in %s, block (%u, %u, %u), thread %u\n", what, scheduler.kernel,
                 blockIdx.x, blockIdx.y, blockIdx.z, scheduler.current);
    std::abort();
}

// Functions that jump: not inlined, since a jump must not be in the function that set its target; unknown to their callers, who would
// otherwise keep values in registers that another fiber uses meanwhile; and not instrumented, since a sanitizer clears the whole stack before
// a jump that it cannot follow.
#if defined(__clang__)
#define JUMPS __attribute__((noinline, no_sanitize("address")))
#else
#define JUMPS __attribute__((noipa, no_sanitize("address")))
#endif

[[noreturn]] JUMPS void jump_to(void **target)
{
    __builtin_longjmp(target, 1);
}

JUMPS void to_scheduler(Fiber &fiber)
{
    START_SWITCH(&fiber.sanitizer, scheduler.stack, scheduler.stack_bytes);
    if (__builtin_setjmp(fiber.jump) == 0)
        jump_to(scheduler.jump);
    FINISH_SWITCH(fiber.sanitizer);
}

// A fiber lives for good: it runs one CUDA thread after another.
void fiber_main()
{
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &scheduler.stack, &scheduler.stack_bytes);
#endif
    Fiber &fiber = fiber_of(scheduler.current);
    for (;;) {
        (*scheduler.thread)();
        fiber.state = State::ended;
        to_scheduler(fiber);
    }
}

// The first time, a fiber is entered by its context; from then on by a jump.
JUMPS void enter_new(Fiber &fiber)
{
    static ucontext_t unused;
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = fiber.stack.get();
    context.uc_stack.ss_size = STACK_BYTES;
    context.uc_link = nullptr;
    makecontext(&context, fiber_main, 0);
    swapcontext(&unused, &context);
}

JUMPS void resume(unsigned index, bool is_new)
{
    Fiber &fiber = fiber_of(index);
    scheduler.current = index;
    threadIdx = {index % blockDim.x, index / blockDim.x % blockDim.y, index / blockDim.x / blockDim.y};
    START_SWITCH(&scheduler.sanitizer, fiber.stack.get(), STACK_BYTES);
    if (__builtin_setjmp(scheduler.jump) == 0) {
        if (is_new)
            enter_new(fiber);
        jump_to(fiber.jump);
    }
    FINISH_SWITCH(scheduler.sanitizer);
}

std::mt19937 &dice()
{
    static std::mt19937 generator((unsigned)annc_host_setting("ANNC_HOST_SHUFFLE", 0));
    return generator;
}

std::vector<unsigned> order_of(size_t count)
{
    std::vector<unsigned> order(count);
    std::iota(order.begin(), order.end(), 0u);
    if (annc_host_setting("ANNC_HOST_SHUFFLE", 0))
        std::shuffle(order.begin(), order.end(), dice());
    return order;
}

// Whether all lanes that this one waits for wait with it.
bool warp_is_complete(unsigned index)
{
    const unsigned first = index / WARP * WARP, mask = fiber_of(index).warp_mask;
    for (unsigned lane = 0; lane < WARP; lane++) {
        if (!(mask >> lane & 1) || first + lane >= scheduler.count)
            continue;
        const Fiber &other = fiber_of(first + lane);
        if (other.state == State::ended)
            fault("a lane has ended that others exchange with");
        if (other.state != State::at_warp || other.warp_mask != mask)
            return false;
    }
    return true;
}

// Lets go on whoever need not wait any longer; false where all have ended or wait for the cluster.
bool release()
{
    unsigned waiting = 0, ended = 0, at_cluster = 0;
    std::vector<unsigned> complete;
    for (unsigned i = 0; i < scheduler.count; i++) {
        const State state = fiber_of(i).state;
        waiting += state == State::at_barrier;
        ended += state == State::ended;
        at_cluster += state == State::at_cluster;
        if (state == State::at_warp && warp_is_complete(i))
            complete.push_back(i);
    }
    for (unsigned i : complete)
        fiber_of(i).state = State::ready;
    if (!complete.empty())
        return true;
    if (ended == scheduler.count || at_cluster == scheduler.count)
        return false;
    if (waiting + ended + at_cluster < scheduler.count)
        fault("deadlock: some threads wait for lanes that do not come");
    if (ended + at_cluster > 0)
        fault("deadlock: some threads wait at a barrier, but others have ended or wait for the cluster");
    for (unsigned i = 0; i < scheduler.count; i++)
        fiber_of(i).state = State::ready;
    return true;
}

// Shared memory holds what the last block left; to a program it must look like nothing in particular. Signalling NaNs of all ones.
extern "C" unsigned char __start_annc_shared[] __attribute__((weak)), __stop_annc_shared[] __attribute__((weak));

__attribute__((no_sanitize("address"))) void spoil_shared_memory()
{
    for (unsigned char *byte = __start_annc_shared; byte < __stop_annc_shared; byte++)
        *(volatile unsigned char *)byte = 0xFF;
}

// Runs a block until all its threads have ended or wait for the cluster.
void run_block(std::vector<bool> &is_new)
{
    do {
        for (unsigned i : order_of(scheduler.count))
            if (fiber_of(i).state == State::ready) {
                const unsigned fiber = scheduler.rank * scheduler.count + i;
                const bool first = is_new[fiber];
                is_new[fiber] = false;
                resume(i, first);
            }
    } while (release());
}

// Whether the blocks of a cluster have ended; lets them go on if they have met.
bool has_ended()
{
    const unsigned threads = scheduler.cluster * scheduler.count;
    unsigned ended = 0;
    for (unsigned i = 0; i < threads; i++)
        ended += scheduler.fibers[i]->state == State::ended;
    if (ended > 0 && ended < threads)
        fault("deadlock: some blocks wait for the cluster, but others have ended");
    for (unsigned i = 0; i < threads && ended == 0; i++)
        scheduler.fibers[i]->state = State::ready;
    return ended > 0;
}

// Runs the cluster whose first block has the number `first`.
void run_cluster(unsigned first)
{
    std::vector<bool> is_new(scheduler.cluster * scheduler.count, false);
    for (unsigned i = 0; i < is_new.size(); i++) {
        if (i >= scheduler.fibers.size()) {
            scheduler.fibers.emplace_back(new Fiber);
            is_new[i] = true;
        }
        scheduler.fibers[i]->state = State::ready;
    }
    spoil_shared_memory();
    for (Shared &shared : scheduler.shared) {
        shared.variables.clear();
        std::fill(shared.dynamic.begin(), shared.dynamic.end(), 0xFF);
    }
    do {
        for (unsigned rank : order_of(scheduler.cluster)) {
            const unsigned i = first + rank;
            blockIdx = {i % gridDim.x, i / gridDim.x % gridDim.y, i / gridDim.x / gridDim.y};
            scheduler.rank = rank;
            run_block(is_new);
        }
    } while (!has_ended());
    scheduler.rank = 0;
}

} // namespace

void annc_host_run_grid(const char *kernel, unsigned cluster, dim3 grid, dim3 block, size_t shared,
                        const std::function<void()> &thread)
{
    gridDim = grid;
    blockDim = block;
    scheduler.kernel = kernel;
    scheduler.cluster = cluster;
    scheduler.shared.assign(cluster, {{}, std::vector<unsigned char>(shared)});
    scheduler.thread = &thread;
    scheduler.count = block.x * block.y * block.z;
    for (unsigned i : order_of((size_t)grid.x * grid.y * grid.z / cluster))
        run_cluster(i * cluster);
}

void *annc_host_dynamic_shared()
{
    return scheduler.shared[scheduler.rank].dynamic.data();
}

void *annc_host_shared(const void *key, size_t bytes)
{
    std::vector<unsigned char> &variable = scheduler.shared[scheduler.rank].variables[key];
    if (variable.empty())
        variable.assign(bytes, 0xFF);
    return variable.data();
}

void *annc_host_in_block(void *own, unsigned rank)
{
    if (rank >= scheduler.cluster)
        fault("access to a block that the cluster does not have");
    Shared &here = scheduler.shared[scheduler.rank], &there = scheduler.shared[rank];
    const size_t at = (size_t)((unsigned char *)own - here.dynamic.data());
    if (at < here.dynamic.size())
        return there.dynamic.data() + at;
    for (auto &variable : here.variables) {
        const size_t offset = (size_t)((unsigned char *)own - variable.second.data());
        if (offset < variable.second.size())
            return there.variables.at(variable.first).data() + offset;
    }
    fault("access to another block's memory that is not shared");
}

void annc_host_meet()
{
    Fiber &fiber = fiber_of(scheduler.current);
    fiber.state = State::at_cluster;
    to_scheduler(fiber);
}

const char *annc_host_kernel()
{
    return scheduler.kernel;
}

void __syncthreads()
{
    Fiber &fiber = fiber_of(scheduler.current);
    fiber.state = State::at_barrier;
    to_scheduler(fiber);
}

void __syncwarp()
{
    unsigned char nothing = 0, lanes[WARP][8];
    annc_host_exchange(~0u, &nothing, sizeof nothing, lanes);
}

unsigned annc_host_lane()
{
    return scheduler.current % WARP;
}

void annc_host_exchange(unsigned mask, const void *value, size_t bytes, unsigned char (*lanes)[8])
{
    const unsigned me = scheduler.current, first = me / WARP * WARP;
    Fiber &fiber = fiber_of(me);
    if (!(mask >> annc_host_lane() & 1))
        fault("a lane exchanges under a mask that leaves it out");
    memcpy(fiber.value, value, bytes);
    fiber.warp_mask = mask;
    fiber.state = State::at_warp;
    to_scheduler(fiber);
    for (unsigned lane = 0; lane < WARP; lane++)
        if (first + lane < scheduler.count)
            memcpy(lanes[lane], fiber_of(first + lane).value, sizeof fiber.value);
        else
            memset(lanes[lane], 0xFF, sizeof fiber.value);
    // Nobody gives the next value before all have taken this one.
    fiber.state = State::at_warp;
    to_scheduler(fiber);
}
