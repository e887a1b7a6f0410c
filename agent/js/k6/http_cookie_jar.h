// Cookie jars of `k6/http`: the class CookieJar, and cookieJar(), which hands out the VU's own.
#pragma once

#include <memory>

#include <v8.h>

#include "agent/http/cookie_jar.h"

namespace lockstep::agent {

// Adds `CookieJar` and `cookieJar` to the exports of `k6/http`, whose HttpModule the context has.
void DefineCookieJar(v8::Local<v8::Context> context, v8::Local<v8::Object> exports);

// The jar behind a CookieJar object; null for other values.
std::shared_ptr<CookieJar> CookieJarOf(v8::Local<v8::Context> context, v8::Local<v8::Value> value);

}  // namespace lockstep::agent
