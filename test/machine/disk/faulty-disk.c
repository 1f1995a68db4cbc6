/*
 * A disk that fails when it is told to: preloaded into a daemon (LD_PRELOAD), it stands between the process and the kernel
 * for the files below one directory. It can let writes or syncs fail, syncs hang or take long, and it keeps a journal of
 * every change and of every sync, from which a test can compute what a power cut would have left (power-cut.ts).
 *
 * LevelDB's addon and Node both call the C library through the dynamic linker, so that no system call needs to be traced:
 * Node by open64 and write, LevelDB by fopen64, fwrite_unlocked, fflush_unlocked and fdatasync. What the C library writes
 * by itself when the buffer of a stream is full is seen as the growth of the file, at the next flush or sync.
 *
 * Environment: FAULTY_DISK_ROOT, the directory; FAULTY_DISK_CONTROL, a file of `struct control` that the test writes while
 * the process runs; FAULTY_DISK_JOURNAL, the file that records are appended to. The layout of a record is `struct record`
 * followed by its payload; disk-journal.ts reads it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Macros of stdio.h that would be in the way of the functions of these names. */
#undef fwrite_unlocked
#undef fflush_unlocked

#define DESCRIPTORS_MAX 65536
#define POLL_NS (2 * 1000 * 1000)

/* Shared with the test; see FaultyDisk in faulty-disk.ts. */
struct control {
  volatile int32_t sync_errno;    /* 0: syncs work */
  volatile int32_t sync_delay_ms; /* before each sync */
  volatile int32_t sync_hangs;    /* not 0: syncs wait until it is 0 again */
  volatile int32_t write_errno;   /* 0: writes work; else what every write and every new file fails with */
  volatile int32_t hanging_count; /* written here: syncs that hang now */
  volatile int32_t failed_count;  /* written here: calls that were made to fail */
};

struct record {
  /* O open, W write, T truncate, S sync of a file, D sync of a directory, R rename, U unlink, A answer (to standard output) */
  char type;
  char padding[3];
  uint32_t payload_bytes;
  uint64_t handle; /* of O, W, T, S: one open file, counted from 1 */
  uint64_t offset; /* of O: bit 0 create, bit 1 truncate; of W: where; of T: how long */
};

struct tracked {
  uint64_t handle; /* 0: not tracked */
  dev_t device;
  ino_t inode;
  char *directory; /* not null: a directory's path */
  int reader;      /* not 0: a stream, and a descriptor by which to see what it grew by */
  off_t noted;     /* of a stream: the journal has its bytes up to here */
};

static const char *root;
static size_t root_bytes;
static struct control none;
static struct control *control = &none;
static int journal = -1;
static struct tracked descriptors[DESCRIPTORS_MAX];
static uint64_t handles;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static FILE *(*real_fopen)(const char *, const char *);
static int (*real_fclose)(FILE *);
static int (*real_fflush)(FILE *);
static int (*real_fflush_unlocked)(FILE *);
static size_t (*real_fwrite)(const void *, size_t, size_t, FILE *);
static size_t (*real_fwrite_unlocked)(const void *, size_t, size_t, FILE *);

static void fail(const char *what) {
  dprintf(2, "faulty-disk: %s: %s\n", what, strerror(errno));
  _exit(99);
}

static void *original(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) fail(name);
  return found;
}

__attribute__((constructor)) static void begin(void) {
  real_open = original("open64");
  real_close = original("close");
  real_write = original("write");
  real_pwrite = original("pwrite64");
  real_fsync = original("fsync");
  real_fdatasync = original("fdatasync");
  real_ftruncate = original("ftruncate64");
  real_rename = original("rename");
  real_unlink = original("unlink");
  real_fopen = original("fopen64");
  real_fclose = original("fclose");
  real_fflush = original("fflush");
  real_fflush_unlocked = original("fflush_unlocked");
  real_fwrite = original("fwrite");
  real_fwrite_unlocked = original("fwrite_unlocked");
  const char *control_path = getenv("FAULTY_DISK_CONTROL");
  const char *journal_path = getenv("FAULTY_DISK_JOURNAL");
  const char *below = getenv("FAULTY_DISK_ROOT");
  if (below == NULL || control_path == NULL || journal_path == NULL) return;
  int shared = real_open(control_path, O_RDWR | O_CLOEXEC);
  if (shared < 0) fail(control_path);
  control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
  if (control == MAP_FAILED) fail("mmap");
  real_close(shared);
  journal = real_open(journal_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (journal < 0) fail(journal_path);
  root_bytes = strlen(below);
  root = below;
}

static int is_below(const char *path) {
  if (root == NULL || strncmp(path, root, root_bytes) != 0) return 0;
  return path[root_bytes] == '/' || path[root_bytes] == 0;
}

/* One writev each, so that a kill leaves whole records but for the last. Call it with the lock held. */
static void note(char type, uint64_t handle, uint64_t offset, const void *data, size_t bytes) {
  struct record head = {.type = type, .payload_bytes = bytes, .handle = handle, .offset = offset};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, bytes}};
  if (writev(journal, parts, 2) != (ssize_t)(sizeof head + bytes)) fail("the journal");
}

static void note_path(char type, uint64_t handle, uint64_t offset, const char *path) {
  note(type, handle, offset, path, strlen(path));
}

/* The descriptor's file if it is one of ours; a number that another file has taken over is not. */
static struct tracked *ours(int descriptor) {
  if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX) return NULL;
  struct tracked *found = &descriptors[descriptor];
  if (found->handle == 0) return NULL;
  struct stat now;
  if (fstat(descriptor, &now) != 0 || now.st_dev != found->device || now.st_ino != found->inode) {
    found->handle = 0;
    return NULL;
  }
  return found;
}

/* Answers -1 with errno set if calls are to fail now, else 0. */
static int refuse(int error) {
  if (error == 0) return 0;
  __atomic_add_fetch(&control->failed_count, 1, __ATOMIC_SEQ_CST);
  errno = error;
  return -1;
}

/* Begins to track an open file. Call it with the lock held. */
static struct tracked *track(int descriptor, const char *path, int flags) {
  struct stat now;
  if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX || fstat(descriptor, &now) != 0) return NULL;
  struct tracked *slot = &descriptors[descriptor];
  free(slot->directory);
  *slot = (struct tracked){.handle = ++handles, .device = now.st_dev, .inode = now.st_ino};
  if (S_ISDIR(now.st_mode)) slot->directory = strdup(path);
  else note_path('O', slot->handle, ((flags & O_CREAT) != 0) | (((flags & O_TRUNC) != 0) << 1), path);
  return slot;
}

static int may_create(const char *path) {
  return access(path, F_OK) == 0 || refuse(control->write_errno) == 0;
}

static int opened(const char *path, int flags, mode_t mode) {
  if (!is_below(path)) return real_open(path, flags, mode);
  if ((flags & O_CREAT) != 0 && !may_create(path)) return -1;
  pthread_mutex_lock(&lock);
  int descriptor = real_open(path, flags, mode);
  int error = errno;
  track(descriptor, path, flags);
  pthread_mutex_unlock(&lock);
  errno = error;
  return descriptor;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}

int close(int descriptor) {
  if (descriptor >= 0 && descriptor < DESCRIPTORS_MAX) descriptors[descriptor].handle = 0;
  return real_close(descriptor);
}

static ssize_t written(int descriptor, const void *data, size_t bytes, off_t at, int moves) {
  pthread_mutex_lock(&lock);
  struct tracked *file = ours(descriptor);
  ssize_t count = -1;
  if (file == NULL || refuse(control->write_errno) == 0) {
    if (file != NULL && moves) at = lseek(descriptor, 0, SEEK_CUR);
    if (file == NULL) pthread_mutex_unlock(&lock);
    count = moves ? real_write(descriptor, data, bytes) : real_pwrite(descriptor, data, bytes, at);
    if (file == NULL) return count;
    if (count > 0) note('W', file->handle, at, data, count);
  }
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return count;
}

ssize_t write(int descriptor, const void *data, size_t bytes) {
  if (root == NULL) return real_write(descriptor, data, bytes);
  if (descriptor == STDOUT_FILENO) {
    pthread_mutex_lock(&lock);
    note('A', 0, 0, data, bytes);
    pthread_mutex_unlock(&lock);
  }
  return written(descriptor, data, bytes, 0, 1);
}

ssize_t pwrite64(int descriptor, const void *data, size_t bytes, off_t at) {
  if (root == NULL) return real_pwrite(descriptor, data, bytes, at);
  return written(descriptor, data, bytes, at, 0);
}

/* Writes down what a stream has put into its file since the last time. Call it with the lock held. */
static void note_growth(struct tracked *file) {
  static char bytes[1 << 16];
  if (file == NULL || file->reader == 0) return;
  for (;;) {
    ssize_t count = pread(file->reader, bytes, sizeof bytes, file->noted);
    if (count < 0) fail("reading back what was written");
    if (count == 0) return;
    note('W', file->handle, file->noted, bytes, count);
    file->noted += count;
  }
}

static struct tracked *stream(FILE *file) {
  if (root == NULL || file == NULL) return NULL;
  struct tracked *found = ours(fileno(file));
  return found != NULL && found->reader != 0 ? found : NULL;
}

/* Only streams that begin a new file are followed: LevelDB appends to no old one. */
FILE *fopen64(const char *path, const char *mode) {
  if (!is_below(path) || mode[0] != 'w') return real_fopen(path, mode);
  if (!may_create(path)) return NULL;
  pthread_mutex_lock(&lock);
  FILE *file = real_fopen(path, mode);
  int error = errno;
  struct tracked *slot = file == NULL ? NULL : track(fileno(file), path, O_CREAT | O_TRUNC);
  if (slot != NULL) slot->reader = real_open(path, O_RDONLY | O_CLOEXEC);
  pthread_mutex_unlock(&lock);
  errno = error;
  return file;
}

static int flushed(FILE *file, int (*real)(FILE *)) {
  pthread_mutex_lock(&lock);
  struct tracked *found = stream(file);
  if (found == NULL) {
    pthread_mutex_unlock(&lock);
    return real(file);
  }
  int result = refuse(control->write_errno) == 0 ? real(file) : EOF;
  int error = errno;
  note_growth(found);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int fflush(FILE *file) { return flushed(file, real_fflush); }

int fflush_unlocked(FILE *file) { return flushed(file, real_fflush_unlocked); }

int fclose(FILE *file) {
  pthread_mutex_lock(&lock);
  struct tracked *found = stream(file);
  int reader = 0;
  if (found != NULL) {
    real_fflush(file);
    note_growth(found);
    reader = found->reader;
    found->handle = 0;
    found->reader = 0;
  }
  pthread_mutex_unlock(&lock);
  if (reader > 0) real_close(reader);
  return real_fclose(file);
}

static int is_refused_stream(FILE *file) {
  if (control->write_errno == 0) return 0;
  pthread_mutex_lock(&lock);
  int is_ours = stream(file) != NULL;
  pthread_mutex_unlock(&lock);
  return is_ours && refuse(control->write_errno) != 0;
}

size_t fwrite(const void *data, size_t bytes, size_t count, FILE *file) {
  return is_refused_stream(file) ? 0 : real_fwrite(data, bytes, count, file);
}

size_t fwrite_unlocked(const void *data, size_t bytes, size_t count, FILE *file) {
  return is_refused_stream(file) ? 0 : real_fwrite_unlocked(data, bytes, count, file);
}

/* Of a file of ours only the journal is told: what the real disk does with it matters to nobody, and takes its time. */
static int synced(int descriptor, int (*real_sync)(int)) {
  if (root == NULL) return real_sync(descriptor);
  pthread_mutex_lock(&lock);
  int is_ours = ours(descriptor) != NULL;
  pthread_mutex_unlock(&lock);
  if (!is_ours) return real_sync(descriptor);
  struct timespec delay = {control->sync_delay_ms / 1000, control->sync_delay_ms % 1000 * 1000000L};
  if (delay.tv_sec > 0 || delay.tv_nsec > 0) nanosleep(&delay, NULL);
  if (control->sync_hangs) {
    struct timespec pause = {0, POLL_NS};
    __atomic_add_fetch(&control->hanging_count, 1, __ATOMIC_SEQ_CST);
    while (control->sync_hangs) nanosleep(&pause, NULL);
    __atomic_sub_fetch(&control->hanging_count, 1, __ATOMIC_SEQ_CST);
  }
  if (refuse(control->sync_errno) != 0) return -1;
  pthread_mutex_lock(&lock);
  struct tracked *file = ours(descriptor);
  note_growth(file);
  if (file != NULL && file->directory != NULL) note_path('D', 0, 0, file->directory);
  else if (file != NULL) note('S', file->handle, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fsync(int descriptor) { return synced(descriptor, real_fsync); }

int fdatasync(int descriptor) { return synced(descriptor, real_fdatasync); }

int ftruncate64(int descriptor, off_t length) {
  pthread_mutex_lock(&lock);
  struct tracked *file = ours(descriptor);
  int result = real_ftruncate(descriptor, length);
  if (result == 0 && file != NULL) note('T', file->handle, length, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char *from, const char *to) {
  if (!is_below(from) && !is_below(to)) return real_rename(from, to);
  if (refuse(control->write_errno) != 0) return -1;
  pthread_mutex_lock(&lock);
  int result = real_rename(from, to);
  int error = errno;
  char both[2 * 4096];
  int bytes = snprintf(both, sizeof both, "%s\n%s", from, to);
  if (result == 0) note('R', 0, 0, both, bytes);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int unlink(const char *path) {
  if (!is_below(path)) return real_unlink(path);
  pthread_mutex_lock(&lock);
  int result = real_unlink(path);
  int error = errno;
  if (result == 0) note_path('U', 0, 0, path);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
