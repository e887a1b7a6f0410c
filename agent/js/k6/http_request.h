// From the arguments of a `k6/http` function to the request that it means.
#pragma once

#include <optional>
#include <string>

#include <v8.h>

#include "agent/http/url_cache.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/http_draft.h"

namespace lockstep::agent {

struct RequestArguments {
  std::string method;  // "" is GET
  v8::Local<v8::Value> url;
  v8::Local<v8::Value> body;    // may be undefined or null
  v8::Local<v8::Value> params;  // likewise
};

// One of `request` and `fault`; or neither, with a pending exception.
struct RequestOrFault {
  std::optional<PreparedRequest> request;
  std::optional<RequestFault> fault;
  bool throws = false;  // whether failures are to be exceptions
};

// `expected` is what the VU's requests expect without a responseCallback of their own; `urls` has
// those that it has asked for.
RequestOrFault PrepareRequest(Context context, ApiVu& vu,
                              const std::optional<ExpectedStatuses>& expected, UrlCache& urls,
                              RequestArguments arguments);

}  // namespace lockstep::agent
