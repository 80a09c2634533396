#pragma once

// Linux calls that Swift cannot import: variadic ones, and those outside the C library's module map.
// Plain types only, so that this module shares no system header with others. Each returns -1 and sets errno
// on failure.

#include <stdint.h>

int anycode_pidfd_open(int pid);
int anycode_pidfd_send_signal(int pidfd, int signal_number);

// The user namespace that owns the namespace behind `fd` (NS_GET_USERNS of linux/nsfs.h).
int anycode_owning_user_namespace(int fd);

// Reaps our own child: its exit code, or 128 and the signal's number; -1 when it has not ended or is not ours.
int anycode_reap(int pid);

// Set soft and hard limit of another process.
int anycode_limit_processes(int pid, uint64_t most);
int anycode_forbid_core_dumps(int pid);

// Both ends close-on-exec: reading, writing.
int anycode_sandbox_pipe(int *ends);

// A counter that polls as readable once written to.
int anycode_event(void);

// A set of descriptors; each is told once, by its id, when it becomes readable.
int anycode_watch_create(void);
int anycode_watch_add(int watch, int fd, uint64_t id);
int anycode_watch_remove(int watch, int fd);
int anycode_watch_wait(int watch, uint64_t *ids, int most);

// Becomes readable when something appears in a directory or changes its attributes.
int anycode_watch_directory(const char *path);

// A directory as a place only (O_PATH), never through a link.
int anycode_open_place(int directory, const char *name);

// Starts `path` in a session of its own, with `count` descriptors at 0, 1, 2, … and no others; -1 means /dev/null.
// No signal is blocked or ignored in it. The descriptors given must be `count` or above, or -1.
int anycode_sandbox_spawn(
    int *pid, const char *path, char *const *arguments, char *const *environment, const int *descriptors, int count);
