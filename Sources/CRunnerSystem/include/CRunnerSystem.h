// System calls that Swift cannot import: variadic ones, and those that glibc hides behind _GNU_SOURCE.
#ifndef ANYCODE_RUNNER_SYSTEM_H
#define ANYCODE_RUNNER_SYSTEM_H

#include <stddef.h>
#include <sys/types.h>

// Forbids core dumps and reading /proc/self/{environ,mem} by other processes of this user; -1 on failure.
int anycode_forbid_inspection(void);

// Makes orphaned descendants children of this process; -1 on failure.
int anycode_adopt_orphans(void);

// Opens with close-on-exec; as open(2) otherwise.
int anycode_open(const char *path, int flags, unsigned int mode);

// Opens a name in an open directory with close-on-exec; as openat(2) otherwise.
int anycode_openat(int directory, const char *name, int flags, unsigned int mode);

// Creates a pipe whose ends are closed on exec; as pipe(2) otherwise.
int anycode_pipe(int ends[2]);

// Starts a program in a session of its own, in `directory`, with default signals and no descriptors but the given
// three as 0, 1 and 2. Returns 0 or an error number.
int anycode_spawn(pid_t *pid, const char *program, char *const argv[], char *const envp[], const char *directory,
                  int input, int output, int error);

// Runs `body(argument)` on a detached thread with a stack of `stack` bytes. Returns 0 or an error number.
int anycode_start_thread(void *(*body)(void *), void *argument, size_t stack);

#endif
