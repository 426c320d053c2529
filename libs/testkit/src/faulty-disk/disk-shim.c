/*
 * A disk that fails when told to, for one process: loaded with LD_PRELOAD it stands between the program and the C library.
 * faulty-disk.ts compiles it and says what it does; nothing else needs to know this file.
 *
 * It looks at calls on files under FAULTY_DISK_ROOT only, and knows them by six names:
 *
 *   open      open, openat            write   write, pwrite, writev, pwritev      sync    fsync, fdatasync
 *   truncate  ftruncate, O_TRUNC      rename  rename, renameat                    unlink  unlink, unlinkat, remove
 *
 * FAULTY_DISK_CONTROL is a file of two pages, mapped by both sides. The first one holds the rule, a line of text that may be
 * changed at any time; the second one says how many calls the rule has met, and how many it has changed:
 *
 *   <number> fault=EIO calls=write,sync path=*<glob>* nth=3 lasting=0 seed=0;
 *
 *   EIO, ENOSPC   the call does nothing and fails            SHORT   a write is cut in half; the rest of it gets ENOSPC
 *   KILL          the process ends before the call           CUT     the power goes before the call
 *   UNPLUG        as CUT, for the files of `path` only: the process lives on, and all its later calls on them get EIO
 *
 * Beside it stand two more files. `.trace` gets a line per call: its name and the path (of `rename` the new one). Three
 * names are of the trace only: `create`, before an `open` that creates, `say`, for a write to the standard output, and
 * `fault`, behind a call that the rule has changed. `.state` has
 * what is not on the disk yet, for the process that comes after this one.
 *
 * A power cut takes back what was written since the file's last sync, and names since the last sync of their directory, by
 * this process and by those before it. When it comes, files are put back to their last sync, and then, by `seed`, none of the
 * later writes is done again, or the first few, or some, the last of them up to the end of a sector; then the process ends at
 * once. What a failed sync should have made durable stays lost, also when a later one succeeds: that is what Linux does to
 * pages it could not write. Nothing is really synced: what the page cache has survives the end of a process, and tests take
 * less time.
 *
 * Not taken back: that a file was unlinked, or replaced by a rename. Not seen: directories that are made, and writes through
 * mmap; SQLite maps only its -shm file, which it makes anew from the WAL.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define SECTOR_BYTES 512
#define EXIT_CODE_CUT 93

/* ---- What the C library does. */

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_rename)(const char *, const char *);
static int (*real_renameat)(int, const char *, int, const char *);
static int (*real_unlink)(const char *);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_remove)(const char *);
static int (*real_fsync)(int);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static int trace = -1;

static void must(int is_done) {
  if (is_done) return;
  perror("disk-shim");
  abort();
}

/* ---- The rule. */

enum fault { NONE, FAIL_EIO, FAIL_ENOSPC, SHORT, KILL, CUT, UNPLUG };

static struct {
  enum fault fault;
  char calls[128];
  char path[1024];
  long nth;
  int lasting;
  uint64_t seed;
} rule;
static char rule_text[PAGE_BYTES];
static char *control;
/* The file whose last write was cut in half: the rest of it fails. */
static char shortened[PATH_MAX];

struct counts {
  volatile uint32_t met;
  volatile uint32_t changed;
};

static struct counts *counts(void) {
  return (struct counts *)(control + PAGE_BYTES);
}

/* The writer ends a rule with `;`: one without it is half written, and the old one holds. */
static void read_rule(void) {
  if (strncmp(control, rule_text, PAGE_BYTES) == 0) return;
  char text[PAGE_BYTES];
  memcpy(text, control, PAGE_BYTES);
  text[PAGE_BYTES - 1] = '\0';
  if (strchr(text, ';') == NULL) return;
  memcpy(rule_text, text, PAGE_BYTES);
  char fault[16] = "";
  memset(&rule, 0, sizeof rule);
  counts()->met = 0;
  counts()->changed = 0;
  shortened[0] = '\0';
  sscanf(text, "%*u fault=%15s calls=%127s path=%1023s nth=%ld lasting=%d seed=%lu;", fault, rule.calls, rule.path, &rule.nth, &rule.lasting, &rule.seed);
  if (strcmp(fault, "EIO") == 0) rule.fault = FAIL_EIO;
  if (strcmp(fault, "ENOSPC") == 0) rule.fault = FAIL_ENOSPC;
  if (strcmp(fault, "SHORT") == 0) rule.fault = SHORT;
  if (strcmp(fault, "KILL") == 0) rule.fault = KILL;
  if (strcmp(fault, "CUT") == 0) rule.fault = CUT;
  if (strcmp(fault, "UNPLUG") == 0) rule.fault = UNPLUG;
}

/* ---- What is not on the disk yet. */

/* All that happens to the files is said as events. They are kept in a file, so that the next process knows what the one
 * before it has not synced: what that one has left in the page cache goes with a power cut as well. */
enum event_kind { CHANGED, SYNCED, SYNC_FAILED, FORGOTTEN, NAMED, NAMES_SYNCED };

struct event {
  enum event_kind kind;
  dev_t device;
  ino_t inode;
  off_t offset; /* Of a write: where. Of a truncation: the new size. */
  off_t size_before;
  off_t size_after;
  size_t before_bytes; /* What stood at `offset`. */
  size_t after_bytes;  /* What was written there: nothing by a truncation. */
  char path[PATH_MAX];
  char old_path[PATH_MAX]; /* Of a rename; empty for a new file. */
};

struct change {
  off_t offset;
  off_t size_before;
  off_t size_after;
  size_t before_bytes;
  size_t after_bytes;
  unsigned char *before;
  unsigned char *after;
  int is_durable;
  int is_lost; /* A sync has failed on it. */
};

struct file {
  dev_t device;
  ino_t inode;
  char path[PATH_MAX];
  struct change *changes;
  size_t count;
  size_t capacity;
  struct file *next;
};

/* A name that its directory may not have on the disk yet. */
struct name {
  char path[PATH_MAX];
  char old_path[PATH_MAX];
  struct name *next;
};

static struct file *files;
static struct name *names; /* The newest one first. */
static int state = -1;

static void forget_changes(struct file *file) {
  for (size_t at = 0; at < file->count; at += 1) {
    free(file->changes[at].before);
    free(file->changes[at].after);
  }
  file->count = 0;
}

static struct file *find_file(dev_t device, ino_t inode) {
  for (struct file *file = files; file != NULL; file = file->next)
    if (file->device == device && file->inode == inode) return file;
  return NULL;
}

static struct file *file_of(const struct event *event) {
  struct file *file = find_file(event->device, event->inode);
  if (file == NULL) {
    file = calloc(1, sizeof *file);
    file->device = event->device;
    file->inode = event->inode;
    file->next = files;
    files = file;
  } else if (strcmp(file->path, event->path) != 0) forget_changes(file); /* It has got the inode of one that is gone. */
  strcpy(file->path, event->path);
  return file;
}

static void add_change(const struct event *event, unsigned char *before, unsigned char *after) {
  struct file *file = file_of(event);
  if (file->count == file->capacity) {
    file->capacity = 2 * file->capacity + 16;
    file->changes = realloc(file->changes, file->capacity * sizeof *file->changes);
  }
  file->changes[file->count] = (struct change){
    .offset = event->offset, .size_before = event->size_before, .size_after = event->size_after,
    .before_bytes = event->before_bytes, .after_bytes = event->after_bytes, .before = before, .after = after,
  };
  file->count += 1;
}

static void end_sync(struct file *file, int has_failed) {
  int is_any_lost = 0;
  for (size_t at = 0; at < file->count; at += 1) {
    struct change *change = &file->changes[at];
    if (has_failed && !change->is_durable) change->is_lost = 1;
    if (!change->is_lost) change->is_durable = 1;
    is_any_lost |= change->is_lost;
  }
  if (!is_any_lost) forget_changes(file);
}

static void add_name(const struct event *event) {
  struct name *name = calloc(1, sizeof *name);
  strcpy(name->path, event->path);
  strcpy(name->old_path, event->old_path);
  name->next = names;
  names = name;
  struct file *file = find_file(event->device, event->inode);
  if (file != NULL) strcpy(file->path, event->path);
}

static int is_in(const char *path, const char *directory) {
  size_t length = strlen(directory);
  return strncmp(path, directory, length) == 0 && path[length] == '/' && strchr(path + length + 1, '/') == NULL;
}

static void drop_names(const char *directory) {
  for (struct name **at = &names; *at != NULL;) {
    struct name *name = *at;
    if (is_in(name->path, directory)) {
      *at = name->next;
      free(name);
    } else at = &name->next;
  }
}

/* The buffers are its own from here on. */
static void apply(const struct event *event, unsigned char *before, unsigned char *after) {
  struct file *file = find_file(event->device, event->inode);
  if (event->kind == CHANGED) add_change(event, before, after);
  if (event->kind == SYNCED && file != NULL) end_sync(file, 0);
  if (event->kind == SYNC_FAILED && file != NULL) end_sync(file, 1);
  if (event->kind == FORGOTTEN && file != NULL) forget_changes(file);
  if (event->kind == NAMED) add_name(event);
  if (event->kind == NAMES_SYNCED) drop_names(event->path);
}

static int is_all_durable(void) {
  for (struct file *file = files; file != NULL; file = file->next)
    if (file->count > 0) return 0;
  return names == NULL;
}

static void note(const struct event *event, unsigned char *before, unsigned char *after) {
  apply(event, before, after);
  if (is_all_durable()) {
    must(real_ftruncate(state, 0) == 0);
    return;
  }
  must(real_write(state, event, sizeof *event) == sizeof *event);
  if (event->before_bytes > 0) must(real_write(state, before, event->before_bytes) > 0);
  if (event->after_bytes > 0) must(real_write(state, after, event->after_bytes) > 0);
}

static unsigned char *read_bytes(size_t count) {
  unsigned char *bytes = count == 0 ? NULL : malloc(count);
  return count == 0 || read(state, bytes, count) == (ssize_t)count ? bytes : NULL;
}

/* What the process before this one has not synced. A kill may have cut off the last event. */
static void read_state(void) {
  struct event event;
  while (read(state, &event, sizeof event) == sizeof event) {
    unsigned char *before = read_bytes(event.before_bytes);
    unsigned char *after = read_bytes(event.after_bytes);
    if ((before == NULL && event.before_bytes > 0) || (after == NULL && event.after_bytes > 0)) break;
    apply(&event, before, after);
  }
}

/* A second descriptor only where it must be: closing one lets go of the locks that the process has on the file. */
static unsigned char *read_before(int fd, size_t count, off_t offset) {
  if (count == 0) return NULL;
  unsigned char *bytes = malloc(count);
  int is_readable = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int reader = is_readable ? fd : real_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  must(pread(reader, bytes, count, offset) == (ssize_t)count);
  if (!is_readable) close(reader);
  return bytes;
}

/* Notes a change that is about to be made. SQLite makes a -shm file anew; while it is mapped, its size is not to be changed. */
static void note_change(int fd, const char *path, off_t offset, const void *bytes, size_t count) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || fnmatch("*-shm", path, 0) == 0) return;
  int is_truncation = bytes == NULL;
  off_t end = offset + (off_t)count;
  int is_at_end = is_truncation || end > status.st_size;
  off_t before_end = is_at_end ? status.st_size : end;
  struct event event = {
    .kind = CHANGED, .device = status.st_dev, .inode = status.st_ino,
    .offset = offset, .size_before = status.st_size, .size_after = is_at_end ? end : status.st_size,
    .before_bytes = before_end > offset ? before_end - offset : 0, .after_bytes = count,
  };
  strcpy(event.path, path);
  unsigned char *after = count == 0 ? NULL : memcpy(malloc(count), bytes, count);
  note(&event, read_before(fd, event.before_bytes, offset), after);
}

static void note_sync(int fd, const char *path, int has_failed) {
  struct stat status;
  if (fstat(fd, &status) != 0) return;
  int is_directory = S_ISDIR(status.st_mode);
  if (is_directory && has_failed) return;
  if (!is_directory && find_file(status.st_dev, status.st_ino) == NULL) return;
  struct event event = { .kind = has_failed ? SYNC_FAILED : is_directory ? NAMES_SYNCED : SYNCED, .device = status.st_dev, .inode = status.st_ino };
  strcpy(event.path, path);
  note(&event, NULL, NULL);
}

static void note_name(const char *path, const char *old_path) {
  struct stat status;
  if (stat(path, &status) != 0) return;
  struct event event = { .kind = NAMED, .device = status.st_dev, .inode = status.st_ino };
  strcpy(event.path, path);
  strcpy(event.old_path, old_path);
  note(&event, NULL, NULL);
}

/* ---- The power cut. */

static uint64_t draw(void) {
  rule.seed += 0x9e3779b97f4a7c15;
  uint64_t mixed = (rule.seed ^ (rule.seed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

static void put_back(int fd, const struct change *change) {
  must(real_ftruncate(fd, change->size_before) == 0);
  if (change->before_bytes > 0) must(real_pwrite(fd, change->before, change->before_bytes, change->offset) > 0);
}

/* Of a torn write the sectors up to one in its middle are there. */
static void do_again(int fd, const struct change *change, int is_torn) {
  if (change->after_bytes == 0) {
    if (!is_torn) must(real_ftruncate(fd, change->size_after) == 0);
    return;
  }
  size_t kept = change->after_bytes;
  if (is_torn) {
    off_t first = change->offset / SECTOR_BYTES;
    off_t count = (change->offset + (off_t)change->after_bytes - 1) / SECTOR_BYTES - first + 1;
    off_t end = (first + (off_t)(draw() % count)) * SECTOR_BYTES;
    kept = end > change->offset ? end - change->offset : 0;
  }
  if (kept > 0) must(real_pwrite(fd, change->after, kept, change->offset) > 0);
}

static void cut_file(struct file *file, int mode) {
  if (file->count == 0) return;
  int fd = real_openat(AT_FDCWD, file->path, O_RDWR);
  if (fd < 0) return; /* It is gone. */
  size_t first_kept = mode == 1 ? draw() % (file->count + 1) : 0;
  for (size_t at = file->count; at > 0; at -= 1) put_back(fd, &file->changes[at - 1]);
  size_t last = file->count;
  for (size_t at = 0; at < file->count; at += 1) {
    struct change *change = &file->changes[at];
    if (change->is_durable || change->is_lost) continue;
    if (mode == 1 && at == first_kept) last = at;
    if (mode == 2) {
      change->is_lost = draw() % 2;
      if (!change->is_lost) last = at;
    }
    if (mode == 0 || (mode == 1 && at > first_kept)) change->is_lost = 1;
  }
  for (size_t at = 0; at < file->count; at += 1) {
    const struct change *change = &file->changes[at];
    if (!change->is_lost) do_again(fd, change, at == last && !change->is_durable);
  }
}

static void cut_power(const char *glob) {
  int mode = (int)(rule.seed % 3);
  for (struct file *file = files; file != NULL; file = file->next)
    if (fnmatch(glob, file->path, 0) == 0) cut_file(file, mode);
  for (struct name *name = names; name != NULL; name = name->next) {
    if (fnmatch(glob, name->path, 0) != 0 || (mode == 2 && draw() % 2)) continue;
    if (name->old_path[0] == '\0') real_unlink(name->path);
    else real_rename(name->path, name->old_path);
  }
}

/* ---- Disks that are gone. */

static char unplugged[64][sizeof rule.path];
static int unplugged_count;

static int is_unplugged(const char *path) {
  for (int at = 0; at < unplugged_count; at += 1)
    if (fnmatch(unplugged[at], path, 0) == 0) return 1;
  return 0;
}

static void unplug(const char *glob) {
  cut_power(glob);
  for (struct file *file = files; file != NULL; file = file->next) {
    if (fnmatch(glob, file->path, 0) != 0) continue;
    struct event event = { .kind = FORGOTTEN, .device = file->device, .inode = file->inode };
    note(&event, NULL, NULL);
  }
  for (struct name *name = names; name != NULL;) {
    struct event event = { .kind = NAMES_SYNCED };
    strcpy(event.path, name->path);
    name = name->next;
    if (fnmatch(glob, event.path, 0) != 0) continue;
    *strrchr(event.path, '/') = '\0';
    note(&event, NULL, NULL);
    name = names;
  }
  must(unplugged_count < 64);
  strcpy(unplugged[unplugged_count], glob);
  unplugged_count += 1;
}

/* ---- The begin. */

/* A file that only this library knows: what belongs to the control file. */
static int open_beside(const char *control_path, const char *suffix, int access_mode) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s%s", control_path, suffix);
  int fd = real_openat(AT_FDCWD, path, access_mode | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  must(fd >= 0);
  return fd;
}

__attribute__((constructor)) static void begin(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
  real_openat = dlsym(RTLD_NEXT, "openat");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_renameat = dlsym(RTLD_NEXT, "renameat");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_unlinkat = dlsym(RTLD_NEXT, "unlinkat");
  real_remove = dlsym(RTLD_NEXT, "remove");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  const char *path = getenv("FAULTY_DISK_CONTROL");
  if (path == NULL || getenv("FAULTY_DISK_ROOT") == NULL) return;
  int fd = real_openat(AT_FDCWD, path, O_RDWR);
  control = mmap(NULL, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must(control != MAP_FAILED);
  close(fd);
  state = open_beside(path, ".state", O_RDWR);
  trace = open_beside(path, ".trace", O_WRONLY);
  read_state();
  root = getenv("FAULTY_DISK_ROOT");
}

/* ---- A call. */

static int is_ours(const char *path) {
  return root != NULL && strncmp(path, root, strlen(root)) == 0;
}

static int has_call(const char *call) {
  char list[sizeof rule.calls + 2], wanted[32];
  snprintf(list, sizeof list, ",%s,", rule.calls);
  snprintf(wanted, sizeof wanted, ",%s,", call);
  return strstr(list, wanted) != NULL;
}

static void note_call(const char *call, const char *path) {
  if (control == NULL) return;
  char line[PATH_MAX + 32];
  int length = snprintf(line, sizeof line, "%s %s\n", call, path);
  must(real_write(trace, line, length) > 0);
}

/* Of `lasting`, 0 is once, 1 is always from then on, 2 is each nth. */
static int is_due(long met) {
  if (rule.lasting == 2) return met % rule.nth == 0;
  return met == rule.nth || (met > rule.nth && rule.lasting == 1);
}

/* Counts a call, and says what is to become of it. The caller holds the mutex. */
static enum fault meet(const char *call, const char *path) {
  note_call(call, path);
  read_rule();
  if (is_unplugged(path)) return FAIL_EIO;
  if (strcmp(call, "write") == 0 && strcmp(path, shortened) == 0) {
    shortened[0] = '\0';
    return FAIL_ENOSPC;
  }
  if (rule.fault == NONE || !has_call(call) || fnmatch(rule.path, path, 0) != 0) return NONE;
  counts()->met += 1;
  if (!is_due(counts()->met)) return NONE;
  counts()->changed += 1;
  note_call("fault", path);
  if (rule.fault == KILL) kill(getpid(), SIGKILL);
  if (rule.fault == CUT) {
    cut_power("*");
    must(real_ftruncate(state, 0) == 0);
    _exit(EXIT_CODE_CUT);
  }
  if (rule.fault == UNPLUG) {
    unplug(rule.path);
    return FAIL_EIO;
  }
  return rule.fault == SHORT && strcmp(call, "write") != 0 ? FAIL_ENOSPC : rule.fault;
}

static int fail(enum fault fault) {
  errno = fault == FAIL_EIO ? EIO : ENOSPC;
  return -1;
}

/* Whether a descriptor is of a file under the root. */
static int path_of(int fd, char *path) {
  char link[64];
  if (root == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = '\0';
  return is_ours(path);
}

/* An absolute path as it is; others are not of the programs under test. */
static int is_path_ours(const char *path) {
  return path != NULL && path[0] == '/' && is_ours(path);
}

static ssize_t write_at(int fd, const void *bytes, size_t count, off_t offset) {
  char path[PATH_MAX];
  int is_at_end = offset < 0;
  if (!path_of(fd, path)) {
    if (fd == STDOUT_FILENO) note_call("say", "");
    return is_at_end ? real_write(fd, bytes, count) : real_pwrite(fd, bytes, count, offset);
  }
  pthread_mutex_lock(&mutex);
  enum fault fault = meet("write", path);
  if (fault == SHORT && count > 1) {
    strcpy(shortened, path);
    count /= 2;
    fault = NONE;
  }
  ssize_t result = fault == NONE ? 0 : fail(fault);
  if (result == 0) {
    struct stat status;
    off_t place = offset;
    if (is_at_end) place = fcntl(fd, F_GETFL) & O_APPEND ? (fstat(fd, &status), status.st_size) : lseek(fd, 0, SEEK_CUR);
    note_change(fd, path, place, bytes, count);
    result = is_at_end ? real_write(fd, bytes, count) : real_pwrite(fd, bytes, count, offset);
  }
  pthread_mutex_unlock(&mutex);
  return result;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  return write_at(fd, bytes, count, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  return write_at(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
  return write_at(fd, bytes, count, offset);
}

/* Piece by piece: a caller of writev has to expect that it writes less than it was given. */
ssize_t writev(int fd, const struct iovec *pieces, int count) {
  static ssize_t (*real)(int, const struct iovec *, int);
  char path[PATH_MAX];
  if (real == NULL) real = dlsym(RTLD_NEXT, "writev");
  if (!path_of(fd, path)) return real(fd, pieces, count);
  return count == 0 ? 0 : write_at(fd, pieces[0].iov_base, pieces[0].iov_len, -1);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) {
  static ssize_t (*real)(int, const struct iovec *, int, off_t);
  char path[PATH_MAX];
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwritev");
  if (!path_of(fd, path)) return real(fd, pieces, count, offset);
  return count == 0 ? 0 : write_at(fd, pieces[0].iov_base, pieces[0].iov_len, offset);
}

static int sync_file(int fd) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return real_fsync(fd);
  pthread_mutex_lock(&mutex);
  enum fault fault = meet("sync", path);
  note_sync(fd, path, fault != NONE);
  int result = fault == NONE ? 0 : fail(fault);
  pthread_mutex_unlock(&mutex);
  return result;
}

int fsync(int fd) {
  return sync_file(fd);
}

int fdatasync(int fd) {
  return sync_file(fd);
}

/* The caller holds the mutex. */
static int truncate_noting(int fd, const char *path, off_t size) {
  enum fault fault = meet("truncate", path);
  if (fault != NONE) return fail(fault);
  note_change(fd, path, size, NULL, 0);
  return real_ftruncate(fd, size);
}

int ftruncate(int fd, off_t size) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return real_ftruncate(fd, size);
  pthread_mutex_lock(&mutex);
  int result = truncate_noting(fd, path, size);
  pthread_mutex_unlock(&mutex);
  return result;
}

int ftruncate64(int fd, off_t size) {
  return ftruncate(fd, size);
}

static int open_at(int directory, const char *path, int flags, mode_t mode) {
  if (!is_path_ours(path)) return real_openat(directory, path, flags, mode);
  pthread_mutex_lock(&mutex);
  int is_new = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  if (is_new) note_call("create", path);
  enum fault fault = meet("open", path);
  int fd = fault == NONE ? real_openat(directory, path, flags & ~O_TRUNC, mode) : fail(fault);
  if (fd >= 0 && is_new) note_name(path, "");
  if (fd >= 0 && (flags & O_TRUNC) != 0 && truncate_noting(fd, path, 0) != 0) {
    close(fd);
    fd = fail(FAIL_EIO);
  }
  pthread_mutex_unlock(&mutex);
  return fd;
}

#define MODE_OF(flags)                                        \
  mode_t mode = 0;                                            \
  if (((flags) & O_CREAT) != 0 || ((flags) & O_TMPFILE) == O_TMPFILE) { \
    va_list rest;                                             \
    va_start(rest, flags);                                    \
    mode = va_arg(rest, mode_t);                              \
    va_end(rest);                                             \
  }

int open(const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(directory, path, flags, mode);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  if (!is_path_ours(to)) return real_renameat(from_directory, from, to_directory, to);
  pthread_mutex_lock(&mutex);
  int is_replacing = access(to, F_OK) == 0;
  enum fault fault = meet("rename", to);
  int result = fault == NONE ? real_renameat(from_directory, from, to_directory, to) : fail(fault);
  if (result == 0 && !is_replacing) note_name(to, from);
  pthread_mutex_unlock(&mutex);
  return result;
}

int rename(const char *from, const char *to) {
  return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static int unlink_with(const char *path, int (*real)(const char *)) {
  if (!is_path_ours(path)) return real(path);
  pthread_mutex_lock(&mutex);
  enum fault fault = meet("unlink", path);
  struct stat status;
  int is_known = fault == NONE && lstat(path, &status) == 0 && find_file(status.st_dev, status.st_ino) != NULL;
  int result = fault == NONE ? real(path) : fail(fault);
  if (result == 0 && is_known) {
    struct event event = { .kind = FORGOTTEN, .device = status.st_dev, .inode = status.st_ino };
    note(&event, NULL, NULL);
  }
  pthread_mutex_unlock(&mutex);
  return result;
}

int unlink(const char *path) {
  return unlink_with(path, real_unlink);
}

int remove(const char *path) {
  return unlink_with(path, real_remove);
}

int unlinkat(int directory, const char *path, int flags) {
  return is_path_ours(path) && flags == 0 ? unlink_with(path, real_unlink) : real_unlinkat(directory, path, flags);
}
