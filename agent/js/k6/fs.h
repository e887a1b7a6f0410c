// The module `k6/experimental/fs`: open(), whose File has read(), seek() and stat(), and SeekMode.
// The content is in memory once in a process, for all VUs that open the file, and a VU has no more
// than a position.
#pragma once

#include <v8.h>

#include "agent/data/shared_file.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/script_files.h"

namespace lockstep::agent {

// `vu` and `store` outlive the context. Paths are those of the file whose code is running.
v8::Local<v8::Object> MakeFsModule(Context context, ApiVu& vu, FileStore& store, ScriptFiles files);

// The file behind a script's File; null for any other value. It lives as long as the value.
OpenFile* FileOf(v8::Isolate* isolate, v8::Local<v8::Value> value);

}  // namespace lockstep::agent
