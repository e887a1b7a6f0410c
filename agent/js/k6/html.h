// The module `k6/html`, and what Responses do with it. HTML is parsed by gumbo, as browsers do.
#pragma once

#include <v8.h>

namespace lockstep::agent {

class ApiVu;

// The module's exports as properties of an object. `vu` outlives the context.
v8::Local<v8::Object> MakeHtmlModule(v8::Local<v8::Context> context, ApiVu& vu);

// The functions that html.js describes: parseHTML, Selection, html, submitForm, clickLink. Made at
// the first call in a context, which `vu` outlives.
v8::MaybeLocal<v8::Object> HtmlFunctions(v8::Local<v8::Context> context, ApiVu& vu);

}  // namespace lockstep::agent
