// Global functions that the language does not define: files (`open`, `require`) and what scripts
// know from the web.
#pragma once

#include <v8.h>

namespace lockstep::agent {

// `open(path, [mode])` and `require(specifier)`: in the init code only; paths are relative to the
// calling file.
void InstallFileAccess(v8::Local<v8::Context> context);

// TextEncoder, TextDecoder (UTF-8), structuredClone, queueMicrotask, performance, URL,
// URLSearchParams; crypto and CryptoKey; fetch, Headers and Response on top of k6/http.
void InstallWebGlobals(v8::Local<v8::Context> context);

}  // namespace lockstep::agent
