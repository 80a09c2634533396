// The sanitizers' options for every program that is built with SANITIZE=, linked in by scripts/test.
//
// Options in the environment would not do: the tests give their programs environments of their own, and a sandbox clears
// it. Those in ASAN_OPTIONS and TSAN_OPTIONS still come on top.

// No leak detector: it stops the program with ptrace(2) at its end, which a sandbox forbids, and programs here end in the
// middle of their work, with tasks that nobody frees.
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

// The first finding ends its program, and the test that needs it fails.
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "halt_on_error=1"; }
