/* processors.h - how many processors this process may use. */
#ifndef ANNC_BASE_PROCESSORS_H
#define ANNC_BASE_PROCESSORS_H

/* The number of threads that can run at once: the processors of the affinity mask (taskset, Slurm), or fewer where the
 * quota of a control group (a container, systemd's CPUQuota) is smaller; a part of a processor counts as one. At least
 * 1. */
int annc_usable_processors(void);

/* The smallest CPU quota of this process's control groups in processors, rounded up, or 0 without a quota. `root` is the
 * folder that holds proc/ and sys/: "" but in tests. */
int annc_processor_quota(const char *root);

#endif
