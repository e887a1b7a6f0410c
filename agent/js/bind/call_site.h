// Where a script calls what C++ does for it, as V8 knows it: a file that was made of another one
// has a source map for that.
#pragma once

#include <cstddef>
#include <string>

#include <v8.h>

namespace lockstep::agent {

struct CallSite {
  std::string function;  // "" at the top of a file, and in a function without a name
  std::string place;     // "file:///dir/script.js:3:9"
};
// Both empty if no script is running.
CallSite CallSiteOf(v8::Isolate* isolate);

// Tells one place from another in the scripts of an isolate, for a fraction of that; 0 if no script
// is running.
size_t CallSiteNumber(v8::Isolate* isolate);

}  // namespace lockstep::agent
