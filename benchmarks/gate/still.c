/* Makes what one gateway does countable, whatever else the machine does meanwhile.
 *
 * Loaded into the measured process. While it is told to, clocks stand still, so that no timer and no
 * poll comes due: under callgrind a request takes fifty times as long, and the polls of that time
 * would be counted with it. What callgrind counts is cut where the process wakes from waiting, and
 * beside it the SQL statements, the bytes and the syncs of the store are counted.
 *
 * GATE_CONTROL names a file of nine 64-bit numbers that the gate and this process share;
 * `process.py` has the other side.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { NOTHING = 0, INSTRUMENT = 1, BEGIN = 2, END = 3 };

struct control {
    int64_t stands_still, now_ms, asked, waits, wakes, statements, bytes, syncs, planted;
};

static struct control nobody, *control = &nobody;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("GATE_CONTROL");
    int descriptor = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (shared != MAP_FAILED) control = shared;
    close(descriptor);
}

#define REAL(type, name) \
    static type real = NULL; \
    if (real == NULL) real = (type)dlsym(RTLD_NEXT, name)

/* Clocks: each stands at what it said first. The gateway's own is moved by the gate, because its ids
 * grow with it and so decide which pages are written; the event loop's timers run by another one. */

#define CLOCKS 12

typedef int (*clock_reader)(clockid_t, struct timespec *);

int clock_gettime(clockid_t which, struct timespec *now) {
    static struct timespec stood[CLOCKS];
    static char is_known[CLOCKS];
    REAL(clock_reader, "clock_gettime");
    if (!control->stands_still || which < 0 || which >= CLOCKS) return real(which, now);
    if (!is_known[which]) {
        if (real(which, &stood[which]) != 0) return -1;
        is_known[which] = 1;
    }
    *now = stood[which];
    if (which == CLOCK_BOOTTIME) now->tv_sec += control->now_ms / 1000;
    if (which == CLOCK_BOOTTIME) now->tv_nsec += control->now_ms % 1000 * 1000000;
    if (now->tv_nsec >= 1000000000) now->tv_sec++, now->tv_nsec -= 1000000000;
    return 0;
}

/* Waiting: nothing comes due, and here begins and ends what is counted. */

static void do_what_is_asked(void) {
    int64_t asked = control->asked;
    if (asked == NOTHING) return;
    if (asked == INSTRUMENT) CALLGRIND_START_INSTRUMENTATION;
    if (asked == BEGIN) CALLGRIND_ZERO_STATS;
    if (asked == END) CALLGRIND_DUMP_STATS;
    if (asked == BEGIN) control->statements = control->bytes = control->syncs = 0;
    control->asked = NOTHING;
}

static int waiting(int timeout_ms) {
    control->waits = timeout_ms != 0;
    return control->stands_still && timeout_ms > 0 ? -1 : timeout_ms;
}

static int woken(int events) {
    int saved = errno;
    control->waits = 0;
    do_what_is_asked();
    if (events > 0) control->wakes++;
    errno = saved;
    return events;
}

typedef int (*waiter)(int, struct epoll_event *, int, int);
typedef int (*masked_waiter)(int, struct epoll_event *, int, int, const sigset_t *);

int epoll_wait(int poll, struct epoll_event *events, int limit, int timeout_ms) {
    REAL(waiter, "epoll_wait");
    return woken(real(poll, events, limit, waiting(timeout_ms)));
}

int epoll_pwait(int poll, struct epoll_event *events, int limit, int timeout_ms,
                const sigset_t *mask) {
    REAL(masked_waiter, "epoll_pwait");
    return woken(real(poll, events, limit, waiting(timeout_ms), mask));
}

/* The store: SQLite alone writes at positions, and alone syncs. */

typedef ssize_t (*pwriter)(int, const void *, size_t, off64_t);
typedef int (*syncer)(int);

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    REAL(pwriter, "pwrite64");
    ssize_t written = real(descriptor, bytes, count, offset);
    if (written > 0) __sync_add_and_fetch(&control->bytes, written);
    return written;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite64(descriptor, bytes, count, offset);
}

int fsync(int descriptor) {
    REAL(syncer, "fsync");
    __sync_add_and_fetch(&control->syncs, 1);
    return real(descriptor);
}

int fdatasync(int descriptor) {
    REAL(syncer, "fdatasync");
    __sync_add_and_fetch(&control->syncs, 1);
    return real(descriptor);
}

/* A statement that is not under way is executed anew by its next step. The library is not in the
 * scope that RTLD_NEXT searches: an extension module brought it. */

typedef int (*of_statement)(void *);

int sqlite3_step(void *statement) {
    static of_statement real = NULL, is_busy = NULL;
    if (real == NULL) {
        void *library = dlopen("libsqlite3.so.0", RTLD_LAZY | RTLD_NOLOAD);
        if (library == NULL) library = RTLD_NEXT;
        real = (of_statement)dlsym(library, "sqlite3_step");
        is_busy = (of_statement)dlsym(library, "sqlite3_stmt_busy");
    }
    if (!is_busy(statement)) __sync_add_and_fetch(&control->statements, 1);
    return real(statement);
}
