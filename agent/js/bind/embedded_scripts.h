// Texts of scripts that are part of the program, embedded by CMake.
#pragma once

#include "absl/strings/string_view.h"

namespace lockstep::agent {

// agent/js/vendor/sucrase.js: defines the global `sucrase`.
absl::string_view SucraseSource();
// agent/js/web/url.js: evaluates to the function (toAscii) => { URL, URLSearchParams };
// `toAscii` is DomainToAscii.
absl::string_view WebUrlSource();
// agent/js/web/crypto.js: evaluates to the function (native) => { crypto, CryptoKey }; `native` is
// what MakeWebCryptoFunctions makes.
absl::string_view WebCryptoSource();
// agent/js/web/fetch.js: evaluates to the function (http) => { fetch, Headers, Response }; `http`
// is the module k6/http.
absl::string_view WebFetchSource();
// agent/js/k6/html.js: evaluates to the function (parse) => { parseHTML, Selection, html, submitForm, clickLink }.
absl::string_view HtmlSource();
// agent/js/k6/websockets.js: evaluates to the function (native) => { WebSocket, Blob }.
absl::string_view WebSocketsSource();

}  // namespace lockstep::agent
