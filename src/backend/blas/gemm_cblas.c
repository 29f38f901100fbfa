/* gemm_cblas.c - the matrix products of gemm.h by a CBLAS library: OpenBLAS, BLIS, MKL or any
 * other.
 *
 * Every CBLAS has cblas_sgemm, which is declared here because the libraries' headers have different
 * names. Functions of a single library (its version, its number of threads) are looked up at run
 * time. So one source file serves all libraries, including one that replaces another as
 * libblas.so.3. */
#include "backend/blas/gemm.h"
#include "backend/blas/gemm_builtin.h"
#include "base/config.h"
#include "base/start_threads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The values of CBLAS_ORDER and CBLAS_TRANSPOSE, the same in every library. */
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef ANNC_BLAS_INT blas_int;

void cblas_sgemm(int order, int transpose_A, int transpose_B, blas_int m, blas_int n, blas_int k, float alpha,
                 const float *A, blas_int row_A, const float *B, blas_int row_B, float beta, float *C, blas_int row_C);

/* ---------------------------------------------------------------- optional functions */

/* Weak, so that the program links without them. */
#define OPTIONAL __attribute__((weak))
OPTIONAL int openblas_get_num_threads(void);
OPTIONAL void openblas_set_num_threads(int threads);
OPTIONAL char *openblas_get_config(void);
OPTIONAL char *openblas_get_corename(void);
/* BLIS has its own integer type, as wide as a pointer. */
OPTIONAL intptr_t bli_thread_get_num_threads(void);
OPTIONAL void bli_thread_set_num_threads(intptr_t threads);
OPTIONAL const char *bli_info_get_version_str(void);
OPTIONAL int MKL_Set_Num_Threads_Local(int threads);
OPTIONAL void MKL_Get_Version_String(char *text, int size);
OPTIONAL int MKL_CBWR_Set(int mode);

/* Sets *function to the library's function, or to NULL. A weak name finds functions linked
 * statically or present at link time; dlsym() finds those of a library that replaced it later. */
#define FIND(function) find(&library.function, sizeof library.function, (void (*)(void))function, #function)

static struct {
    int (*openblas_get_num_threads)(void);
    void (*openblas_set_num_threads)(int threads);
    char *(*openblas_get_config)(void);
    char *(*openblas_get_corename)(void);
    intptr_t (*bli_thread_get_num_threads)(void);
    void (*bli_thread_set_num_threads)(intptr_t threads);
    const char *(*bli_info_get_version_str)(void);
    int (*MKL_Set_Num_Threads_Local)(int threads);
    void (*MKL_Get_Version_String)(char *text, int size);
    int (*MKL_CBWR_Set)(int mode);
} library;

static pthread_once_t looked_up = PTHREAD_ONCE_INIT;

static void find(void *function, size_t size, void (*linked)(void), const char *name)
{
    void *symbol = linked ? NULL : dlsym(RTLD_DEFAULT, name);
    if (linked)
        memcpy(function, &linked, size);
    else
        memcpy(function, &symbol, size); /* ISO C has no cast from data to function pointers */
}

/* MKL's bits depend on the alignment of the matrices and on the processor's load, unless this
 * setting precedes the first product. The user's own MKL_CBWR takes precedence. */
static void make_reproducible(void)
{
    enum { MKL_CBWR_AUTO = 2, MKL_CBWR_STRICT = 0x10000 };
    if (library.MKL_CBWR_Set && !getenv("MKL_CBWR") && library.MKL_CBWR_Set(MKL_CBWR_AUTO | MKL_CBWR_STRICT) != 0)
        library.MKL_CBWR_Set(MKL_CBWR_AUTO);
}

/* Looks up the functions of the library that CMake found, or of all libraries if CMake could not
 * identify it. Another library in the same process must not be mistaken for it. */
static void look_up(void)
{
    const bool any = strcmp(ANNC_BLAS_NAME, "CBLAS") == 0;
    if (any || strcmp(ANNC_BLAS_NAME, "OpenBLAS") == 0) {
        FIND(openblas_get_num_threads);
        FIND(openblas_set_num_threads);
        FIND(openblas_get_config);
        FIND(openblas_get_corename);
    }
    if (any || strcmp(ANNC_BLAS_NAME, "BLIS") == 0) {
        FIND(bli_thread_get_num_threads);
        FIND(bli_thread_set_num_threads);
        FIND(bli_info_get_version_str);
    }
    if (any || strcmp(ANNC_BLAS_NAME, "MKL") == 0) {
        FIND(MKL_Set_Num_Threads_Local);
        FIND(MKL_Get_Version_String);
        FIND(MKL_CBWR_Set);
        make_reproducible();
    }
}

/* ---------------------------------------------------------------- threads */

/* OpenBLAS and BLIS have one number of threads per process. Products that want the present number
 * share the lock; a product that wants another number holds it exclusively while it sets the number
 * and runs. */
static pthread_rwlock_t number_of_threads = PTHREAD_RWLOCK_INITIALIZER;
static _Thread_local int wanted_threads = 1;
static atomic_bool is_single; /* the system gives no further threads */

static int threads_now(void)
{
    return is_single ? 1 : wanted_threads;
}

static bool has_wanted_threads(void)
{
    if (library.openblas_set_num_threads)
        return library.openblas_get_num_threads && library.openblas_get_num_threads() == threads_now();
    return library.bli_thread_get_num_threads && library.bli_thread_get_num_threads() == threads_now();
}

static void set_process_threads(void)
{
    if (library.openblas_set_num_threads)
        library.openblas_set_num_threads(threads_now());
    else
        library.bli_thread_set_num_threads(threads_now());
}

/* Returns whether several products may run at once in a library whose number of threads cannot be
 * set. The reference has one thread, and the system manages Accelerate's. Any other may start a
 * thread per processor for each product, so its products run one at a time. */
static bool may_run_side_by_side(void)
{
    return strcmp(ANNC_BLAS_NAME, "reference") == 0 || strcmp(ANNC_BLAS_NAME, "Accelerate") == 0;
}

/* Sets the number of threads; returns whether it took a lock. */
static bool begin_product(void)
{
    pthread_once(&looked_up, look_up);
    if (library.MKL_Set_Num_Threads_Local) { /* this thread's own number */
        library.MKL_Set_Num_Threads_Local(threads_now());
        return false;
    }
    if (!library.openblas_set_num_threads && !library.bli_thread_set_num_threads) {
        if (may_run_side_by_side())
            return false;
        pthread_rwlock_wrlock(&number_of_threads);
        return true;
    }
    pthread_rwlock_rdlock(&number_of_threads);
    if (has_wanted_threads())
        return true;
    pthread_rwlock_unlock(&number_of_threads);
    pthread_rwlock_wrlock(&number_of_threads);
    set_process_threads();
    return true;
}

/* ---------------------------------------------------------------- memory */

/* Bytes that OpenBLAS allocates for each thread at its first product. */
static const size_t BUFFER = (size_t)128 << 20, SLACK = (size_t)32 << 20;

static atomic_bool is_short;     /* of memory, for good: the bits of a run must not depend on the moment */
static _Thread_local int proven; /* threads for which this thread has found room */

/* ---------------------------------------------------------------- products */

static void product(int transpose_A, int transpose_B, uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A,
                    const float *B, float beta, float *C)
{
    /* The leading dimension of a row-major matrix is its row's length. */
    const blas_int row_A = (blas_int)(transpose_A == TRANSPOSE ? m : k),
                   row_B = (blas_int)(transpose_B == TRANSPOSE ? k : n);
    const bool locked = begin_product();
    cblas_sgemm(ROW_MAJOR, transpose_A, transpose_B, (blas_int)m, (blas_int)n, (blas_int)k, alpha, A, row_A, B, row_B,
                beta, C, (blas_int)n);
    if (locked)
        pthread_rwlock_unlock(&number_of_threads);
}

#if !defined(__SANITIZE_THREAD__)
/* Lets OpenBLAS allocate its buffers, which it keeps, by a product that is large enough for all
 * threads: other allocations may take the room later. */
static void take_buffers(int threads)
{
    enum { SIDE = 128 };
    static const float zeros[SIDE * SIDE];
    float C[SIDE * SIDE];
    const int before = wanted_threads;
    wanted_threads = threads;
    product(NO_TRANSPOSE, NO_TRANSPOSE, SIDE, SIDE, SIDE, 1, zeros, zeros, 0, C);
    wanted_threads = before;
}
#endif

void annc_gemm_prepare(int threads)
{
    pthread_once(&looked_up, look_up);
    if (!library.openblas_set_num_threads || threads <= proven)
        return;
    const size_t bytes = BUFFER * (size_t)threads + SLACK;
    /* The system itself is asked: only a real lack of memory may change the products. */
    void *room = (void *)syscall(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) {
        is_short = true;
        return;
    }
    munmap(room, bytes);
    /* OpenBLAS does not ask, and waits for threads that it did not get. */
    if (!annc_can_start_threads(threads - 1))
        is_single = true;
    proven = threads;
#if !defined(__SANITIZE_THREAD__) /* it does not see how OpenBLAS's threads wait for each other */
    take_buffers(threads);
#endif
}

void annc_gemm_nt(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    annc_gemm_prepare(wanted_threads);
    if (is_short)
        annc_builtin_nt(m, n, k, alpha, A, B, beta, C);
    else
        product(NO_TRANSPOSE, TRANSPOSE, m, n, k, alpha, A, B, beta, C);
}

void annc_gemm_nn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    annc_gemm_prepare(wanted_threads);
    if (is_short)
        annc_builtin_nn(m, n, k, alpha, A, B, beta, C);
    else
        product(NO_TRANSPOSE, NO_TRANSPOSE, m, n, k, alpha, A, B, beta, C);
}

void annc_gemm_tn(uint32_t m, uint32_t n, uint32_t k, float alpha, const float *A, const float *B, float beta, float *C)
{
    annc_gemm_prepare(wanted_threads);
    if (is_short)
        annc_builtin_tn(m, n, k, alpha, A, B, beta, C);
    else
        product(TRANSPOSE, NO_TRANSPOSE, m, n, k, alpha, A, B, beta, C);
}

/* ---------------------------------------------------------------- the library's name */

/* From "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": "OpenBLAS 0.3.21 (SkylakeX)". */
static void name_openblas(char *name, size_t size)
{
    char config[256];
    snprintf(config, sizeof config, "%s", library.openblas_get_config());
    char *version_end = strchr(config, ' ') ? strchr(strchr(config, ' ') + 1, ' ') : NULL;
    if (version_end)
        *version_end = '\0';
    snprintf(name, size, "%s (%s)", config, library.openblas_get_corename ? library.openblas_get_corename() : "?");
}

/* From "Intel(R) oneAPI Math Kernel Library Version 2024.0-Product Build ...": "MKL 2024.0". */
static void name_mkl(char *name, size_t size)
{
    char text[256] = "";
    library.MKL_Get_Version_String(text, sizeof text - 1);
    const char *version = strstr(text, "Version ");
    version = version ? version + strlen("Version ") : "";
    snprintf(name, size, "MKL %.*s", (int)strspn(version, ".0123456789"), version);
}

const char *annc_gemm_name(void)
{
    static _Thread_local char name[320];
    pthread_once(&looked_up, look_up);
    if (is_short)
        snprintf(name, sizeof name, "built-in (memory is too short for %s)", ANNC_BLAS_NAME);
    else if (library.openblas_get_config)
        name_openblas(name, sizeof name);
    else if (library.bli_info_get_version_str)
        snprintf(name, sizeof name, "BLIS %s", library.bli_info_get_version_str());
    else if (library.MKL_Get_Version_String)
        name_mkl(name, sizeof name);
    else
        snprintf(name, sizeof name, "CBLAS (%s)",
                 strcmp(ANNC_BLAS_NAME, "CBLAS") == 0 ? ANNC_BLAS_FILE : ANNC_BLAS_NAME);
    return name;
}

void annc_gemm_set_threads(int threads)
{
    wanted_threads = threads;
}
