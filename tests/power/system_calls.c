/* Writes down what the system is asked to do to the files of one folder, for comparison.
 *
 * CALLS_FOLDER names the folder; CALLS_LOG is appended to: a line is a call, a path, two numbers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef ssize_t (*writer)(int, const void *, size_t);
typedef ssize_t (*pwriter)(int, const void *, size_t, off64_t);
typedef int (*syncer)(int);
typedef int (*truncater)(int, off64_t);
typedef int (*unlinker)(const char *);

#define REAL(type, name) \
    static type real = NULL; \
    if (real == NULL) real = (type)dlsym(RTLD_NEXT, name)

static int record = -1;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CALLS_LOG");
    folder = getenv("CALLS_FOLDER");
    if (path != NULL) record = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void say(const char *call, const char *path, long long first, long long second) {
    REAL(writer, "write");
    char line[4300];
    if (record < 0 || folder == NULL || strncmp(path, folder, strlen(folder)) != 0) return;
    int length = snprintf(line, sizeof line, "%s %s %lld %lld\n", call, path, first, second);
    if (real(record, line, length) != length) abort();
}

static void say_of(int descriptor, const char *call, long long first, long long second) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = '\0';
    say(call, path, first, second);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(writer, "write");
    if (descriptor != record) say_of(descriptor, "append", 0, count);
    return real(descriptor, bytes, count);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    REAL(pwriter, "pwrite64");
    say_of(descriptor, "write", offset, count);
    return real(descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite64(descriptor, bytes, count, offset);
}

int fsync(int descriptor) {
    REAL(syncer, "fsync");
    say_of(descriptor, "sync", 0, 0);
    return real(descriptor);
}

int fdatasync(int descriptor) {
    REAL(syncer, "fdatasync");
    say_of(descriptor, "sync", 0, 0);
    return real(descriptor);
}

int ftruncate64(int descriptor, off64_t length) {
    REAL(truncater, "ftruncate64");
    say_of(descriptor, "truncate", length, 0);
    return real(descriptor, length);
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

int unlink(const char *path) {
    REAL(unlinker, "unlink");
    say("delete", path, 0, 0);
    return real(path);
}
