// nccl.cpp - a stand-in for NCCL: sends and receives between the simulated devices of several ranks,
// by MPI. It has what this project uses of the library.
#include "backend/cuda/nccl.h"
#include "host/host.h"

#include <cstdlib>
#include <dlfcn.h>

#define OMPI_SKIP_MPICXX  1 // the functions of C alone
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <vector>

struct ncclComm {
    MPI_Comm ranks;
};

namespace
{

constexpr int SUCCESS = ANNC_NCCL_SUCCESS, INTERNAL_ERROR = 3;

struct Transfer {
    bool is_sent;
    void *values;
    size_t count;
    int rank;
};

// The transfers between ncclGroupStart and ncclGroupEnd, all of one communicator and one stream.
struct Group {
    bool has_failed = false;
    std::vector<Transfer> transfers;
    ncclComm *comm;
    cudaStream_t stream;
} group;

long setting(const char *name, long preset)
{
    const char *text = std::getenv(name);
    return text ? std::strtol(text, nullptr, 10) : preset;
}

// Whether this call must fail: call ANNC_HOST_NCCL_FAIL of the process.
bool must_fail()
{
    static long calls = 0;
    return ++calls == setting("ANNC_HOST_NCCL_FAIL", 0);
}

void perform(void *context)
{
    Group *own = static_cast<Group *>(context);
    std::vector<MPI_Request> requests;
    for (const Transfer &transfer : own->transfers) {
        requests.emplace_back();
        if (transfer.is_sent)
            MPI_Isend(transfer.values, (int)transfer.count, MPI_FLOAT, transfer.rank, 0, own->comm->ranks,
                      &requests.back());
        else
            MPI_Irecv(transfer.values, (int)transfer.count, MPI_FLOAT, transfer.rank, 0, own->comm->ranks,
                      &requests.back());
    }
    MPI_Waitall((int)requests.size(), requests.data(), MPI_STATUSES_IGNORE);
    delete own;
}

int add(const Transfer &transfer, ncclComm *comm, cudaStream_t stream, int type)
{
    if (must_fail() || type != ANNC_NCCL_FLOAT || transfer.count == 0) {
        group.has_failed = true;
        return INTERNAL_ERROR;
    }
    group.transfers.push_back(transfer);
    group.comm = comm;
    group.stream = stream;
    return SUCCESS;
}

} // namespace

extern "C" {

int ncclGetVersion(int *version)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    *version = (int)setting("ANNC_HOST_NCCL_VERSION", 22304) + (rank == setting("ANNC_HOST_NCCL_NEWER", -1));
    return SUCCESS;
}

const char *ncclGetErrorString(int result)
{
    return result == SUCCESS ? "no error" : "internal error";
}

int ncclGetUniqueId(annc_nccl_id *id)
{
    if (must_fail())
        return INTERNAL_ERROR;
    for (size_t i = 0; i < sizeof id->bytes; i++)
        id->bytes[i] = (char)(i + 1);
    return SUCCESS;
}

int ncclCommInitRank(ncclComm **comm, int size, annc_nccl_id id, int rank)
{
    int own_size, own_rank;
    MPI_Comm_size(MPI_COMM_WORLD, &own_size);
    MPI_Comm_rank(MPI_COMM_WORLD, &own_rank);
    for (size_t i = 0; i < sizeof id.bytes; i++)
        if (id.bytes[i] != (char)(i + 1))
            return INTERNAL_ERROR;
    if (rank > 0)
        must_fail(); // for ncclGetUniqueId: the calls of all ranks have the same numbers
    if (must_fail() || size != own_size || rank != own_rank)
        return INTERNAL_ERROR;
    *comm = new ncclComm;
    MPI_Comm_dup(MPI_COMM_WORLD, &(*comm)->ranks);
    return SUCCESS;
}

int ncclCommGetAsyncError(ncclComm *, int *result)
{
    *result = must_fail() ? INTERNAL_ERROR : SUCCESS;
    return SUCCESS;
}

int ncclCommDestroy(ncclComm *comm)
{
    MPI_Comm_free(&comm->ranks);
    delete comm;
    return SUCCESS;
}

int ncclCommAbort(ncclComm *comm)
{
    delete comm; // MPI_Comm_free waits for the other ranks
    return SUCCESS;
}

int ncclGroupStart()
{
    group = Group();
    return must_fail() ? INTERNAL_ERROR : SUCCESS;
}

int ncclGroupEnd()
{
    static annc_host_submit_call_fn *submit = nullptr;
    if (!submit)
        submit = reinterpret_cast<annc_host_submit_call_fn *>(
            dlsym(dlopen(std::getenv("ANNC_CUDA_MODULE"), RTLD_NOW | RTLD_NOLOAD), "annc_host_submit_call"));
    if (must_fail() || group.has_failed)
        return INTERNAL_ERROR;
    if (!group.transfers.empty())
        submit(group.stream, perform, new Group(group));
    return SUCCESS;
}

int ncclSend(const void *values, size_t count, int type, int to, ncclComm *comm, cudaStream_t stream)
{
    return add({true, const_cast<void *>(values), count, to}, comm, stream, type);
}

int ncclRecv(void *values, size_t count, int type, int from, ncclComm *comm, cudaStream_t stream)
{
    return add({false, values, count, from}, comm, stream, type);
}
}
