// The modules that scripts import by name rather than by path: `k6`, `k6/http`, ... One table in
// native_modules.cc lists them all.
#pragma once

#include <string>

#include <v8.h>

namespace lockstep::agent {

class WorldSite;

// The exports of module `name` as properties of an object; empty, with a pending exception that
// names the module, if there is no module of that name.
v8::MaybeLocal<v8::Object> MakeNativeModule(const std::string& name, v8::Local<v8::Context> context,
                                            WorldSite& site);

}  // namespace lockstep::agent
