#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "CSandboxSystem.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef POSIX_SPAWN_SETSID
#define POSIX_SPAWN_SETSID 0x80
#endif

// Always close-on-exec.
int anycode_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int anycode_pidfd_send_signal(int pidfd, int signal_number) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal_number, (void *)0, 0);
}

int anycode_owning_user_namespace(int fd) { return ioctl(fd, 0xb701); }

int anycode_reap(int pid) {
    int status = 0;
    pid_t result;
    do {
        result = waitpid(pid, &status, WNOHANG);
    } while (result < 0 && errno == EINTR);
    if (result != pid) return -1;
    if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}

int anycode_limit_processes(int pid, uint64_t most) {
    struct rlimit limit = {.rlim_cur = most, .rlim_max = most};
    return prlimit(pid, RLIMIT_NPROC, &limit, (void *)0);
}

int anycode_forbid_core_dumps(int pid) {
    struct rlimit limit = {.rlim_cur = 0, .rlim_max = 0};
    return prlimit(pid, RLIMIT_CORE, &limit, (void *)0);
}

int anycode_sandbox_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

int anycode_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int anycode_watch_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int anycode_watch_add(int watch, int fd, uint64_t id) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data = {.u64 = id}};
    return epoll_ctl(watch, EPOLL_CTL_ADD, fd, &event);
}

int anycode_watch_remove(int watch, int fd) { return epoll_ctl(watch, EPOLL_CTL_DEL, fd, (void *)0); }

int anycode_watch_wait(int watch, uint64_t *ids, int most) {
    struct epoll_event events[64];
    int count = epoll_wait(watch, events, most < 64 ? most : 64, -1);
    for (int i = 0; i < count; i++) ids[i] = events[i].data.u64;
    return count;
}

int anycode_watch_directory(const char *path) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) return -1;
    if (inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) < 0) {
        int failure = errno;
        close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

int anycode_open_place(int directory, const char *name) {
    return openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int anycode_sandbox_spawn(
    int *pid, const char *path, char *const *arguments, char *const *environment, const int *descriptors, int count) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t started = 0;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    for (int target = 0; target < count; target++) {
        if (descriptors[target] < 0) {
            posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0);
        } else {
            posix_spawn_file_actions_adddup2(&actions, descriptors[target], target);
        }
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, count);
    int result = posix_spawn(&started, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (result != 0) {
        errno = result;
        return -1;
    }
    *pid = started;
    return 0;
}

#endif
