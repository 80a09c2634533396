// Tells ThreadSanitizer about a Swift continuation that is resumed before its task has come to wait for it.
//
// Swift's runtime announces the resumption (resumeTaskAfterContinuation in swift/stdlib/public/Concurrency/Task.cpp), but
// swift_continuation_await goes on at once then, and does not announce that it has seen it. Without this whatever the
// other thread did before it resumed is reported as a race. scripts/test links it into what it builds with
// SANITIZE=thread.
#define _GNU_SOURCE
#include <dlfcn.h>

void __tsan_acquire(void *address);

#define ASYNC __attribute__((swiftasynccall))

typedef ASYNC void (*Resume)(__attribute__((swift_async_context)) void *context);
/// How swift/ABI/Task.h begins AsyncContext.
typedef struct {
    void *parent;
    Resume resume;
} Context;

__attribute__((swiftcall)) void *swift_task_getCurrent(void);

// Between the two functions below nothing else runs on the thread.
static _Thread_local Resume resume;

// What swift_continuation_await calls where it does not suspend; a task that has suspended knows where it goes on.
static ASYNC void resumedEarly(__attribute__((swift_async_context)) void *context) {
    __tsan_acquire(swift_task_getCurrent());
    return resume(context);
}

ASYNC void swift_continuation_await(Context *context) {
    ASYNC void (*await)(Context *) = dlsym(RTLD_NEXT, "swift_continuation_await");
    resume = context->resume;
    context->resume = resumedEarly;
    return await(context);
}
