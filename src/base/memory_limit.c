/* memory_limit.c - limits of memory by control groups (cgroups(7)) and by ulimit. */
#include "base/memory_limit.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Length of the tests' root, a mount point, a control group and a file name. */
enum { LONGEST_PATH = 2 * PATH_MAX };

/* Where the two versions of control groups keep their numbers. */
struct version {
    const char *mount, *limit, *usage, *inactive; /* inactive: a line of memory.stat */
};

static const struct version V1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                  "total_inactive_file "},
                            V2 = {"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "};

/* Reads the number after `key` in the first line of a file that begins with it; false without
 * one. */
static bool read_number(const char *root, const char *mount, const char *group, const char *name, const char *key,
                        uint64_t *number)
{
    char path[LONGEST_PATH], line[256];
    bool found = false;
    if (snprintf(path, sizeof path, "%s%s%s/%s", root, mount, group, name) >= (int)sizeof path)
        return false;
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), "%" SCNu64, number) == 1;
    if (file)
        fclose(file);
    return found;
}

static void lower(uint64_t limit, uint64_t used, uint64_t *total, uint64_t *available)
{
    const uint64_t left = limit > used ? limit - used : 0;
    *total = limit;
    *available = left < *available ? left : *available;
}

/* Lowers the numbers to the limits of a group and of those above it. Files that the system can drop
 * do not count as used. */
static void lower_to_groups(const char *root, const struct version *version, char *group, uint64_t *total,
                            uint64_t *available)
{
    for (;;) {
        uint64_t limit, used = 0, inactive = 0;
        const char *own = strcmp(group, "/") == 0 ? "" : group;
        /* What a group uses takes the system long to add up, so it is read where a limit is below. */
        if (read_number(root, version->mount, own, version->limit, "", &limit) && limit <= *total) {
            read_number(root, version->mount, own, version->usage, "", &used);
            read_number(root, version->mount, own, "memory.stat", version->inactive, &inactive);
            lower(limit, used > inactive ? used - inactive : 0, total, available);
        }
        char *last = strrchr(group, '/');
        if (!last || !group[0])
            return;
        *last = '\0';
    }
}

/* Lowers the numbers to the limit of address space; statm begins with the pages in use. */
static void lower_to_address_space(const char *root, uint64_t *total, uint64_t *available)
{
    struct rlimit limit;
    uint64_t pages = 0;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur > *total)
        return;
    read_number(root, "/proc", "/self", "statm", "", &pages);
    lower(limit.rlim_cur, pages * (uint64_t)sysconf(_SC_PAGESIZE), total, available);
}

void annc_memory_limit(const char *root, uint64_t *total, uint64_t *available)
{
    char line[PATH_MAX];
    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *file = fopen(line, "re");
    while (file && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        if (strcmp(line, "0:") == 0)
            lower_to_groups(root, &V2, group, total, available);
        else if (strcmp(controllers + 1, "memory") == 0)
            lower_to_groups(root, &V1, group, total, available);
    }
    if (file)
        fclose(file);
    lower_to_address_space(root, total, available);
}
