// Loaded into a program before all other libraries (LD_PRELOAD), counts how often memory is asked
// for, and appends the number to the file that COUNT_ALLOCATIONS_INTO names when the process ends,
// one line a process: its name and the count. For tests/bench/bench_rows.py.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

namespace {

std::atomic<unsigned long> count{0};

void* Count(void* memory) {
  count.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

void Report() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the programs whose allocations it counts set no variable
  const char* const path = std::getenv("COUNT_ALLOCATIONS_INTO");
  FILE* const file = path == nullptr ? nullptr : std::fopen(path, "a");
  if (file != nullptr) {
    std::fprintf(file, "%s %lu\n", program_invocation_short_name, count.load());
    std::fclose(file);
  }
}

__attribute__((destructor)) void AtExit() {
  Report();
}

}  // namespace

// The C library's own, under the names by which it can still be reached.
extern "C" void* __libc_malloc(size_t size);
extern "C" void* __libc_calloc(size_t items, size_t size);
extern "C" void* __libc_realloc(void* memory, size_t size);
extern "C" void __libc_free(void* memory);
extern "C" void* __libc_memalign(size_t alignment, size_t size);

extern "C" void* malloc(size_t size) {
  return Count(__libc_malloc(size));
}
extern "C" void* calloc(size_t items, size_t size) {
  return Count(__libc_calloc(items, size));
}
extern "C" void* realloc(void* memory, size_t size) {
  return Count(__libc_realloc(memory, size));
}
extern "C" void free(void* memory) {
  __libc_free(memory);
}

extern "C" void* memalign(size_t alignment, size_t size) {
  return Count(__libc_memalign(alignment, size));
}
extern "C" void* aligned_alloc(size_t alignment, size_t size) {
  return Count(__libc_memalign(alignment, size));
}
extern "C" int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = Count(__libc_memalign(alignment, size));
  return *memory == nullptr ? ENOMEM : 0;
}

// Whoever asks for memory also asks how much of it there is: another library's answer (jemalloc's)
// would read what is not its own.
extern "C" size_t malloc_usable_size(void* memory) noexcept {
  static const auto usable = reinterpret_cast<size_t (*)(void*)>(
      dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "malloc_usable_size"));
  return usable(memory);
}

void* operator new(size_t size) {
  return Count(__libc_malloc(size));
}
void* operator new[](size_t size) {
  return Count(__libc_malloc(size));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return Count(__libc_malloc(size));
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return Count(__libc_malloc(size));
}
void* operator new(size_t size, std::align_val_t alignment) {
  return Count(__libc_memalign(static_cast<size_t>(alignment), size));
}
void operator delete(void* memory, std::align_val_t) noexcept {
  __libc_free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  __libc_free(memory);
}
void operator delete(void* memory) noexcept {
  __libc_free(memory);
}
void operator delete[](void* memory) noexcept {
  __libc_free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  __libc_free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  __libc_free(memory);
}

// The agent ends without its destructors.
extern "C" void _exit(int code) {
  Report();
  const auto leave = reinterpret_cast<void (*)(int)>(dlsym(RTLD_NEXT, "_exit"));
  leave(code);
  __builtin_unreachable();
}
