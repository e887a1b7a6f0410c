// What scripts know from the web without an import.
#pragma once

#include <v8.h>

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// console, TextEncoder, TextDecoder, structuredClone, queueMicrotask, performance, URL,
// URLSearchParams; crypto and CryptoKey; fetch, Headers, Request and Response on top of k6/http;
// Blob, File and FormData; DOMException, Event, EventTarget, AbortController, AbortSignal, atob and
// btoa. Each is made when a script first looks at it: a VU that does not pays a few words for it.
void InstallWebGlobals(v8::Local<v8::Context> context);

// Throws a DOMException: `name` is one of the standard's, "DataCloneError".
void ThrowDomException(v8::Local<v8::Context> context, absl::string_view name,
                       absl::string_view message);

}  // namespace lockstep::agent
