// Tells ThreadSanitizer about Swift's Mutex.
//
// Its uncontended path is inlined and seen; the contended one lies in libswiftSynchronization, which is not instrumented
// (swift/stdlib/public/Synchronization/Mutex/LinuxImpl.swift). Without this every contended lock is reported as a race.
// scripts/test links it into what it builds with SANITIZE=thread.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SELF __attribute__((swift_context)) void *self
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*Lock)(uint32_t thread, SELF);
typedef __attribute__((swiftcall)) void (*Unlock)(SELF);

__attribute__((swiftcall)) void lockSlow(uint32_t thread, SELF) __asm__(LOCK);
__attribute__((swiftcall)) void unlockSlow(SELF) __asm__(UNLOCK);

__attribute__((swiftcall)) void lockSlow(uint32_t thread, SELF) {
    ((Lock)dlsym(RTLD_NEXT, LOCK))(thread, self);
    __tsan_acquire(self);
}

__attribute__((swiftcall)) void unlockSlow(SELF) {
    __tsan_release(self);
    ((Unlock)dlsym(RTLD_NEXT, UNLOCK))(self);
}
