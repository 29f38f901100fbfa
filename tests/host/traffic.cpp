// traffic.cpp - counts the bytes of device memory that each kernel loads and stores. The kernels
// are compiled with -fsanitize=thread, which puts a call before each access; here are its
// functions, in place of the sanitizer's.
#include "host/host.h"

#include <cstring>
#include <map>
#include <string>

static std::map<std::string, long> &bytes_of()
{
    static std::map<std::string, long> bytes;
    return bytes;
}

static void count(const void *address, long bytes)
{
    if (annc_host_is_device_memory(address))
        bytes_of()[annc_host_kernel()] += bytes;
}

extern "C" __attribute__((visibility("default"))) long annc_host_traffic(const char *kernel)
{
    long bytes = 0;
    for (const auto &entry : bytes_of())
        if (entry.first.substr(0, entry.first.find('<')) == kernel)
            bytes += entry.second;
    return bytes;
}

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}

#define ACCESS(bytes)                                                                                                  \
    void __tsan_read##bytes(void *address)                                                                             \
    {                                                                                                                  \
        count(address, bytes);                                                                                         \
    }                                                                                                                  \
    void __tsan_write##bytes(void *address)                                                                            \
    {                                                                                                                  \
        count(address, bytes);                                                                                         \
    }                                                                                                                  \
    void __tsan_unaligned_read##bytes(void *address)                                                                   \
    {                                                                                                                  \
        count(address, bytes);                                                                                         \
    }                                                                                                                  \
    void __tsan_unaligned_write##bytes(void *address)                                                                  \
    {                                                                                                                  \
        count(address, bytes);                                                                                         \
    }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void __tsan_read_range(void *address, long bytes)
{
    count(address, bytes);
}

void __tsan_write_range(void *address, long bytes)
{
    count(address, bytes);
}
}
