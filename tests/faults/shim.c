/* Lets chosen writes, fsyncs and truncations of one store fail, as a dying or a full disk would.
 *
 * FAULT_FILE names the database; its -wal, -shm and -journal belong to it. FAULT_CONTROL names a
 * file of eight 32-bit numbers that the test and this process share; `shim.py` writes them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, TRUNCATE = 4 };
enum { ONCE = 0, FROM_THEN_ON = 1, AFTER_DOING_IT = 2, HALF_WAY = 3 };

struct control {
    int32_t armed, kinds, nth, error, manner, counted, fired, unused;
};

static volatile struct control *control;
static char store[4096];

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULT_CONTROL"), *file = getenv("FAULT_FILE");
    if (path == NULL || file == NULL || strlen(file) >= sizeof store) return;
    strcpy(store, file);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (shared != MAP_FAILED) control = shared;
    close(descriptor);
}

static int is_of_the_store(int descriptor) {
    char link[64], name[4160];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = '\0';
    size_t known = strlen(store);
    if (strncmp(name, store, known) != 0) return 0;
    const char *rest = name + known;
    return *rest == '\0' || strcmp(rest, "-wal") == 0 || strcmp(rest, "-shm") == 0 ||
           strcmp(rest, "-journal") == 0;
}

/* Tells whether this call is to fail. */
static int fails(int kind, int descriptor) {
    int saved = errno, chosen = 0;
    if (control != NULL && control->armed && (control->kinds & kind) &&
        is_of_the_store(descriptor)) {
        int count = __sync_add_and_fetch(&control->counted, 1);
        chosen = count == control->nth ||
                 (count > control->nth && control->manner == FROM_THEN_ON) ||
                 (count == control->nth + 1 && control->manner == HALF_WAY);
        if (chosen) __sync_add_and_fetch(&control->fired, 1);
    }
    errno = saved;
    return chosen;
}

static int is_first(void) { return control->counted == control->nth; }

#define REAL(type, name) \
    static type real = NULL; \
    if (real == NULL) real = (type)dlsym(RTLD_NEXT, name)

typedef ssize_t (*writer)(int, const void *, size_t);
typedef ssize_t (*pwriter)(int, const void *, size_t, off64_t);
typedef int (*syncer)(int);
typedef int (*truncater)(int, off64_t);

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(writer, "write");
    if (!fails(WRITE, descriptor)) return real(descriptor, bytes, count);
    if (control->manner == AFTER_DOING_IT) real(descriptor, bytes, count);
    if (control->manner == HALF_WAY && is_first() && count > 1)
        return real(descriptor, bytes, count / 2);
    errno = control->error;
    return -1;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    REAL(pwriter, "pwrite64");
    if (!fails(WRITE, descriptor)) return real(descriptor, bytes, count, offset);
    if (control->manner == AFTER_DOING_IT) real(descriptor, bytes, count, offset);
    if (control->manner == HALF_WAY && is_first() && count > 1)
        return real(descriptor, bytes, count / 2, offset);
    errno = control->error;
    return -1;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite64(descriptor, bytes, count, offset);
}

static int sync_with(syncer real, int descriptor) {
    if (!fails(SYNC, descriptor)) return real(descriptor);
    if (control->manner == AFTER_DOING_IT) real(descriptor);
    errno = control->error;
    return -1;
}

int fsync(int descriptor) {
    REAL(syncer, "fsync");
    return sync_with(real, descriptor);
}

int fdatasync(int descriptor) {
    REAL(syncer, "fdatasync");
    return sync_with(real, descriptor);
}

int ftruncate64(int descriptor, off64_t length) {
    REAL(truncater, "ftruncate64");
    if (!fails(TRUNCATE, descriptor)) return real(descriptor, length);
    if (control->manner == AFTER_DOING_IT) real(descriptor, length);
    errno = control->error;
    return -1;
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }
