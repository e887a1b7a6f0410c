// The floor of what VUs cost, for scripts/bench rows: contexts of V8 with nothing in them, 250 to
// an isolate as an agent has them, with the agent's settings of V8.
//
//   bare_contexts COUNT
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include <libplatform/libplatform.h>
#include <unistd.h>
#include <v8.h>

namespace {

constexpr int kContextsPerIsolate = 250;

void MakeContexts(v8::Isolate* isolate, int count, std::vector<v8::Global<v8::Context>>* made) {
  const v8::Locker locker(isolate);
  const v8::Isolate::Scope scope(isolate);
  for (int i = 0; i < count; ++i) {
    const v8::HandleScope handles(isolate);
    made->emplace_back(isolate, v8::Context::New(isolate));
  }
}

int Main(int count) {
  const std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform(1);
  v8::V8::SetFlagsFromString("--max-semi-space-size=1");
#if V8_MAJOR_VERSION < 11
  v8::V8::SetFlagsFromString("--no-expose-wasm --no-validate-asm");
#endif
  v8::V8::InitializePlatform(platform.get());
  v8::V8::Initialize();
  std::vector<v8::Global<v8::Context>> made;
  const std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(
      v8::ArrayBuffer::Allocator::NewDefaultAllocator());
  for (int left = count; left > 0; left -= kContextsPerIsolate) {
    v8::Isolate::CreateParams params;
    params.array_buffer_allocator = allocator.get();
    MakeContexts(v8::Isolate::New(params), std::min(left, kContextsPerIsolate), &made);
  }
  _exit(0);  // as the agent does
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || atoi(argv[1]) <= 0) {
    fputs("usage: bare_contexts COUNT\n", stderr);
    return 2;
  }
  return Main(atoi(argv[1]));
}
