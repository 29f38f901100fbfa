/* processors.c - the number of processors available to this process. */
#include "base/processors.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Length of the tests' root, a mount point, a control group and a file name. */
enum { LONGEST_PATH = 2 * PATH_MAX };

/* ---------------------------------------------------------------- quotas of control groups
 * (cgroups(7)) */

/* Reads the first line of a file, without its end. */
static bool read_line(char *line, int size, const char *root, const char *mount, const char *group, const char *name)
{
    char path[LONGEST_PATH];
    if (snprintf(path, sizeof path, "%s%s%s/%s", root, mount, group, name) >= (int)sizeof path)
        return false;
    FILE *file = fopen(path, "re");
    const bool read = file && fgets(line, size, file);
    if (file)
        fclose(file);
    if (read)
        line[strcspn(line, "\n")] = '\0';
    return read;
}

/* Returns a quota in microseconds per period as processors; 0 = no limit or invalid numbers. */
static int processors_of(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    const long long processors = quota / period + (quota % period != 0);
    return processors < INT_MAX ? (int)processors : INT_MAX;
}

/* Version 2: cpu.max holds "QUOTA PERIOD" or "max PERIOD". */
static int quota_of_v2(const char *root, const char *mount, const char *group)
{
    char line[64], *end;
    if (!read_line(line, sizeof line, root, mount, group, "cpu.max"))
        return 0;
    const long long quota = strtoll(line, &end, 10);
    return processors_of(quota, strtoll(end, NULL, 10));
}

/* Version 1: one file for each number; -1 means no limit. */
static int quota_of_v1(const char *root, const char *mount, const char *group)
{
    char quota[32], period[32];
    if (!read_line(quota, sizeof quota, root, mount, group, "cpu.cfs_quota_us") ||
        !read_line(period, sizeof period, root, mount, group, "cpu.cfs_period_us"))
        return 0;
    return processors_of(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

/* Returns the smaller of two quotas; 0 means no quota. */
static int smaller_quota(int a, int b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

typedef int quota_fn(const char *root, const char *mount, const char *group);

/* Returns the smallest quota of a group and its ancestors. In a container the group may have its
 * name on the host: then only the mount point itself, which is the container's own group, has the
 * files. */
static int smallest_quota(quota_fn *quota_of, const char *root, const char *mount, char *group)
{
    int smallest = 0;
    for (;;) {
        smallest = smaller_quota(smallest, quota_of(root, mount, strcmp(group, "/") == 0 ? "" : group));
        char *last = strrchr(group, '/');
        if (!last || !group[0])
            return smallest;
        *last = '\0';
    }
}

/* Returns whether "cpu" is among the controllers "cpu,cpuacct". */
static bool has_cpu(const char *controllers)
{
    for (const char *at = controllers; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, "cpu", 3) == 0 && (at[3] == ',' || at[3] == '\0'))
            return true;
    }
    return false;
}

/* Returns the quota of a line of /proc/self/cgroup: "0::/group" of version 2,
 * "4:cpu,cpuacct:/group" of version 1. */
static int quota_of_line(const char *root, char *line)
{
    char mount[128];
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return 0;
    *controllers++ = '\0';
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (strcmp(line, "0") == 0 && controllers[0] == '\0')
        return smallest_quota(quota_of_v2, root, "/sys/fs/cgroup", group);
    if (!has_cpu(controllers) || strlen(controllers) > 64)
        return 0;
    snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", controllers);
    return smallest_quota(quota_of_v1, root, mount, group);
}

int annc_processor_quota(const char *root)
{
    char line[PATH_MAX];
    int smallest = 0;
    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *file = fopen(line, "re");
    while (file && fgets(line, sizeof line, file))
        smallest = smaller_quota(smallest, quota_of_line(root, line));
    if (file)
        fclose(file);
    return smallest;
}

/* ---------------------------------------------------------------- the affinity mask */

/* Returns the processors of the calling thread's affinity mask, or 0 if the system does not report
 * it. */
static int processors_of_mask(void)
{
    /* The kernel rejects a mask smaller than its own, whose size no call returns. */
    for (int size = CPU_SETSIZE; size <= 1 << 20; size *= 2) {
        cpu_set_t *mask = CPU_ALLOC((size_t)size);
        if (!mask)
            return 0;
        const int failed = sched_getaffinity(0, CPU_ALLOC_SIZE((size_t)size), mask);
        const int reason = errno, count = failed ? 0 : CPU_COUNT_S(CPU_ALLOC_SIZE((size_t)size), mask);
        CPU_FREE(mask);
        if (!failed || reason != EINVAL)
            return count;
    }
    return 0;
}

int annc_usable_processors(void)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const int mask = processors_of_mask(), quota = annc_processor_quota("");
    const int processors = mask > 0 ? mask : online > 0 ? (int)online : 1;
    return quota > 0 && quota < processors ? quota : processors;
}
