// Where scripts are: stack traces by source maps, and which file's code is running.
#pragma once

#include <cstdint>
#include <string>

#include <v8.h>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

class SourceStore;

// From now on, the stacks of errors made in this isolate name the places of the sources that the
// files were made of, where a file has a source map.
void MapStackTraces(v8::Isolate* isolate);

// A place in a script; lines and columns count from 1.
struct ScriptPlace {
  std::string url;
  int64_t line = 0;
  int64_t column = 0;
};
// The place by the source map of its file, if there is one; else the same.
ScriptPlace MapPlace(SourceStore& sources, ScriptPlace place);

// A line of a stack trace with its place by the source map of its file, if there is one:
// "run (file:///dir/bundle.js:1:42)" becomes "run (file:///dir/src/run.ts:3:9)".
std::string MapFrame(SourceStore& sources, absl::string_view frame);

// Whether a line of a stack trace, "f (<anonymous>:2:71)", is in a part of Lockstep that is written
// in JavaScript: only that has lines and no name. Code that a script makes of a text says where it
// was made ("eval at ...").
bool IsOwnFrame(absl::string_view frame);

// How many frames of scripts are on the stack; at most kMaxFrames are looked at.
inline constexpr int kMaxFrames = 1000;
int StackDepth(v8::Isolate* isolate);
// The URL of the file whose code is running; "file:///" if none is.
std::string CallingFile(v8::Isolate* isolate);

}  // namespace lockstep::agent
